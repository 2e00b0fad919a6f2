/* Datasets of pictures: folders, lists and archives, their order, splits and labels, broken files, and the cache. */
#include "data_support.h"
#include "picture_support.h"

#include "base/memory.h"
#include "base/natural_order.h"
#include "data/dataset.h"
#include "data/picture_list.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#define LOG_BYTES 8192

/* All that was said, a line each. */
static char said[LOG_BYTES];

static void remember(void *user, clae_log_level level, const char *line) {
    scene_log(user, level, line);
    const size_t length = strlen(said);
    snprintf(said + length, sizeof said - length, "%s\n", line);
}

/* The folder "in" for pictures, the cache in "cache". */
static int open_pictures(void **state) {
    if (scene_open(state)) return -1;
    scene *s = *state;
    char path[128];
    s->context.log = remember;
    s->context.log_level = CLAE_LOG_INFO;
    s->context.cache_dir = string_format("%s/cache", s->folder);
    snprintf(path, sizeof path, "%s/in", s->folder);
    said[0] = '\0';
    return mkdir(path, 0777);
}

static int close_pictures(void **state) {
    scene *s = *state;
    free(s->context.cache_dir);
    return scene_close(state);
}

static void put(scene *s, const char *name, unsigned h, unsigned w, int value) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s", in_scene(s, name));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(folder_create(&s->context, folder), CLAE_OK);
    assert_true(write_png(in_scene(s, name), h, w, value, false));
}

static void put_text(scene *s, const char *name, const char *text) {
    write_file(in_scene(s, name), text, strlen(text));
}

static clae_dataset *open_with(scene *s, const char *name, clae_split split, const clae_dataset_options *options) {
    clae_dataset *dataset;
    said[0] = '\0';
    assert_int_equal(clae_dataset_open_with(&s->context, in_scene(s, name), split, options, &dataset), CLAE_OK);
    return dataset;
}

static void assert_is_refused(scene *s, const char *name, const clae_dataset_options *options) {
    clae_dataset *dataset;
    said[0] = '\0';
    assert_int_equal(clae_dataset_open_with(&s->context, in_scene(s, name), CLAE_SPLIT_TRAIN, options, &dataset),
                     CLAE_ERROR_INPUT);
    assert_null(dataset);
}

static void assert_said(const char *text) {
    if (!strstr(said, text)) print_message("not said: %s\nbut:\n%s", text, said);
    assert_non_null(strstr(said, text));
}

/* The first byte of each image, in order; the values end with -1. */
static void assert_values(const clae_dataset *dataset, const int *values) {
    const clae_dataset_info *info = clae_dataset_get_info(dataset);
    const size_t bytes = dataset_image_bytes(info);
    uint8_t *image = malloc(bytes);
    assert_non_null(image);
    size_t count = 0;
    for (; values[count] >= 0; count++) {
        assert_true(count < info->n);
        assert_int_equal(dataset_read_elements(dataset, count, 1, image), CLAE_OK);
        assert_int_equal(image[0], values[count]);
    }
    assert_int_equal(info->n, count);
    free(image);
}

static const clae_dataset_options no_tests = {.test_share = -1};

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

/* Gives the file other contents, with size and time as they were. */
static void replace_silently(scene *s, const char *name, int value) {
    struct stat st;
    char path[512];
    snprintf(path, sizeof path, "%s", in_scene(s, name));
    assert_int_equal(stat(path, &st), 0);
    put(s, name, 2, 2, value);
    struct stat now;
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(st.st_size, now.st_size);
    assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
}

static void assert_only_value(scene *s, int value) {
    clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, NULL);
    assert_values(dataset, (const int[]){value, -1});
    clae_dataset_free(dataset);
}

static void find_cache_file(scene *s, char path[512]) {
    DIR *folder = opendir(in_scene(s, "cache/images"));
    assert_non_null(folder);
    *path = '\0';
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') snprintf(path, 512, "%s/%.200s", in_scene(s, "cache/images"), entry->d_name);
    closedir(folder);
    assert_true(*path);
}

static void decoded_pictures_are_kept(void **state) {
    scene *s = *state;
    char path[512];
    put(s, "in/1.png", 2, 2, 1);
    assert_only_value(s, 1);
    assert_said("decoded 1 picture");
    replace_silently(s, "in/1.png", 2);
    assert_only_value(s, 1);
    assert_string_equal(said, "");
    /* Damage of all kinds is found, and the file replaced. */
    uint8_t *data;
    size_t bytes;
    find_cache_file(s, path);
    assert_int_equal(file_read(&s->context, path, "file", 1 << 20, &data, &bytes), CLAE_OK);
    for (size_t i = 0; i < 150; i += 7) {
        data[i] ^= 1;
        write_file(path, data, bytes);
        data[i] ^= 1;
        assert_only_value(s, 2);
        assert_said("decoded 1 picture");
    }
    const size_t lengths[] = {0, 1, 100, bytes - 1};
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        write_file(path, data, lengths[i]);
        assert_only_value(s, 2);
        assert_said("decoded 1 picture");
    }
    data = realloc(data, bytes + 1);
    data[bytes] = 0;
    write_file(path, data, bytes + 1);
    assert_only_value(s, 2);
    assert_said("decoded 1 picture");
    free(data);
    /* So is another picture's time. */
    replace_silently(s, "in/1.png", 3);
    assert_int_equal(utimensat(AT_FDCWD, in_scene(s, "in/1.png"), (const struct timespec[]){{1, 0}, {1, 1}}, 0), 0);
    assert_only_value(s, 3);
    assert_int_equal(count_entries(in_scene(s, "cache/images")), 1);
    /* A dataset stays as it is when its file is replaced. */
    clae_dataset *old = open_with(s, "in", CLAE_SPLIT_TRAIN, NULL);
    put(s, "in/1.png", 2, 2, 4);
    assert_only_value(s, 4);
    assert_values(old, (const int[]){3, -1});
    clae_dataset_free(old);
}

static void a_cache_is_not_needed(void **state) {
    scene *s = *state;
    char path[512];
    put(s, "in/1.png", 2, 2, 1);
    put_text(s, "file", "");
    snprintf(path, sizeof path, "%s/below", in_scene(s, "file"));
    const clae_dataset_options options = {.cache_dir = path, .test_share = -1};
    s->messages = 0;
    clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &options);
    assert_int_equal(s->messages, 0);
    assert_said("decoded pictures are held in memory: ");
    assert_values(dataset, (const int[]){1, -1});
    clae_dataset_free(dataset);
    char *cache = s->context.cache_dir;
    s->context.cache_dir = NULL;
    dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, NULL);
    assert_values(dataset, (const int[]){1, -1});
    clae_dataset_free(dataset);
    s->context.cache_dir = cache;
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

static void threads_make_no_difference(void **state) {
    scene *s = *state;
    char name[64], fingerprint[64] = "";
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "in/%d.png", i);
        put(s, name, 30 + (unsigned)i % 7, 30, 4 * i);
    }
    for (unsigned threads = 1; threads <= 8; threads++) {
        s->context.threads = threads;
        char folder[512];
        snprintf(folder, sizeof folder, "%s/%u", in_scene(s, "caches"), threads);
        const clae_dataset_options options = {.h = 16, .w = 16, .cache_dir = folder};
        clae_dataset *dataset = open_with(s, "in", CLAE_SPLIT_TRAIN, &options);
        const clae_dataset_info *info = clae_dataset_get_info(dataset);
        if (*fingerprint) assert_string_equal(fingerprint, info->fingerprint);
        snprintf(fingerprint, sizeof fingerprint, "%s", info->fingerprint);
        clae_dataset_free(dataset);
        assert_int_equal(count_entries(folder), 2);
    }
}

static void progress_is_told(void *user, const char *what, uint64_t done, uint64_t total) {
    uint64_t *ends = user;
    assert_true(*what && done <= total);
    ends[done == total] += done == 0 || done == total;
}

static void progress_begins_and_ends(void **state) {
    scene *s = *state;
    uint64_t ends[2] = {0};
    s->context.progress = progress_is_told;
    s->context.progress_user = ends;
    put(s, "in/1.png", 2, 2, 1);
    assert_only_value(s, 1);
    assert_int_equal(ends[0], 2); /* to look at the pictures, and to decode them */
    assert_int_equal(ends[1], 2);
}

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
        TEST(sizes_are_settled),
        TEST(colours_are_settled),
        TEST(broken_pictures_are_named),
        TEST(decoded_pictures_are_kept),
        TEST(a_cache_is_not_needed),
        TEST(lists_name_pictures),
#if CLAE_HAVE_LIBARCHIVE
        TEST(archives_hold_pictures),
#endif
        TEST(threads_make_no_difference),
        TEST(progress_begins_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
