/* Files of images of every format, plain and compressed: read exactly, and refused when they are anything else. */
#include "formats/format_test.h"

#include "data/image_format.h"
#include "memory_limit.h"

#include <zlib.h>

#define GZIP_BYTES (2 * FORMAT_TEST_MAX_BYTES)

/* gzip-compressed; the bytes used. */
static size_t compress_bytes(const void *data, size_t bytes, uint8_t *out, size_t capacity) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)bytes, .next_out = out};
    z.avail_out = (uInt)capacity;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t used = z.total_out;
    deflateEnd(&z);
    return used;
}

static void assert_refuses(scene *s, const void *data, size_t bytes) {
    clae_dataset *dataset;
    write_file(s->path, data, bytes);
    assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_open(&s->context, s->path, CLAE_SPLIT_TRAIN, &dataset));
    assert_null(dataset);
}

/* What a good file holds. */
typedef struct content {
    const clae_dataset_info *shape;
    const float *pixels;
} content;

static void assert_holds_pixels(const clae_dataset *dataset, const content *expected) {
    const clae_dataset_info *info = &dataset->info, *shape = expected->shape;
    const size_t count = shape->n * shape->h * shape->w * shape->c;
    float *pixels = malloc(count * sizeof *pixels);
    assert_true(info->n == shape->n && info->c == shape->c && info->h == shape->h && info->w == shape->w);
    assert_int_equal(info->is_float, shape->is_float);
    assert_int_equal(clae_dataset_read(dataset, 0, info->n, pixels), CLAE_OK);
    assert_memory_equal(pixels, expected->pixels, count * sizeof *pixels);
    free(pixels);
}

static void assert_reads(scene *s, const void *data, size_t bytes, const content *expected) {
    clae_dataset *dataset;
    write_file(s->path, data, bytes);
    assert_int_equal(clae_dataset_open(&s->context, s->path, CLAE_SPLIT_TEST, &dataset), CLAE_OK);
    assert_holds_pixels(dataset, expected);
    clae_dataset_free(dataset);
}

/* From a length, a split or a bit that is tried to the next one; files begin at different ones. */
static size_t step(void) {
    return getenv("CLAE_TEST_QUICK") ? 4 : 1;
}

static size_t first(void) {
    static size_t turn;
    return turn++ % step();
}

/* Members that follow each other are one file, wherever they are split. */
static void reads_split_gzip(scene *s, const uint8_t *file, size_t bytes, const content *expected) {
    uint8_t gz[GZIP_BYTES];
    for (size_t split = first(); split <= bytes; split += step()) {
        size_t used = compress_bytes(file, split, gz, sizeof gz);
        used += compress_bytes(file + split, bytes - split, gz + used, sizeof gz - used);
        assert_reads(s, gz, used, expected);
    }
}

static void refuses_other_lengths(scene *s, const uint8_t *file, size_t bytes) {
    uint8_t longer[FORMAT_TEST_MAX_BYTES + 1] = {0}, gz[GZIP_BYTES];
    for (size_t length = first(); length < bytes; length += step()) {
        assert_refuses(s, file, length);
        assert_refuses(s, gz, compress_bytes(file, length, gz, sizeof gz));
    }
    memcpy(longer, file, bytes);
    assert_refuses(s, longer, bytes + 1);
    assert_refuses(s, gz, compress_bytes(longer, bytes + 1, gz, sizeof gz));
    const size_t used = compress_bytes(file, bytes, gz, sizeof gz);
    for (size_t length = first(); length < used; length += step()) assert_refuses(s, gz, length);
    gz[used] = 0;
    assert_refuses(s, gz, used + 1);
    memcpy(gz + used, gz, 7);
    assert_refuses(s, gz, used + 7);
}

/* Whatever bit is wrong, the outcome is a refusal or, in gzip's own header, the right images. Of each file every ninth bit
 * is tried, of the next file others: all are within a few files. */
enum { FLIP_STEP = 9 };
static void survives_flipped_gzip(scene *s, const uint8_t *file, size_t bytes, const content *expected) {
    uint8_t gz[GZIP_BYTES];
    const size_t used = compress_bytes(file, bytes, gz, sizeof gz);
    static size_t turn;
    for (size_t bit = turn++ % FLIP_STEP; bit < 8 * used; bit += FLIP_STEP * step()) {
        clae_dataset *dataset;
        gz[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_file(s->path, gz, used);
        if (clae_dataset_open(&s->context, s->path, CLAE_SPLIT_TRAIN, &dataset) == CLAE_OK)
            assert_holds_pixels(dataset, expected);
        clae_dataset_free(dataset);
        gz[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

void format_test_reads(scene *s, const uint8_t *file, size_t bytes, const clae_dataset_info *shape,
                       const float *pixels) {
    const content expected = {shape, pixels};
    assert_true(bytes <= FORMAT_TEST_MAX_BYTES);
    assert_reads(s, file, bytes, &expected);
    reads_split_gzip(s, file, bytes, &expected);
    refuses_other_lengths(s, file, bytes);
    survives_flipped_gzip(s, file, bytes, &expected);
}

void format_test_refuses_flips(scene *s, const uint8_t *file, size_t bytes, size_t bits) {
    uint8_t flipped[FORMAT_TEST_MAX_BYTES];
    memcpy(flipped, file, bytes);
    for (size_t bit = 0; bit < bits; bit++) {
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refuses(s, flipped, bytes);
        flipped[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

void format_test_refuses(scene *s, const uint8_t *file, size_t bytes, const char *words) {
    uint8_t gz[GZIP_BYTES];
    const size_t used = compress_bytes(file, bytes, gz, sizeof gz);
    /* Less memory than a header may promise. */
    const struct rlimit old = memory_limit_set((rlim_t)1 << 30);
    assert_refuses(s, file, bytes);
    assert_non_null(strstr(s->message, words));
    assert_non_null(strstr(s->message, s->path));
    assert_refuses(s, gz, used);
    assert_non_null(strstr(s->message, s->path));
    memory_limit_restore(&old);
}

/* A header for a few bytes before 16 MiB of zeros, which are not decompressed; and one for a few bytes more
 * than there are. */
static void stops_at_bombs(void **state) {
    scene *s = *state;
    const size_t bytes = (size_t)16 << 20, capacity = (size_t)1 << 20;
    static const uint8_t headers[][16] = {{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5},
                                          {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 0x10, 0}};
    static const char *const words[] = {"goes on", "cut off"};
    uint8_t *zeros = calloc(1, bytes), *gz = malloc(capacity);
    assert_true(zeros && gz);
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
        memcpy(zeros, headers[i], sizeof headers[i]);
        assert_refuses(s, gz, compress_bytes(zeros, bytes, gz, capacity));
        assert_non_null(strstr(s->message, words[i]));
    }
    free(zeros);
    free(gz);
}

static void refuses_other_kinds(void **state) {
    scene *s = *state;
    static const struct {
        const char *start, *kind;
    } files[] = {{"%PDF-1.7\n", "a PDF document"},
                 {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
                 {"<html>", "HTML"},
                 {"label,pixel0,pixel1\n5,0,0\n", "comma-separated"},
                 {"PK\3\4\24", "ZIP"},
                 {"\xfe\xff\1\2", "no format"},
                 {"", "empty"}};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        uint8_t gz[200];
        const size_t bytes = strlen(files[i].start);
        assert_refuses(s, files[i].start, bytes);
        assert_non_null(strstr(s->message, files[i].kind));
        assert_refuses(s, gz, compress_bytes((const uint8_t *)files[i].start, bytes, gz, sizeof gz));
        assert_non_null(strstr(s->message, files[i].kind));
    }
    const char *const paths[] = {s->folder, "/dev/zero", "/nonexistent"};
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        clae_dataset *dataset;
        assert_refused(s, CLAE_ERROR_INPUT, clae_dataset_open(&s->context, paths[i], CLAE_SPLIT_TRAIN, &dataset));
    }
}

/* Of a folder, whatever format its files are of. */
static void finds_each_suffix(void **state) {
    scene *s = *state;
    for (const image_format *const *format = image_formats; *format; format++)
        for (const char *const *suffix = (*format)->suffixes; *suffix; suffix++)
            for (int gz = 0; gz < 2; gz++) {
                char expected[256], *path;
                snprintf(expected, sizeof expected, "%s/t10k-images%s%s", s->folder, *suffix, gz ? ".gz" : "");
                write_file(expected, "", 0);
                assert_int_equal(dataset_find(&s->context, s->folder, CLAE_SPLIT_TEST, &path), CLAE_OK);
                assert_string_equal(path, expected);
                free(path);
                assert_refused(s, CLAE_ERROR_INPUT, dataset_find(&s->context, s->folder, CLAE_SPLIT_TRAIN, &path));
                assert_int_equal(remove(expected), 0);
            }
}

#define FORMAT(name)                                                                                                   \
    static void test_##name(void **state) {                                                                            \
        format_test_##name(*state);                                                                                    \
    }
#include "data/formats.def"
#undef FORMAT

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
#define FORMAT(name) WITH_SCENE(test_##name),
#include "data/formats.def"
        WITH_SCENE(stops_at_bombs),
        WITH_SCENE(refuses_other_kinds),
        WITH_SCENE(finds_each_suffix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
