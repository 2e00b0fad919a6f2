/* The reference of ops that treat each channel of an image alike: results worked out by hand, and gradients against
 * finite differences. */
#include "reference/reference.h"
#include "test_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 1024 };

static double magnitude[SIZE];

static reference_output output_of(double *value) {
    return (reference_output){value, magnitude};
}

/* f(x) = <r, A(x)> for an op A, whose gradient is to be A'(r). */
typedef struct image_op {
    size_t in, out;
    void (*fwd)(const void *desc, const double *x, double *y);
    void (*bwd)(const void *desc, const double *x, const double *dy, double *dx);
    const void *desc;
} image_op;

static double evaluate(const image_op *op, const double *x, const double *r) {
    static double y[SIZE];
    double sum = 0;
    op->fwd(op->desc, x, y);
    for (size_t i = 0; i < op->out; i++) sum += r[i] * y[i];
    return sum;
}

/* x has whole numbers, all different: f is linear within less than 0.5 of them. */
static void check_gradient(const image_op *op, test_random *random) {
    static double x[SIZE], r[SIZE], dx[SIZE];
    assert_true(op->in <= SIZE && op->out <= SIZE);
    for (size_t i = 0; i < op->in; i++) x[i] = (double)i;
    for (size_t i = op->in; i-- > 1;) {
        const size_t other = (size_t)random_int(random, 0, (int)i);
        const double value = x[i];
        x[i] = x[other];
        x[other] = value;
    }
    for (size_t i = 0; i < op->out; i++) r[i] = random_real(random);
    op->bwd(op->desc, x, r, dx);
    for (size_t i = 0; i < op->in; i++) {
        const double value = x[i], step = 0.25;
        x[i] = value + step;
        const double above = evaluate(op, x, r);
        x[i] = value - step;
        const double below = evaluate(op, x, r);
        x[i] = value;
        if (fabs((above - below) / (2 * step) - dx[i]) > 1e-9)
            fail_msg("element %zu of %zu: gradient %.12g, finite difference %.12g", i, op->in, dx[i],
                     (above - below) / (2 * step));
    }
}

/* x = 1 5 2 5 3, kernel 3, stride 2, padding 1. */
static const conv_geometry row = {1, 1, 5, 1, 1, 3, 1, 1, 3, 1, 2, 0, 1};
static const double pool_x[] = {1, 5, 2, 5, 3}, pool_dy[] = {1, 10, 100};

/* The middle window has the largest twice: the first gets the gradient. */
static void max_pool_by_hand(void **state) {
    (void)state;
    const pool_desc d = {POOL_max, row};
    const double expected[] = {5, 5, 5}, gradient[] = {0, 11, 0, 100, 0};
    double y[3], dx[5];
    reference_pool_fwd(&d, pool_x, output_of(y));
    assert_memory_equal(y, expected, sizeof y);
    reference_pool_bwd(&d, pool_x, pool_dy, output_of(dx));
    assert_memory_equal(dx, gradient, sizeof dx);
}

static void avg_pool_by_hand(void **state) {
    (void)state;
    const pool_desc d = {POOL_avg, row};
    const double x[] = {3, 15, 6, 15, 9}, dy[] = {3, 30, 300}, expected[] = {6, 12, 8},
                 gradient[] = {1, 11, 10, 110, 100};
    double y[3], dx[5];
    reference_pool_fwd(&d, x, output_of(y));
    assert_memory_equal(y, expected, sizeof y);
    reference_pool_bwd(&d, NULL, dy, output_of(dx));
    assert_memory_equal(dx, gradient, sizeof dx);
}

static void pool_fwd(const void *desc, const double *x, double *y) {
    reference_pool_fwd(desc, x, output_of(y));
}

static void pool_bwd(const void *desc, const double *x, const double *dy, double *dx) {
    reference_pool_bwd(desc, x, dy, output_of(dx));
}

static void pool_gradients(void **state) {
    (void)state;
    static const conv_geometry geometries[] = {{2, 6, 6, 2, 3, 3, 2, 2, 2, 2, 2, 0, 0},
                                               {1, 7, 5, 3, 4, 3, 3, 3, 3, 2, 2, 1, 1},
                                               {1, 8, 9, 1, 2, 2, 1, 2, 3, 4, 5, 1, 0}};
    for (uint64_t i = 0; i < 3 * POOL_COUNT; i++) {
        test_random random = random_stream(7, 0, i);
        const conv_geometry *g = &geometries[i % 3];
        const pool_desc d = {(pool_id)(i / 3), *g};
        const image_op op = {(size_t)g->n * g->wide_h * g->wide_w * g->wide_c,
                             (size_t)g->n * g->narrow_h * g->narrow_w * g->narrow_c, pool_fwd, pool_bwd, &d};
        check_gradient(&op, &random);
    }
}

/* 3 pixels to 6, and to 2. */
static void upsample_by_hand(void **state) {
    (void)state;
    const double x[] = {4, 8, 16}, nearest[] = {4, 4, 8, 8, 16, 16}, bilinear[] = {4, 5, 7, 10, 14, 16};
    const double fewer[] = {4, 8}, fewer_bilinear[] = {5, 14};
    double y[6];
    for (int k = 0; k < 2; k++) {
        const upsample_desc more = {k, 1, 1, 3, 1, 1, 6}, less = {k, 1, 1, 3, 1, 1, 2};
        reference_upsample_fwd(&more, x, output_of(y));
        assert_memory_equal(y, k ? bilinear : nearest, 6 * sizeof *y);
        reference_upsample_fwd(&less, x, output_of(y));
        assert_memory_equal(y, k ? fewer_bilinear : fewer, 2 * sizeof *y);
    }
}

static void upsample_fwd(const void *desc, const double *x, double *y) {
    reference_upsample_fwd(desc, x, output_of(y));
}

static void upsample_bwd(const void *desc, const double *x, const double *dy, double *dx) {
    (void)x;
    reference_upsample_bwd(desc, dy, output_of(dx));
}

static void upsample_gradients(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        test_random random = random_stream(7, 1, i);
        const upsample_desc d = {i % 2,
                                 random_int(&random, 1, 2),
                                 random_int(&random, 1, 5),
                                 random_int(&random, 1, 5),
                                 random_int(&random, 1, 3),
                                 random_int(&random, 1, 11),
                                 random_int(&random, 1, 11)};
        const image_op op = {(size_t)d.n * d.in_h * d.in_w * d.channels, (size_t)d.n * d.out_h * d.out_w * d.channels,
                             upsample_fwd, upsample_bwd, &d};
        check_gradient(&op, &random);
    }
}

/* 1x2 pixels of 2 * 2 * 2 numbers: PyTorch's channel 4 c + 2 dy + dx. */
static void pixel_shuffle_by_hand(void **state) {
    (void)state;
    const pixel_shuffle_desc d = {1, 1, 2, 2, 2};
    const double expected[] = {0, 4, 1, 5, 10, 14, 11, 15, 2, 6, 3, 7, 12, 16, 13, 17};
    double x[16], y[16], back[16];
    for (int i = 0; i < 16; i++) x[i] = i < 8 ? i : i + 2;
    reference_pixel_shuffle_fwd(&d, x, y);
    assert_memory_equal(y, expected, sizeof y);
    reference_pixel_shuffle_bwd(&d, y, back);
    assert_memory_equal(back, x, sizeof x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pool_by_hand),
        cmocka_unit_test(avg_pool_by_hand),
        cmocka_unit_test(pool_gradients),
        cmocka_unit_test(upsample_by_hand),
        cmocka_unit_test(upsample_gradients),
        cmocka_unit_test(pixel_shuffle_by_hand),
    };
    return cmocka_run_group_tests_name("reference images", tests, NULL, NULL);
}
