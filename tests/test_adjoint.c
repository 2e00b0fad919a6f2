#include "test_adjoint.h"

#include "ops/conv_cases.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A tensor on the device with its values on the host. */
typedef struct tensor {
    size_t count;
    float *values;
    buffer *buffer;
} tensor;

static tensor tensor_create(clae_device *device, size_t count) {
    tensor t = {.count = count, .values = case_memory(count * sizeof(float))};
    assert_int_equal(buffer_create(device, count * sizeof(float), &t.buffer), CLAE_OK);
    return t;
}

static void tensor_fill(tensor *t, test_random *random) {
    for (size_t i = 0; i < t->count; i++) t->values[i] = (float)random_real(random);
    assert_int_equal(buffer_upload(t->buffer, 0, t->values, t->count * sizeof(float)), CLAE_OK);
}

static double dot(const tensor *a, const tensor *b, double *magnitude) {
    double sum = 0;
    *magnitude = 0;
    for (size_t i = 0; i < a->count; i++) {
        sum += (double)a->values[i] * b->values[i];
        *magnitude += fabs((double)a->values[i] * b->values[i]);
    }
    return sum;
}

/* result = op(a, b), with a weight or an input as b. */
static void run(clae_device *device, op_id op, const conv_geometry *g, const tensor *a, const tensor *b,
                tensor *result) {
    const op_desc desc = {.op = op, .conv = {.g = *g}};
    const bool to_weights = op == OP_conv2d_bwd_weights || op == OP_conv_transpose2d_bwd_weights;
    const int place = to_weights ? CONV_BWD_WEIGHTS_DWEIGHT : CONV_Y;
    op_instance *instance;
    buffer *workspace = NULL;
    assert_int_equal(op_prepare(device, &desc, &(numerics){0}, &instance), CLAE_OK);
    op_args args = {.operand = {{a->buffer, 0}, {b->buffer, 0}}};
    args.operand[place] = (view){result->buffer, 0};
    if (instance->workspace_bytes) {
        assert_int_equal(buffer_create(device, instance->workspace_bytes, &workspace), CLAE_OK);
        args.workspace.buffer = workspace;
    }
    assert_int_equal(op_run(instance, &args), CLAE_OK);
    assert_int_equal(buffer_download(result->buffer, 0, result->values, result->count * sizeof(float)), CLAE_OK);
    op_release(instance);
    buffer_free(workspace);
}

/* [kh][kw][a][b] to [kh][kw][b][a] */
static void swap_channels(const conv_geometry *g, const tensor *weight, tensor *swapped) {
    for (int k = 0; k < g->kh * g->kw; k++)
        for (int w = 0; w < g->wide_c; w++)
            for (int n = 0; n < g->narrow_c; n++)
                swapped->values[((size_t)k * g->narrow_c + n) * g->wide_c + w] =
                    weight->values[((size_t)k * g->wide_c + w) * g->narrow_c + n];
    assert_int_equal(buffer_upload(swapped->buffer, 0, swapped->values, swapped->count * sizeof(float)), CLAE_OK);
}

typedef struct identity {
    double value, magnitude;
} identity;

static identity product(const tensor *a, const tensor *b) {
    identity i;
    i.value = dot(a, b, &i.magnitude);
    return i;
}

static void check_geometry(clae_device *device, const conv_geometry *g, test_random *random) {
    const op_desc desc = {.op = OP_conv2d_fwd, .conv = {.g = *g}};
    const conv_sizes size = conv_sizes_of(&desc, false);
    enum { WIDE, NARROW, WEIGHT, SWAPPED, WIDE_RESULT, NARROW_RESULT, WEIGHT_RESULT, COUNT };
    const size_t counts[COUNT] = {size.x, size.y, size.weight, size.weight, size.x, size.y, size.weight};
    tensor t[COUNT];
    for (int i = 0; i < COUNT; i++) t[i] = tensor_create(device, counts[i]);
    for (int i = WIDE; i <= WEIGHT; i++) tensor_fill(&t[i], random);
    swap_channels(g, &t[WEIGHT], &t[SWAPPED]);

    static const struct {
        op_id op;
        int a, b, result, with;
    } ways[] = {
        {OP_conv2d_fwd, WIDE, WEIGHT, NARROW_RESULT, NARROW},
        {OP_conv2d_bwd_data, NARROW, WEIGHT, WIDE_RESULT, WIDE},
        {OP_conv2d_bwd_weights, WIDE, NARROW, WEIGHT_RESULT, WEIGHT},
        {OP_conv_transpose2d_fwd, NARROW, SWAPPED, WIDE_RESULT, WIDE},
        {OP_conv_transpose2d_bwd_data, WIDE, SWAPPED, NARROW_RESULT, NARROW},
        {OP_conv_transpose2d_bwd_weights, NARROW, WIDE, WEIGHT_RESULT, SWAPPED},
    };
    identity first = {0};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        run(device, ways[i].op, g, &t[ways[i].a], &t[ways[i].b], &t[ways[i].result]);
        identity p = product(&t[ways[i].result], &t[ways[i].with]);
        if (i == 0) first = p;
        /* 1e-4 is Winograd's; a wrong index is off by the size of the sum itself. */
        const double bound = 1e-4 * fmax(p.magnitude, first.magnitude) + FLT_MIN;
        if (fabs(p.value - first.value) > bound) {
            char text[160];
            op_describe(&desc, text, sizeof text);
            fail_msg("%s: %s gives %.9g where conv2d_fwd gives %.9g, bound %.3g", text, op_name(ways[i].op), p.value,
                     first.value, bound);
        }
    }
    for (int i = 0; i < COUNT; i++) buffer_free(t[i].buffer);
    case_release();
}

void adjoint_check(op_harness *harness) {
    const size_t shapes = harness->settings.quick || harness->settings.every > 1 ? 2 : 6;
    for (size_t i = 0; i < shapes; i++) {
        test_random random = random_stream(harness->settings.seed, OP_COUNT, i);
        const conv_geometry g = conv_random_geometry(&random, 1e5);
        check_geometry(harness->device, &g, &random);
    }
}
