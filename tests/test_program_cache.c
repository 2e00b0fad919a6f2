/* Compiled kernels on disk: used when they fit, made again when they do not, and never in the way. */
#include "opencl_support.h"

#include "base/files.h"
#include "opencl/program_cache.h"

#include <dirent.h>

#define SOURCE(value) "__kernel void number(__global float *y, ulong at) { y[at] = " value "; }\n"

/* What the kernel writes; says by which way it came. */
static float run_number(opencl_fixture *f, const char *options) {
    opencl_kernel kernel;
    buffer *b = NULL;
    float out = 0;
    f->debug[0] = '\0';
    assert_int_equal(opencl_kernel_create(f->device, "number.cl", options, "number", &kernel), CLAE_OK);
    assert_int_equal(buffer_create(&f->device->base, sizeof out, &b), CLAE_OK);
    assert_int_equal(opencl_kernel_set(&kernel, OPENCL_ARGS(arg_view((view){b, 0}))), CLAE_OK);
    assert_int_equal(opencl_kernel_run(&kernel, 1, NULL, &(size_t){1}, NULL), CLAE_OK);
    assert_int_equal(buffer_download(b, 0, &out, sizeof out), CLAE_OK);
    buffer_free(b);
    opencl_kernel_release(&kernel);
    return out;
}

static bool was_built(const opencl_fixture *f) {
    return strstr(f->debug, ": built") != NULL;
}
static bool was_cached(const opencl_fixture *f) {
    return strstr(f->debug, "taken from the cache") != NULL;
}

static void open_again(opencl_fixture *f) {
    opencl_fixture_close(f);
    assert_int_equal(opencl_fixture_open(f), CLAE_OK);
}

static void entries_folder(const opencl_fixture *f, char *path, size_t size) {
    snprintf(path, size, "%s/cache/kernels", f->folder);
}

/* Calls `damage` on every entry; gives their number. */
static int for_each_entry(const opencl_fixture *f, void (*damage)(const char *path)) {
    char folder[128], path[512];
    int count = 0;
    entries_folder(f, folder, sizeof folder);
    DIR *directory = opendir(folder);
    if (!directory) return 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        const size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".bin") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (damage) damage(path);
        ++count;
    }
    closedir(directory);
    return count;
}

static void cut_short(const char *path) {
    assert_int_equal(truncate(path, 20), 0);
}
static void cut_last_byte(const char *path) {
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - 1), 0);
}
static void empty(const char *path) {
    assert_int_equal(truncate(path, 0), 0);
}
static void delete_entry(const char *path) {
    assert_int_equal(unlink(path), 0);
}

static void change_byte(const char *path, long from_end) {
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, from_end, from_end < 0 ? SEEK_END : SEEK_SET), 0);
    const int byte = getc(file);
    assert_int_equal(fseek(file, from_end, from_end < 0 ? SEEK_END : SEEK_SET), 0);
    putc(byte ^ 0x55, file);
    assert_int_equal(fclose(file), 0);
}
static void damage_binary(const char *path) {
    change_byte(path, -9);
}
static void damage_key(const char *path) {
    change_byte(path, 60);
}
static void damage_size(const char *path) {
    change_byte(path, 15);
}
static void damage_magic(const char *path) {
    change_byte(path, 0);
}

static void a_second_run_takes_the_first_ones(void **state) {
    opencl_fixture *f = *state;
    write_kernel(f, "number.cl", SOURCE("3"));
    assert_true(run_number(f, "") == 3.0f);
    assert_true(was_built(f));
    assert_true(run_number(f, "") == 3.0f);
    assert_false(was_built(f) || was_cached(f)); /* from memory */
    open_again(f);
    assert_true(run_number(f, "") == 3.0f);
    assert_true(was_cached(f) && !was_built(f));
    assert_int_equal(for_each_entry(f, NULL), 1);
}

static void the_folder_is_private(void **state) {
    opencl_fixture *f = *state;
    char folder[128];
    struct stat info;
    entries_folder(f, folder, sizeof folder);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void another_source_or_option_is_another_entry(void **state) {
    opencl_fixture *f = *state;
    open_again(f);
    write_kernel(f, "number.cl", SOURCE("4"));
    assert_true(run_number(f, "") == 4.0f);
    assert_true(was_built(f));
    write_kernel(f, "number.cl", SOURCE("N"));
    assert_true(run_number(f, "-DN=5") == 5.0f);
    assert_true(was_built(f));
    assert_true(run_number(f, "-DN=6") == 6.0f);
    assert_true(was_built(f));
    assert_int_equal(for_each_entry(f, NULL), 4);
}

static void damaged_entries_are_made_again(void **state) {
    opencl_fixture *f = *state;
    void (*const damages[])(const char *) = {cut_short,  cut_last_byte, empty,       delete_entry,
                                             damage_key, damage_binary, damage_size, damage_magic};
    write_kernel(f, "number.cl", SOURCE("7"));
    for (size_t i = 0; i < sizeof damages / sizeof *damages; ++i) {
        open_again(f);
        run_number(f, "");
        assert_true(for_each_entry(f, damages[i]) > 0);
        open_again(f);
        assert_true(run_number(f, "") == 7.0f);
        assert_true(was_built(f) && f->last_error[0] == '\0');
    }
    open_again(f);
    assert_true(run_number(f, "") == 7.0f);
    assert_true(was_cached(f));
}

/* The parts of an entry, as far as the binary's size. */
typedef struct entry {
    uint64_t key_bytes, binary_bytes;
    uint8_t *data;
} entry;

#define HEADER_BYTES 32

static entry read_entry(const char *path) {
    entry e;
    clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    size_t bytes;
    assert_int_equal(file_read(&quiet, path, "entry", 1 << 24, &e.data, &bytes), CLAE_OK);
    memcpy(&e.key_bytes, e.data + 8, 8);
    memcpy(&e.binary_bytes, e.data + 16, 8);
    return e;
}

static char only_entry[512];
static void note_entry(const char *path) {
    snprintf(only_entry, sizeof only_entry, "%s", path);
}

/* Leaves nothing but the entry of number.cl with this source, built for a kernel of this name. */
static void make_only_entry(opencl_fixture *f, const char *source, const char *name) {
    opencl_kernel kernel;
    for_each_entry(f, delete_entry);
    open_again(f);
    write_kernel(f, "number.cl", source);
    assert_int_equal(opencl_kernel_create(f->device, "number.cl", "", name, &kernel), CLAE_OK);
    opencl_kernel_release(&kernel);
    assert_int_equal(for_each_entry(f, note_entry), 1);
}

/* The entry is sound, and its binary another program's. */
static void a_binary_without_its_kernel_is_built_anew(void **state) {
    opencl_fixture *f = *state;
    make_only_entry(f, "__kernel void other(__global float *y) { y[0] = 9; }\n", "other");
    entry other = read_entry(only_entry);
    make_only_entry(f, SOURCE("7"), "number");
    entry right = read_entry(only_entry);
    char *key = strndup((const char *)right.data + HEADER_BYTES, right.key_bytes);
    opencl_program_cache_write(f->device->programs, f->context, key, other.data + HEADER_BYTES + other.key_bytes,
                               other.binary_bytes);
    open_again(f);
    assert_true(run_number(f, "") == 7.0f);
    assert_true(was_cached(f) && was_built(f));
    assert_string_equal(f->last_error, "");
    open_again(f);
    assert_true(run_number(f, "") == 7.0f);
    assert_true(was_cached(f) && !was_built(f));
    free(key);
    free(right.data);
    free(other.data);
}

static void an_open_folder_is_not_trusted(void **state) {
    opencl_fixture *f = *state;
    char folder[128];
    entries_folder(f, folder, sizeof folder);
    assert_int_equal(chmod(folder, 0777), 0);
    open_again(f);
    assert_true(run_number(f, "") == 7.0f);
    assert_true(was_built(f));
    assert_int_equal(chmod(folder, 0700), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_run_takes_the_first_ones),         cmocka_unit_test(the_folder_is_private),
        cmocka_unit_test(another_source_or_option_is_another_entry), cmocka_unit_test(damaged_entries_are_made_again),
        cmocka_unit_test(a_binary_without_its_kernel_is_built_anew), cmocka_unit_test(an_open_folder_is_not_trusted),
    };
    return cmocka_run_group_tests(tests, opencl_fixture_setup, opencl_fixture_teardown);
}
