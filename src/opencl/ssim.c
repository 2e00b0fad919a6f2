#include "ops/ssim.h"

#include "base/decimal.h"
#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

enum { ROW_ITEMS = 64, SUM_ITEMS = 256, PLACE_FLOATS = 16, PLANES = 6 };
enum { WINDOWS, IMAGES, TOTAL, GRADIENT }; /* launches */

/* In the workspace: planes of a float for each window. */
static size_t ssim_plane(const ssim_desc *d) {
    return divide_up_size((size_t)d->n * ssim_image_windows(d), PLACE_FLOATS) * PLACE_FLOATS;
}

static clae_status ssim_run_windows(opencl_launch *launch, const ssim_desc *d, const op_args *args) {
    const float factor = (float)((double)d->scale / (double)ssim_image_windows(d));
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[SSIM_Y]), arg_view(args->operand[SSIM_TARGET]), arg_view(args->workspace),
                    arg_ulong(ssim_plane(d)), arg_uint((size_t)d->h), arg_uint((size_t)d->w * (size_t)d->channels),
                    arg_uint((size_t)ssim_places(d->h)), arg_uint((size_t)ssim_places(d->w) * (size_t)d->channels),
                    arg_uint((size_t)d->channels), arg_float(factor)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status ssim_run_images(opencl_launch *launch, const ssim_desc *d, const op_args *args) {
    const clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(args->workspace), arg_view(args->operand[SSIM_IMAGES]),
                                                       arg_uint(ssim_image_windows(d))));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status ssim_run_total(opencl_launch *launch, const ssim_desc *d, const op_args *args) {
    const view losses = view_moved(args->operand[SSIM_LOSSES], args->step.slot);
    const clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(args->operand[SSIM_IMAGES]), arg_view(losses),
                                                       arg_uint((size_t)d->n), arg_float(d->scale)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status ssim_run_gradient(opencl_launch *launch, const ssim_desc *d, const op_args *args) {
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[SSIM_Y]), arg_view(args->operand[SSIM_TARGET]), arg_view(args->workspace),
                    arg_view(args->operand[SSIM_DY]), arg_ulong(ssim_plane(d)), arg_uint((size_t)d->h),
                    arg_uint((size_t)d->w * (size_t)d->channels), arg_uint((size_t)ssim_places(d->h)),
                    arg_uint((size_t)ssim_places(d->w) * (size_t)d->channels), arg_uint((size_t)d->channels)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status ssim_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const ssim_desc *d = &instance->desc.ssim;
    clae_status status = ssim_run_windows(&launch[WINDOWS], d, args);
    if (status == CLAE_OK) status = ssim_run_images(&launch[IMAGES], d, args);
    if (status == CLAE_OK && d->training) status = ssim_run_total(&launch[TOTAL], d, args);
    if (status == CLAE_OK && d->training) status = ssim_run_gradient(&launch[GRADIENT], d, args);
    return status;
}

static void ssim_write_weights(int window, char list[SSIM_WINDOW * DECIMAL_BYTES]) {
    float weights[SSIM_WINDOW];
    ssim_weights(window, weights);
    opencl_write_list(weights, (size_t)window, list);
}

/* Kernels with an item for each float of a row. */
static clae_status ssim_create_rows(opencl_device *device, const char *options, const char *name, size_t row_floats,
                                    size_t rows, opencl_launch *launch) {
    size_t items = 1;
    while (items < row_floats && items < ROW_ITEMS) items *= 2;
    const clae_status status = opencl_launch_create(device, "ssim.cl", options, name, items, launch);
    launch->dimensions = 2;
    launch->local[1] = 1;
    launch->global[0] = divide_up_size(row_floats, launch->local[0]) * launch->local[0];
    launch->global[1] = rows;
    return status;
}

static clae_status ssim_create_sum(opencl_device *device, const char *options, const char *name, size_t groups,
                                   opencl_launch *launch) {
    const bool cpu = device->class == OPENCL_CLASS_CPU;
    const clae_status status = opencl_launch_create(device, "ssim.cl", options, name, cpu ? 1 : SUM_ITEMS, launch);
    launch->global[0] = groups * launch->local[0];
    return status;
}

static clae_status ssim_prepare(clae_device *base, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    const ssim_desc *d = &desc->ssim;
    opencl_device *device = opencl_device_of(base);
    char rows[SSIM_WINDOW * DECIMAL_BYTES], columns[SSIM_WINDOW * DECIMAL_BYTES],
        options[sizeof rows + sizeof columns + 96];
    const size_t channels = (size_t)d->channels, n = (size_t)d->n;
    clae_status status = opencl_instance_create(base, desc, choice, sizeof(opencl_instance), ssim_run, instance);
    if (status != CLAE_OK) return status;
    opencl_launch *launch = opencl_instance_of(*instance)->launch;
    ssim_write_weights(ssim_window(d->h), rows);
    ssim_write_weights(ssim_window(d->w), columns);
    snprintf(options, sizeof options, "-DROWS=%d -DCOLUMNS=%d -DROW_WEIGHTS=%s -DCOLUMN_WEIGHTS=%s%s",
             ssim_window(d->h), ssim_window(d->w), rows, columns, d->training ? " -DTRAINING" : "");
    status = ssim_create_rows(device, options, "ssim_windows", (size_t)ssim_places(d->w) * channels,
                              n * (size_t)ssim_places(d->h), &launch[WINDOWS]);
    if (status == CLAE_OK) status = ssim_create_sum(device, options, "ssim_images", n, &launch[IMAGES]);
    if (status == CLAE_OK && d->training) status = ssim_create_sum(device, options, "ssim_total", 1, &launch[TOTAL]);
    if (status == CLAE_OK && d->training)
        status = ssim_create_rows(device, options, "ssim_gradient", (size_t)d->w * channels, n * (size_t)d->h,
                                  &launch[GRADIENT]);
    (*instance)->workspace_bytes = (d->training ? PLANES : 1) * ssim_plane(d) * sizeof(float);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_ssim_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = ssim_prepare};
