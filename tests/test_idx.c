/* IDX files, plain and compressed: read exactly, and refused when they are anything else. */
#include "data_support.h"

#include "base/memory.h"
#include "data/idx.h"

#include <sys/resource.h>
#include <zlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#endif

#define N 3
#define H 4
#define W 5
#define HEADER 16
#define BYTES (HEADER + N * H * W)

static void make_file(uint8_t file[BYTES]) {
    static const uint8_t header[HEADER] = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, H, 0, 0, 0, W};
    memcpy(file, header, HEADER);
    for (size_t i = HEADER; i < BYTES; i++) file[i] = (uint8_t)(i * 37);
}

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

static void assert_reads(scene *s, const uint8_t file[BYTES]) {
    idx_images images;
    assert_int_equal(idx_read_images(&s->context, s->path, &images), CLAE_OK);
    assert_true(images.n == N && images.h == H && images.w == W);
    assert_memory_equal(images.pixels, file + HEADER, N * H * W);
    free(images.pixels);
}

static void assert_refuses(scene *s, const void *data, size_t bytes) {
    idx_images images;
    write_file(s->path, data, bytes);
    assert_refused(s, CLAE_ERROR_INPUT, idx_read_images(&s->context, s->path, &images));
    assert_null(images.pixels);
}

static void reads_plain_and_compressed(void **state) {
    scene *s = *state;
    uint8_t file[BYTES], gz[1000];
    make_file(file);
    write_file(s->path, file, sizeof file);
    assert_reads(s, file);
    write_file(s->path, gz, compress_bytes(file, sizeof file, gz, sizeof gz));
    assert_reads(s, file);
    /* Members that follow each other are one file, wherever they are split. */
    for (size_t split = 0; split <= BYTES; split++) {
        size_t used = compress_bytes(file, split, gz, sizeof gz);
        used += compress_bytes(file + split, BYTES - split, gz + used, sizeof gz - used);
        write_file(s->path, gz, used);
        assert_reads(s, file);
    }
}

static void refuses_every_truncation(void **state) {
    scene *s = *state;
    uint8_t file[BYTES], gz[1000];
    make_file(file);
    for (size_t bytes = 0; bytes < BYTES; bytes++) {
        assert_refuses(s, file, bytes);
        assert_refuses(s, gz, compress_bytes(file, bytes, gz, sizeof gz));
    }
    size_t used = compress_bytes(file, sizeof file, gz, sizeof gz);
    for (size_t bytes = 0; bytes < used; bytes++) assert_refuses(s, gz, bytes);
}

static void refuses_what_follows(void **state) {
    scene *s = *state;
    uint8_t file[BYTES + 1] = {0}, gz[1000];
    make_file(file);
    assert_refuses(s, file, BYTES + 1);
    assert_refuses(s, gz, compress_bytes(file, BYTES + 1, gz, sizeof gz));
    size_t used = compress_bytes(file, BYTES, gz, sizeof gz);
    gz[used] = 0;
    assert_refuses(s, gz, used + 1);
    memcpy(gz + used, gz, 7);
    assert_refuses(s, gz, used + 7);
}

static void refuses_flipped_headers(void **state) {
    scene *s = *state;
    uint8_t file[BYTES];
    make_file(file);
    for (size_t bit = 0; bit < 8 * HEADER; bit++) {
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refuses(s, file, sizeof file);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Whatever bit is wrong, the outcome is a refusal or, in gzip's own header, the right images. */
static void survives_flipped_gzip(void **state) {
    scene *s = *state;
    uint8_t file[BYTES], gz[1000];
    make_file(file);
    size_t used = compress_bytes(file, sizeof file, gz, sizeof gz);
    for (size_t bit = 0; bit < 8 * used; bit++) {
        idx_images images;
        gz[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_file(s->path, gz, used);
        if (idx_read_images(&s->context, s->path, &images) == CLAE_OK)
            assert_memory_equal(images.pixels, file + HEADER, N * H * W);
        free(images.pixels);
        gz[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void refuses_big_promises(void **state) {
    scene *s = *state;
    static const uint8_t headers[][HEADER] = {
        {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, /* overflows 64 bits */
        {0, 0, 8, 3, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 3, 0},                 /* 3.3 TB */
        {0, 0, 8, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 255, 255},                     /* just below 4 GiB */
        {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28},                       /* nothing */
    };
    /* Much less memory than was promised; sanitizers need all address space for themselves. */
#if !defined(HAS_ADDRESS_SANITIZER)
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t)1 << 30;
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
#endif
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
        uint8_t data[4096] = {0}, gz[4096];
        memcpy(data, headers[i], HEADER);
        assert_refuses(s, data, sizeof data);
        assert_refuses(s, gz, compress_bytes(data, sizeof data, gz, sizeof gz));
    }
#if !defined(HAS_ADDRESS_SANITIZER)
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
#endif
}

/* A header for a few bytes before 16 MiB of zeros, which are not decompressed; and one for a few bytes more
 * than there are. */
static void stops_at_bombs(void **state) {
    scene *s = *state;
    size_t bytes = (size_t)16 << 20, capacity = (size_t)1 << 20;
    uint8_t *zeros = calloc(1, bytes), *gz = malloc(capacity);
    assert_true(zeros && gz);
    make_file(zeros);
    assert_refuses(s, gz, compress_bytes(zeros, bytes, gz, capacity));
    assert_non_null(strstr(s->message, "goes on"));
    static const uint8_t header[HEADER] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 0x10, 0};
    memcpy(zeros, header, HEADER);
    assert_refuses(s, gz, compress_bytes(zeros, bytes, gz, capacity));
    assert_non_null(strstr(s->message, "cut off"));
    free(zeros);
    free(gz);
}

static void refuses_other_kinds(void **state) {
    scene *s = *state;
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 3};
    idx_images images;
    assert_refuses(s, labels, sizeof labels);
    assert_non_null(strstr(s->message, "rank 1"));
    static const struct {
        const char *start, *kind;
    } files[] = {{"\x89PNG\r\n\x1a\n", "a PNG image"},
                 {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
                 {"<html>", "HTML"},
                 {"label,pixel0,pixel1\n5,0,0\n", "comma-separated"},
                 {"PK\3\4\24", "ZIP"}};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        uint8_t gz[200];
        const size_t bytes = strlen(files[i].start);
        assert_refuses(s, files[i].start, bytes);
        assert_non_null(strstr(s->message, files[i].kind));
        assert_refuses(s, gz, compress_bytes((const uint8_t *)files[i].start, bytes, gz, sizeof gz));
        assert_non_null(strstr(s->message, files[i].kind));
    }
    assert_refused(s, CLAE_ERROR_INPUT, idx_read_images(&s->context, s->folder, &images));
    assert_refused(s, CLAE_ERROR_INPUT, idx_read_images(&s->context, "/dev/zero", &images));
    assert_refused(s, CLAE_ERROR_INPUT, idx_read_images(&s->context, "/nonexistent", &images));
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(reads_plain_and_compressed),
        WITH_SCENE(refuses_every_truncation),
        WITH_SCENE(refuses_what_follows),
        WITH_SCENE(refuses_flipped_headers),
        WITH_SCENE(survives_flipped_gzip),
        WITH_SCENE(refuses_big_promises),
        WITH_SCENE(stops_at_bombs),
        WITH_SCENE(refuses_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
