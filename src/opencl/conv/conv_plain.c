/* Convolutions anywhere and of any shape, one work-item for each element of the result: cl/conv_gather_spread_plain.cl
 * and cl/conv_wgrad_plain.cl. */
#include "opencl/conv/conv.h"
#include "opencl/impls.h"

static bool conv_plain_supports(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_has_relu_at_most(desc) && conv_sizes_fit(desc, 1);
}

static clae_status conv_plain_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    const conv_job job = conv_job_of(desc);
    const conv_sides s = job.sides;
    const bool wgrad = job.kind == CONV_WGRAD;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    const conv_program program = {wgrad ? "conv_wgrad_plain.cl" : "conv_gather_spread_plain.cl", options, {"conv"}};
    conv_instance *made;
    const clae_status status =
        conv_instance_create(device, desc, choice, &program, wgrad ? conv_run_wgrad_single : conv_run_single, &made);
    if (status != CLAE_OK) return status;
    const size_t results = wgrad ? job.slice_floats : (size_t)desc->conv.g.n * s.out_h * s.out_w * s.out_c;
    const size_t items = opencl_group_items(opencl_device_of(device), 64);
    conv_grid(made, 0, (const size_t[]){(results + items - 1) / items * items, 1, 1}, (const size_t[]){items, 1, 1});
    *instance = &made->opencl.base;
    return CLAE_OK;
}

const op_impl opencl_conv_plain = {
    .name = "plain",
    .supports = conv_plain_supports,
    .prepare = conv_plain_prepare,
};
