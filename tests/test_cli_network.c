/* The program with networks of one's own: presets, texts and files, on images of any size and number of channels. */
#include "cli_program.h"

#define ENCODER "conv 4 k4 s2 p1, relu, conv 6 k3x4 s2 p1, relu, conv 2 k3 p1"

/* Bytes of shape (n, h, w, c). */
static void write_npy_images(const char *name, size_t n, size_t h, size_t w, size_t c) {
    char header[118];
    const int length = snprintf(
        header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, %zu, %zu, %zu), }", n, h, w, c);
    FILE *file = fopen(in_scratch(name), "wb");
    assert_non_null(file);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file);
    fprintf(file, "%s%*s\n", header, 117 - length, "");
    for (size_t i = 0; i < n * h * w * c; i++) fputc((int)((i * 7 + i / w * 31 + i / (h * w * c) * 57) % 256), file);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text) {
    FILE *file = fopen(in_scratch(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void images_of_any_size(void **state) {
    (void)state;
    write_npy_images("colour.npy", 40, 11, 18, 3);
    assert_code(clae("train --data colour.npy --out colour --epochs 1 --batch-size 16 --encoder '" ENCODER "'"), 0);
    assert_contains(err, "3x11x18 -> 2x3x4 -> 3x11x18");
    assert_code(clae("describe colour"), 0);
    assert_contains(out, "\n--image-size 3x11x18\n--encoder \"" ENCODER "\"\n");
    assert_contains(out, "A code is 2x3x4");
    assert_code(clae("encode colour --data colour.npy --out codes.npy"), 0);
    assert_code(clae("decode colour --codes codes.npy --out images.npy"), 0);
    assert_code(clae("eval colour --data colour.npy"), 0);
    assert_code(clae("sample colour --data colour.npy --out sample.png --grid 4x3"), 0);
    assert_png("sample.png");
    assert_code(clae("interpolate colour --data colour.npy --out interpolate.png --grid 4x3"), 0);
    assert_code(clae("reconstruct colour --data colour.npy --out reconstruct.npy --grid 4x3"), 0);
    write_npy_images("five.npy", 20, 9, 7, 2);
    assert_code(clae("train --data five.npy --out five --epochs 1 --batch-size 10 --channels 4 --latent-dim 3"), 0);
    assert_contains(err, "network: --preset conv, for images of 2x9x7");
    assert_code(clae("sample five --data five.npy --out five.npy.npy --grid 4x3"), 0);
    assert_code(clae("sample five --data five.npy --out five.png --grid 4x3"), 2);
    assert_contains(err, "images of 2 channels cannot be drawn: pictures have 1 or 3");
    assert_int_equal(lines(strstr(err, "cannot be drawn")), 1);
}

/* The network is compared by what it is. */
static void runs_go_on_with_the_same_network(void **state) {
    (void)state;
    write_text("net.txt", "input: 1x28x28\nencoder:\n  conv2d 4 k4x4 s2 # half\n  relu\n  linear 5\n");
    assert_code(
        clae("train --data data --out text --epochs 2 --batch-size 100 --encoder 'conv 4 k4 s2, relu, linear 5'"), 0);
    assert_code(clae("train --data data --out text-2 --epochs 1 --batch-size 100 --model net.txt"), 0);
    unlink(in_scratch("net.txt"));
    assert_code(clae("train --resume --out text-2 --epochs 2"), 0);
    assert_same_files(in_scratch("text/model.safetensors"), in_scratch("text-2/model.safetensors"));
    assert_code(clae("train --resume --out text-2 --epochs 3 --encoder 'conv2d 4 k4 s2x2 p0,relu,linear 5x1x1'"), 0);
    assert_code(clae("train --resume --out text-2 --epochs 4 --encoder 'conv 4 k4 s2, tanh, linear 5'"), 2);
    assert_contains(err,
                    "text-2 was started with --encoder \"conv 4 k4 s2, relu, linear 5\" --decoder \"linear 4x13x13, "
                    "relu, conv_transpose 1 k4 s2\" and cannot go on with --encoder \"conv 4 k4 s2, tanh, linear 5\"");
    assert_int_equal(lines(err), 1);
    assert_code(clae("train --resume --out run --epochs 2 --preset lecture"), 0);
    assert_code(clae("train --resume --out run --epochs 2 --preset mlp"), 2);
    assert_contains(err, "cannot go on with --encoder \"linear 64, relu, linear 32, relu, linear 3\"");
}

static void what_does_not_go_together(void **state) {
    (void)state;
    static const struct {
        const char *words, *message;
    } cases[] = {
        {"train --data data --out no --encoder relu --preset mlp", "--encoder and --preset do not go together"},
        {"train --data data --out no --encoder relu --model net.txt", "--model and --encoder do not go together"},
        {"train --data data --out no --decoder relu", "--decoder needs an --encoder beside it"},
        {"train --data data --out no --encoder relu --latent-dim 3", "--latent-dim is for presets"},
        {"train --data data --out no --encoder 'conv 4 k3, linear 8x'",
         "--encoder: \"linear 8x\", layer 2: \"8x\": expected channels"},
        {"train --data data --out no --encoder 'conv 4 k29'",
         "--encoder: \"conv 4 k29\", layer 1: height 28 with padding 0 is smaller than the kernel 29"},
        {"describe --preset lecture --image-size 3x28x28", "--preset lecture is for images of 1x28x28, not 3x28x28"},
        {"describe --image-size 28x28",
         "--image-size: expected channels x height x width, like 3x32x32, got \"28x28\""},
        {"describe run --encoder relu", "--encoder says what a network is and does not go with MODEL"},
        {"describe --model missing.txt", "missing.txt"},
        {"describe --preset none", "--preset: expected auto|lecture|linear|mlp|conv|resnet, got \"none\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_code(clae("%s", cases[i].words), 2);
        assert_contains(err, cases[i].message);
        assert_int_equal(lines(err), 1);
    }
    assert_false(exists(in_scratch("no")));
}

static void every_command_takes_any_network(void **state) {
    (void)state;
    const char *const network =
        "--encoder 'conv 4 k3 s2, relu, residual(conv 4 k3 p1, relu), linear 3' --image-size 3x9x13";
    assert_code(clae("bench %s --rounds 1 --batch-size 8", network), 0);
    assert_contains(out, "encoder.2.0");
    assert_code(clae("selftest %s --batch-size 8", network), 0);
    assert_contains(out, " 0 failed");
    assert_code(clae("describe %s", network), 0);
    assert_contains(out, "--decoder \"linear 4x4x6, residual(conv 4 k3 p1, relu), relu, conv_transpose 3 k3 s2\"");
    write_npy_images("small.npy", 20, 9, 13, 3);
    assert_code(clae("compare --devices c:baseline,c --data small.npy --steps 3 --batch-size 10 "
                     "--encoder 'conv 4 k3 s2, relu, linear 3'"),
                0);
    assert_contains(out, "The devices agree");
    assert_code(clae("describe --help"), 0);
    assert_contains(out, "conv 32 k5 s2 p1:");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_of_any_size),
        cmocka_unit_test(runs_go_on_with_the_same_network),
        cmocka_unit_test(what_does_not_go_together),
        cmocka_unit_test(every_command_takes_any_network),
    };
    return cmocka_run_group_tests_name("networks of the program", tests, set_up, tear_down);
}
