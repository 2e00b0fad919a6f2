/* The program: each command on a small dataset, usage errors and exit codes. */
#include "cli_program.h"

#include "data/npy_array.h"

#include <errno.h>
#include <jansson.h>
static void test_help(void **state) {
    (void)state;
    static const char *const commands[] = {"devices",     "train",  "describe", "eval",   "reconstruct",
                                           "interpolate", "sample", "encode",   "decode", "lecture",
                                           "compare",     "bench",  "selftest", "import"};
    assert_code(clae("--help"), 0);
    for (size_t i = 0; i < COUNT(commands); i++) {
        assert_code(clae("--help"), 0);
        assert_contains(out, commands[i]);
        assert_code(clae("%s --help", commands[i]), 0);
        assert_contains(out, "Usage: clae ");
        assert_contains(out, "Example:\n  clae ");
        assert_string_equal(err, "");
        char *first = strdup(out);
        assert_code(clae("help %s", commands[i]), 0);
        assert_string_equal(out, first);
        free(first);
    }
    assert_code(clae("--version"), 0);
    assert_contains(out, "clae ");
    assert_code(clae("%s", ""), 2);
}

static void test_usage_errors(void **state) {
    (void)state;
    static const struct {
        const char *words, *message;
    } cases[] = {
        {"trian", "clae: there is no command \"trian\"; did you mean train?\n"},
        {"xyzzy", "clae: there is no command \"xyzzy\"; see clae --help\n"},
        {"help nothing", "clae: there is no command \"nothing\""},
        {"train --epochs x --out r", "clae train: --epochs: expected a whole number from 1 to 1000000, got \"x\"\n"},
        {"train --epochs=0 --out r", "clae train: --epochs: expected a whole number from 1 to 1000000, got \"0\"\n"},
        {"train --epochs=-1 --out r", "got \"-1\""},
        {"train --epochs=99999999999999999999 --out r", "got \"99999999999999999999\""},
        {"train --epochs", "got nothing"},
        {"train --epoch 3", "did you mean --epochs?"},
        {"train --lr nan --out r", "clae train: --lr: expected a number from"},
        {"train --resume=1 --out r", "clae train: --resume: takes no value"},
        {"train extra --out r", "'extra' is no file"},
        {"train data extra --out r", "one D is expected, got \"data\" and \"extra\""},
        {"train --data data", "run holds a training run already"},
        {"train --out r", "--data D is missing"},
        {"train --out r --resume --init run", "--init"},
        {"train --data nothing-here --out r", "nothing-here"},
        {"train --data data --out run", "--resume"},
        {"train --out run --resume --latent-dim 5", "--latent-dim 3"},
        {"train --data data --out r --impl conv2d_fwd=magic", "conv2d_fwd"},
        {"train --data data --out r --kernels nothing-here", "--kernels: expected a folder"},
        {"train --data data --out r --memory-limit 0", "--memory-limit: expected a number from 0.001"},
        {"train --data data --out r --precision fp16", "--precision: expected fp32|tf32"},
        {"eval --data data", "MODEL is missing"},
        {"import run --std 1 --out m", "--mean M[,M...] is missing"},
        {"import run --mean 0 --std 0 --out m", "--std: expected a number from 1e-30"},
        {"import run --mean 0 --std 1 --out run/model.safetensors", "is the model: choose another file"},
        {"encode run", "--out CODES.npy is missing"},
        {"eval nothing-here --data data", "nothing-here"},
        {"eval data --data data", "data"},
        {"encode run --data data --out c.npy --split both", "expected train|test"},
        {"reconstruct run --data data --out p.png --grid 12", "columns x rows"},
        {"interpolate run --data data --out p.png --grid 1x3", "--grid"},
        {"lecture --data data --out l --dims 2,,3", "--dims"},
        {"describe run --channels 3", "--channels"},
        {"compare --devices c --data data", "--devices: expected two devices"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_code(clae("%s --quiet", cases[i].words), 2);
        assert_contains(err, cases[i].message);
        assert_int_equal(lines(err), 1);
        assert_string_equal(out, "");
    }
    assert_false(exists(in_scratch("r/model.safetensors")));
}

static void test_train_writes(void **state) {
    (void)state;
    size_t bytes;
    char *log = read_whole(in_scratch("run/log.csv"), &bytes);
    assert_non_null(log);
    assert_contains(log, "epoch,step,train_loss,test_loss,test_mse_per_pixel,seconds,images_per_second\n1,5,");
    assert_int_equal(lines(log), 3);
    free(log);
    char *steps = read_whole(in_scratch("steps.csv"), &bytes);
    assert_non_null(steps);
    assert_int_equal(lines(steps), 11);
    free(steps);
    assert_png("run/loss.png");
    assert_true(exists(in_scratch("run/model.safetensors")));
    assert_true(exists(in_scratch("run/checkpoint-000010.safetensors")));
}

static void test_train_messages(void **state) {
    (void)state;
    assert_code(clae("train --data data --out said --epochs 2 --channels 2 --limit-train 100"), 0);
    assert_string_equal(out, "");
    assert_null(strchr(err, '\r'));
    assert_contains(err, "device ");
    assert_contains(err, "epoch 1/2");
    assert_contains(err, "epoch 2/2");
    assert_contains(err, "100 training and 60 test images");
    assert_code(clae("train --resume --out said -q"), 0);
    assert_string_equal(err, "");
    assert_code(clae("train --resume --out said --epochs 3 -q"), 0);
    assert_true(exists(in_scratch("said/checkpoint-000003.safetensors")));
}

/* The number that follows some words. */
static double number_after(const char *text, const char *words) {
    assert_contains(text, words);
    return strtod(strstr(text, words) + strlen(words), NULL);
}

static size_t occurrences(const char *text, const char *part) {
    size_t count = 0;
    while ((text = strstr(text, part))) count++, text += strlen(part);
    return count;
}

static void put_config(const char *text) {
    FILE *file = fopen(in_scratch("config.json"), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A file of settings does what the options do, and these come first. */
static void test_config(void **state) {
    (void)state;
    put_config("{\"data\": \"data\", \"epochs\": 2, \"channels\": 2, \"limit-train\": 100, \"lr\": 0.01, "
               "\"no-winograd\": true}");
    assert_code(clae("train --config config.json --out configured --epochs 1 -q"), 0);
    assert_code(clae("train --data data --epochs 1 --channels 2 --limit-train 100 --lr 0.01 --no-winograd "
                     "--out optioned -q"),
                0);
    assert_same_files(in_scratch("configured/model.safetensors"), in_scratch("optioned/model.safetensors"));
    put_config("{\"lr\": 0.02, \"seed\": 3}");
    assert_code(clae("train --resume --out configured --config config.json -q"), 2);
    assert_contains(err, "was started with --seed 0 and cannot go on with --seed 3");
    put_config("{\"lr\": \"high\"}");
    assert_code(clae("train --data data --out r --config config.json -q"), 2);
    assert_contains(err, "config.json: lr: expected a number from 1e-12 to 1e+06, got \"high\"\n");
    assert_int_equal(lines(err), 1);
    assert_code(clae("train --data data --out r --config nothing-here -q"), 2);
    assert_contains(err, "nothing-here");
    assert_int_equal(lines(err), 1);
    assert_false(exists(in_scratch("r/model.safetensors")));
}

static void test_memory_limit(void **state) {
    (void)state;
    const char *words = "train --data data --epochs 2 --channels 2 --latent-dim 3 --batch-size";
    assert_code(clae("%s 10 --out stays", words), 0);
    assert_int_equal(occurrences(err, "memory: "), 1);
    assert_null(strstr(err, "streamed"));

    /* Half of the images fit beside the rest, and what is spared. */
    const double needed = number_after(err, "memory: "), images = 230 * 784 / 1048576.0;
    const double limit = (needed - images / 2) / (1 - 1 / 32.0);
    assert_code(clae("%s 10 --out streams --memory-limit %.4f", words, limit), 0);
    assert_int_equal(occurrences(err, "streamed"), 1);
    assert_same_files(in_scratch("stays/model.safetensors"), in_scratch("streams/model.safetensors"));

    assert_code(clae("%s 230 --out advised -q --memory-limit %.4f", words, limit), 3);
    assert_int_equal(lines(err), 1);
    assert_contains(err, "clae train: batch size 230 needs ");
    const unsigned fits = (unsigned)number_after(err, "the largest batch size that fits is ");
    const unsigned piece = (unsigned)number_after(err, "or 230 with --micro-batch ");
    assert_code(clae("%s %u --out advised -q --memory-limit %.4f", words, fits, limit), 0);
    assert_string_equal(err, "");
    assert_code(clae("%s 230 --micro-batch %u --out pieces -q --memory-limit %.4f", words, piece, limit), 0);
    assert_string_equal(err, "");
    assert_code(clae("%s 10 --micro-batch 4 --out refused", words), 2);
    assert_string_equal(err, "clae train: micro-batch 4: must divide the batch size of 10, as 2 does\n");
    assert_false(exists(in_scratch("refused")));
    assert_code(clae("eval run --data data --memory-limit 0.001 -q"), 3);
    assert_int_equal(lines(err), 1);
}

static void test_devices(void **state) {
    (void)state;
    assert_code(clae("devices"), 0);
    assert_contains(out, "plain C");
    assert_code(clae("devices --json"), 0);
    json_t *object = json_loads(out, 0, NULL), *device;
    json_t *devices = json_object_get(object, "devices");
    size_t i, automatic = 0;
    assert_true(json_array_size(devices) >= 1);
    json_array_foreach(devices, i, device) {
        assert_true(json_is_string(json_object_get(device, "id")));
        assert_true(json_is_string(json_object_get(device, "backend")));
        assert_true(json_is_string(json_object_get(device, "name")));
        automatic += json_is_true(json_object_get(device, "auto"));
        if (strcmp(json_string_value(json_object_get(device, "backend")), "c")) continue;
        assert_true(json_is_string(json_object_get(device, "instruction_set")));
        assert_true(json_integer_value(json_object_get(device, "threads")) >= 1);
    }
    assert_int_equal(automatic, 1);
    json_decref(object);
}

static void test_choosing_a_device(void **state) {
    (void)state;
    assert_code(clae("encode run --data data --out c.npy --device no-such-device"), 3);
    assert_contains(err, "no-such-device");
    assert_int_equal(
        shell("cd '%s' && CLAE_DEVICE=no-such-device '%s' encode run --data data --out c.npy 2>err", scratch, program),
        3);
    assert_int_equal(
        shell("cd '%s' && CLAE_DEVICE=no-such-device '%s' encode run --data data --out c.npy --device c 2>err", scratch,
              program),
        0);
}

static void test_describe(void **state) {
    (void)state;
    assert_code(clae("describe"), 0);
    assert_contains(out, "    (2): Conv2d(32, 32, kernel_size=(5, 5), stride=(1, 1))\n");
    assert_contains(out, "112,457 parameters");
    assert_contains(out, "24.36 M multiply-adds");
    assert_code(clae("describe run"), 0);
    assert_contains(out, "    (8): Conv2d(4, 3, kernel_size=(4, 4), stride=(1, 1))\n");
}

static void test_eval(void **state) {
    (void)state;
    static const char *const numbers[] = {"loss", "mse_per_pixel", "psnr_db", "pca_loss", "pca_mse_per_pixel"};
    assert_code(clae("eval run --data data"), 0);
    assert_contains(out, "PSNR");
    assert_code(clae("eval run/model.safetensors --data data --json"), 0);
    json_t *object = json_loads(out, 0, NULL);
    assert_non_null(object);
    assert_true(json_is_string(json_object_get(object, "device")));
    assert_int_equal(json_integer_value(json_object_get(object, "images")), TEST_IMAGES);
    assert_int_equal(json_integer_value(json_object_get(object, "latent_dim")), 3);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        assert_true(json_is_real(json_object_get(object, numbers[i])));
        assert_true(json_real_value(json_object_get(object, numbers[i])) > 0);
    }
    json_decref(object);
}

static void test_pictures(void **state) {
    (void)state;
    assert_code(clae("reconstruct run --data data --out r.png"), 0);
    assert_png("r.png");
    assert_code(clae("reconstruct run --data data --out r2.png --grid 5x2 --no-invert"), 0);
    assert_png("r2.png");
    assert_code(clae("interpolate run --data data --out i.png --grid 4x3 --seed 1"), 0);
    assert_png("i.png");
    assert_code(clae("sample run --data data --out s1.png --seed 4"), 0);
    assert_png("s1.png");
    assert_code(clae("sample run --data data --out s2.png --seed 4"), 0);
    assert_same_files(in_scratch("s1.png"), in_scratch("s2.png"));
}

static void test_codes(void **state) {
    (void)state;
    clae_context *context;
    npy_array codes, images;
    assert_int_equal(clae_context_create(NULL, &context), CLAE_OK);
    assert_code(clae("encode run --data data --out codes.npy --split train"), 0);
    assert_int_equal(npy_read(context, in_scratch("codes.npy"), &codes), CLAE_OK);
    assert_int_equal(codes.rank, 2);
    assert_int_equal(codes.shape[0], TRAIN_IMAGES);
    assert_int_equal(codes.shape[1], 3);
    assert_code(clae("decode run --codes codes.npy --out images.npy"), 0);
    assert_int_equal(npy_read(context, in_scratch("images.npy"), &images), CLAE_OK);
    assert_int_equal(images.rank, 3);
    assert_int_equal(images.shape[0], TRAIN_IMAGES);
    assert_int_equal(images.shape[1], 28);
    assert_int_equal(images.shape[2], 28);
    assert_code(clae("decode run --codes images.npy --out again.npy"), 2);
    assert_contains(err, "(230, 28, 28)");
    assert_code(clae("eval run --data images.npy -q"), 0);
    assert_code(clae("train --data images.npy --out of-arrays --epochs 1 --channels 2 -q"), 0);
    assert_code(clae("encode run --data codes.npy --out again.npy"), 2);
    assert_contains(err, "(230, 3)");
    free(codes.values);
    free(images.values);
    clae_context_free(context);
}

static void test_damaged_model(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && cp run/model.safetensors bad.safetensors", scratch), 0);
    damage(in_scratch("bad.safetensors"));
    assert_code(clae("eval bad.safetensors --data data -q"), 2);
    assert_int_equal(lines(err), 1);
    assert_int_equal(truncate(in_scratch("bad.safetensors"), 5000), 0);
    assert_code(clae("describe bad.safetensors"), 2);
    assert_code(clae("train --data data --out from-bad --init bad.safetensors -q"), 2);
    assert_false(exists(in_scratch("from-bad")));
}

static void test_images_of_another_size(void **state) {
    (void)state;
    FILE *file = fopen(in_scratch("small"), "wb");
    assert_non_null(file);
    static const uint32_t header[] = {0x803, 3, 20, 20};
    for (size_t i = 0; i < COUNT(header); i++) put_be32(file, header[i]);
    for (size_t i = 0; i < 3 * 20 * 20; i++) fputc((int)(i % 251), file);
    fclose(file);
    assert_code(clae("eval run --data small -q"), 2);
    assert_contains(err, "1x20x20");
    assert_int_equal(lines(err), 1);
    assert_code(clae("train --data small --out small-run --preset lecture -q"), 2);
    assert_contains(err, "1x20x20");
    assert_false(exists(in_scratch("small-run")));
}

static void test_output_failures(void **state) {
    (void)state;
    static const char *const to_full[] = {"describe", "devices --json", "eval run --data data --json", "--help",
                                          "train --help"};
    for (size_t i = 0; i < COUNT(to_full); i++) {
        int code =
            shell("cd '%s' && CLAE_DEVICE=%s '%s' %s >/dev/full 2>err", scratch, device_spec(), program, to_full[i]);
        assert_int_equal(code, 4);
    }
    assert_code(clae("sample run --data data --out steps.csv/s.png"), 4);
    assert_code(clae("encode run --data data --out steps.csv/c.npy"), 4);
    assert_code(clae("train --data data --out data/train-images-idx3-ubyte/run"), 4);
    assert_code(clae("train --data data --out nosteps --channels 2 --epochs 1 --log-steps /dev/full"), 4);
}

static void test_init(void **state) {
    (void)state;
    assert_code(clae("train --data data --out inited --init run --channels 4 --latent-dim 3 --steps 1 --no-shuffle "
                     "--batch-size 50 --log-steps init.csv"),
                0);
    assert_code(clae("train --data data --out misfit --init run --channels 5 --latent-dim 3 -q"), 2);
    assert_int_equal(lines(err), 1);
}

static void test_divergence(void **state) {
    (void)state;
    assert_code(clae("train --data data --out diverged --channels 4 --lr 1e6 --epochs 3"), 1);
    assert_contains(err, "--lr");
    assert_false(exists(in_scratch("diverged/model.safetensors")));
    assert_false(exists(in_scratch("diverged/log.csv")));
}

static void test_lecture(void **state) {
    (void)state;
    static const char *const pictures[] = {"reconstruction", "interpolation", "samples"};
    const char *words = "lecture --data data --out lecture --dims 2,3 --channels 4 --epochs 1";
    assert_code(clae("%s", words), 0);
    assert_contains(out, "PCA");
    for (size_t i = 0; i < COUNT(pictures); i++) {
        for (int d = 2; d <= 3; d++) {
            char name[64];
            snprintf(name, sizeof name, "lecture/%s-d%d.png", pictures[i], d);
            assert_png(name);
        }
    }
    char *table = read_whole(in_scratch("lecture/errors.csv"), NULL);
    assert_non_null(table);
    assert_int_equal(lines(table), 3);
    free(table);
    assert_code(clae("%s", words), 0);
    assert_contains(err, "trained already");
    assert_code(clae("%s --seed 5", words), 2);
}

static void test_selftest(void **state) {
    (void)state;
    assert_code(clae("selftest --channels 4 --latent-dim 3 --batch-size 10"), 0);
    assert_contains(out, " 0 failed");
    assert_contains(out, "update adam ");
    assert_contains(out, "loss mse ");
    assert_code(clae("selftest --channels 4 --latent-dim 3 --batch-size 10 --optimiser sgd --loss bce"), 0);
    assert_contains(out, " 0 failed");
    assert_contains(out, "update sgd ");
    assert_contains(out, "loss bce ");
    assert_code(clae("selftest --channels 4 --batch-size 10 --flip hv --rotate --shift 2 --brightness 0.2 --noise 0.1"), 0);
    assert_contains(out, "augment 10x28x28x1");
    assert_contains(out, "noise 10x784");
    assert_code(clae("selftest --image-size 1x16x12 --encoder \"linear 4\" --rotate"), 2);
    assert_contains(err, "rotate: turns square images alone");
}

static void test_compare(void **state) {
    (void)state;
    assert_code(
        clae("compare --devices c:baseline,%s --data data --steps 3 --channels 4 --latent-dim 3", device_spec()), 0);
    assert_contains(out, "The devices agree");
}

static void test_bench(void **state) {
    (void)state;
    static const char *const numbers[] = {"train_images_per_second", "encode_images_per_second",
                                          "decode_images_per_second", "peak_gflops"};
    assert_code(clae("bench --json --rounds 1 --batch-size 10 --channels 4 --latent-dim 3 --precision tf32"), 0);
    json_t *object = json_loads(out, 0, NULL), *op;
    assert_non_null(object);
    for (size_t i = 0; i < COUNT(numbers); i++) assert_true(json_real_value(json_object_get(object, numbers[i])) > 0);
    assert_int_equal(json_integer_value(json_object_get(object, "batch_size")), 10);
    const char *arithmetic = json_string_value(json_object_get(object, "arithmetic"));
    assert_non_null(arithmetic);
    if (!strcmp(json_string_value(json_object_get(object, "backend")), "c")) assert_string_equal(arithmetic, "float32");
    size_t i;
    json_array_foreach(json_object_get(object, "ops"), i, op) {
        assert_true(json_is_string(json_object_get(op, "layer")));
        assert_true(json_is_string(json_object_get(op, "impl")));
        assert_null(strchr(json_string_value(json_object_get(op, "op")), ' '));
        assert_true(json_is_number(json_object_get(op, "ms")));
        assert_true(json_is_number(json_object_get(op, "gflops")));
    }
    assert_true(i > 10);
    json_decref(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_usage_errors),
        cmocka_unit_test(test_train_writes),
        cmocka_unit_test(test_train_messages),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_choosing_a_device),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_eval),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_damaged_model),
        cmocka_unit_test(test_images_of_another_size),
        cmocka_unit_test(test_output_failures),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_lecture),
        cmocka_unit_test(test_selftest),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_bench),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
