/* Atomic writing, reading, folders, hashes, the log and the context. */
#include "data_support.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void writes_and_replaces(void **state) {
    scene *s = *state;
    const file_part parts[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    assert_int_equal(file_write_atomic(&s->context, s->path, parts, 3), CLAE_OK);
    assert_holds(s, s->path, "one two");
    assert_int_equal(chmod(s->path, 0600), 0);
    assert_int_equal(file_write_atomic(&s->context, s->path, parts + 2, 1), CLAE_OK);
    assert_holds(s, s->path, "two");
    struct stat st;
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_write_atomic(&s->context, s->path, NULL, 0), CLAE_OK);
    assert_holds(s, s->path, "");
    assert_int_equal(count_entries(s->folder), 1);
}

/* Root may write anywhere, so that a folder that is none stands for one that may not be written to. */
static void refuses_bad_places(void **state) {
    scene *s = *state;
    const file_part part = {"new", 3};
    write_file(s->path, "old", 3);
    char path[512];
    snprintf(path, sizeof path, "%s/below", s->path);
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, path, &part, 1));
    snprintf(path, sizeof path, "%s/missing/file", s->folder);
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, path, &part, 1));
    snprintf(path, sizeof path, "%s/", s->folder);
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, path, &part, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, s->folder, &part, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, "", &part, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, "/proc/clae", &part, 1));
    snprintf(path, sizeof path, "%s/%.*d", s->folder, 300, 0);
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, path, &part, 1));
    assert_holds(s, s->path, "old");
    assert_int_equal(count_entries(s->folder), 1);
}

static void never_replaces_a_device(void **state) {
    scene *s = *state;
    const file_part part = {"new", 3};
    char path[128];
    snprintf(path, sizeof path, "%s/full", s->folder);
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, path, &part, 1));
    assert_int_equal(file_write_atomic(&s->context, "/dev/null", &part, 1), CLAE_OK);
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

/* A limit on the size of files stands for a full disk: the write stops in the middle. */
static void keeps_the_old_file_when_the_disk_is_full(void **state) {
    scene *s = *state;
    static char large[100000];
    const file_part parts[] = {{"start", 5}, {large, sizeof large}};
    write_file(s->path, "old", 3);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    clae_status status = file_write_atomic(&s->context, s->path, parts, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, CLAE_ERROR_OUTPUT);
    assert_int_equal(s->messages, 1);
    assert_non_null(strstr(s->message, strerror(EFBIG)));
    assert_holds(s, s->path, "old");
    assert_int_equal(count_entries(s->folder), 1);
}

static void reads_only_what_it_should(void **state) {
    scene *s = *state;
    uint8_t *data;
    size_t bytes;
    assert_refused(s, CLAE_ERROR_INPUT, file_read(&s->context, s->path, "file", 10, &data, &bytes));
    assert_null(data);
    assert_refused(s, CLAE_ERROR_INPUT, file_read(&s->context, s->folder, "file", 10, &data, &bytes));
    assert_refused(s, CLAE_ERROR_INPUT, file_read(&s->context, "/dev/zero", "file", 10, &data, &bytes));
    assert_int_equal(mkfifo(s->path, 0600), 0);
    assert_refused(s, CLAE_ERROR_INPUT, file_read(&s->context, s->path, "file", 10, &data, &bytes));
    assert_int_equal(unlink(s->path), 0);
    write_file(s->path, "12345678901", 11);
    assert_refused(s, CLAE_ERROR_INPUT, file_read(&s->context, s->path, "file", 10, &data, &bytes));
    assert_non_null(strstr(s->message, "11 bytes"));
    assert_int_equal(file_read(&s->context, s->path, "file", 11, &data, &bytes), CLAE_OK);
    free(data);
}

static void creates_folders(void **state) {
    scene *s = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/a//b/c/", s->folder);
    assert_int_equal(folder_create(&s->context, path), CLAE_OK);
    assert_int_equal(folder_create(&s->context, path), CLAE_OK);
    assert_true(path_is_folder(path) && path_exists(path));
    write_file(s->path, "x", 1);
    assert_true(path_exists(s->path) && !path_is_folder(s->path));
    snprintf(path, sizeof path, "%s/below/it", s->path);
    assert_refused(s, CLAE_ERROR_OUTPUT, folder_create(&s->context, path));
    assert_refused(s, CLAE_ERROR_OUTPUT, folder_create(&s->context, s->path));
    assert_refused(s, CLAE_ERROR_OUTPUT, folder_create(&s->context, ""));
    assert_false(path_exists(path));
}

static void finds_xdg_folders(void **state) {
    (void)state;
    setenv("HOME", "/home/someone", 1);
    setenv("XDG_TEST_HOME", "/x", 1);
    char *path = xdg_folder("XDG_TEST_HOME", ".cache");
    assert_string_equal(path, "/x/clae");
    free(path);
    setenv("XDG_TEST_HOME", "relative", 1);
    path = xdg_folder("XDG_TEST_HOME", ".cache");
    assert_string_equal(path, "/home/someone/.cache/clae");
    free(path);
    unsetenv("HOME");
    assert_null(xdg_folder("XDG_TEST_HOME", ".cache"));
}

/* Written in any order, and there at the end, or not at all. */
static void builds_files(void **state) {
    scene *s = *state;
    char back[5] = "";
    for (int time = 0; time < 3; time++) {
        file_builder *builder;
        assert_int_equal(file_builder_open(&s->context, s->path, &builder), CLAE_OK);
        assert_true(file_builder_write(builder, 2, time == 1 ? "cd" : "CD", 2));
        assert_true(file_builder_write(builder, 0, "ab", 2));
        assert_true(file_builder_read(builder, 0, back, 4));
        assert_string_equal(back, time == 1 ? "abcd" : "abCD");
        assert_false(file_builder_read(builder, 1, back, 4));
        assert_int_equal(path_exists(s->path), time > 0);
        if (time < 2) assert_int_equal(file_builder_commit(builder), CLAE_OK);
        file_builder_free(builder);
        assert_int_equal(count_entries(s->folder), 1);
        assert_holds(s, s->path, time == 0 ? "abCD" : "abcd");
    }
    file_builder *none;
    assert_refused(s, CLAE_ERROR_OUTPUT, file_builder_open(&s->context, s->folder, &none));
    assert_refused(s, CLAE_ERROR_OUTPUT, file_builder_open(&s->context, "/dev/null", &none));
    assert_null(none);
    file_builder_free(NULL);
}

static void hashes(void **state) {
    (void)state;
    assert_int_equal(hash_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(hash_crc32(hash_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(hash_crc32(0x1234, NULL, 0), 0x1234);
    assert_true(hash_fnv1a(HASH_FNV1A_START, "", 0) == 0xcbf29ce484222325);
    assert_true(hash_fnv1a(HASH_FNV1A_START, "foobar", 6) == 0x85944171f73967e8);
}

static void logs_one_line(void **state) {
    scene *s = *state;
    assert_int_equal(fail(&s->context, CLAE_ERROR_DEVICE, "a\nb\x1b[%d", 7), CLAE_ERROR_DEVICE);
    assert_string_equal(s->message, "a\\x0ab\\x1b[7");
    s->messages = 0;
    log_line(&s->context, CLAE_LOG_WARNING, "not wanted");
    assert_int_equal(s->messages, 0);
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fail(&s->context, CLAE_ERROR_INPUT, "%s", text);
    assert_int_equal(s->messages, 1);
    assert_int_equal(strlen(s->message), sizeof s->message - 1);
    assert_int_equal(fail(NULL, CLAE_ERROR_INPUT, "nobody listens"), CLAE_ERROR_INPUT);
}

static void makes_contexts(void **state) {
    (void)state;
    setenv("CLAE_DATA_DIR", "/data", 1);
    setenv("XDG_CACHE_HOME", "/cache", 1);
    clae_context *context;
    assert_int_equal(clae_context_create(NULL, &context), CLAE_OK);
    assert_string_equal(context->data_dir, "/data");
    assert_string_equal(context->cache_dir, "/cache/clae");
    assert_null(context->kernel_dir);
    clae_context_free(context);
    char name[] = "mine";
    clae_context_options options = {.data_dir = name, .cache_dir = "c", .kernel_dir = ""};
    assert_int_equal(clae_context_create(&options, &context), CLAE_OK);
    name[0] = 'M';
    assert_string_equal(context->data_dir, "mine");
    assert_string_equal(context->cache_dir, "c");
    assert_null(context->kernel_dir);
    clae_context_free(context);
    clae_context_free(NULL);
    unsetenv("CLAE_DATA_DIR");
}

static void checks_products(void **state) {
    (void)state;
    size_t product;
    assert_false(size_multiply(SIZE_MAX, 2, &product));
    assert_true(size_product((size_t[]){SIZE_MAX, SIZE_MAX, 0}, 3, &product) && product == 0);
    assert_false(size_product((size_t[]){SIZE_MAX, 2, 1}, 3, &product));
    assert_true(size_product(NULL, 0, &product) && product == 1);
    assert_null(aligned_zeroed(SIZE_MAX - 3));
    for (size_t bytes = 0; bytes < 200; bytes += 50) {
        uint8_t *block = aligned_zeroed(bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % MEMORY_ALIGNMENT, 0);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(block[i], 0);
        free(block);
    }
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(writes_and_replaces),
        WITH_SCENE(refuses_bad_places),
        WITH_SCENE(never_replaces_a_device),
        WITH_SCENE(keeps_the_old_file_when_the_disk_is_full),
        WITH_SCENE(reads_only_what_it_should),
        WITH_SCENE(creates_folders),
        WITH_SCENE(logs_one_line),
        cmocka_unit_test(finds_xdg_folders),
        WITH_SCENE(builds_files),
        cmocka_unit_test(hashes),
        cmocka_unit_test(makes_contexts),
        cmocka_unit_test(checks_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
