/* PCA against its definition, and against known errors on real images where there are any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's macro hides the function of that name. */
#undef fail

#include "base/philox.h"
#include "latent/pca.h"
#include "near.h"

#include <clae/clae.h>

typedef struct stage {
    clae_context *context;
    clae_device *device;
    char message[512];
} stage;

static void stage_log(void *user, clae_log_level level, const char *line) {
    stage *s = user;
    if (level == CLAE_LOG_ERROR) snprintf(s->message, sizeof s->message, "%s", line);
}

static int stage_open(void **state) {
    stage *s = calloc(1, sizeof *s);
    const char *device = getenv("CLAE_TEST_DEVICE");
    if (!s || clae_context_create(&(clae_context_options){.log = stage_log, .log_user = s}, &s->context)) return -1;
    if (clae_device_open(s->context, device && *device ? device : "c", &s->device)) {
        print_error("%s\n", s->message);
        return -1;
    }
    *state = s;
    return 0;
}

static int stage_close(void **state) {
    stage *s = *state;
    clae_device_close(s->device);
    clae_context_free(s->context);
    free(s);
    return 0;
}

enum { H = 3, W = 5, C = 2, E = H * W * C, RANK = 4 };

/* Points of a 4-dimensional plane of which each axis has its own deviation, 4 3 2 1, and noise around it. */
static clae_dataset *make_plane(stage *s, size_t n, double noise) {
    float *values = malloc(n * E * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++)
        for (size_t e = 0; e < E; e++) {
            double value = 0.1 * (double)e + noise * philox_normal((philox_stream){1, PHILOX_SELFTEST, 2}, i * E + e);
            for (size_t k = 0; k < RANK; k++) {
                double axis = sqrt(2.0 / E) * cos(M_PI * (double)(k + 1) * ((double)e + 0.5) / E);
                value +=
                    (double)(RANK - k) * axis * philox_normal((philox_stream){1, PHILOX_SELFTEST, 1}, i * RANK + k);
            }
            values[i * E + e] = (float)value;
        }
    clae_dataset *dataset = NULL;
    assert_int_equal(clae_dataset_from_floats(s->context, values, n, C, H, W, &dataset), CLAE_OK);
    free(values);
    return dataset;
}

static void test_components(void **state) {
    stage *s = *state;
    clae_dataset *plane = make_plane(s, 9000, 0);
    clae_pca *pca = NULL;
    assert_int_equal(clae_pca_fit(s->device, plane, NULL, RANK, &pca), CLAE_OK);
    for (size_t a = 0; a < RANK; a++) {
        const double *component = pca->components + a * E;
        size_t largest = 0;
        for (size_t e = 0; e < E; e++)
            if (fabs(component[e]) > fabs(component[largest])) largest = e;
        assert_true(component[largest] > 0);
        double along = 0;
        for (size_t e = 0; e < E; e++)
            along += component[e] * sqrt(2.0 / E) * cos(M_PI * (double)(a + 1) * ((double)e + 0.5) / E);
        assert_true(fabs(along) > 0.99);
        for (size_t b = 0; b < RANK; b++) {
            double product = 0;
            for (size_t e = 0; e < E; e++) product += component[e] * pca->components[b * E + e];
            assert_near(product, a == b, 1e-9);
        }
    }
    clae_pca_free(pca);
    clae_dataset_free(plane);
}

/* Codes are centred, uncorrelated and of falling variance; with all of the plane's dimensions nothing is lost. */
static void test_coding(void **state) {
    stage *s = *state;
    enum { N = 1300 };
    clae_dataset *plane = make_plane(s, N, 0);
    clae_pca *pca = NULL;
    assert_int_equal(clae_pca_fit(s->device, plane, NULL, E, &pca), CLAE_OK);
    float *codes = malloc(N * RANK * sizeof *codes), *images = malloc(N * E * sizeof *images);
    float *pixels = malloc(N * E * sizeof *pixels);
    assert_non_null(pixels);
    assert_non_null(codes);
    assert_non_null(images);
    assert_int_equal(clae_pca_encode(pca, RANK, plane, codes), CLAE_OK);
    double mean[RANK], std[RANK];
    clae_gaussian_fit(codes, N, RANK, mean, std);
    for (int a = 0; a < RANK; a++) {
        assert_near(mean[a], 0, 1e-4);
        if (a > 0) assert_true(std[a] < std[a - 1]);
        for (int b = 0; b < a; b++) {
            double product = 0;
            for (int i = 0; i < N; i++) product += (double)codes[i * RANK + a] * codes[i * RANK + b];
            assert_near(product / N, 0, 1e-4);
        }
    }
    assert_int_equal(clae_pca_decode(pca, RANK, codes, N, images), CLAE_OK);
    assert_int_equal(clae_dataset_read(plane, 0, N, pixels), CLAE_OK);
    for (int i = 0; i < N * E; i++) assert_near(images[i], pixels[i], 3e-5);
    free(pixels);
    free(images);
    free(codes);
    clae_pca_free(pca);
    clae_dataset_free(plane);
}

/* The error of d components is the variance that the others have, on the images that were fitted. */
static void test_evaluate(void **state) {
    stage *s = *state;
    enum { N = 777 };
    clae_dataset *plane = make_plane(s, N, 0.3);
    clae_pca *pca = NULL;
    assert_int_equal(clae_pca_fit(s->device, plane, NULL, E, &pca), CLAE_OK);
    float *codes = malloc(N * E * sizeof *codes);
    assert_non_null(codes);
    assert_int_equal(clae_pca_encode(pca, E, plane, codes), CLAE_OK);
    double mean[E], std[E], of_channels[CLAE_MAX_CHANNELS];
    clae_gaussian_fit(codes, N, E, mean, std);
    for (size_t k = 0; k < CLAE_MAX_CHANNELS; k++) of_channels[k] = 0.5;
    for (size_t dims = 1; dims <= E; dims += 7) {
        double left = 0;
        for (size_t d = dims; d < E; d++) left += std[d] * std[d];
        clae_evaluation evaluation;
        assert_int_equal(clae_pca_evaluate(pca, dims, plane, of_channels, &evaluation), CLAE_OK);
        assert_near(evaluation.mse_per_pixel, left / E, 1e-5 * left + 1e-9);
        assert_near(evaluation.loss, 0.5 * left / 0.25, 1e-4 * left + 1e-7);
        assert_near(evaluation.psnr_db, -10 * log10(evaluation.mse_per_pixel), 1e-9);
    }
    free(codes);
    clae_pca_free(pca);
    clae_dataset_free(plane);
}

/* Images of more elements than have a covariance matrix made: waves of falling weight, and noise. */
enum { WIDE = 33, WIDE_E = WIDE * WIDE, WIDE_D = 8 };

static clae_dataset *make_waves(stage *s, size_t n) {
    float *values = malloc(n * WIDE_E * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++)
        for (size_t e = 0; e < WIDE_E; e++) {
            double value = 0.02 * philox_normal((philox_stream){2, PHILOX_SELFTEST, 2}, i * WIDE_E + e);
            for (size_t k = 0; k < 2 * WIDE_D; k++)
                value += pow(0.8, (double)k) * cos(M_PI * (double)(k + 1) * ((double)e + 0.5) / WIDE_E) *
                         philox_normal((philox_stream){2, PHILOX_SELFTEST, 1}, i * 2 * WIDE_D + k);
            values[i * WIDE_E + e] = (float)value;
        }
    clae_dataset *dataset = NULL;
    assert_int_equal(clae_dataset_from_floats(s->context, values, n, 1, WIDE, WIDE, &dataset), CLAE_OK);
    free(values);
    return dataset;
}

static void check_orthonormal(const clae_pca *pca) {
    for (size_t a = 0; a < pca->max_dims; a++)
        for (size_t b = 0; b <= a; b++) {
            double product = 0;
            for (size_t e = 0; e < pca->elements; e++)
                product += pca->components[a * pca->elements + e] * pca->components[b * pca->elements + e];
            assert_near(product, a == b, 1e-9);
        }
}

/* The subspace has the variance of the exact components, dimension by dimension, also in chunks of images. */
static void test_subspace(void **state) {
    stage *s = *state;
    static const size_t counts[] = {5, 70, 700};
    assert_true(WIDE_E > PCA_EXACT_ELEMENTS);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        clae_dataset *waves = make_waves(s, counts[c]);
        clae_pca *exact = NULL, *fitted = NULL;
        assert_int_equal(clae_pca_fit(s->device, waves, NULL, WIDE_D, &fitted), CLAE_OK);
        assert_int_equal(clae_pca_fit(s->device, waves, NULL, WIDE_D, &exact), CLAE_OK);
        assert_memory_equal(exact->components, fitted->components, WIDE_D * WIDE_E * sizeof *exact->components);
        assert_int_equal(pca_fit_exact(exact, &(numerics){0}, waves), CLAE_OK);
        pca_free_coding(exact);
        assert_int_equal(pca_prepare_coding(exact, &(numerics){0}), CLAE_OK);
        check_orthonormal(fitted);
        for (size_t dims = 1; dims <= WIDE_D; dims++) {
            clae_evaluation a, b;
            assert_int_equal(clae_pca_evaluate(exact, dims, waves, &(double){1}, &a), CLAE_OK);
            assert_int_equal(clae_pca_evaluate(fitted, dims, waves, &(double){1}, &b), CLAE_OK);
            assert_near(b.mse_per_pixel, a.mse_per_pixel, 1e-4 * a.mse_per_pixel + 1e-9);
        }
        clae_pca_free(fitted);
        clae_pca_free(exact);
        clae_dataset_free(waves);
    }
}

static void test_refusals(void **state) {
    stage *s = *state;
    clae_dataset *plane = make_plane(s, 20, 0.3), *other = NULL;
    clae_pca *pca = NULL;
    float values[4] = {0};
    clae_evaluation evaluation;
    assert_int_equal(clae_pca_fit(s->device, plane, NULL, E + 1, &pca), CLAE_ERROR_INPUT);
    assert_non_null(strstr(s->message, "30"));
    assert_null(pca);
    assert_int_equal(clae_pca_fit(s->device, plane, NULL, 0, &pca), CLAE_ERROR_INPUT);
    assert_int_equal(clae_pca_fit(s->device, plane, NULL, 3, &pca), CLAE_OK);
    assert_int_equal(clae_pca_decode(pca, 4, values, 1, values), CLAE_ERROR_INPUT);
    assert_int_equal(clae_dataset_from_floats(s->context, values, 1, 1, 2, 2, &other), CLAE_OK);
    assert_int_equal(clae_pca_evaluate(pca, 2, other, &(double){1}, &evaluation), CLAE_ERROR_INPUT);
    assert_int_equal(clae_pca_encode(pca, 2, other, values), CLAE_ERROR_INPUT);
    clae_dataset_free(other);
    clae_pca_free(pca);
    clae_dataset_free(plane);
    clae_pca_free(NULL);
}

typedef struct known_error {
    size_t dims;
    double mse;
} known_error;

/* Test errors of components fitted on all training images. */
static void check_known(stage *s, const char *name, const known_error *known, size_t count) {
    clae_dataset *train = NULL, *test = NULL;
    if (clae_dataset_open(s->context, name, CLAE_SPLIT_TRAIN, &train) ||
        clae_dataset_open(s->context, name, CLAE_SPLIT_TEST, &test)) {
        clae_dataset_free(train);
        print_message("%s\n", s->message);
        skip();
    }
    clae_pca *pca = NULL;
    assert_int_equal(clae_pca_fit(s->device, train, NULL, known[count - 1].dims, &pca), CLAE_OK);
    for (size_t i = 0; i < count; i++) {
        clae_evaluation evaluation;
        assert_int_equal(clae_pca_evaluate(pca, known[i].dims, test, &(double){1}, &evaluation), CLAE_OK);
        print_message("%s d=%zu %.8f\n", name, known[i].dims, evaluation.mse_per_pixel);
        assert_near(evaluation.mse_per_pixel, known[i].mse, 0.5001e-6);
    }
    clae_pca_free(pca);
    clae_dataset_free(test);
    clae_dataset_free(train);
}

static void test_mnist(void **state) {
    static const known_error known[] = {{1, 0.060733},  {2, 0.055669},  {4, 0.047903}, {8, 0.037441},
                                        {16, 0.026860}, {32, 0.016828}, {64, 0.009047}};
    check_known(*state, "mnist", known, 7);
}

static void test_fashion_mnist(void **state) {
    static const known_error known[] = {{1, 0.061377},  {2, 0.046096},  {4, 0.036603}, {8, 0.026607},
                                        {16, 0.020446}, {32, 0.015142}, {64, 0.010368}};
    check_known(*state, "fashion-mnist", known, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components),    cmocka_unit_test(test_coding),   cmocka_unit_test(test_evaluate),
        cmocka_unit_test(test_subspace),      cmocka_unit_test(test_refusals), cmocka_unit_test(test_mnist),
        cmocka_unit_test(test_fashion_mnist),
    };
    return cmocka_run_group_tests(tests, stage_open, stage_close);
}
