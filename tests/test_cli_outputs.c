/* What commands write: formats, standard output, links, inputs that are not overwritten, and what is found out before
 * the work. */
#include "cli_program.h"

#include "data/npy_array.h"

#include <clae/context.h>
#include <sys/stat.h>

static void assert_array(const char *name, size_t rank, const size_t *shape) {
    clae_context *context;
    npy_array array;
    assert_int_equal(clae_context_create(NULL, &context), CLAE_OK);
    assert_int_equal(npy_read(context, in_scratch(name), &array), CLAE_OK);
    assert_int_equal(array.rank, rank);
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) {
        assert_int_equal(array.shape[i], shape[i]);
        count *= shape[i];
    }
    bool differ = false;
    for (size_t i = 0; i < count; i++) differ = differ || array.values[i] != array.values[0];
    assert_true(differ);
    free(array.values);
    clae_context_free(context);
}

static void format_follows_the_name(void **state) {
    (void)state;
    assert_code(clae("sample run --data data --out s.npy --grid 4x3"), 0);
    assert_array("s.npy", 3, (size_t[]){12, 28, 28});
    assert_code(clae("reconstruct run --data data --out r.NPY --grid 4x3"), 0);
    assert_array("r.NPY", 4, (size_t[]){3, 12, 28, 28});
    assert_code(clae("interpolate run --data data --out i.npy --grid 4x3"), 0);
    assert_array("i.npy", 4, (size_t[]){2, 12, 28, 28});
    assert_code(clae("sample run --data data --out s.PNG"), 0);
    assert_png("s.PNG");
    assert_code(clae("sample run --data data --out plain"), 0);
    assert_png("plain");
    assert_code(clae("encode run --data data --out plain-codes"), 0);
    assert_array("plain-codes", 2, (size_t[]){TEST_IMAGES, 3});
}

static void unknown_formats_are_refused(void **state) {
    (void)state;
    assert_code(clae("sample run --data data --out s.gif"), 2);
    assert_contains(err, "--out: s.gif ends in .gif");
    assert_contains(err, ".png (a picture), .npy (the images as floats)");
    assert_int_equal(lines(err), 1);
    assert_code(clae("encode run --data data --out c.csv"), 2);
    assert_contains(err, ".npy (an array of NumPy)");
    assert_code(clae("encode run --data data --out c.png"), 2);
    assert_false(exists(in_scratch("s.gif")) || exists(in_scratch("c.csv")) || exists(in_scratch("c.png")));
}

static void standard_output_takes_results(void **state) {
    (void)state;
    struct stat before = {0}, after = {0};
    lstat("/dev/stdout", &before); /* a bare chroot has none */
    assert_code(clae("encode run --data data --out codes.npy"), 0);
    assert_code(clae("encode run --data data --out - --quiet"), 0);
    assert_same_files(in_scratch("out"), in_scratch("codes.npy"));
    assert_string_equal(err, "");
    /* A link as /dev/stdout is one, in a folder where nothing is lost. */
    assert_int_equal(symlink("/proc/self/fd/1", in_scratch("stdout")), 0);
    assert_code(clae("encode run --data data --out stdout"), 0);
    assert_same_files(in_scratch("out"), in_scratch("codes.npy"));
    assert_int_equal(readlink(in_scratch("stdout"), (char[32]){0}, 32), 15);
    assert_code(clae("encode run --data data --out - --quiet | cat >piped.npy #"), 0);
    assert_same_files(in_scratch("piped.npy"), in_scratch("codes.npy"));
    assert_code(clae("encode run --data data --out /dev/null"), 0);
    lstat("/dev/stdout", &after);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void links_are_followed(void **state) {
    (void)state;
    assert_int_equal(symlink("there.png", in_scratch("link.png")), 0);
    assert_code(clae("sample run --data data --out link.png"), 0);
    assert_png("there.png");
    struct stat link;
    assert_int_equal(lstat(in_scratch("link.png"), &link), 0);
    assert_true(S_ISLNK(link.st_mode));
}

/* Refused before any work, and the file as it was. */
static void assert_keeps(const char *file, const char *words, const char *message) {
    assert_int_equal(shell("cp '%s' '%s'", in_scratch(file), in_scratch("kept")), 0);
    assert_code(clae("%s --quiet", words), 2);
    assert_contains(err, message);
    assert_int_equal(lines(err), 1);
    assert_same_files(in_scratch(file), in_scratch("kept"));
}

static void inputs_are_not_overwritten(void **state) {
    (void)state;
    const char *const train = "data/train-images-idx3-ubyte", *const test = "data/t10k-images-idx3-ubyte";
    assert_int_equal(link(in_scratch(test), in_scratch("hard.npy")), 0);
    assert_int_equal(symlink(train, in_scratch("soft.npy")), 0);
    assert_int_equal(link(in_scratch("run/model.safetensors"), in_scratch("model.npy")), 0);
    assert_code(clae("encode run --data data --out again.npy"), 0);
    assert_keeps(test, "encode run --data data --out data/t10k-images-idx3-ubyte", "is a file of --data");
    assert_keeps(test, "encode run --data data --out ./data/../data/t10k-images-idx3-ubyte", "is a file of --data");
    assert_keeps(train, "encode run --data data --split test --out data/train-images-idx3-ubyte", "--data");
    assert_keeps(test, "encode run --data data/t10k-images-idx3-ubyte --out data/t10k-images-idx3-ubyte", "--data");
    assert_keeps(test, "encode run --data data --out hard.npy", "is a file of --data");
    assert_keeps(train, "sample run --data data --out soft.npy", "is a file of --data");
    assert_keeps("run/model.safetensors", "encode run --data data --out model.npy", "is the model");
    assert_keeps("run/model.safetensors", "sample run --data data --out run/model.safetensors", "no format");
    assert_keeps("again.npy", "decode run --codes again.npy --out again.npy", "is a file that is read");
    assert_keeps(test, "train --data data --out r --log-steps data/t10k-images-idx3-ubyte", "--log-steps: ");
    assert_keeps("run/model.safetensors",
                 "train --data data --out r --init run --channels 4 --latent-dim 3 --log-steps model.npy",
                 "is the model");
    assert_keeps("run/log.csv", "train --resume --out run --epochs 9 --log-steps run/log.csv", "the run's own log.csv");
    assert_keeps(test, "train --data data --out r --log-steps r/log.csv", "the run's own log.csv");
    assert_false(exists(in_scratch("r")));
}

/* Root may write everywhere, so that a file stands where a folder is needed. */
static void places_are_checked_before_the_work(void **state) {
    (void)state;
    static const char *const words[] = {
        "encode run --data data --out steps.csv/c.npy",
        "decode run --codes codes.npy --out steps.csv/i.npy",
        "sample run --data data --out steps.csv/s.png",
        "reconstruct run --data data --out steps.csv/a/b.png",
        "lecture --data data --out steps.csv --dims 2",
        "spiral --out steps.csv/spiral",
        "interpolate run --data data --out data",
        "encode run --data data --out /dev/fd/77",
        "train --data data --out r --log-steps steps.csv/s",
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_code(clae("%s", words[i]), 4);
        assert_null(strstr(err, "device "));
        assert_null(strstr(err, "fitting"));
    }
    assert_false(exists(in_scratch("r")));
    assert_code(clae("sample run --data data --out a/new/folder/s.png"), 0);
    assert_png("a/new/folder/s.png");
    assert_code(clae("sample run --data missing --out another/folder/s.png"), 2);
    assert_false(exists(in_scratch("another")));
}

static void leftovers_are_swept(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && mkdir left && (exec sh -c 'echo x >left/.s.png.$$-1f.tmp')", scratch), 0);
    assert_code(clae("sample run --data data --out left/s.png"), 0);
    assert_int_equal(shell("cd '%s' && test \"$(ls -A left)\" = s.png", scratch), 0);
}

/* The path is in the checkpoints' JSON, which is UTF-8. */
static void paths_need_not_be_utf8(void **state) {
    (void)state;
    const char *const options = "--batch-size 50 --channels 4 --epochs 2 --seed 5";
    assert_int_equal(shell("cd '%s' && cp -r data 'caf\xe9'", scratch), 0);
    assert_code(clae("train --data data --out utf8 %s", options), 0);
    assert_code(clae("train --data 'caf\xe9' --out latin1 %s --steps 3", options), 0);
    assert_code(clae("train --resume --out latin1"), 0);
    assert_same_files(in_scratch("utf8/model.safetensors"), in_scratch("latin1/model.safetensors"));
    assert_contains(err, "caf\\xe9");
}

static void closed_descriptors_take_no_file(void **state) {
    (void)state;
    assert_code(clae("encode run --data data --out codes.npy"), 0);
    assert_int_equal(
        shell("cd '%s' && '%s' encode run --data data --device c --out closed.npy <&- >&- 2>&-", scratch, program), 0);
    assert_same_files(in_scratch("codes.npy"), in_scratch("closed.npy"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_follows_the_name),
        cmocka_unit_test(unknown_formats_are_refused),
        cmocka_unit_test(standard_output_takes_results),
        cmocka_unit_test(links_are_followed),
        cmocka_unit_test(inputs_are_not_overwritten),
        cmocka_unit_test(places_are_checked_before_the_work),
        cmocka_unit_test(leftovers_are_swept),
        cmocka_unit_test(paths_need_not_be_utf8),
        cmocka_unit_test(closed_descriptors_take_no_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
