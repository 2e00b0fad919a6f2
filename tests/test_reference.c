/* The reference itself: results worked out by hand, and gradients against finite differences. */
#include "reference/reference.h"
#include "test_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 4096 };

static double magnitude[SIZE];

static reference_output output_of(double *value) {
    return (reference_output){value, magnitude};
}

/* x = 1 2 3 4 5, weight = 1 10 100, stride 2, padding 1: y = 0+10+200, 2+30+400, 4+50+0. */
static const conv_desc row = {.g = {1, 1, 5, 1, 1, 3, 1, 1, 3, 1, 2, 0, 1}};
static const double weight[] = {1, 10, 100};

static void conv2d_by_hand(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, bias[] = {-300}, expected[] = {210, 432, 54}, biased[] = {0, 132, 0};
    double y[3];
    reference_conv2d_fwd(&row, x, weight, NULL, output_of(y));
    assert_memory_equal(y, expected, sizeof y);
    conv_desc d = row;
    d.with_bias = true;
    d.activation = ACTIVATION_relu;
    reference_conv2d_fwd(&d, x, weight, bias, output_of(y));
    assert_memory_equal(y, biased, sizeof y);
}

/* x = 1 2 3: the taps of x[i] fall on 2i-1, 2i, 2i+1. */
static void conv_transpose2d_by_hand(void **state) {
    (void)state;
    const double x[] = {1, 2, 3}, expected[] = {10, 102, 20, 203, 30};
    double y[5];
    reference_conv_transpose2d_fwd(&row, x, weight, NULL, output_of(y));
    assert_memory_equal(y, expected, sizeof y);
}

/* One pixel, two channels to three: which of the weight's axes is which. */
static void channels_by_hand(void **state) {
    (void)state;
    const double w[] = {1, 2, 3, 10, 20, 30}, x[] = {1, 100}, expected[] = {1001, 2002, 3003};
    const conv_desc d = {.g = {1, 1, 1, 2, 1, 1, 3, 1, 1, 1, 1, 0, 0}},
                    t = {.g = {1, 1, 1, 3, 1, 1, 2, 1, 1, 1, 1, 0, 0}};
    double y[3];
    reference_conv2d_fwd(&d, x, w, NULL, output_of(y));
    assert_memory_equal(y, expected, sizeof y);
    reference_conv_transpose2d_fwd(&t, x, w, NULL, output_of(y));
    assert_memory_equal(y, expected, sizeof y);
}

/* One convolution, of either kind, on max(z, 0), weighed by r: f(z, weight, bias) = <r, conv(max(z, 0)) + bias>. */
typedef struct layer {
    bool transposed;
    conv_desc desc;
    size_t in, out, weights, channels;
    double z[SIZE], weight[SIZE], bias[64], r[SIZE];
} layer;

static double evaluate(const layer *l) {
    static double x[SIZE], y[SIZE];
    const activation_desc relu = {ACTIVATION_relu, l->in, 0};
    conv_desc d = l->desc;
    d.activation = ACTIVATION_NONE;
    reference_activation_fwd(&relu, l->z, output_of(x));
    if (l->transposed)
        reference_conv_transpose2d_fwd(&d, x, l->weight, l->bias, output_of(y));
    else
        reference_conv2d_fwd(&d, x, l->weight, l->bias, output_of(y));
    double sum = 0;
    for (size_t i = 0; i < l->out; i++) sum += l->r[i] * y[i];
    return sum;
}

static void check_gradient(const layer *l, double *values, size_t count, const double *gradient) {
    const double step = 1e-3; /* f is linear in each between the kinks of the ReLU */
    for (size_t i = 0; i < count; i++) {
        const double value = values[i];
        values[i] = value + step;
        const double above = evaluate(l);
        values[i] = value - step;
        const double below = evaluate(l);
        values[i] = value;
        const double difference = (above - below) / (2 * step);
        if (fabs(difference - gradient[i]) > 1e-8 * (1 + fabs(gradient[i])))
            fail_msg("element %zu of %zu: gradient %.12g, finite difference %.12g", i, count, gradient[i], difference);
    }
}

static void layer_create(layer *l, bool transposed, test_random *random) {
    conv_geometry *g = &l->desc.g;
    *g = (conv_geometry){.n = random_int(random, 1, 2),
                         .wide_h = random_int(random, 3, 7),
                         .wide_w = random_int(random, 3, 7),
                         .wide_c = random_int(random, 1, 3),
                         .narrow_c = random_int(random, 1, 3),
                         .kh = random_int(random, 1, 3),
                         .kw = random_int(random, 1, 3),
                         .sh = random_int(random, 1, 4),
                         .sw = random_int(random, 1, 2),
                         .ph = random_int(random, 0, 1),
                         .pw = random_int(random, 0, 1)};
    g->narrow_h = (g->wide_h + 2 * g->ph - g->kh) / g->sh + 1;
    g->narrow_w = (g->wide_w + 2 * g->pw - g->kw) / g->sw + 1;
    l->desc.with_bias = true;
    l->desc.activation = ACTIVATION_relu;
    const size_t wide = (size_t)g->n * g->wide_h * g->wide_w * g->wide_c;
    const size_t narrow = (size_t)g->n * g->narrow_h * g->narrow_w * g->narrow_c;
    l->transposed = transposed;
    l->in = transposed ? narrow : wide;
    l->out = transposed ? wide : narrow;
    l->channels = transposed ? g->wide_c : g->narrow_c;
    l->weights = (size_t)g->kh * g->kw * g->wide_c * g->narrow_c;
    for (size_t i = 0; i < l->in; i++) {
        const double z = random_real(random);
        l->z[i] = z + (z > 0 ? 0.01 : -0.01); /* away from the kink */
    }
    for (size_t i = 0; i < l->weights; i++) l->weight[i] = random_real(random);
    for (size_t i = 0; i < l->channels; i++) l->bias[i] = random_real(random);
    for (size_t i = 0; i < l->out; i++) l->r[i] = random_real(random);
}

static void check_layers(bool transposed) {
    static layer l;
    static double x[SIZE], dz[SIZE], dweight[SIZE], dbias[64];
    for (uint64_t i = 0; i < 20; i++) {
        test_random random = random_stream(5, transposed, i);
        layer_create(&l, transposed, &random);
        reference_activation_fwd(&(activation_desc){ACTIVATION_relu, l.in, 0}, l.z, output_of(x));
        if (transposed) {
            reference_conv_transpose2d_bwd_data(&l.desc, l.r, l.weight, x, output_of(dz));
            reference_conv_transpose2d_bwd_weights(&l.desc, x, l.r, output_of(dweight), output_of(dbias));
        } else {
            reference_conv2d_bwd_data(&l.desc, l.r, l.weight, x, output_of(dz));
            reference_conv2d_bwd_weights(&l.desc, x, l.r, output_of(dweight), output_of(dbias));
        }
        check_gradient(&l, l.z, l.in, dz);
        check_gradient(&l, l.weight, l.weights, dweight);
        check_gradient(&l, l.bias, l.channels, dbias);
    }
}

static void conv2d_gradients(void **state) {
    (void)state;
    check_layers(false);
}

static void conv_transpose2d_gradients(void **state) {
    (void)state;
    check_layers(true);
}

/* Of -1.5, 0 and 2, worked out with Python's math by the formulas of PyTorch's documentation. */
static void activations_by_hand(void **state) {
    (void)state;
    const double x[] = {-1.5, 0, 2};
    const struct {
        activation_id activation;
        float parameter;
        double y[3];
    } cases[] = {
        {ACTIVATION_relu, 0, {0, 0, 2}},
        {ACTIVATION_leaky_relu, 0.25f, {-0.375, 0, 2}},
        {ACTIVATION_tanh, 0, {-0.90514825364486638, 0, 0.96402758007581690}},
        {ACTIVATION_sigmoid, 0, {0.18242552380635635, 0.5, 0.88079707797788243}},
        {ACTIVATION_silu, 0, {-0.27363828570953452, 0, 1.7615941559557649}},
        {ACTIVATION_gelu, 0, {-0.10021080190328713, 0, 1.9544997361036416}},
        {ACTIVATION_softplus, 1, {0.20141327798275246, 0.69314718055994531, 2.1269280110429727}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double y[3];
        reference_activation_fwd(&(activation_desc){cases[k].activation, 3, cases[k].parameter}, x, output_of(y));
        for (int i = 0; i < 3; i++) assert_true(fabs(y[i] - cases[k].y[i]) < 1e-14);
    }
}

/* Away from 0, where some have a kink. */
static void activation_gradients(void **state) {
    (void)state;
    enum { COUNT = 60 };
    const double step = 1e-5;
    for (activation_id k = ACTIVATION_NONE + 1; k < ACTIVATION_COUNT; k++) {
        const activation_desc d = {k, COUNT, 0.5f};
        double x[COUNT], below[COUNT], above[COUNT], y[COUNT], dy[COUNT], y_below[COUNT], y_above[COUNT], dx[COUNT];
        test_random random = random_stream(5, 3, k);
        for (int i = 0; i < COUNT; i++) {
            x[i] = 6 * random_real(&random);
            x[i] += x[i] < 0 ? -0.01 : 0.01;
            below[i] = x[i] - step;
            above[i] = x[i] + step;
            dy[i] = random_real(&random);
        }
        reference_activation_fwd(&d, x, output_of(y));
        reference_activation_fwd(&d, below, output_of(y_below));
        reference_activation_fwd(&d, above, output_of(y_above));
        reference_activation_bwd(&d, reference_activation_from_y(k) ? y : x, dy, output_of(dx));
        for (int i = 0; i < COUNT; i++)
            assert_true(fabs(dy[i] * (y_above[i] - y_below[i]) / (2 * step) - dx[i]) < 1e-9);
    }
}

/* <r, y> by x and by the slopes, of which there is one or one for each channel. */
static void prelu_gradients(void **state) {
    (void)state;
    enum { ROWS = 5, CHANNELS = 3, COUNT = ROWS * CHANNELS };
    const double step = 1e-4;
    for (int one = 0; one < 2; one++) {
        const prelu_desc d = {ROWS, CHANNELS, one};
        double values[COUNT + CHANNELS], r[COUNT], y[COUNT], gradient[COUNT + CHANNELS];
        test_random random = random_stream(5, 4, (uint64_t)one);
        for (int i = 0; i < COUNT + CHANNELS; i++) values[i] = random_real(&random);
        for (int i = 0; i < COUNT; i++) values[i] += values[i] < 0 ? -0.01 : 0.01, r[i] = random_real(&random);
        reference_prelu_bwd(&d, values, r, values + COUNT, output_of(gradient), output_of(gradient + COUNT));
        for (int i = 0; i < COUNT + (one ? 1 : CHANNELS); i++) {
            const double value = values[i];
            double sum[2] = {0};
            for (int side = 0; side < 2; side++) {
                values[i] = value + (side ? step : -step);
                reference_prelu_fwd(&d, values, values + COUNT, output_of(y));
                for (int k = 0; k < COUNT; k++) sum[side] += r[k] * y[k];
            }
            values[i] = value;
            assert_true(fabs((sum[1] - sum[0]) / (2 * step) - gradient[i]) < 1e-9);
        }
    }
}

static void check_loss_gradient(loss_id loss_of) {
    enum { COUNT = 7 };
    const loss_desc d = {loss_of, COUNT, 0.25f, true};
    double y[COUNT], target[COUNT], dy[COUNT], loss[3], unused[COUNT];
    test_random random = random_stream(5, 2, 0);
    for (int i = 0; i < COUNT; i++) y[i] = random_real(&random), target[i] = random_real(&random);
    reference_loss(&d, y, target, output_of(&loss[0]), (reference_output){dy, unused});
    for (int i = 0; i < COUNT; i++) {
        const double step = 1e-4, value = y[i];
        y[i] = value + step;
        reference_loss(&d, y, target, output_of(&loss[1]), (reference_output){unused, unused});
        y[i] = value - step;
        reference_loss(&d, y, target, output_of(&loss[2]), (reference_output){unused, unused});
        y[i] = value;
        assert_true(fabs((loss[1] - loss[2]) / (2 * step) - dy[i]) < 1e-9);
    }
}

static void loss_gradients(void **state) {
    (void)state;
    for (int loss = 0; loss < LOSS_COUNT; loss++) check_loss_gradient((loss_id)loss);
}

/* Algorithm 1 of Kingma and Ba as it is printed, for three steps. */
static void adam_as_published(void **state) {
    (void)state;
    const double lr = 0.01, gradients[] = {0.5, -2, 0.25};
    const update_desc d = {OPTIMISER_adam, 1};
    const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    double theta = 1, m = 0, v = 0, p = 1, pm = 0, pv = 0;
    for (int t = 1; t <= 3; t++) {
        const double g = gradients[t - 1];
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        theta -= lr * (m / (1 - pow(beta1, t))) / (sqrt(v / (1 - pow(beta2, t))) + epsilon);
        double scratch[3];
        const double rates[] = {lr / (1 - pow(beta1, t)), sqrt(1 - pow(beta2, t)), beta1,  1 - beta1,
                                beta2,                    1 - beta2,               epsilon};
        reference_output states[] = {{&pm, scratch + 1}, {&pv, scratch + 2}};
        reference_update(&d, rates, &g, (reference_output){&p, scratch}, states);
        assert_true(fabs(p - theta) < 1e-12);
    }
}

/* A is 2x3, B 3x2; the same product with each of them stored transposed. */
static void gemm_by_hand(void **state) {
    (void)state;
    const double a[] = {1, 2, 3, 4, 5, 6}, at[] = {1, 4, 2, 5, 3, 6}, b[] = {1, 10, 2, 20, 3, 30},
                 bt[] = {1, 2, 3, 10, 20, 30};
    const double before[] = {1, 1, 1, 1}, expected[] = {14, 140, 32, 320}, scaled[] = {31, 283, 67, 643};
    double c[4];
    for (int i = 0; i < 4; i++) {
        gemm_desc d = {2, 2, 3, i & 1, i & 2, 1, 0};
        reference_gemm(&d, i & 1 ? at : a, i & 2 ? bt : b, NULL, output_of(c));
        assert_memory_equal(c, expected, sizeof c);
        d.alpha = 2;
        d.beta = 3;
        reference_gemm(&d, i & 1 ? at : a, i & 2 ? bt : b, before, output_of(c));
        assert_memory_equal(c, scaled, sizeof c);
    }
}

/* 3 images of 2 pixels of 4 channels; f(x, weight, bias) = <r, y>. */
enum { NORM_IMAGES = 3, NORM_PIXELS = 2, NORM_CHANNELS = 4, NORM_SIZE = NORM_IMAGES * NORM_PIXELS * NORM_CHANNELS };

typedef struct norm_layer {
    norm_desc desc;
    bool of_batch;
    double x[NORM_SIZE], weight[NORM_CHANNELS], bias[NORM_CHANNELS], r[NORM_SIZE];
    double mean[NORM_SIZE], inv_std[NORM_SIZE];
} norm_layer;

static double evaluate_norm(norm_layer *l) {
    double y[NORM_SIZE], inv_std_magnitude[NORM_SIZE], sum = 0;
    reference_norm_fwd(&l->desc, l->of_batch, l->x, l->weight, l->bias, output_of(y), output_of(l->mean),
                       (reference_output){l->inv_std, inv_std_magnitude}, NULL);
    for (int i = 0; i < NORM_SIZE; i++) sum += l->r[i] * y[i];
    return sum;
}

static void check_norm_gradient(norm_layer *l, double *values, size_t count, const double *gradient) {
    const double step = 1e-5;
    for (size_t i = 0; i < count; i++) {
        const double value = values[i];
        values[i] = value + step;
        const double above = evaluate_norm(l);
        values[i] = value - step;
        const double below = evaluate_norm(l);
        values[i] = value;
        const double difference = (above - below) / (2 * step);
        if (fabs(difference - gradient[i]) > 1e-7 * (1 + fabs(gradient[i])))
            fail_msg("element %zu of %zu: gradient %.12g, finite difference %.12g", i, count, gradient[i], difference);
    }
}

static void norm_gradients(void **state) {
    (void)state;
    const size_t groups[] = {0, 1, 2, 4}; /* 0: of the batch */
    for (size_t k = 0; k < sizeof groups / sizeof *groups; k++) {
        norm_layer l = {.desc = {NORM_IMAGES, NORM_PIXELS, NORM_CHANNELS, groups[k], 0.01, 0}, .of_batch = k == 0};
        double dx[NORM_SIZE], dweight[NORM_CHANNELS], dbias[NORM_CHANNELS];
        test_random random = random_stream(5, 3, k);
        for (int i = 0; i < NORM_SIZE; i++) l.x[i] = random_real(&random), l.r[i] = random_real(&random);
        for (int c = 0; c < NORM_CHANNELS; c++) l.weight[c] = random_real(&random), l.bias[c] = random_real(&random);
        evaluate_norm(&l);
        double dweight_magnitude[NORM_CHANNELS], dbias_magnitude[NORM_CHANNELS];
        reference_norm_bwd(&l.desc, l.of_batch, l.r, l.x, l.weight, l.mean, l.inv_std, output_of(dx),
                           (reference_output){dweight, dweight_magnitude}, (reference_output){dbias, dbias_magnitude});
        check_norm_gradient(&l, l.x, NORM_SIZE, dx);
        check_norm_gradient(&l, l.weight, NORM_CHANNELS, dweight);
        check_norm_gradient(&l, l.bias, NORM_CHANNELS, dbias);
    }
}

/* Two images of one pixel, two channels: (1, 10) and (3, 50). */
static void norm_by_hand(void **state) {
    (void)state;
    const double x[] = {1, 10, 3, 50}, w[] = {2, 3}, b[] = {100, 200};
    const double running_mean[] = {10, 20}, running_var[] = {5, 7};
    const norm_desc d = {.images = 2, .pixels = 1, .channels = 2, .groups = 1, .epsilon = 0, .momentum = 0.5};
    double y[4], mean[2], inv_std[2], new_mean[2], new_var[2], unused[5][4];
    reference_batch_norm_train_fwd(&d, x, w, b, running_mean, running_var, (reference_output){y, unused[0]},
                                   (reference_output){mean, unused[1]}, (reference_output){inv_std, unused[2]},
                                   (reference_output){new_mean, unused[3]}, (reference_output){new_var, unused[4]});
    const double expected_y[] = {98, 197, 102, 203}, expected_mean[] = {2, 30}, expected_inv_std[] = {1, 1.0 / 20};
    /* The variance of the sample is 2 and 800. */
    const double expected_new_mean[] = {6, 25}, expected_new_var[] = {3.5, 403.5};
    assert_memory_equal(y, expected_y, sizeof y);
    assert_memory_equal(mean, expected_mean, sizeof mean);
    assert_memory_equal(inv_std, expected_inv_std, sizeof inv_std);
    assert_memory_equal(new_mean, expected_new_mean, sizeof new_mean);
    assert_memory_equal(new_var, expected_new_var, sizeof new_var);
    reference_batch_norm_eval_fwd(&d, x, w, b, expected_mean, (const double[]){1, 400},
                                  (reference_output){y, unused[0]});
    assert_memory_equal(y, expected_y, sizeof y);
    /* Both channels of an image in one group: (1, 10) has the mean 5.5 and the deviation 4.5. */
    reference_norm_fwd(&d, false, x, w, b, (reference_output){y, unused[0]}, (reference_output){mean, unused[1]},
                       (reference_output){inv_std, unused[2]}, NULL);
    assert_true(mean[0] == 5.5 && mean[1] == 26.5 && fabs(inv_std[0] - 1 / 4.5) < 1e-15);
    const double expected_grouped[] = {98, 203, 98, 203};
    for (int i = 0; i < 4; i++) assert_true(fabs(y[i] - expected_grouped[i]) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv2d_by_hand),
        cmocka_unit_test(conv_transpose2d_by_hand),
        cmocka_unit_test(channels_by_hand),
        cmocka_unit_test(conv2d_gradients),
        cmocka_unit_test(conv_transpose2d_gradients),
        cmocka_unit_test(activations_by_hand),
        cmocka_unit_test(activation_gradients),
        cmocka_unit_test(prelu_gradients),
        cmocka_unit_test(loss_gradients),
        cmocka_unit_test(adam_as_published),
        cmocka_unit_test(gemm_by_hand),
        cmocka_unit_test(norm_by_hand),
        cmocka_unit_test(norm_gradients),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
