/* Pictures by name: folders, lists and archives, their order, splits and labels. */
#include "folder_support.h"

#include "base/natural_order.h"
#include "data/picture_list.h"

static void numbers_in_names_count(void **state) {
    (void)state;
    static const char *const names[] = {"1.png",
                                        "2.png",
                                        "10.png",
                                        "a/1.png",
                                        "a/2/x.png",
                                        "a/2/y.png",
                                        "a b/0.png",
                                        "img2a.png",
                                        "img2b.png",
                                        "img002c.png",
                                        "img10.png",
                                        "img99999999999999999999",
                                        "img100000000000000000000",
                                        "z",
                                        "\xff"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(names); k++) {
            const int order = natural_order(names[i], names[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    assert_true(natural_order("img1", "img01") != 0);
    assert_int_equal(natural_order("img1", "img01"), -natural_order("img01", "img1"));
}

static void folders_are_listed(void **state) {
    scene *s = *state;
    put(s, "in/img10.png", 3, 2, 10);
    put(s, "in/img2.png", 3, 2, 2);
    put(s, "in/caf\xc3\xa9 \n\xff.png", 3, 2, 1);
    put(s, "in/sub/deep/er/1.png", 3, 2, 50);
    put(s, "in/no ending", 3, 2, 30);
    put(s, "in/wrong.jpg", 3, 2, 60);
    put(s, "in/.hidden.png", 3, 2, 99);
    put(s, "in/.git/x.png", 3, 2, 99);
    put_text(s, "in/README.txt", "words\n");
    put_text(s, "in/Thumbs.db", "\xd0\xcf\x11\xe0");
    put_text(s, "in/empty", "");
    assert_int_equal(symlink("..", in_scene(s, "in/sub/loop")), 0);
    assert_int_equal(symlink("../sub", in_scene(s, "in/sub/other loop")), 0);
    clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &no_tests);
    assert_values(dataset, (const int[]){1, 2, 10, 30, 50, 60, -1});
    const clae_dataset_info *info = clae_dataset_get_info(dataset);
    assert_true(info->h == 3 && info->w == 2 && info->c == 1 && !info->is_float);
    assert_said("3 files of '");
    assert_said("README.txt");
    clae_dataset_free(dataset);
}

static void links_lead_to_pictures(void **state) {
    scene *s = *state;
    put(s, "elsewhere/one.png", 2, 2, 7);
    put(s, "in/2.png", 2, 2, 8);
    assert_int_equal(symlink("../elsewhere", in_scene(s, "in/1")), 0);
    assert_int_equal(symlink("../elsewhere", in_scene(s, "in/again")), 0); /* entered once */
    assert_int_equal(symlink("../elsewhere/one.png", in_scene(s, "in/3.png")), 0);
    assert_int_equal(symlink("..", in_scene(s, "elsewhere/above")), 0); /* which has "in" */
    clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &no_tests);
    assert_values(dataset, (const int[]){7, 8, 7, -1});
    clae_dataset_free(dataset);
    assert_int_equal(symlink("nowhere", in_scene(s, "in/4.png")), 0);
    assert_is_refused(s, "in", &no_tests);
    assert_said("in/4.png");
    assert_said("1 of the 4 pictures");
}

static void folders_are_splits_and_labels(void **state) {
    scene *s = *state;
    put(s, "in/train/cat10/1.png", 2, 2, 3);
    put(s, "in/train/cat2/1.png", 2, 2, 1);
    put(s, "in/train/cat2/sub/2.png", 2, 2, 2);
    put(s, "in/train/4.png", 2, 2, 4);
    put(s, "in/val/dog/9.png", 2, 2, 9);
    put(s, "in/else/5.png", 2, 2, 5);
    clae_dataset *train = open_with(s, "in", CLAE_SPLIT_TRAIN, NULL);
    assert_values(train, (const int[]){4, 1, 2, 3, -1});
    assert_said("for training and testing are left out: 1");
    assert_int_equal(clae_dataset_label_count(train), 3);
    assert_string_equal(clae_dataset_label_name(train, 0), "cat2");
    assert_string_equal(clae_dataset_label_name(train, 1), "cat10");
    assert_int_equal(clae_dataset_label(train, 0), CLAE_NO_LABEL);
    assert_int_equal(clae_dataset_label(train, 1), 0);
    assert_int_equal(clae_dataset_label(train, 2), 0);
    assert_int_equal(clae_dataset_label(train, 3), 1);
    clae_dataset_free(train);
    /* From the cache, with its labels. */
    clae_dataset *val = open_with(s, "in", CLAE_SPLIT_TEST, NULL);
    assert_values(val, (const int[]){9, -1});
    assert_string_equal(clae_dataset_label_name(val, clae_dataset_label(val, 0)), "dog");
    assert_string_equal(said, "");
    clae_dataset_free(val);
    put(s, "in/Test/x/7.png", 2, 2, 7);
    clae_dataset *test = open_with(s, "in", CLAE_SPLIT_TEST, NULL);
    assert_values(test, (const int[]){7, -1});
    clae_dataset_free(test);
}

static void labels_come_from_files(void **state) {
    scene *s = *state;
    put(s, "in/a/1.png", 2, 2, 1);
    put(s, "in/b/2.png", 2, 2, 2);
    put(s, "in/b/3.png", 2, 2, 3);
    put_text(s, "labels.csv", "name,label\r\na/1.png, zebra\n\"2\",ant\n");
    char path[512];
    snprintf(path, sizeof path, "%s", in_scene(s, "labels.csv"));
    clae_dataset_options options = {.test_share = -1, .labels = path};
    clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &options);
    assert_int_equal(clae_dataset_label_count(dataset), 2);
    assert_string_equal(clae_dataset_label_name(dataset, clae_dataset_label(dataset, 0)), "zebra");
    assert_string_equal(clae_dataset_label_name(dataset, clae_dataset_label(dataset, 1)), "ant");
    assert_int_equal(clae_dataset_label(dataset, 2), CLAE_NO_LABEL);
    assert_said("labels for 2 of 3 pictures");
    clae_dataset_free(dataset);
    put_text(s, "labels.csv", "x,y\n");
    assert_is_refused(s, "in", &options);
    assert_said("has no label for any of the 3 pictures");
}

/* Names of the entries of a split, sorted already. */
static size_t split_of(scene *s, bool test, char names[][16]) {
    picture_list list;
    size_t count = 0;
    assert_int_equal(picture_list_folder(&s->context, in_scene(s, "in"), &list), CLAE_OK);
    assert_int_equal(picture_list_arrange(&s->context, &list, 0.3, NULL), CLAE_OK);
    for (size_t i = 0; i < list.count; i++) {
        assert_true(list.entries[i].in_train != list.entries[i].in_test);
        if (list.entries[i].in_test == test) snprintf(names[count++], 16, "%s", list.entries[i].name);
    }
    picture_list_free(&list);
    return count;
}

static void added_files_move_none(void **state) {
    scene *s = *state;
    char name[64];
    static char before[200][16], after[200][16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "in/%d.png", 2 * i);
        put_text(s, name, "x");
    }
    const size_t few = split_of(s, true, before);
    assert_in_range(few, 15, 45); /* 30 are expected, the deviation is 4.6 */
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "in/%d.png", 2 * i + 1);
        put_text(s, name, "x");
    }
    const size_t many = split_of(s, true, after);
    assert_true(many > few);
    size_t k = 0;
    for (size_t i = 0; i < few; i++) {
        while (k < many && strcmp(before[i], after[k]) != 0) k++;
        assert_true(k < many);
    }
}

static void few_pictures_are_both_splits(void **state) {
    scene *s = *state;
    put(s, "in/1.png", 2, 2, 1);
    for (int split = 0; split < 2; split++) {
        clae_dataset *dataset = open_with(s, "in", split ? CLAE_SPLIT_TEST : CLAE_SPLIT_TRAIN, NULL);
        assert_values(dataset, (const int[]){1, -1});
        clae_dataset_free(dataset);
        dataset = open_with(s, "in/1.png", split ? CLAE_SPLIT_TEST : CLAE_SPLIT_TRAIN, NULL);
        assert_values(dataset, (const int[]){1, -1});
        clae_dataset_free(dataset);
    }
    assert_int_equal(count_entries(in_scene(s, "cache/images")), 2);
}

static void lists_name_pictures(void **state) {
    scene *s = *state;
    char list[1024];
    put(s, "in/2.png", 2, 2, 2);
    put(s, "in/10.png", 2, 2, 10);
    snprintf(list, sizeof list, "in/10.png\r\n\n%s\n", in_scene(s, "in/2.png"));
    put_text(s, "list.txt", list);
    put_text(s, "list", "in/2.png\nin/10.png\n");
    const char zeros[] = "in/10.png\0in/2.png";
    write_file(in_scene(s, "zeros.txt"), zeros, sizeof zeros);
    clae_dataset *dataset = open_with(s, "list.txt", CLAE_SPLIT_TRAIN, &no_tests);
    assert_values(dataset, (const int[]){10, 2, -1});
    clae_dataset_free(dataset);
    dataset = open_with(s, "list", CLAE_SPLIT_TRAIN, &no_tests);
    assert_values(dataset, (const int[]){2, 10, -1});
    clae_dataset_free(dataset);
    dataset = open_with(s, "zeros.txt", CLAE_SPLIT_TRAIN, &no_tests);
    assert_values(dataset, (const int[]){10, 2, -1});
    clae_dataset_free(dataset);
    put_text(s, "list.txt", "in/2.png\nin/3.png\n");
    assert_is_refused(s, "list.txt", &no_tests);
    assert_said("in/3.png");
    put_text(s, "list.txt", "\n");
    assert_is_refused(s, "list.txt", &no_tests);
    assert_said("holds no pictures");
}

#if CLAE_HAVE_LIBARCHIVE
static void archives_hold_pictures(void **state) {
    scene *s = *state;
    char command[1024];
    for (int i = 0; i < 30; i++) {
        char name[64];
        snprintf(name, sizeof name, "in/set/%s/%d.png", i % 10 ? "train" : "test", 30 - i);
        put(s, name, 20, 30, 30 - i);
    }
    put_text(s, "in/set/README.md", "words\n");
    put(s, "in/set/train/.hidden.png", 1, 1, 0);
    static const char *const kinds[][2] = {{"-c", "set.tar"}, {"-cz", "set.tgz"}, {"-cJ", "set.bin"}};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        snprintf(command, sizeof command, "tar -C '%s/in' %s -f '%s/%s' set", s->folder, kinds[i][0], s->folder,
                 kinds[i][1]);
        if (system(command)) skip();
        for (int time = 0; time < 2; time++) {
            clae_dataset *test = open_with(s, kinds[i][1], CLAE_SPLIT_TEST, NULL);
            assert_values(test, (const int[]){10, 20, 30, -1});
            clae_dataset_free(test);
            clae_dataset *train = open_with(s, kinds[i][1], CLAE_SPLIT_TRAIN, NULL);
            assert_int_equal(clae_dataset_get_info(train)->n, 27);
            clae_dataset_free(train);
        }
    }
    /* Cut off in the middle. */
    struct stat st;
    assert_int_equal(stat(in_scene(s, "set.tgz"), &st), 0);
    assert_int_equal(truncate(in_scene(s, "set.tgz"), st.st_size / 2), 0);
    assert_is_refused(s, "set.tgz", NULL);
    assert_said("set.tgz");
}
#endif

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pictures, close_pictures)
    const struct CMUnitTest tests[] = {
        TEST(numbers_in_names_count),
        TEST(folders_are_listed),
        TEST(links_lead_to_pictures),
        TEST(folders_are_splits_and_labels),
        TEST(labels_come_from_files),
        TEST(added_files_move_none),
        TEST(few_pictures_are_both_splits),
        TEST(lists_name_pictures),
#if CLAE_HAVE_LIBARCHIVE
        TEST(archives_hold_pictures),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
