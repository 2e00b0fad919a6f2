#include "ops/pool.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

typedef struct pool_instance {
    opencl_instance base;
    size_t rows, rows_per_item;
} pool_instance;

static clae_status pool_run_fwd(op_instance *instance, const op_args *args) {
    const pool_instance *self = (const pool_instance *)instance;
    const pool_desc *d = &instance->desc.pool;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[POOL_FWD_X]), arg_view(args->operand[POOL_FWD_Y]),
                                     arg_geometry(&d->g), arg_uint(self->rows), arg_uint(self->rows_per_item),
                                     arg_float(pool_kind_of(d->pool)->start), arg_float(pool_scale(d))));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status pool_run_bwd(op_instance *instance, const op_args *args) {
    const pool_instance *self = (const pool_instance *)instance;
    const pool_desc *d = &instance->desc.pool;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[POOL_BWD_DY]), arg_view(args->operand[POOL_BWD_DX]), arg_geometry(&d->g),
                    arg_uint(self->rows), arg_uint(self->rows_per_item), arg_float(pool_scale(d))));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status pool_run_bwd_pick(op_instance *instance, const op_args *args) {
    const pool_instance *self = (const pool_instance *)instance;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[POOL_BWD_X]), arg_view(args->operand[POOL_BWD_DY]),
                                     arg_view(args->operand[POOL_BWD_DX]), arg_geometry(&instance->desc.pool.g),
                                     arg_uint(self->rows), arg_uint(self->rows_per_item)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

/* A kernel, and the height and width of what its items make. */
typedef struct pool_way {
    const char *kernel;
    clae_status (*run)(op_instance *instance, const op_args *args);
    int h, w;
} pool_way;

static int pool_cells_of(int wide, int stride, int pad) {
    return divide_up(wide + pad, stride);
}

static pool_way pool_way_of(const op_desc *desc) {
    const conv_geometry *g = &desc->pool.g;
    if (desc->op == OP_pool2d_fwd) return (pool_way){"pool2d_fwd", pool_run_fwd, g->narrow_h, g->narrow_w};
    if (pool_kind_of(desc->pool.pool)->picks)
        return (pool_way){"pool2d_bwd_pick", pool_run_bwd_pick, pool_cells_of(g->wide_h, g->sh, g->ph),
                          pool_cells_of(g->wide_w, g->sw, g->pw)};
    return (pool_way){"pool2d_bwd", pool_run_bwd, g->wide_h, g->wide_w};
}

static clae_status pool_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    const pool_way way = pool_way_of(desc);
    const size_t channels = (size_t)desc->pool.g.wide_c;
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(pool_instance), way.run, instance);
    if (status != CLAE_OK) return status;
    pool_instance *self = (pool_instance *)*instance;
    char options[32];
    snprintf(options, sizeof options, " -DPOOL_NUMBER=%d", (int)desc->pool.pool);
    self->rows = (size_t)desc->pool.g.n * (size_t)way.h;
    status = opencl_rows_create(opencl_device_of(device), "pool.cl", options, way.kernel, self->rows,
                                (size_t)way.w * channels, channels, &self->base.launch[0], &self->rows_per_item);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_pool_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = pool_prepare};
