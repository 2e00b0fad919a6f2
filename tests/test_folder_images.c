/* Images that folders of pictures become: their size, their colours, and the pictures that are broken. */
#include "folder_support.h"

static void sizes_are_settled(void **state) {
    scene *s = *state;
    put(s, "in/1.png", 40, 60, 1);
    put(s, "in/2.png", 40, 60, 2);
    put(s, "in/3.png", 60, 40, 3);
    s->messages = 0;
    assert_is_refused(s, "in", NULL);
    assert_int_equal(s->messages, 1);
    assert_said("2 sizes");
    assert_said("40x60 (2 like 1.png), 60x40 (1 like 3.png)");
    assert_said("--size 32x32");
    for (int fit = CLAE_FIT_COVER; fit <= CLAE_FIT_STRETCH; fit++) {
        const clae_dataset_options options = {
            .h = 8, .w = 4, .fit = (clae_fit)fit, .test_share = -1, .background = "#c80000"};
        clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &options);
        const clae_dataset_info *info = clae_dataset_get_info(dataset);
        assert_true(info->n == 3 && info->h == 8 && info->w == 4 && info->c == 1);
        uint8_t image[8][4];
        assert_int_equal(dataset_read_elements(dataset, 0, 1, image), CLAE_OK);
        assert_int_equal(image[4][2], 1);
        /* 299 of 1000 parts of red: the border above and below the picture. */
        assert_int_equal(image[0][0], fit == CLAE_FIT_CONTAIN ? 60 : 1);
        clae_dataset_free(dataset);
    }
    assert_is_refused(s, "in", &(clae_dataset_options){.h = 8});
    assert_is_refused(s, "in", &(clae_dataset_options){.h = 8, .w = 8, .c = 2});
    assert_is_refused(s, "in", &(clae_dataset_options){.h = 8, .w = 8, .background = "#12345"});
    assert_is_refused(s, "in", &(clae_dataset_options){.h = 8, .w = 8, .fit = (clae_fit)9});
}

static void colours_are_settled(void **state) {
    scene *s = *state;
    put(s, "in/1.png", 2, 2, 100);
    assert_true(write_png(in_scene(s, "in/2.png"), 2, 2, 100, true));
    uint8_t image[12];
    clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &no_tests);
    assert_int_equal(clae_dataset_get_info(dataset)->c, 3);
    assert_int_equal(dataset_read_elements(dataset, 0, 1, image), CLAE_OK);
    for (size_t i = 0; i < 12; i++) assert_int_equal(image[i], 100);
    assert_int_equal(dataset_read_elements(dataset, 1, 1, image), CLAE_OK);
    for (size_t i = 0; i < 12; i++) assert_int_equal(image[i], i % 3 ? 0 : 100);
    clae_dataset_free(dataset);
    dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &(clae_dataset_options){.c = 1, .test_share = -1});
    assert_int_equal(clae_dataset_get_info(dataset)->c, 1);
    assert_values(dataset, (const int[]){100, 30, -1});
    clae_dataset_free(dataset);
}

/* The beginning of a picture, an empty file, text with the name of a picture, and so on. */
static void put_broken(scene *s, int number) {
    char name[64], from[512];
    uint8_t *data;
    size_t bytes;
    snprintf(name, sizeof name, "in/broken%d.png", number);
    snprintf(from, sizeof from, "%s", in_scene(s, "in/good1.png"));
    assert_int_equal(file_read(&s->context, from, "file", 10000, &data, &bytes), CLAE_OK);
    if (number % 4 == 0) put_text(s, name, "");
    if (number % 4 == 1) put_text(s, name, "<html>404</html>");
    if (number % 4 == 2) write_file(in_scene(s, name), data, bytes / 2); /* its header is whole */
    if (number % 4 == 3) write_file(in_scene(s, name), data, 20);
    free(data);
}

static void broken_pictures_are_named(void **state) {
    scene *s = *state;
    for (int i = 1; i <= 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "in/good%d.png", i);
        put(s, name, 50, 50, i);
    }
    for (int i = 0; i < 25; i++) put_broken(s, i);
    s->messages = 0;
    assert_is_refused(s, "in", &no_tests);
    assert_int_equal(s->messages, 22);
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "broken%d.png'", i);
        assert_said(name);
    }
    assert_null(strstr(said, "broken20"));
    assert_said("and 5 more\n");
    assert_said("25 of the 29 pictures of '");
    assert_said("--skip-bad");
    const clae_dataset_options skip = {.test_share = -1, .skip_bad = true};
    for (int time = 0; time < 2; time++) {
        clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &skip);
        assert_values(dataset, (const int[]){1, 2, 3, 4, -1});
        if (time == 0) assert_said("25 of the 29 pictures of '");
        if (time == 0) assert_said("are left out: broken0.png, broken1.png, broken2.png, ...");
        clae_dataset_free(dataset);
    }
    for (int i = 1; i <= 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "in/good%d.png", i);
        put_text(s, name, "no");
    }
    assert_is_refused(s, "in", &skip);
    assert_said("none of the 29 pictures");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pictures, close_pictures)
    const struct CMUnitTest tests[] = {
        TEST(sizes_are_settled),
        TEST(colours_are_settled),
        TEST(broken_pictures_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
