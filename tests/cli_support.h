/* For tests of runs and of the program: a scratch folder, a small dataset in it, files, and the program's output. */
#ifndef CLAE_TESTS_CLI_SUPPORT_H
#define CLAE_TESTS_CLI_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* the name of a function of the library */

#include "data/dataset.h"

#include <clae/clae.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRAIN_IMAGES 230 /* no multiple of the batch size */
#define TEST_IMAGES 60

static char scratch[] = "/tmp/clae-test-XXXXXX";

static inline const char *device_spec(void) {
    const char *spec = getenv("CLAE_TEST_DEVICE");
    return spec && *spec ? spec : "c";
}

/* A path in the scratch folder; valid until eight calls later. */
static inline const char *in_scratch(const char *name) {
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

static inline void put_be32(FILE *file, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) fputc((int)(value >> shift & 255), file);
}

static inline void write_idx(const char *path, const uint8_t *pixels, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    put_be32(file, 0x803);
    put_be32(file, (uint32_t)n);
    put_be32(file, 28);
    put_be32(file, 28);
    assert_int_equal(fwrite(pixels, 28 * 28, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Discs of different places and sizes, for machines without Fashion-MNIST. */
static inline void draw_discs(uint8_t *pixels, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int x = 8 + (int)(i * 7 % 13), y = 8 + (int)(i * 5 % 11), radius = 3 + (int)(i % 5);
        for (int k = 0; k < 28 * 28; k++) {
            int dx = k % 28 - x, dy = k / 28 - y;
            pixels[i * 28 * 28 + (size_t)k] = dx * dx + dy * dy < radius * radius ? 255 : 0;
        }
    }
}

static inline void write_split(clae_context *context, clae_split split, const char *name, size_t n) {
    clae_dataset *dataset = NULL;
    uint8_t *pixels = malloc(n * 28 * 28);
    assert_non_null(pixels);
    if (clae_dataset_open(context, "fashion-mnist", split, &dataset))
        draw_discs(pixels, n);
    else
        assert_int_equal(dataset_read_elements(dataset, 0, n, pixels), CLAE_OK);
    write_idx(in_scratch(name), pixels, n);
    free(pixels);
    clae_dataset_free(dataset);
}

/* Makes the scratch folder and the dataset "data" in it. */
static inline int make_scratch(void **state) {
    (void)state;
    clae_context *context;
    assert_non_null(mkdtemp(scratch));
    assert_int_equal(mkdir(in_scratch("data"), 0777), 0);
    assert_int_equal(clae_context_create(NULL, &context), CLAE_OK);
    write_split(context, CLAE_SPLIT_TRAIN, "data/train-images-idx3-ubyte", TRAIN_IMAGES);
    write_split(context, CLAE_SPLIT_TEST, "data/t10k-images-idx3-ubyte", TEST_IMAGES);
    clae_context_free(context);
    return 0;
}

static inline int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline int shell(const char *format, ...) {
    char command[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int remove_scratch(void **state) {
    (void)state;
    return shell("rm -rf '%s'", scratch);
}

/* The whole file and a zero byte; NULL when it is not there. */
static inline char *read_whole(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (bytes) *bytes = 0;
    if (!file) return NULL;
    char *text = NULL;
    size_t used = 0, got;
    do {
        text = realloc(text, used + 65537);
        assert_non_null(text);
        got = fread(text + used, 1, 65536, file);
        used += got;
    } while (got);
    fclose(file);
    text[used] = 0;
    if (bytes) *bytes = used;
    return text;
}

static inline void assert_same_files(const char *a, const char *b) {
    size_t a_bytes = 0, b_bytes = 0;
    char *left = read_whole(a, &a_bytes), *right = read_whole(b, &b_bytes);
    assert_non_null(left);
    assert_non_null(right);
    assert_int_equal(a_bytes, b_bytes);
    assert_memory_equal(left, right, a_bytes);
    free(left);
    free(right);
}

static inline bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* Changes a byte in the middle. */
static inline void damage(const char *path) {
    size_t bytes = 0;
    char *data = read_whole(path, &bytes);
    assert_non_null(data);
    data[bytes / 2] ^= 0x10;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
    free(data);
}

#endif
