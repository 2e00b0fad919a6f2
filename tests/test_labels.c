/* Labels of images that are arrays: beside them, in their archive, and in files that are named. */
#include "data_support.h"

#include "base/memory.h"
#include "data/dataset.h"
#include "data/image_format.h"

static const uint32_t none[] = {CLAE_NO_LABEL, CLAE_NO_LABEL, CLAE_NO_LABEL, CLAE_NO_LABEL, CLAE_NO_LABEL};

static void write_in(scene *s, const char *name, const void *data, size_t bytes) {
    write_file(in_scene(s, name), data, bytes);
}

/* An IDX file of five images. */
static void write_images_in(scene *s, const char *name, uint8_t value) {
    uint8_t file[16 + 5 * 6] = {0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 3};
    memset(file + 16, value, 5 * 6);
    write_in(s, name, file, sizeof file);
}

/* What a data set of five images has, with the labels of a file of the scene, or those that are found (NULL). */
static clae_dataset *open_labelled(scene *s, const char *name, clae_split split, const char *file) {
    char path[512];
    clae_dataset *dataset;
    snprintf(path, sizeof path, "%s", file ? in_scene(s, file) : "");
    const clae_dataset_options options = {.labels = file ? path : NULL};
    assert_int_equal(clae_dataset_open_with(&s->context, in_scene(s, name), split, &options, &dataset), CLAE_OK);
    return dataset;
}

static void assert_are(const clae_dataset *dataset, const uint32_t expected[5], size_t count) {
    assert_int_equal(clae_dataset_label_count(dataset), count);
    for (size_t i = 0; i < 5; i++) assert_int_equal(clae_dataset_label(dataset, i), expected[i]);
    assert_int_equal(clae_dataset_label(dataset, 5), CLAE_NO_LABEL);
}

static void assert_labels(scene *s, const char *name, const uint32_t expected[5], size_t count) {
    clae_dataset *dataset = open_labelled(s, name, CLAE_SPLIT_TRAIN, NULL);
    assert_are(dataset, expected, count);
    assert_null(clae_dataset_label_name(dataset, 0));
    clae_dataset_free(dataset);
}

static void reads_labels_beside(void **state) {
    scene *s = *state;
    static const uint8_t bytes[] = {0, 0, 8, 1, 0, 0, 0, 5, 3, 0, 9, 3, 1};
    static const uint8_t four[] = {0, 0, 8, 1, 0, 0, 0, 4, 3, 0, 9, 3};
    /* As QMNIST's: 32-bit integers of two columns, of which the first is the class; one is negative. */
    uint8_t ints[12 + 5 * 8] = {0, 0, 12, 2, 0, 0, 0, 5, 0, 0, 0, 2};
    for (size_t i = 0; i < 5; i++) {
        ints[12 + 8 * i + 2] = 1;
        ints[12 + 8 * i + 3] = (uint8_t)i;
        ints[12 + 8 * i + 7] = 77;
    }
    memset(ints + 12 + 8, 255, 4);
    write_images_in(s, "train-images-idx3-ubyte", 1);
    assert_labels(s, "train-images-idx3-ubyte", none, 0);
    write_in(s, "train-labels-idx1-ubyte", bytes, sizeof bytes);
    assert_labels(s, "train-images-idx3-ubyte", (const uint32_t[]){3, 0, 9, 3, 1}, 10);
    write_images_in(s, "qmnist-train-images-idx3-ubyte", 1);
    write_in(s, "qmnist-train-labels-idx2-int", ints, sizeof ints);
    assert_labels(s, "qmnist-train-images-idx3-ubyte", (const uint32_t[]){256, CLAE_NO_LABEL, 258, 259, 260}, 261);
    /* Those of other images are left out. */
    write_in(s, "train-labels-idx1-ubyte", four, sizeof four);
    assert_labels(s, "train-images-idx3-ubyte", none, 0);
    write_in(s, "train-labels-idx1-ubyte", bytes, 6);
    assert_labels(s, "train-images-idx3-ubyte", none, 0);
}

/* A .npy file of an array; the bytes of it. */
static size_t make_npy(const char *type, const char *order, const char *shape, const void *data, size_t bytes,
                       uint8_t *file) {
    char dict[128];
    const int length =
        snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type, order, shape);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)length;
    file[9] = 0;
    memcpy(file + 10, dict, (size_t)length);
    memcpy(file + 10 + length, data, bytes);
    return 10 + (size_t)length + bytes;
}

static void assert_named_file(scene *s, const char *file, const uint32_t expected[5], size_t count) {
    clae_dataset *dataset = open_labelled(s, "images", CLAE_SPLIT_TRAIN, file);
    assert_are(dataset, expected, count);
    clae_dataset_free(dataset);
}

static void assert_file_is_refused(scene *s, const char *file, const char *words) {
    char path[512];
    clae_dataset *dataset;
    snprintf(path, sizeof path, "%s", in_scene(s, file));
    const clae_dataset_options options = {.labels = path};
    assert_refused(s, CLAE_ERROR_INPUT,
                   clae_dataset_open_with(&s->context, in_scene(s, "images"), CLAE_SPLIT_TRAIN, &options, &dataset));
    assert_null(dataset);
    if (!strstr(s->message, words)) print_message("%s\n", s->message);
    assert_non_null(strstr(s->message, words));
}

static void reads_arrays_of_integers(void **state) {
    scene *s = *state;
    static const int64_t wide[] = {4, -1, 0, 70000, 2};
    static const uint8_t big[] = {0, 1, 1, 0, 0, 0, 0, 9, 255, 254};
    uint8_t file[512];
    write_images_in(s, "images", 7);
    write_in(s, "y.npy", file, make_npy("<i8", "False", "(5,)", wide, sizeof wide, file));
    assert_named_file(s, "y.npy", (const uint32_t[]){4, CLAE_NO_LABEL, 0, CLAE_NO_LABEL, 2}, 5);
    write_in(s, "y.npy", file, make_npy(">u2", "True", "(5, 1)", big, sizeof big, file));
    assert_named_file(s, "y.npy", (const uint32_t[]){1, 256, 0, 9, 65534}, 65535);
    write_in(s, "y.npy", file, make_npy("<f8", "False", "(5,)", wide, sizeof wide, file));
    assert_file_is_refused(s, "y.npy", "holds no labels: they are integers");
    write_in(s, "y.npy", file, make_npy("|u1", "False", "(5, 2)", big, sizeof big, file));
    assert_file_is_refused(s, "y.npy", "holds no labels: they are integers");
    write_in(s, "y.npy", file, make_npy("|u1", "False", "(4,)", big, 4, file));
    assert_file_is_refused(s, "y.npy", "holds 4 labels, and there are 5 images");
    write_in(s, "y.npy", file, make_npy("|u1", "False", "(5,)", big, 4, file));
    assert_file_is_refused(s, "y.npy", "cut off");
    assert_file_is_refused(s, "nothing", "nothing");
}

static void finds_numpy_labels_beside(void **state) {
    scene *s = *state;
    static const uint8_t images[5], labels[] = {3, 1, 4, 1, 5};
    uint8_t file[512];
    write_in(s, "train-images.npy", file, make_npy("|u1", "False", "(5, 1, 1)", images, sizeof images, file));
    assert_labels(s, "train-images.npy", none, 0);
    write_in(s, "train-labels.npy", file, make_npy("|u1", "False", "(5,)", labels, sizeof labels, file));
    assert_labels(s, "train-images.npy", (const uint32_t[]){3, 1, 4, 1, 5}, 6);
}

static void reads_lines(void **state) {
    scene *s = *state;
    write_images_in(s, "images", 7);
    static const char *const files[] = {"dog\ncat10\ncat2\n\ndog\r\n\"cat2\"\n",
                                        "name,label\n0, dog\n1,cat10\n2,cat2\n3,dog\n4,cat2"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        write_in(s, "y.csv", files[i], strlen(files[i]));
        clae_dataset *dataset = open_labelled(s, "images", CLAE_SPLIT_TRAIN, "y.csv");
        assert_are(dataset, (const uint32_t[]){2, 1, 0, 2, 0}, 3);
        assert_string_equal(clae_dataset_label_name(dataset, 0), "cat2");
        assert_string_equal(clae_dataset_label_name(dataset, 1), "cat10");
        assert_string_equal(clae_dataset_label_name(dataset, 2), "dog");
        clae_dataset_free(dataset);
    }
    write_in(s, "y.csv", "a\nb\n", 4);
    assert_file_is_refused(s, "y.csv", "has 2 lines, and there are 5 images");
    write_in(s, "y.csv", "", 0);
    assert_file_is_refused(s, "y.csv", "has 0 lines");
}

#if CLAE_HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>

static void add_array(struct archive *a, const char *name, const char *shape, const uint8_t *data, size_t bytes) {
    uint8_t array[256];
    const size_t size = make_npy("|u1", "False", shape, data, bytes, array);
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, array, size), size);
    archive_entry_free(entry);
}

/* The arrays of five images each, and of labels, `first` and those after it. */
typedef struct npz_array {
    const char *name;
    uint8_t first;
    bool are_labels;
} npz_array;

static void write_npz(scene *s, const char *name, const npz_array *arrays) {
    struct archive *a = archive_write_new();
    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, in_scene(s, name)), ARCHIVE_OK);
    for (; arrays->name; arrays++) {
        const uint8_t f = arrays->first,
                      data[] = {f, (uint8_t)(f + 1), (uint8_t)(f + 2), (uint8_t)(f + 3), (uint8_t)(f + 4)};
        char entry[64];
        snprintf(entry, sizeof entry, "%s.npy", arrays->name);
        add_array(a, entry, arrays->are_labels ? "(5,)" : "(5, 1, 1)", data, sizeof data);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
}

/* Of a data set of five images: the first pixel and the first label, -1 for none. */
static void assert_first(scene *s, const char *name, clae_split split, const char *file, int pixel, int label) {
    uint8_t stored;
    clae_dataset *dataset = open_labelled(s, name, split, file);
    assert_int_equal(dataset_read_elements(dataset, 0, 1, &stored), CLAE_OK);
    assert_int_equal(stored, pixel);
    assert_int_equal(clae_dataset_label(dataset, 0), (uint32_t)label);
    assert_int_equal(clae_dataset_label_count(dataset), label < 0 ? 0 : label + 5);
    clae_dataset_free(dataset);
}

static void archives_hold_both(void **state) {
    scene *s = *state;
    write_npz(s, "mnist.npz",
              (const npz_array[]){
                  {"x_test", 10, false}, {"x_train", 20, false}, {"y_train", 1, true}, {"y_test", 2, true}, {0}});
    assert_first(s, "mnist.npz", CLAE_SPLIT_TRAIN, NULL, 20, 1);
    assert_first(s, "mnist.npz", CLAE_SPLIT_TEST, NULL, 10, 2);
    assert_true(image_file_has_splits(&s->context, in_scene(s, "mnist.npz")));
    assert_false(image_file_has_splits(&s->context, in_scene(s, "mnist.npz:x_test")));
    /* An array that is named has its own labels, whatever the split. */
    assert_first(s, "mnist.npz:x_test", CLAE_SPLIT_TRAIN, NULL, 10, 2);
    assert_first(s, "mnist.npz:x_test", CLAE_SPLIT_TRAIN, "mnist.npz:y_train", 10, 1);
    write_npz(s, "images.npz",
              (const npz_array[]){
                  {"my_images", 10, false}, {"other", 3, true}, {"my_labels", 4, true}, {"labels", 5, true}, {0}});
    assert_first(s, "images.npz:my_images", CLAE_SPLIT_TEST, NULL, 10, 4);
    write_npz(s, "x.npz", (const npz_array[]){{"x", 10, false}, {"y", 6, true}, {0}});
    assert_first(s, "x.npz", CLAE_SPLIT_TRAIN, NULL, 10, 6);
    assert_first(s, "x.npz", CLAE_SPLIT_TEST, NULL, 10, 6);
    assert_false(image_file_has_splits(&s->context, in_scene(s, "x.npz")));
    assert_first(s, "x.npz", CLAE_SPLIT_TEST, "mnist.npz", 10, 2);
    write_npz(s, "none.npz", (const npz_array[]){{"arr_0", 10, false}, {"arr_1", 6, true}, {0}});
    assert_first(s, "none.npz", CLAE_SPLIT_TRAIN, NULL, 10, -1);
    assert_first(s, "none.npz:arr_0", CLAE_SPLIT_TRAIN, NULL, 10, -1);
    assert_first(s, "none.npz", CLAE_SPLIT_TRAIN, "none.npz:arr_1", 10, 6);
    write_images_in(s, "images", 7);
    assert_file_is_refused(s, "none.npz", "has several arrays: name one");
    assert_file_is_refused(s, "none.npz:y", "has no array \"y\"");
    assert_file_is_refused(s, "none.npz:arr_0", "holds no labels");
}
#endif

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(reads_labels_beside),
        WITH_SCENE(finds_numpy_labels_beside),
        WITH_SCENE(reads_arrays_of_integers),
        WITH_SCENE(reads_lines),
#if CLAE_HAVE_LIBARCHIVE
        WITH_SCENE(archives_hold_both),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
