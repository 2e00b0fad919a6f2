/* Archives of NumPy's arrays: the array that is read, by its name, and archives that are damaged. */
#include "formats/format_test.h"

#if CLAE_HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>

#define PIXELS 6
#define FILE_BYTES 4096

/* An array of one image of 2 x 3 pixels, all of `value`. */
static size_t make_array(uint8_t value, uint8_t *file) {
    static const char dict[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }\n";
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = sizeof dict - 1;
    file[9] = 0;
    memcpy(file + 10, dict, sizeof dict - 1);
    memset(file + 9 + sizeof dict, value, PIXELS);
    return 9 + sizeof dict + PIXELS;
}

/* Entries NAME, of arrays of 10, 11 and so on, as numpy.savez has them, or savez_compressed; the bytes of the file. */
static size_t write_archive(scene *s, const char *const *names, bool is_compressed, uint8_t *file) {
    size_t used = 0;
    struct archive *a = archive_write_new();
    assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_options(a, is_compressed ? "zip:compression=deflate" : "zip:compression=store"),
                     ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(a, file, FILE_BYTES, &used), ARCHIVE_OK);
    for (uint8_t i = 0; names[i]; i++) {
        uint8_t array[200];
        const size_t bytes = make_array((uint8_t)(10 + i), array);
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, names[i]);
        archive_entry_set_size(entry, (int64_t)bytes);
        archive_entry_set_filetype(entry, AE_IFREG);
        assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(a, array, bytes), bytes);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    write_file(s->path, file, used);
    return used;
}

/* Of FILE, or FILE:MEMBER: the value of all pixels. */
static int value_of(scene *s, const char *member, clae_split split) {
    char path[256];
    clae_dataset *dataset = NULL;
    float pixels[PIXELS];
    snprintf(path, sizeof path, "%s%s%s", s->path, *member ? ":" : "", member);
    s->messages = 0;
    const clae_status status = clae_dataset_open(&s->context, path, split, &dataset);
    if (status != CLAE_OK) {
        assert_int_equal(status, CLAE_ERROR_INPUT);
        assert_int_equal(s->messages, 1);
        return -1;
    }
    assert_true(dataset->info.n == 1 && dataset->info.c == 1 && dataset->info.h == 2 && dataset->info.w == 3);
    assert_int_equal(clae_dataset_read(dataset, 0, 1, pixels), CLAE_OK);
    for (size_t i = 1; i < PIXELS; i++) assert_true(pixels[i] == pixels[0]);
    clae_dataset_free(dataset);
    return (int)(pixels[0] * 255 + 0.5F);
}

static void chooses_by_name(scene *s) {
    static const struct {
        const char *names[5], *member;
        int train, test; /* -1: refused */
        const char *words;
    } cases[] = {
        {{"any.npy", "README"}, "", 10, 10, NULL},
        {{"labels.npy", "images.npy"}, "", 11, 11, NULL},
        {{"arr_1.npy", "arr_0.npy"}, "", 11, 11, NULL},
        {{"arr_1.npy", "arr_0.npy"}, "arr_1", 10, 10, NULL},
        {{"x_test.npy", "x_train.npy", "y_train.npy"}, "", 11, 10, NULL},
        {{"arr_1.npy", "arr_0.npy"}, "arr_2", -1, -1, "it has arr_1, arr_0"},
        {{"a.npy", "b.npy"}, "", -1, -1, "name one"},
        {{"a.txt"}, "", -1, -1, "holds no arrays"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        for (int is_compressed = 0; is_compressed < 2; is_compressed++) {
            uint8_t file[FILE_BYTES];
            write_archive(s, cases[i].names, is_compressed, file);
            assert_int_equal(value_of(s, cases[i].member, CLAE_SPLIT_TRAIN), cases[i].train);
            assert_int_equal(value_of(s, cases[i].member, CLAE_SPLIT_TEST), cases[i].test);
            if (cases[i].words) assert_non_null(strstr(s->message, cases[i].words));
        }
}

/* Whatever is wrong, the outcome is a refusal or the right image. */
static void survives_damage(scene *s) {
    static const char *const names[] = {"images.npy", NULL};
    for (int is_compressed = 0; is_compressed < 2; is_compressed++) {
        uint8_t file[FILE_BYTES];
        const size_t bytes = write_archive(s, names, is_compressed, file);
        for (size_t length = 0; length < bytes; length++) {
            write_file(s->path, file, length);
            const int value = value_of(s, "", CLAE_SPLIT_TRAIN);
            assert_true(value == -1 || value == 10);
            assert_true(value == -1 || length > bytes / 2);
        }
        for (size_t bit = 0; bit < 8 * bytes; bit++) {
            file[bit / 8] ^= (uint8_t)(1 << bit % 8);
            write_file(s->path, file, bytes);
            const int value = value_of(s, "", CLAE_SPLIT_TRAIN);
            assert_true(value == -1 || value == 10);
            file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

void format_test_npz(scene *s) {
    chooses_by_name(s);
    survives_damage(s);
}
#else
void format_test_npz(scene *s) {
    format_test_refuses(s, (const uint8_t *)"PK\3\4\24", 5, "without libarchive");
}
#endif
