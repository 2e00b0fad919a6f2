/* Resampling against means of areas and linear interpolation in double precision. */
#include "data_support.h"

#include "data/picture_fit.h"
#include "test_random.h"

#include <math.h>

/* Two roundings: to 1/256, and to whole numbers; and weights of 16 bits. */
#define TOLERANCE (.5 + 1. / 512 + .01)

typedef struct picture {
    picture_raster raster;
    picture_form form;
    uint8_t *pixels;
} picture;

static picture picture_new(size_t h, size_t w, const picture_form *form) {
    picture p = {{h, w, form->c, 0, 0, (double)h, (double)w, malloc(h * w * form->c)},
                 *form,
                 malloc(form->h * form->w * form->c)};
    assert_true(p.raster.pixels && p.pixels);
    memset(p.pixels, 0xa5, form->h * form->w * form->c);
    return p;
}

static void picture_free(picture *p) {
    free(p->raster.pixels);
    free(p->pixels);
}

static void run(const picture *p) {
    const clae_context context = {0};
    const picture_file file = {.context = &context, .name = "picture"};
    const fit_plan plan = picture_fit_plan(p->raster.h, p->raster.w, &p->form);
    assert_int_equal(picture_fit_run(&file, &p->raster, p->raster.h, p->raster.w, &plan, &p->form, p->pixels), CLAE_OK);
}

static double pixel(const picture_raster *r, size_t y, size_t x, size_t c) {
    return r->pixels[(y * r->w + x) * r->c + c];
}

/* How much pixel i weighs for what reaches from `from` to `from + length`. */
static double weight(double from, double length, size_t size, size_t i) {
    if (length >= 1) return fmax(0, fmin(from + length, (double)i + 1) - fmax(from, (double)i)) / length;
    const double at = fmin(fmax(from + length / 2 - .5, 0), (double)size - 1);
    return fmax(0, 1 - fabs(at - (double)i));
}

static double expected(const picture_raster *r, const double box[4], size_t c) {
    double sum = 0;
    for (size_t y = 0; y < r->h; y++) {
        const double row = weight(box[0], box[1], r->h, y);
        for (size_t x = 0; x < r->w && row > 0; x++) sum += row * weight(box[2], box[3], r->w, x) * pixel(r, y, x, c);
    }
    return sum;
}

/* The part of the picture is [y0, y0 + height) x [x0, x0 + width), by the definition of the fit. */
static void assert_resampled(const picture *p, double y0, double height, double x0, double width) {
    const double step_y = height / (double)p->form.h, step_x = width / (double)p->form.w;
    for (size_t y = 0; y < p->form.h; y++)
        for (size_t x = 0; x < p->form.w; x++)
            for (size_t c = 0; c < p->form.c; c++) {
                const double box[] = {y0 + (double)y * step_y, step_y, x0 + (double)x * step_x, step_x};
                const double got = p->pixels[(y * p->form.w + x) * p->form.c + c];
                assert_true(fabs(got - expected(&p->raster, box, c)) <= TOLERANCE);
            }
}

static void fill_random(test_random *random, const picture *p) {
    for (size_t i = 0; i < p->raster.h * p->raster.w * p->raster.c; i++)
        p->raster.pixels[i] = (uint8_t)random_int(random, 0, 255);
}

static void stretches_to_any_size(void **state) {
    (void)state;
    test_random random = random_stream(0, 0, 0);
    for (int trial = 0; trial < 60; trial++) {
        const picture_form form = {.h = (size_t)random_int(&random, 1, 40),
                                   .w = (size_t)random_int(&random, 1, 40),
                                   .c = random_int(&random, 0, 1) ? 3 : 1,
                                   .fit = CLAE_FIT_STRETCH};
        picture p = picture_new((size_t)random_int(&random, 1, 60), (size_t)random_int(&random, 1, 60), &form);
        fill_random(&random, &p);
        run(&p);
        assert_resampled(&p, 0, (double)p.raster.h, 0, (double)p.raster.w);
        picture_free(&p);
    }
}

static void covers_with_the_middle(void **state) {
    (void)state;
    test_random random = random_stream(0, 0, 0);
    static const size_t sizes[][4] = {{20, 60, 10, 10}, {60, 20, 10, 10}, {33, 47, 16, 8}, {5, 9, 20, 20}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const picture_form form = {.h = sizes[i][2], .w = sizes[i][3], .c = 3, .fit = CLAE_FIT_COVER};
        picture p = picture_new(sizes[i][0], sizes[i][1], &form);
        const double h = (double)p.raster.h, w = (double)p.raster.w;
        const double scale = fmax((double)form.h / h, (double)form.w / w);
        const double height = (double)form.h / scale, width = (double)form.w / scale;
        fill_random(&random, &p);
        run(&p);
        assert_resampled(&p, (h - height) / 2, height, (w - width) / 2, width);
        picture_free(&p);
    }
}

/* 20x40 into 12x12: rows 3 to 8 are the picture's. */
static void contains_on_background(void **state) {
    (void)state;
    const picture_form form = {.h = 12, .w = 12, .c = 3, .fit = CLAE_FIT_CONTAIN, .background = {10, 20, 30}};
    picture p = picture_new(20, 40, &form);
    memset(p.raster.pixels, 200, 20 * 40 * 3);
    run(&p);
    for (size_t i = 0; i < 12 * 12; i++)
        for (size_t c = 0; c < 3; c++)
            assert_int_equal(p.pixels[3 * i + c], i / 12 >= 3 && i / 12 < 9 ? 200 : 10 * (c + 1));
    picture_free(&p);
}

static void keeps_pixels_of_the_same_size(void **state) {
    (void)state;
    test_random random = random_stream(0, 0, 0);
    for (int fit = CLAE_FIT_COVER; fit <= CLAE_FIT_STRETCH; fit++) {
        const picture_form form = {.h = 13, .w = 17, .c = 3, .fit = (clae_fit)fit};
        picture p = picture_new(13, 17, &form);
        fill_random(&random, &p);
        run(&p);
        assert_memory_equal(p.pixels, p.raster.pixels, 13 * 17 * 3);
        picture_free(&p);
    }
    /* The middle of a picture that is three columns wider begins at a whole pixel. */
    const picture_form form = {.h = 13, .w = 17, .c = 1, .fit = CLAE_FIT_COVER};
    picture p = picture_new(13, 20, &form);
    fill_random(&random, &p);
    run(&p);
    for (size_t y = 0; y < 13; y++) assert_memory_equal(p.pixels + 17 * y, p.raster.pixels + 20 * y + 1, 17);
    picture_free(&p);
}

/* Weights sum to one, however many they are. */
static void keeps_flat_pictures_flat(void **state) {
    (void)state;
    static const size_t sizes[][4] = {{3000, 4000, 32, 32}, {1, 4999, 7, 1}, {7, 1, 300, 301}, {641, 480, 640, 479}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int value = 0; value < 256; value += 51) {
            const picture_form form = {.h = sizes[i][2], .w = sizes[i][3], .c = 1, .fit = CLAE_FIT_STRETCH};
            picture p = picture_new(sizes[i][0], sizes[i][1], &form);
            memset(p.raster.pixels, value, p.raster.h * p.raster.w);
            run(&p);
            for (size_t k = 0; k < form.h * form.w; k++) assert_int_equal(p.pixels[k], value);
            picture_free(&p);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretches_to_any_size),    cmocka_unit_test(covers_with_the_middle),
        cmocka_unit_test(contains_on_background),   cmocka_unit_test(keeps_pixels_of_the_same_size),
        cmocka_unit_test(keeps_flat_pictures_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
