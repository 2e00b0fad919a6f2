/* The program's trainings on data and options at the edge of what makes sense. */
#include "cli_program.h"

#include "data/npy_array.h"

static const char small[] = "--channels 2 --batch-size 50 -q";

static void test_more_dimensions_than_pixels(void **state) {
    (void)state;
    assert_code(clae("train --data data --out wide --epochs 1 --latent-dim 1000 %s", small), 0);
    assert_code(clae("eval wide --data data"), 0);
    assert_contains(err, "PCA is left out: 1000 dimensions are more than the 784 of an image");
    assert_contains(out, "PSNR");
    assert_code(clae("eval wide --data data --json -q"), 0);
    assert_contains(out, "\"pca_loss\": null");
    assert_code(clae("reconstruct wide --data data --out wide.png"), 0);
    assert_code(clae("interpolate wide --data data --out wide-i.png --grid 4x2"), 0);
    assert_true(exists(in_scratch("wide.png")) && exists(in_scratch("wide-i.png")));
}

/* Images of 16 numbers have no PCA of 20: the table's columns and the last block of the pictures are left out. */
static void test_lecture_of_small_images(void **state) {
    (void)state;
    float pixels[60 * 16];
    clae_context *context;
    for (int i = 0; i < 60 * 16; i++) pixels[i] = (float)(i * 7 % 31) / 31;
    const npy_array array = {.rank = 3, .shape = {60, 4, 4}, .values = pixels};
    assert_int_equal(clae_context_create(NULL, &context), CLAE_OK);
    assert_int_equal(npy_write(context, in_scratch("tiny.npy"), &array), CLAE_OK);
    clae_context_free(context);
    assert_code(clae("lecture --data tiny.npy --preset linear --out tiny --dims 20,3 --epochs 1"), 0);
    assert_contains(err, "PCA is left out of more dimensions than the 16 numbers of an image");
    assert_contains(out, "      -   -\n");
    char *table = read_whole(in_scratch("tiny/errors.csv"), NULL);
    assert_non_null(table);
    unsigned long dims;
    double errors[6];
    const char *row = strstr(table, "\n20,");
    assert_non_null(row);
    assert_int_equal(sscanf(row, "\n%lu,%lf,%lf,%lf,%lf", &dims, &errors[0], &errors[1], &errors[2], &errors[3]), 4);
    assert_non_null(strstr(row, ",,,\n3,"));
    row = strstr(row, "\n3,");
    assert_int_equal(sscanf(row, "\n%lu,%lf,%lf,%lf,%lf,%lf,%lf", &dims, &errors[0], &errors[1], &errors[2],
                            &errors[3], &errors[4], &errors[5]),
                     7);
    free(table);
    assert_true(exists(in_scratch("tiny/reconstruction-d20.png")) && exists(in_scratch("tiny/interpolation-d20.png")));
}

static void test_one_file_for_both(void **state) {
    (void)state;
    assert_code(clae("train --data data/t10k-images-idx3-ubyte --out one --epochs 1 %s", small), 0);
    assert_int_equal(lines(err), 1);
    assert_contains(err, "is both the training and the test images");
    assert_code(clae("eval one --data data/t10k-images-idx3-ubyte -q"), 0);
    assert_contains(err, "is both the training and the test images");
    assert_code(clae("eval one --data data -q"), 0);
    assert_string_equal(err, "");
}

static void test_fewer_images_than_a_batch(void **state) {
    (void)state;
    assert_code(clae("train --data data --limit-train 7 --out seven --epochs 1 --channels 2"), 0);
    assert_contains(err, "batches of 7, not 100");
}

/* What is held out decides which model is the best and when training ends; a run that was interrupted decides the same. */
static void test_validation(void **state) {
    (void)state;
    const char *words = "train --data data --encoder \"conv 4 k4 s4, relu, linear 4\" --batch-size 50 --validation 0.2 "
                        "--ema 0.9 --clip-norm 5 --optimiser lion --schedule linear --warmup 0.2";
    assert_code(clae("%s --lr 1e-3 --epochs 4 --out judged", words), 0);
    assert_contains(err, "more training images are held out for validation");
    assert_contains(err, "judged/best.safetensors is of epoch ");
    assert_code(clae("%s --lr 1e-3 --epochs 4 --steps 5 --out judged-parts -q", words), 0);
    assert_code(clae("train --resume --out judged-parts -q"), 0);
    assert_same_files(in_scratch("judged/model.safetensors"), in_scratch("judged-parts/model.safetensors"));
    assert_same_files(in_scratch("judged/best.safetensors"), in_scratch("judged-parts/best.safetensors"));
    /* Steps so large that nothing gets better after some epochs. */
    assert_code(clae("%s --lr 0.5 --epochs 40 --patience 1 --out patient", words), 0);
    assert_contains(err, "the validation loss has not fallen for 1 epochs: training ends");
    assert_code(clae("train --data data --patience 2 --epochs 1 --out impatient"), 2);
    assert_contains(err, "--patience needs --validation");
}

static void test_nothing_is_left_of_a_refused_start(void **state) {
    (void)state;
    assert_code(clae("train --data data --out new/er/run --memory-limit 0.001 %s", small), 3);
    assert_false(exists(in_scratch("new")));
    assert_int_equal(shell("mkdir '%s/old'", scratch), 0);
    assert_code(clae("train --data data --out old/run --memory-limit 0.001 %s", small), 3);
    assert_true(exists(in_scratch("old")));
    assert_false(exists(in_scratch("old/run")));
}

static void test_lecture_of_fewer_epochs(void **state) {
    (void)state;
    assert_code(clae("lecture --data data --out lecture --dims 2 --epochs 2 %s", small), 0);
    assert_code(clae("lecture --data data --out lecture --dims 2 --epochs 1 %s", small), 2);
    assert_contains(err, "--epochs: lecture/d2 was trained for 2 epochs");
    assert_string_equal(out, "");
}

static void test_options_of_arithmetic(void **state) {
    (void)state;
    const char *words = "train --data data --epochs 2 --channels 8 --batch-size 50";
    assert_code(clae("%s --out arith --no-winograd -q", words), 0);
    assert_code(clae("%s --out arith-parts --no-winograd --steps 5 -q", words), 0);
    assert_code(clae("train --resume --out arith-parts -q"), 0);
    assert_string_equal(err, "");
    assert_same_files(in_scratch("arith/model.safetensors"), in_scratch("arith-parts/model.safetensors"));
    assert_code(clae("train --resume --out arith-parts --precision tf32 --epochs 3 -q"), 0);
    assert_int_equal(lines(err), 1);
    assert_contains(err, "--precision fp32 so far: with --precision tf32");
    assert_code(clae("train --resume --out arith-parts --precision tf32 --epochs 4 -q"), 0);
    assert_string_equal(err, "");
}

static void test_step_log(void **state) {
    (void)state;
    const char *words = "train --data data --channels 2 --batch-size 50 -q --log-steps";
    assert_code(clae("%s whole.csv --out steps-whole --epochs 2", words), 0);
    assert_code(clae("%s parts.csv --out steps-parts --epochs 1", words), 0);
    assert_int_equal(shell("cd '%s' && echo 6,1 >> parts.csv && chmod 640 parts.csv", scratch), 0);
    assert_code(clae("%s parts.csv --out steps-parts --resume --epochs 2", words), 0);
    assert_same_files(in_scratch("whole.csv"), in_scratch("parts.csv"));
    assert_code(clae("%s /dev/null --out steps-null --epochs 1", words), 0);
}

/* Without fonts, or a configuration of them, the texts of pictures have cairo's own, without a word. */
static void test_no_fonts(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && echo '<fontconfig><cachedir>.</cachedir></fontconfig>' > fonts.conf", scratch),
                     0);
    char *files[] = {"/nonexistent", strdup(in_scratch("fonts.conf"))};
    for (size_t i = 0; i < COUNT(files); i++) {
        setenv("FONTCONFIG_FILE", files[i], 1);
        setenv("FONTCONFIG_PATH", "/nonexistent", 1);
        const int code = clae("train --data data --out no-fonts%zu --epochs 1 %s", i, small);
        unsetenv("FONTCONFIG_FILE");
        unsetenv("FONTCONFIG_PATH");
        assert_code(code, 0);
        assert_string_equal(err, "");
    }
    assert_png("no-fonts0/loss.png");
    assert_same_files(in_scratch("no-fonts0/loss.png"), in_scratch("no-fonts1/loss.png"));
    free(files[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_dimensions_than_pixels),
        cmocka_unit_test(test_lecture_of_small_images),
        cmocka_unit_test(test_one_file_for_both),
        cmocka_unit_test(test_fewer_images_than_a_batch),
        cmocka_unit_test(test_validation),
        cmocka_unit_test(test_nothing_is_left_of_a_refused_start),
        cmocka_unit_test(test_lecture_of_fewer_epochs),
        cmocka_unit_test(test_options_of_arithmetic),
        cmocka_unit_test(test_step_log),
        cmocka_unit_test(test_no_fonts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
