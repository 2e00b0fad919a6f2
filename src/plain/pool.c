#include "ops/pool.h"
#include "base/numbers.h"
#include "plain/impls.h"
#include "plain/parallel.h"

static void pool_fill_windows(const conv_geometry *g, resample *r) {
    for (int i = 0; i < g->narrow_h; i++) r->rows.range[i] = pool_window(i, g->wide_h, g->kh, g->sh, g->ph);
    for (int i = 0; i < g->narrow_w; i++) r->columns.range[i] = pool_window(i, g->wide_w, g->kw, g->sw, g->pw);
}

static void pool_fill_windows_of(const conv_geometry *g, resample *r) {
    for (int j = 0; j < g->wide_h; j++) r->rows.range[j] = pool_windows_of(j, g->narrow_h, g->kh, g->sh, g->ph);
    for (int j = 0; j < g->wide_w; j++) r->columns.range[j] = pool_windows_of(j, g->narrow_w, g->kw, g->sw, g->pw);
}

static clae_status pool_prepare_fwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                    op_instance **instance) {
    const conv_geometry *g = &desc->pool.g;
    const resample shape = {.rows.count = g->narrow_h,
                            .columns.count = g->narrow_w,
                            .n = g->n,
                            .in_h = g->wide_h,
                            .in_w = g->wide_w,
                            .channels = g->wide_c,
                            .join = desc->pool.pool,
                            .start = pool_kind_of(desc->pool.pool)->start,
                            .scale = pool_scale(&desc->pool)};
    resample *made;
    const clae_status status =
        plain_resample_create(device, desc, choice, &shape, POOL_FWD_X, POOL_FWD_Y, instance, &made);
    if (status == CLAE_OK) pool_fill_windows(g, made);
    return status;
}

/* The sum of dy over the windows of a pixel: a pool that picks none is one. */
static clae_status pool_prepare_bwd_sum(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    const conv_geometry *g = &desc->pool.g;
    const resample shape = {.rows.count = g->wide_h,
                            .columns.count = g->wide_w,
                            .n = g->n,
                            .in_h = g->narrow_h,
                            .in_w = g->narrow_w,
                            .channels = g->wide_c,
                            .join = desc->pool.pool,
                            .start = 0,
                            .scale = pool_scale(&desc->pool)};
    resample *made;
    const clae_status status =
        plain_resample_create(device, desc, choice, &shape, POOL_BWD_DY, POOL_BWD_DX, instance, &made);
    if (status == CLAE_OK) pool_fill_windows_of(g, made);
    return status;
}

/* Tasks are bands of rows of dx; a window that reaches into two is looked at twice. */
static clae_status pool_run_pick(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const conv_geometry *g = &instance->desc.pool.g;
    const float *x = plain_floats(args->operand[POOL_BWD_X]), *dy = plain_floats(args->operand[POOL_BWD_DY]);
    float *dx = plain_floats(args->operand[POOL_BWD_DX]);
    const size_t wide = (size_t)g->wide_h * (size_t)g->wide_w * (size_t)g->wide_c;
    const size_t narrow = (size_t)g->narrow_h * (size_t)g->narrow_w * (size_t)g->narrow_c;
    const int band = larger(divide_up(PLAIN_PIECE, g->wide_w * g->wide_c), g->kh), bands = divide_up(g->wide_h, band);
    PLAIN_PARALLEL_FOR (device, i, g->n * bands) {
        const size_t image = (size_t)(i / bands);
        const int first = i % bands * band, end = smaller(first + band, g->wide_h);
        device->kernels->pool_pick(g, x + image * wide, dy + image * narrow, dx + image * wide, first, end);
    }
    return CLAE_OK;
}

static clae_status pool_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    if (desc->op == OP_pool2d_fwd) return pool_prepare_fwd(device, desc, choice, instance);
    if (!pool_kind_of(desc->pool.pool)->picks) return pool_prepare_bwd_sum(device, desc, choice, instance);
    return plain_instance_create(device, desc, choice, sizeof(op_instance), pool_run_pick, plain_instance_free,
                                 instance);
}

const op_impl plain_pool = {.name = "plain", .supports = plain_supports_all, .prepare = pool_prepare};
