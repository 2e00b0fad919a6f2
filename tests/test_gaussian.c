/* What is done with codes: Gaussians, interpolation, ranks, and the toy's points and their order. */
#include "data_support.h"
#include "near.h"

#include "base/philox.h"
#include "app/figures/rank.h"
#include "app/figures/spiral.h"

#include <clae/latent.h>

static void test_fit(void **state) {
    (void)state;
    const float codes[] = {1, 10, 3, 10, 5, 10, 7, 10};
    double mean[2], std[2];
    clae_gaussian_fit(codes, 4, 2, mean, std);
    assert_near(mean[0], 4, 1e-12);
    assert_near(mean[1], 10, 1e-12);
    assert_near(std[0], sqrt(5), 1e-12);
    assert_near(std[1], 0, 1e-12);
    clae_gaussian_fit(NULL, 0, 2, mean, std);
    assert_near(mean[0], 0, 0);
    assert_near(std[1], 0, 0);
}

static void test_sample(void **state) {
    (void)state;
    enum { N = 20000, DIMS = 3 };
    const double mean[DIMS] = {-2, 0, 100}, std[DIMS] = {0.5, 3, 0};
    double found_mean[DIMS], found_std[DIMS];
    float *codes = malloc(N * DIMS * sizeof *codes), *again = malloc(N * DIMS * sizeof *again);
    assert_non_null(codes);
    assert_non_null(again);
    clae_gaussian_sample(mean, std, DIMS, 7, N, codes);
    clae_gaussian_sample(mean, std, DIMS, 7, N, again);
    assert_memory_equal(codes, again, N * DIMS * sizeof *codes);
    clae_gaussian_fit(codes, N, DIMS, found_mean, found_std);
    for (int d = 0; d < DIMS; d++) {
        assert_near(found_mean[d], mean[d], 5 * std[d] / sqrt(N) + 1e-9);
        assert_near(found_std[d], std[d], 5 * std[d] / sqrt(2 * N) + 1e-9);
    }
    clae_gaussian_sample(mean, std, DIMS, 8, 1, again);
    assert_true(codes[0] != again[0]);
    free(codes);
    free(again);
}

static void test_interpolate(void **state) {
    (void)state;
    const float a[] = {0, 1}, b[] = {1, -3};
    float codes[10];
    clae_interpolate(a, b, 2, 5, codes);
    const float expected[] = {0, 1, 0.25f, 0, 0.5f, -1, 0.75f, -2, 1, -3};
    for (int i = 0; i < 10; i++) assert_near(codes[i], expected[i], 1e-6);
    clae_interpolate(a, b, 2, 1, codes);
    assert_memory_equal(codes, a, sizeof a);
}

static double rank_of(scene *s, const double *a, const double *b, size_t n) {
    double rho = NAN;
    assert_int_equal(rank_correlation(&s->context, a, b, n, &rho), CLAE_OK);
    return rho;
}

static void test_ranks(void **state) {
    scene *s = *state;
    const double a[] = {1, 2, 3, 4, 5}, cubes[] = {1, 8, 27, 64, 125}, falling[] = {9, 3, 1, -4, -1e9};
    const double ties[] = {1, 1, 2, 2, 3}, constant[] = {4, 4, 4, 4, 4};
    assert_near(rank_of(s, a, cubes, 5), 1, 1e-12);
    assert_near(rank_of(s, a, falling, 5), -1, 1e-12);
    assert_near(rank_of(s, a, ties, 5), 9 / sqrt(10 * 9), 1e-12);
    assert_near(rank_of(s, a, constant, 5), 0, 0);
}

/* Also with noise at which the nearest neighbours are seldom those along the curve. */
static void test_spiral_order(void **state) {
    scene *s = *state;
    static const struct {
        size_t n;
        double noise;
    } cases[] = {{1000, 0}, {1000, 0.02}, {1000, 0.05}, {200, 0.03}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        spiral_points points;
        assert_int_equal(spiral_points_create(&s->context, cases[k].n, cases[k].noise, k, &points), CLAE_OK);
        uint32_t *order = malloc(points.n * sizeof *order);
        double *place = malloc(points.n * sizeof *place);
        assert_non_null(order);
        assert_non_null(place);
        assert_int_equal(spiral_order(&s->context, points.xy, points.n, order), CLAE_OK);
        for (size_t i = 0; i < points.n; i++) place[i] = -1;
        for (size_t i = 0; i < points.n; i++) place[order[i]] = (double)i;
        for (size_t i = 0; i < points.n; i++) assert_true(place[i] >= 0);
        assert_true(fabs(rank_of(s, place, points.arc, points.n)) > 0.99);
        free(place);
        free(order);
        spiral_points_free(&points);
    }
}

static void test_spiral_one_point(void **state) {
    scene *s = *state;
    const float xy[] = {3, 4};
    uint32_t order = 9;
    assert_int_equal(spiral_order(&s->context, xy, 1, &order), CLAE_OK);
    assert_int_equal(order, 0);
}

static void test_spiral_stream(void **state) {
    (void)state;
    enum { N = 100, STEPS = 50, BATCH = 8 };
    float xy[2 * N], out[2 * STEPS * BATCH];
    uint32_t order[N];
    for (int i = 0; i < N; i++) {
        order[i] = (uint32_t)(N - 1 - i);
        xy[2 * i] = (float)i;
        xy[2 * i + 1] = (float)-i;
    }
    spiral_stream(xy, N, order, 0.1, STEPS / 2, STEPS, BATCH, 3, out);
    int lowest = N;
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < BATCH; i++) {
            const float *point = out + 2 * (step * BATCH + i);
            double grown = step < STEPS / 2 ? step / (STEPS / 2.0) : 1;
            assert_true(point[0] >= N - ceil((0.1 + 0.9 * grown) * N) && point[0] < N && point[1] == -point[0]);
            if (point[0] < (float)lowest) lowest = (int)point[0];
        }
    assert_true(lowest < N / 5);
}

static void test_draw_codes(void **state) {
    scene *s = *state;
    const float codes[] = {3, -1, 0, 2};
    float drawn[100], single[3];
    assert_int_equal(spiral_draw_codes(&s->context, codes, 4, 1, 100, drawn), CLAE_OK);
    for (int i = 0; i < 100; i++) assert_true(drawn[i] >= -1 && drawn[i] <= 3);
    assert_int_equal(spiral_draw_codes(&s->context, codes, 1, 1, 3, single), CLAE_OK);
    for (int i = 0; i < 3; i++) assert_near(single[i], 3, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_interpolate),
        cmocka_unit_test_setup_teardown(test_ranks, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_spiral_order, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_spiral_one_point, scene_open, scene_close),
        cmocka_unit_test(test_spiral_stream),
        cmocka_unit_test_setup_teardown(test_draw_codes, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
