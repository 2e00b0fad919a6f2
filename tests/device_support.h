/* A context and the device under test, for tests that run once for each device. */
#ifndef CLAE_TESTS_DEVICE_SUPPORT_H
#define CLAE_TESTS_DEVICE_SUPPORT_H

#include "base/philox.h"
#include "data/dataset.h"
#include "train/settings.h"

#include <clae/clae.h>

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
#undef fail_msg
#define fail_msg(...)                                                                                                  \
    do {                                                                                                               \
        print_error(__VA_ARGS__);                                                                                      \
        print_error("\n");                                                                                             \
        _fail(__FILE__, __LINE__);                                                                                     \
    } while (0)

#define SKIPPED_EXIT 77

typedef struct fixture {
    clae_context *context;
    clae_device *device;
    char last_error[512];
} fixture;

/* The defaults but for these. */
static inline clae_settings settings_of(size_t batch_size, double lr) {
    clae_settings settings = settings_defaults(NULL);
    settings.batch_size = batch_size;
    settings.lr = lr;
    return settings;
}

static inline void run_steps(clae_trainer *trainer, uint64_t steps) {
    const uint64_t end = clae_trainer_position(trainer).step + steps;
    while (clae_trainer_position(trainer).step < end)
        assert_int_equal(clae_trainer_run(trainer, end - clae_trainer_position(trainer).step), CLAE_OK);
}

static inline void fixture_log(void *user, clae_log_level level, const char *line) {
    fixture *f = user;
    if (level == CLAE_LOG_ERROR) snprintf(f->last_error, sizeof f->last_error, "%s", line);
}

static inline const char *fixture_spec(void) {
    const char *spec = getenv("CLAE_TEST_DEVICE");
    return spec && *spec ? spec : "c";
}

static inline clae_status fixture_open(fixture *f, unsigned threads) {
    const clae_context_options options = {.log = fixture_log, .log_user = f, .threads = threads};
    memset(f, 0, sizeof *f);
    clae_status status = clae_context_create(&options, &f->context);
    if (status == CLAE_OK) status = clae_device_open(f->context, fixture_spec(), &f->device);
    return status;
}

static inline void fixture_close(fixture *f) {
    clae_device_close(f->device);
    clae_context_free(f->context);
    memset(f, 0, sizeof *f);
}

/* For cmocka's group: *state is a fixture. Ends the program as skipped where the device does not exist. */
static inline int fixture_setup(void **state) {
    fixture *f = malloc(sizeof *f);
    const clae_status status = fixture_open(f, 0);
    if (status == CLAE_ERROR_DEVICE) {
        fprintf(stderr, "skipped: %s\n", f->last_error);
        exit(SKIPPED_EXIT);
    }
    assert_int_equal(status, CLAE_OK);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state) {
    fixture_close(*state);
    free(*state);
    return 0;
}

/* n images of c x h x w, uniform in 0 .. 1. */
static inline clae_dataset *noise_dataset(clae_context *context, size_t n, size_t c, size_t h, size_t w) {
    clae_dataset *dataset = NULL;
    const size_t count = n * c * h * w;
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = (float)philox_uniform((philox_stream){5, PHILOX_SELFTEST, 1}, i);
    assert_int_equal(clae_dataset_from_floats(context, values, n, c, h, w, &dataset), CLAE_OK);
    free(values);
    return dataset;
}

/* The same of bytes. */
static inline clae_dataset *byte_dataset(clae_context *context, size_t n, size_t c, size_t h, size_t w) {
    clae_dataset *dataset = NULL;
    const size_t count = n * c * h * w;
    uint8_t *pixels = malloc(count);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)philox_bits((philox_stream){6, PHILOX_SELFTEST, 1}, i);
    assert_int_equal(clae_dataset_from_bytes(context, pixels, n, c, h, w, &dataset), CLAE_OK);
    free(pixels);
    return dataset;
}

#define CONV(channels, kernel, stride, padding)                                                                        \
    { "conv2d", channels, kernel, kernel, stride, stride, padding, padding, 0, 0 }
#define CONV_TRANSPOSE(channels, kernel, stride, padding, output_padding)                                              \
    { "conv_transpose2d", channels, kernel, kernel, stride, stride, padding, padding, output_padding, output_padding }
#define RELU                                                                                                           \
    { .type = "relu" }

/* A small autoencoder of 1 x 9 x 9 images with all that layers can have. */
static inline clae_model *small_model(clae_context *context, uint64_t seed) {
    const clae_layer_spec encoder[] = {CONV(6, 3, 1, 0), RELU, CONV(8, 3, 2, 1), RELU, CONV(3, 4, 1, 0)};
    const clae_layer_spec decoder[] = {CONV_TRANSPOSE(8, 4, 1, 0, 0), RELU, CONV_TRANSPOSE(5, 3, 2, 1, 0), RELU,
                                       CONV_TRANSPOSE(1, 3, 1, 0, 0)};
    clae_model *model = NULL;
    assert_int_equal(clae_model_create(context, (clae_shape){1, 9, 9}, encoder, 5, decoder, 5, seed, &model), CLAE_OK);
    return model;
}

#endif
