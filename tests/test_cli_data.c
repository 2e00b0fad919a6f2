/* clae data: what it finds of arrays and pictures, and the contact sheet. */
#include "cli_program.h"

#include "picture_support.h"

#include <jansson.h>

/* The folder "photos": two labels of 8 pictures each of 20x24 pixels, of which 3 are the same; one of another size, one
 * that is cut off, and a text. */
static int set_up_photos(void **state) {
    program = getenv("CLAE_TEST_PROGRAM");
    if (!program || make_scratch(state)) return -1;
    setenv("XDG_CACHE_HOME", in_scratch("cache"), 1);
    if (shell("cd '%s' && mkdir -p photos/dark photos/light", scratch)) return -1;
    for (int i = 0; i < 16; i++) {
        char name[64];
        snprintf(name, sizeof name, "photos/%s/%d.png", i % 2 ? "light" : "dark", i);
        if (!write_png(in_scratch(name), 20, 24, i < 6 && i % 2 ? 200 : 10 * i, i == 7)) return -1;
    }
    return shell("cd '%s/photos' && head -c 60 dark/0.png >dark/cut.png && echo hello >notes.txt", scratch);
}

static size_t size_at(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return (size_t)json_integer_value(value);
}

static json_t *report_of(const char *words) {
    assert_code(clae("data %s --json", words), 0);
    json_t *report = json_loads(out, 0, NULL);
    assert_non_null(report);
    return report;
}

static void arrays_are_described(void **state) {
    (void)state;
    json_t *report = report_of("data");
    assert_int_equal(size_at(report, "train"), TRAIN_IMAGES);
    assert_int_equal(size_at(report, "test"), TEST_IMAGES);
    assert_int_equal(size_at(report, "height"), 28);
    assert_int_equal(size_at(report, "channels"), 1);
    assert_false(json_is_true(json_object_get(report, "same_images")));
    assert_int_equal(json_array_size(json_object_get(report, "mean")), 1);
    assert_null(json_object_get(report, "pictures"));
    json_decref(report);
    report = report_of("data/train-images-idx3-ubyte");
    assert_true(json_is_true(json_object_get(report, "same_images")));
    assert_int_equal(size_at(json_object_get(report, "duplicates"), "test_in_train"), TRAIN_IMAGES);
    json_decref(report);
    assert_code(clae("data data --out sheet.png"), 0);
    assert_png("sheet.png");
    assert_contains(out, "28x28, 1 channel, bytes");
}

static void pictures_are_described(void **state) {
    (void)state;
    json_t *report = report_of("photos --test-share 0");
    const json_t *pictures = json_object_get(report, "pictures"), *labels = json_object_get(report, "labels");
    assert_int_equal(size_at(report, "train"), 16);
    assert_int_equal(size_at(report, "channels"), 3);
    assert_int_equal(size_at(json_object_get(report, "duplicates"), "train"), 2);
    assert_int_equal(size_at(pictures, "count"), 17);
    assert_int_equal(size_at(pictures, "grey"), 15);
    assert_int_equal(size_at(pictures, "other_files"), 1);
    assert_int_equal(size_at(json_object_get(pictures, "formats"), "PNG"), 16);
    assert_int_equal(size_at(json_object_get(pictures, "bits"), "8"), 16);
    assert_int_equal(json_array_size(json_object_get(pictures, "broken")), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json_object_get(pictures, "broken"), 0), "name")),
        "dark/cut.png");
    assert_int_equal(json_array_size(labels), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(labels, 1), "name")), "light");
    assert_int_equal(size_at(json_array_get(labels, 1), "train"), 8);
    json_decref(report);
    assert_true(write_png(in_scratch("photos/light/99.png"), 9, 100, 5, 0));
    assert_code(clae("data photos --out sheet.png"), 0);
    assert_png("sheet.png");
    assert_contains(out, "9x24 to 20x100");
    assert_contains(out, "64x64, 3 channels, bytes (pictures of several sizes");
    assert_contains(out, "dark/cut.png");
}

/* What is in the cache tells the same, but which pictures it lacks; and a training takes it from there. */
static void pictures_are_decoded_once(void **state) {
    (void)state;
    assert_int_equal(
        shell("cd '%s' && mkdir -p once && cp photos/dark/?.png once && head -c 70 once/0.png >once/cut.png", scratch),
        0);
    assert_code(clae("data once --json"), 0);
    char *cold = strdup(out);
    assert_contains(err, "decoded ");
    assert_contains(cold, "\"cut.png\"");
    assert_code(clae("data once --json"), 0);
    assert_null(strstr(err, "decoded "));
    assert_string_equal(out, cold);
    free(cold);
    /* Those that lack a picture are for none who wants all of them. */
    assert_code(clae("train once --channels 2 --epochs 1 --out refused"), 2);
    assert_contains(err, "cut.png");
    assert_int_equal(shell("rm '%s/once/cut.png'", scratch), 0);
    assert_code(clae("data once"), 0);
    assert_contains(err, "decoded ");
    assert_code(clae("train once --channels 2 --epochs 1 --device c --out once-run"), 0);
    assert_null(strstr(err, "decoded "));
}

static void wrong_words_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "D: is missing"}, {"nothing-here", "nothing-here"}, {"data --out sheet.txt", ".png"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_code(clae("data %s", cases[i][0]), 2);
        assert_contains(err, cases[i][1]);
        assert_int_equal(lines(err), 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_described),
        cmocka_unit_test(pictures_are_described),
        cmocka_unit_test(pictures_are_decoded_once),
        cmocka_unit_test(wrong_words_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up_photos, tear_down);
}
