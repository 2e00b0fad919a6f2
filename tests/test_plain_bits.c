/* Plain C: the bits of results are stated by the code. Neither the compiler, nor the size of the tile that computes an
 * element, nor the number of threads that share a batch changes them. */
#include "device_support.h"
#include "graph/model.h"
#include "ops/activation.h"
#include "plain/kernels/functions.h"
#include "plain/plain.h"

#include <math.h>

#define MOST_FLOATS 4096

static const char *const sets[] = {"baseline", "avx2", "avx512"};

static void fill(float *values, size_t count, uint64_t seed) {
    for (size_t i = 0; i < count; i++)
        values[i] = (float)philox_uniform((philox_stream){seed, PHILOX_SELFTEST, 1}, i) - 0.5f;
}

static bool is_fused(const plain_kernels *kernels) {
#if defined(__aarch64__)
    (void)kernels;
    return true;
#else
    return strcmp(kernels->name, "baseline") != 0;
#endif
}

static float multiply_add(float a, float b, float c, bool fused) {
    return fused ? fmaf(a, b, c) : a * b + c;
}

/* One chain of multiply-adds for each element, in the order of the products. */
static void check_tile(const plain_kernels *kernels, int vectors, int positions, int channels) {
    enum { ROWS = 2, LENGTH = 9 };
    const int width = vectors * kernels->limits.width;
    float in[MOST_FLOATS], weight[MOST_FLOATS], out[MOST_FLOATS], expected[MOST_FLOATS];
    fill(in, (size_t)(positions * ROWS * LENGTH), 1);
    fill(weight, (size_t)(ROWS * LENGTH * width), 2);
    fill(out, (size_t)(positions * channels), 3);
    for (int p = 0; p < positions; p++) {
        for (int o = 0; o < channels; o++) {
            float sum = out[p * channels + o];
            for (int i = 0; i < ROWS * LENGTH; i++)
                sum = multiply_add(weight[i * width + o], in[p * ROWS * LENGTH + i], sum, is_fused(kernels));
            expected[p * channels + o] = sum;
        }
    }
    const tile t = {.in = in,
                    .weight = weight,
                    .in_stride = ROWS * LENGTH,
                    .in_row_stride = LENGTH,
                    .weight_row_stride = (ptrdiff_t)LENGTH * width,
                    .rows = ROWS,
                    .length = LENGTH,
                    .tap_length = 1,
                    .out = out,
                    .out_stride = channels,
                    .channels = channels};
    kernels->tile(&t, vectors, positions);
    if (memcmp(out, expected, (size_t)(positions * channels) * sizeof *out) != 0)
        fail_msg("%s: the tile of %d vectors x %d positions, %d channels", kernels->name, vectors, positions, channels);
}

static void test_tiles_are_chains_of_multiply_adds(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        const plain_kernels *kernels = plain_kernels_find(sets[s]);
        if (!kernels) continue;
        for (int vectors = 1; vectors <= kernels->limits.max_vectors; vectors++) {
            for (int positions = 1; positions <= kernels->limits.max_positions[vectors]; positions++) {
                check_tile(kernels, vectors, positions, vectors * kernels->limits.width);
                check_tile(kernels, vectors, positions, vectors * kernels->limits.width - 1);
            }
        }
    }
}

/* The weights after a whole batch and a smaller one; to be freed. */
static float *trained(const char *set, unsigned threads, size_t batch_size, bool no_winograd, size_t *bytes) {
    const clae_context_options options = {.threads = threads};
    clae_settings training = settings_of(batch_size, 1e-3);
    training.no_winograd = no_winograd;
    char spec[32];
    snprintf(spec, sizeof spec, "c:%s", set);
    clae_context *context;
    clae_device *device;
    clae_model *model;
    clae_trainer *trainer;
    assert_int_equal(clae_context_create(&options, &context), CLAE_OK);
    assert_int_equal(clae_device_open(context, spec, &device), CLAE_OK);
    clae_dataset *dataset = noise_dataset(context, batch_size + batch_size / 2, 1, 28, 28);
    assert_int_equal(clae_model_create_lecture(context, 16, 8, 0, &model), CLAE_OK);
    assert_int_equal(clae_trainer_create(device, model, dataset, &training, &trainer), CLAE_OK);
    for (int step = 0; step < 2; step++) assert_int_equal(clae_trainer_run(trainer, 1), CLAE_OK);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    *bytes = model->parameter_floats * sizeof(float);
    float *weights = malloc(*bytes);
    assert_non_null(weights);
    memcpy(weights, model->parameters, *bytes);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
    clae_device_close(device);
    clae_context_free(context);
    return weights;
}

static void check_threads(const char *set, size_t batch_size, bool no_winograd) {
    size_t bytes;
    float *one = trained(set, 1, batch_size, no_winograd, &bytes);
    for (unsigned threads = 2; threads <= 8; threads++) {
        float *many = trained(set, threads, batch_size, no_winograd, &bytes);
        if (memcmp(one, many, bytes) != 0)
            fail_msg("%s: %u threads train another model than one, with batches of %zu%s", set, threads, batch_size,
                     no_winograd ? ", without Winograd's algorithm" : "");
        free(many);
    }
    free(one);
}

static void test_threads_change_no_bits(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        if (!plain_kernels_find(sets[s])) continue;
        check_threads(sets[s], 5, false);
        check_threads(sets[s], 21, false);
        check_threads(sets[s], 21, true);
    }
}

#define ACTIVATION(stem, title, parameter, from, forward, backward)                                                    \
    static float one_forward_##stem(float x, float a) {                                                                \
        (void)a;                                                                                                       \
        return forward;                                                                                                \
    }                                                                                                                  \
    static float one_backward_##stem(float from, float dy, float a) {                                                  \
        (void)a;                                                                                                       \
        return backward;                                                                                               \
    }
#include "ops/activations.def"
#undef ACTIVATION

static float (*const forwards[ACTIVATION_COUNT])(float, float) = {
#define ACTIVATION(stem, title, parameter, from, forward, backward) [ACTIVATION_##stem] = one_forward_##stem,
#include "ops/activations.def"
#undef ACTIVATION
};
static float (*const backwards[ACTIVATION_COUNT])(float, float, float) = {
#define ACTIVATION(stem, title, parameter, from, forward, backward) [ACTIVATION_##stem] = one_backward_##stem,
#include "ops/activations.def"
#undef ACTIVATION
};

/* In vectors, and where an output is the input, comes out what comes out of one element. */
static void check_activation(const plain_kernels *kernels, activation_id activation) {
    enum { COUNT = 1021 };
    const activation_desc desc = {activation, COUNT, activation_parameter(activation)};
    float x[COUNT], dy[COUNT], y[COUNT], dx[COUNT], expected_y[COUNT], expected_dx[COUNT];
    fill(x, COUNT, 4);
    fill(dy, COUNT, 5);
    for (int i = 0; i < COUNT; i++) {
        x[i] *= i % 2 ? 250 : 8;
        expected_y[i] = forwards[activation](x[i], desc.parameter);
        expected_dx[i] = backwards[activation](x[i], dy[i], desc.parameter);
    }
    kernels->activation_fwd(&desc, x, y, COUNT);
    kernels->activation_bwd(&desc, x, dy, dx, COUNT);
    kernels->activation_bwd(&desc, x, dy, dy, COUNT);
    kernels->activation_fwd(&desc, x, x, COUNT);
    if (memcmp(y, expected_y, sizeof y) != 0 || memcmp(x, y, sizeof y) != 0 || memcmp(dx, expected_dx, sizeof dx) != 0 ||
        memcmp(dy, dx, sizeof dx) != 0)
        fail_msg("%s: %s", kernels->name, activation_name(activation));
}

static void test_vectors_change_no_bits_of_activations(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        const plain_kernels *kernels = plain_kernels_find(sets[s]);
        for (activation_id k = ACTIVATION_NONE + 1; kernels && k < ACTIVATION_COUNT; k++) check_activation(kernels, k);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiles_are_chains_of_multiply_adds),
        cmocka_unit_test(test_vectors_change_no_bits_of_activations),
        cmocka_unit_test(test_threads_change_no_bits),
    };
    return cmocka_run_group_tests_name("plain bits", tests, NULL, NULL);
}
