/* What the tests of decoded pictures share: pixels by the definitions, and refusals. */
#ifndef CLAE_TESTS_PICTURE_CHECKS_H
#define CLAE_TESTS_PICTURE_CHECKS_H

#include "picture_files.h"

#include "data/picture.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const uint8_t backgrounds[][3] = {{255, 255, 255}, {10, 200, 60}};

/* A pixel by the definition: its colour over the background, by its alpha, and of that the luma. */
static inline void assert_pixel(const uint8_t *got, size_t c, const double rgb[3], double alpha, const uint8_t back[3],
                                bool is_grey) {
    double shown[3], luma = 0;
    const double weights[] = {.299, .587, .114};
    const double back_luma = floor(.299 * back[0] + .587 * back[1] + .114 * back[2] + .5);
    for (size_t i = 0; i < 3; i++) {
        const double behind = is_grey && c == 1 ? back_luma : back[i];
        shown[i] = floor((alpha * rgb[i] + (255 - alpha) * behind) / 255 + .5);
        luma += weights[i] * shown[i];
    }
    for (size_t i = 0; i < c; i++) assert_true(fabs(got[i] - (c == 1 ? luma : shown[i])) <= (c == 1 ? .51 : 0));
}

static inline clae_status decode(scene *s, const picture_bytes *file, const picture_form *form, uint8_t *pixels) {
    return picture_decode(&s->context, s->path, file->data, file->size, form, pixels);
}

static inline picture_info inspect(scene *s, const picture_bytes *file) {
    picture_info info;
    assert_int_equal(picture_inspect(&s->context, s->path, file->data, file->size, &info), CLAE_OK);
    return info;
}

/* What a sample of `bits` shows of 255. */
static inline double of_255(unsigned sample, int bits) {
    return floor(sample * 255. / ((1 << bits) - 1) + .5);
}

/* By orientation - 1: the sides of the upright picture where the stored first row and first column are. */
static const char *const sides[8] = {"TL", "TR", "BR", "BL", "LT", "RT", "RB", "LB"};

static inline size_t place(char side, size_t i, size_t h, size_t w) {
    return side == 'T' || side == 'L' ? i : (side == 'B' ? h : w) - 1 - i;
}

/* stored[h][w] of blocks x blocks pixels each; the upright picture, of which `got` has one channel. */
static inline void assert_upright(unsigned orientation, size_t h, size_t w, const uint8_t *stored, size_t block,
                                  const uint8_t *got) {
    const char *side = sides[orientation - 1];
    const bool swaps = side[0] == 'L' || side[0] == 'R';
    const size_t height = swaps ? w : h, width = swaps ? h : w;
    for (size_t row = 0; row < h; row++)
        for (size_t column = 0; column < w; column++) {
            const size_t a = place(side[0], row, height, width), b = place(side[1], column, height, width);
            const size_t y = swaps ? b : a, x = swaps ? a : b;
            const uint8_t pixel = got[(y * block * width + x) * block];
            assert_true(abs(pixel - stored[row * w + column]) <= (block > 1 ? 2 : 0));
        }
}

static inline void fill_smooth(uint8_t *pixels, size_t h, size_t w, size_t channels) {
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            for (size_t c = 0; c < channels; c++)
                *pixels++ = (uint8_t)(128 + 100 * sin(((double)c + 1) * (double)x / (double)w * 3) *
                                                cos((double)y / (double)h * (3 + (double)c)));
}

static inline void assert_picture_refused(scene *s, const picture_bytes *file, const char *words) {
    uint8_t pixels[16 * 16 * 3];
    /* So that sanitizers see where it ends. */
    uint8_t *exact = malloc(file->size ? file->size : 1);
    memcpy(exact, file->data, file->size);
    const picture_form form = {.h = 16, .w = 16, .c = 3};
    assert_refused(s, CLAE_ERROR_INPUT, picture_decode(&s->context, s->path, exact, file->size, &form, pixels));
    assert_non_null(strstr(s->message, s->path));
    if (!strstr(s->message, words)) print_error("%s\n", s->message);
    assert_non_null(strstr(s->message, words));
    free(exact);
}

#endif
