#include "test_adjoint_images.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Runs an op that reads one operand and writes another. */
static void run(clae_device *device, const op_desc *desc, int in, const float *from, int out, float *to) {
    const size_t in_bytes = op_operand_count(desc, in) * sizeof(float),
                 out_bytes = op_operand_count(desc, out) * sizeof(float);
    op_instance *instance;
    buffer *in_buffer, *out_buffer, *workspace = NULL;
    assert_int_equal(op_prepare(device, desc, &(numerics){0}, &instance), CLAE_OK);
    assert_int_equal(buffer_create(device, in_bytes, &in_buffer), CLAE_OK);
    assert_int_equal(buffer_create(device, out_bytes, &out_buffer), CLAE_OK);
    if (instance->workspace_bytes)
        assert_int_equal(buffer_create(device, instance->workspace_bytes, &workspace), CLAE_OK);
    op_args args = {.workspace = {workspace, 0}};
    args.operand[in] = (view){in_buffer, 0};
    args.operand[out] = (view){out_buffer, 0};
    assert_int_equal(buffer_upload(in_buffer, 0, from, in_bytes), CLAE_OK);
    assert_int_equal(op_run(instance, &args), CLAE_OK);
    assert_int_equal(buffer_download(out_buffer, 0, to, out_bytes), CLAE_OK);
    op_release(instance);
    buffer_free(in_buffer);
    buffer_free(out_buffer);
    buffer_free(workspace);
}

typedef struct product {
    double value, magnitude;
} product;

static product dot(const float *a, const float *b, size_t count) {
    product p = {0};
    for (size_t i = 0; i < count; i++) {
        p.value += (double)a[i] * b[i];
        p.magnitude += fabs((double)a[i] * b[i]);
    }
    return p;
}

static float *numbers(size_t count, test_random *random) {
    float *values = case_memory(count * sizeof *values);
    for (size_t i = 0; random && i < count; i++) values[i] = (float)random_real(random);
    return values;
}

/* A pair of ops, and the operands that each reads and writes. */
typedef struct pair {
    op_desc fwd, bwd;
    int x, y, dy, dx;
} pair;

static void check_pair(clae_device *device, const pair *p, test_random *random) {
    const size_t x_count = op_operand_count(&p->fwd, p->x), y_count = op_operand_count(&p->fwd, p->y);
    assert_int_equal(op_operand_count(&p->bwd, p->dx), x_count);
    assert_int_equal(op_operand_count(&p->bwd, p->dy), y_count);
    float *x = numbers(x_count, random), *dy = numbers(y_count, random);
    float *y = numbers(y_count, NULL), *dx = numbers(x_count, NULL);
    run(device, &p->fwd, p->x, x, p->y, y);
    run(device, &p->bwd, p->dy, dy, p->dx, dx);
    const product above = dot(y, dy, y_count), below = dot(x, dx, x_count);
    /* A wrong index is off by the size of the sum itself. */
    if (fabs(above.value - below.value) > 1e-5 * fmax(above.magnitude, below.magnitude)) {
        char text[160];
        op_describe(&p->fwd, text, sizeof text);
        fail_msg("%s: <A(x), y> is %.9g, <x, A'(y)> is %.9g", text, above.value, below.value);
    }
    case_release();
}

void adjoint_images_check(op_harness *harness) {
    const pool_desc means = {POOL_avg, {2, 9, 11, 5, 4, 6, 5, 3, 2, 2, 2, 0, 1}};
    const upsample_desc nearest = {false, 2, 5, 7, 3, 13, 8}, bilinear = {true, 2, 5, 7, 16, 13, 14};
    const pixel_shuffle_desc shuffled = {2, 5, 4, 3, 2};
    const pair pairs[] = {
        {{.op = OP_pool2d_fwd, .pool = means},
         {.op = OP_pool2d_bwd, .pool = means},
         POOL_FWD_X,
         POOL_FWD_Y,
         POOL_BWD_DY,
         POOL_BWD_DX},
        {{.op = OP_upsample2d_fwd, .upsample = nearest},
         {.op = OP_upsample2d_bwd, .upsample = nearest},
         UPSAMPLE_FWD_X,
         UPSAMPLE_FWD_Y,
         UPSAMPLE_BWD_DY,
         UPSAMPLE_BWD_DX},
        {{.op = OP_upsample2d_fwd, .upsample = bilinear},
         {.op = OP_upsample2d_bwd, .upsample = bilinear},
         UPSAMPLE_FWD_X,
         UPSAMPLE_FWD_Y,
         UPSAMPLE_BWD_DY,
         UPSAMPLE_BWD_DX},
        {{.op = OP_pixel_shuffle_fwd, .pixel_shuffle = shuffled},
         {.op = OP_pixel_shuffle_bwd, .pixel_shuffle = shuffled},
         PIXEL_SHUFFLE_FWD_X,
         PIXEL_SHUFFLE_FWD_Y,
         PIXEL_SHUFFLE_BWD_DY,
         PIXEL_SHUFFLE_BWD_DX},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        test_random random = random_stream(harness->settings.seed, OP_COUNT, 100 + i);
        check_pair(harness->device, &pairs[i], &random);
    }
}
