/* Decoded pictures are kept in the cache, by any number of threads. */
#include "folder_support.h"

#include <fcntl.h>
#include <time.h>

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
        TEST(decoded_pictures_are_kept),
        TEST(a_cache_is_not_needed),
        TEST(threads_make_no_difference),
        TEST(progress_begins_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
