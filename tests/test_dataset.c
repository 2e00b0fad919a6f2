/* Datasets: opened by path and by name, their statistics and fingerprints. */
#include "data_support.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/dataset.h"

#include <math.h>
#include <sys/stat.h>

/* An IDX file of n images of 2 x 3 pixels, all of `value`. */
static void write_images(const char *path, uint8_t n, uint8_t value) {
    uint8_t file[1000] = {0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 2, 0, 0, 0, 3};
    memset(file + 16, value, (size_t)n * 6);
    write_file(path, file, 16 + (size_t)n * 6);
}

/* A folder below the scene's, with training images of the value, and test images of the value after it. */
static void make_folder(scene *s, const char *name, uint8_t value) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    assert_int_equal(folder_create(&s->context, path), CLAE_OK);
    snprintf(path, sizeof path, "%s/%s/train-images-idx3-ubyte", s->folder, name);
    write_images(path, 5, value);
    snprintf(path, sizeof path, "%s/%s/t10k-images.idx3-ubyte", s->folder, name);
    write_images(path, 4, (uint8_t)(value + 1));
}

static void assert_opens(scene *s, const char *name, clae_split split, size_t n, uint8_t value) {
    clae_dataset *dataset;
    assert_int_equal(clae_dataset_open(&s->context, name, split, &dataset), CLAE_OK);
    const clae_dataset_info *info = clae_dataset_get_info(dataset);
    assert_true(info->n == n && info->c == 1 && info->h == 2 && info->w == 3 && !info->is_float);
    float pixels[6];
    assert_int_equal(clae_dataset_read(dataset, n - 1, 1, pixels), CLAE_OK);
    for (size_t i = 0; i < 6; i++) assert_true(pixels[i] == (float)value / 255);
    assert_true(info->mean[0] == value / 255.0 && info->std[0] == 0);
    assert_int_equal(dataset_image_bytes(info), 6);
    clae_dataset_free(dataset);
}

static void assert_no_dataset(scene *s, const char *name) {
    clae_dataset *dataset;
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_open(&s->context, name, CLAE_SPLIT_TRAIN, &dataset));
    assert_null(dataset);
}

/* Neither the user's own data nor the system's count here. */
static void leave_home(scene *s) {
    setenv("XDG_DATA_HOME", s->folder, 1);
    unsetenv("CLAE_DATA_DIR");
}

static void opens_paths(void **state) {
    scene *s = *state;
    make_folder(s, "images", 10);
    char path[256];
    snprintf(path, sizeof path, "%s/images", s->folder);
    assert_opens(s, path, CLAE_SPLIT_TRAIN, 5, 10);
    assert_opens(s, path, CLAE_SPLIT_TEST, 4, 11);
    strcat(path, "/train-images-idx3-ubyte");
    assert_opens(s, path, CLAE_SPLIT_TRAIN, 5, 10);
    assert_opens(s, path, CLAE_SPLIT_TEST, 5, 10);
    assert_no_dataset(s, s->folder);
    assert_non_null(strstr(s->message, "train-images-idx3-ubyte"));
    assert_no_dataset(s, "/nonexistent");
    assert_no_dataset(s, "");
    assert_no_dataset(s, NULL);
    clae_dataset *dataset;
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_open(&s->context, path, (clae_split)7, &dataset));
}

static void opens_names(void **state) {
    scene *s = *state;
    leave_home(s);
    char data_dir[128];
    snprintf(data_dir, sizeof data_dir, "%s/data", s->folder);
    s->context.data_dir = data_dir;
    assert_no_dataset(s, "mnist");
    assert_non_null(strstr(s->message, "tools/fetch-data mnist"));
    assert_non_null(strstr(s->message, data_dir));
    assert_non_null(strstr(s->message, "/clae/mnist"));
    assert_non_null(strstr(s->message, "/usr/share/datasets/mnist"));
    assert_no_dataset(s, "cifar");

    make_folder(s, "clae/mnist", 20);
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 20);
    make_folder(s, "data", 30);
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 30);
    make_folder(s, "data/mnist", 40);
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 40);
    assert_opens(s, "mnist", CLAE_SPLIT_TEST, 4, 41);
    s->context.data_dir = NULL;
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 20);
}

/* A data folder called after one dataset is not taken for another. */
static void does_not_mix_names_up(void **state) {
    scene *s = *state;
    leave_home(s);
    make_folder(s, "fashion-mnist", 50);
    make_folder(s, "clae/mnist", 60);
    char data_dir[128];
    snprintf(data_dir, sizeof data_dir, "%s/fashion-mnist/", s->folder);
    s->context.data_dir = data_dir;
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 60);
    assert_opens(s, "fashion-mnist", CLAE_SPLIT_TRAIN, 5, 50);
}

static void a_path_wins_over_a_name(void **state) {
    scene *s = *state;
    leave_home(s);
    make_folder(s, "clae/mnist", 70);
    make_folder(s, "here/mnist", 80);
    char old[512], here[128];
    snprintf(here, sizeof here, "%s/here", s->folder);
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(here), 0);
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 80);
    assert_int_equal(chdir(old), 0);
    assert_opens(s, "mnist", CLAE_SPLIT_TRAIN, 5, 70);
}

static void damaged_data_are_not_passed_over(void **state) {
    scene *s = *state;
    leave_home(s);
    make_folder(s, "data/mnist", 90);
    make_folder(s, "clae/mnist", 91);
    char path[256], data_dir[128];
    snprintf(data_dir, sizeof data_dir, "%s/data", s->folder);
    snprintf(path, sizeof path, "%s/mnist/train-images-idx3-ubyte", data_dir);
    s->context.data_dir = data_dir;
    assert_int_equal(truncate(path, 30), 0);
    assert_no_dataset(s, "mnist");
    assert_non_null(strstr(s->message, path));
}

/* Of `n` pixels of 7 channels, more than one pass takes: those of channel 5 are all the same. */
static void statistics_are_exact(void **state) {
    scene *s = *state;
    enum { N = 1000, CHANNELS = 7, CONSTANT = 5 };
    static uint8_t bytes[N][CHANNELS];
    static float floats[N][CHANNELS];
    clae_dataset *a, *b;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < CHANNELS; k++) {
            bytes[i][k] = (uint8_t)(k == CONSTANT ? 9 : i * i * (k + 1) % (251 - 20 * k));
            floats[i][k] = bytes[i][k] * 0.5F;
        }
    assert_int_equal(clae_dataset_from_bytes(&s->context, bytes[0], N, CHANNELS, 1, 1, &a), CLAE_OK);
    assert_int_equal(clae_dataset_from_floats(&s->context, floats[0], N, CHANNELS, 1, 1, &b), CLAE_OK);
    for (size_t k = 0; k < CHANNELS; k++) {
        long double sum = 0, squares = 0;
        for (size_t i = 0; i < N; i++) sum += bytes[i][k];
        for (size_t i = 0; i < N; i++) squares += (bytes[i][k] - sum / N) * (bytes[i][k] - sum / N);
        const double mean = (double)(sum / N), std = (double)sqrtl(squares / N);
        assert_true(fabs(a->info.mean[k] - mean / 255) < 1e-15 && fabs(a->info.std[k] - std / 255) < 1e-15);
        assert_true(fabs(b->info.mean[k] - mean / 2) < 1e-12 && fabs(b->info.std[k] - std / 2) < 1e-12);
        assert_true((a->info.std[k] == 0) == (k == CONSTANT));
    }
    assert_string_equal(a->info.source, "memory");
    assert_true(b->info.is_float);
    assert_int_equal(dataset_image_bytes(&b->info), CHANNELS * sizeof(float));
    clae_dataset_free(a);
    clae_dataset_free(b);
}

static void reads_what_was_given(void **state) {
    scene *s = *state;
    enum { N = 3, E = 256 };
    uint8_t bytes[N * E], stored[2 * E];
    float floats[N * E], pixels[N * E];
    double values[E];
    for (size_t i = 0; i < N * E; i++) {
        bytes[i] = (uint8_t)(i + i / E);
        floats[i] = (float)i / 7 - 20;
    }
    clae_dataset *a, *b;
    assert_int_equal(clae_dataset_from_bytes(&s->context, bytes, N, 1, 16, 16, &a), CLAE_OK);
    assert_int_equal(clae_dataset_from_floats(&s->context, floats, N, 1, 16, 16, &b), CLAE_OK);
    assert_int_equal(clae_dataset_read(a, 0, N, pixels), CLAE_OK);
    for (size_t i = 0; i < N * E; i++) assert_true(pixels[i] == (float)(bytes[i] / 255.0));
    assert_int_equal(clae_dataset_read(b, 1, 2, pixels), CLAE_OK);
    assert_memory_equal(pixels, floats + E, 2 * E * sizeof *pixels);
    assert_int_equal(dataset_read_elements(a, 1, 2, stored), CLAE_OK);
    assert_memory_equal(stored, bytes + E, 2 * E);
    const clae_dataset *sets[] = {a, b};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(dataset_read_values(sets[k], 2, values), CLAE_OK);
        for (size_t i = 0; i < E; i++) assert_true(values[i] == (k ? (double)floats[2 * E + i] : bytes[2 * E + i]));
        assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_read(sets[k], 0, 0, pixels));
        assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_read(sets[k], 1, N, pixels));
        assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_read(sets[k], SIZE_MAX, 2, pixels));
    }
    clae_dataset_free(a);
    clae_dataset_free(b);
}

static void checks_shapes(void **state) {
    scene *s = *state;
    const uint8_t bytes[24] = {0};
    const clae_shape others[] = {{3, 4, 1}, {2, 4, 2}, {2, 5, 1}};
    clae_dataset *dataset;
    assert_int_equal(clae_dataset_from_bytes(&s->context, bytes, 3, 2, 4, 1, &dataset), CLAE_OK);
    assert_int_equal(dataset_check_shape(dataset, (clae_shape){2, 4, 1}, "the model"), CLAE_OK);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_refused(s, CLAE_ERROR_INPUT, dataset_check_shape(dataset, others[i], "the model"));
    assert_string_equal(s->message,
                        "the model takes images of 2x5x1 (channels, height, width), those of memory are 2x4x1");
    clae_dataset_free(dataset);
}

static void fingerprints_tell_data_apart(void **state) {
    scene *s = *state;
    uint8_t pixels[24] = {0};
    char seen[6][40];
    clae_dataset *dataset;
    const size_t shapes[][4] = {{4, 1, 2, 3}, {4, 1, 3, 2}, {4, 2, 1, 3}, {2, 1, 4, 3}};
    for (size_t i = 0; i < 4; i++) {
        const size_t *x = shapes[i];
        assert_int_equal(clae_dataset_from_bytes(&s->context, pixels, x[0], x[1], x[2], x[3], &dataset), CLAE_OK);
        strcpy(seen[i], dataset->info.fingerprint);
        clae_dataset_free(dataset);
    }
    pixels[23] = 1;
    assert_int_equal(clae_dataset_from_bytes(&s->context, pixels, 4, 1, 2, 3, &dataset), CLAE_OK);
    strcpy(seen[4], dataset->info.fingerprint);
    clae_dataset_limit(dataset, 2);
    strcpy(seen[5], dataset->info.fingerprint);
    clae_dataset_free(dataset);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++) assert_string_not_equal(seen[i], seen[j]);
}

static void limits(void **state) {
    scene *s = *state;
    const uint8_t pixels[] = {0, 0, 255, 255};
    clae_dataset *dataset, *half;
    assert_int_equal(clae_dataset_from_bytes(&s->context, pixels, 4, 1, 1, 1, &dataset), CLAE_OK);
    assert_int_equal(clae_dataset_from_bytes(&s->context, pixels, 2, 1, 1, 1, &half), CLAE_OK);
    assert_true(dataset->info.mean[0] == 0.5 && dataset->info.std[0] == 0.5);
    clae_dataset_limit(dataset, 0);
    clae_dataset_limit(dataset, 5);
    assert_int_equal(dataset->info.n, 4);
    clae_dataset_limit(dataset, 2);
    assert_true(dataset->info.n == 2 && dataset->info.mean[0] == 0 && dataset->info.std[0] == 0);
    assert_string_equal(dataset->info.fingerprint, half->info.fingerprint);
    clae_dataset_free(dataset);
    clae_dataset_free(half);
    clae_dataset_free(NULL);
}

static void refuses_bad_memory(void **state) {
    scene *s = *state;
    static const uint8_t pixel;
    clae_dataset *d;
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_from_bytes(&s->context, &pixel, 0, 1, 1, 1, &d));
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_from_bytes(&s->context, &pixel, 1, 1, 0, 1, &d));
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_from_bytes(&s->context, NULL, 1, 1, 1, 1, &d));
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_from_bytes(&s->context, &pixel, 1, SIZE_MAX, 2, 1, &d));
    assert_refused(s, CLAE_ERROR_INPUT,
                   clae_dataset_from_bytes(&s->context, &pixel, (size_t)UINT32_MAX + 1, 1, 1, 1, &d));
    assert_refused(s, CLAE_ERROR_INPUT,
                   clae_dataset_from_bytes(&s->context, &pixel, 1, CLAE_MAX_CHANNELS + 1, 1, 1, &d));
    assert_non_null(strstr(s->message, "65 channels"));
    const float bad[][2] = {{0, NAN}, {INFINITY, 1}, {INFINITY, -INFINITY}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_from_floats(&s->context, bad[i], 2, 1, 1, 1, &d));
        assert_null(d);
    }
}

/* The published figures, where the data are at hand. */
static void knows_mnist(void **state) {
    (void)state;
    clae_context *context;
    clae_dataset *dataset;
    clae_context_options quiet = {0};
    assert_int_equal(clae_context_create(&quiet, &context), CLAE_OK);
    clae_status status = clae_dataset_open(context, "mnist", CLAE_SPLIT_TRAIN, &dataset);
    if (status != CLAE_OK) {
        clae_context_free(context);
        skip();
    }
    assert_true(dataset->info.n == 60000 && dataset->info.h == 28 && dataset->info.w == 28);
    assert_true(fabs(dataset->info.mean[0] - 0.1306605) < 5e-8);
    assert_true(fabs(dataset->info.std[0] - 0.3081078) < 5e-8);
    clae_dataset_free(dataset);
    clae_context_free(context);
}

static void write_in(scene *s, const char *name, const void *data, size_t bytes) {
    write_file(in_scene(s, name), data, bytes);
}

static void write_images_in(scene *s, const char *name, uint8_t value) {
    write_images(in_scene(s, name), 5, value);
}

static void assert_opens_in(scene *s, const char *name, clae_split split, uint8_t value) {
    assert_opens(s, in_scene(s, name), split, 5, value);
}

/* The names of MNIST's relatives. */
static void opens_other_names(void **state) {
    scene *s = *state;
    for (size_t i = 0; i < 2; i++) {
        static const char *const folders[] = {"data/MNIST/raw", "other"};
        assert_int_equal(folder_create(&s->context, in_scene(s, folders[i])), CLAE_OK);
    }
    write_images_in(s, "data/MNIST/raw/train-images.idx3-ubyte", 1);
    write_images_in(s, "data/MNIST/raw/t10k-images.idx3-ubyte", 2);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"data", "data/MNIST", "data/MNIST/raw"};
        assert_opens_in(s, names[i], CLAE_SPLIT_TRAIN, 1);
        assert_opens_in(s, names[i], CLAE_SPLIT_TEST, 2);
    }
    write_images_in(s, "other/other-letters-train-images-idx3-ubyte", 3);
    write_images_in(s, "other/other-letters-test-images-idx3-ubyte", 4);
    assert_opens_in(s, "other", CLAE_SPLIT_TRAIN, 3);
    assert_opens_in(s, "other", CLAE_SPLIT_TEST, 4);
    write_images_in(s, "other/other-digits-train-images-idx3-ubyte", 5);
    write_images_in(s, "other/other-digits-test-images-idx3-ubyte", 6);
    assert_no_dataset(s, in_scene(s, "other"));
    assert_non_null(strstr(s->message, "several datasets"));
    assert_opens_in(s, "other/other-digits", CLAE_SPLIT_TRAIN, 5);
    assert_opens_in(s, "other/other-letters", CLAE_SPLIT_TEST, 4);
    /* One without a prefix wins. */
    write_images_in(s, "other/train-images-idx3-ubyte", 7);
    assert_opens_in(s, "other", CLAE_SPLIT_TRAIN, 7);
    assert_no_dataset(s, in_scene(s, "other/other-lett"));
    assert_int_equal(folder_create(&s->context, in_scene(s, "data/KMNIST/raw")), CLAE_OK);
    write_images_in(s, "data/KMNIST/raw/train-images-idx3-ubyte", 8);
    assert_no_dataset(s, in_scene(s, "data"));
    assert_non_null(strstr(s->message, "KMNIST/raw"));
}

/* EMNIST's columns are rows; others' are not, nor are axes of channels. */
static void emnist_is_turned_upright(void **state) {
    scene *s = *state;
    static const struct {
        const char *name;
        bool is_turned;
    } files[] = {{"emnist-letters-train-images-idx3-ubyte", true},
                 {"EMNIST-digits-test-images.idx3-ubyte", true},
                 {"kmnist-train-images-idx3-ubyte", false},
                 {"emnist-letters", false},
                 {"not-emnist-train-images-idx3-ubyte", false}};
    uint8_t file[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        clae_dataset *dataset;
        uint8_t pixels[12];
        write_in(s, files[i].name, file, sizeof file);
        assert_int_equal(clae_dataset_open(&s->context, in_scene(s, files[i].name), CLAE_SPLIT_TRAIN, &dataset),
                         CLAE_OK);
        assert_int_equal(dataset->info.h, files[i].is_turned ? 2 : 3);
        assert_int_equal(dataset->info.w, files[i].is_turned ? 3 : 2);
        assert_int_equal(dataset_read_elements(dataset, 0, 2, pixels), CLAE_OK);
        const uint8_t turned[] = {0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11};
        assert_memory_equal(pixels, files[i].is_turned ? turned : file + 16, sizeof turned);
        clae_dataset_free(dataset);
    }
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_mnist), /* before the others change the environment */
        WITH_SCENE(opens_paths),
        WITH_SCENE(opens_names),
        WITH_SCENE(opens_other_names),
        WITH_SCENE(emnist_is_turned_upright),
        WITH_SCENE(does_not_mix_names_up),
        WITH_SCENE(a_path_wins_over_a_name),
        WITH_SCENE(damaged_data_are_not_passed_over),
        WITH_SCENE(statistics_are_exact),
        WITH_SCENE(reads_what_was_given),
        WITH_SCENE(checks_shapes),
        WITH_SCENE(fingerprints_tell_data_apart),
        WITH_SCENE(limits),
        WITH_SCENE(refuses_bad_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
