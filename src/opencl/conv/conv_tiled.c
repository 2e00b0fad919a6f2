/* Gather and spread for devices whose work-groups share local memory: cl/conv_gather_spread_tiled.cl. */
#include "opencl/conv/conv_tiled_fit.h"
#include "opencl/impls.h"

#include "base/numbers.h"

bool conv_tiled_group_is_valid(const int *v) {
    return conv_is_power_of_2(v[ITEMS]) && conv_is_power_of_2(v[BLOCK]) && conv_is_power_of_2(v[CHANNELS]) &&
           v[ITEMS] <= 1024 && v[CHANNELS] <= v[BLOCK];
}

int conv_tiled_most_items(const clae_device *device, const int *v) {
    return (int)opencl_group_items((const opencl_device *)device, (size_t)v[ITEMS]);
}

/* Slices share what would be a work-group of ITEMS. */
static int conv_tiled_data_items(const clae_device *device, const int *v) {
    return (int)opencl_group_items((const opencl_device *)device, 2 * (size_t)v[ITEMS]);
}

static bool conv_tiled_data_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_tiled_group_is_valid(v) && v[BLOCK] / v[CHANNELS] <= v[ITEMS] &&
           (size_t)v[LOCAL_KIB] * 1024 <= conv_local_bytes(device) && conv_is_power_of_2(v[POSITIONS]) &&
           conv_is_power_of_2(v[CHUNK_C]) && v[POSITIONS] * v[CHANNELS] <= 64;
}

static const tune_space conv_tiled_data_space = {
    .kernel = "conv_gather_spread_tiled",
    .count = 6,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(8, 16, 32, 64)},
                   {"CHANNELS", TUNE_CANDIDATES(1, 2, 4, 8)},
                   {"POSITIONS", TUNE_CANDIDATES(2, 4, 8, 16)},
                   {"CHUNK_C", TUNE_CANDIDATES(2, 4, 8, 16, 32)},
                   {"LOCAL_KIB", TUNE_CANDIDATES(12, 16, 24, 32, 48)}},
    .is_valid = conv_tiled_data_is_valid,
};

static const tune_space *conv_tiled_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_tiled_data_space;
}

static clae_status conv_tiled_run_parts(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const view *operand = args->operand, bias = conv_bias_of(&conv->job, args), mask = conv_mask_of(&conv->job, args);
    const opencl_arg extra = arg_view(bias.buffer ? bias : mask), n = arg_int(instance->desc.conv.g.n);
    clae_status status =
        opencl_kernel_set(&launch[0].kernel, OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(operand[CONV_IN_WEIGHT]),
                                                         extra, arg_view(args->workspace), n));
    if (!status) status = opencl_launch_run(&launch[0]);
    if (!status)
        status = opencl_kernel_set(&launch[1].kernel,
                                   OPENCL_ARGS(arg_view(args->workspace), extra, arg_view(operand[CONV_OUT]), n));
    return status ? status : opencl_launch_run(&launch[1]);
}

/* The second launch, and more work-groups in the first. */
static void conv_tiled_divide(conv_instance *made, const op_desc *desc, const conv_tiled_tile *t) {
    const conv_sides s = conv_sides_of(desc);
    const size_t items = (size_t)t->items;
    const size_t outputs = (size_t)desc->conv.g.n * (size_t)s.out_h * (size_t)s.out_w * (size_t)s.out_c;
    made->opencl.launch[0].global[1] = (size_t)t->parts;
    conv_grid(made, 1, (const size_t[]){divide_up_size(outputs, items) * items, 1, 1}, (const size_t[]){items, 1, 1});
    made->opencl.base.workspace_bytes = (size_t)t->parts * outputs * sizeof(float);
}

static clae_status conv_tiled_create_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                          const conv_tiled_tile *t, conv_instance **made) {
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    conv_tile_options(&t->shape, options);
    conv_options_add(options, " -DLOCAL=%d -DSLICES=%d -DBLOCK=%d -DCHANNELS=%d -DVECTOR=%d -DPOSITIONS=%d", t->items,
                     t->slices, t->block, t->channels, t->vector, t->positions);
    conv_options_add(options, " -DCHUNK_C=%d -DIN_VECTOR=%d -DROWS=%d -DAHEAD_IN=%d -DAHEAD_WEIGHTS=%d", t->chunk_c,
                     t->in_vector, t->rows, t->ahead_in, t->ahead_weights);
    conv_options_add(options, " -DPARTS=%d -DPART_C=%d", t->parts, t->part_c);
    const bool divides = t->parts > 1;
    const conv_program program = {"conv_gather_spread_tiled.cl", options, {"conv", divides ? "conv_add_parts" : NULL}};
    const clae_status status =
        conv_instance_create(device, desc, choice, &program, divides ? conv_tiled_run_parts : conv_run_single, made);
    if (status != CLAE_OK) return status;
    conv_tile_grid(*made, 0, &t->shape, t->block, (size_t)t->items);
    if (divides) conv_tiled_divide(*made, desc, t);
    return CLAE_OK;
}

static bool conv_tiled_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

/* A row of the kernel must fit in local memory. */
static bool conv_tiled_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    conv_tiled_tile t;
    return conv_has_relu_at_most(desc) && conv_sizes_fit(desc, 1) &&
           tune_ships(device, desc, &conv_tiled_data_space, v) &&
           conv_tiled_fit(device, desc, conv_tiled_data_items(device, v), v, &t);
}

static clae_status conv_tiled_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    int v[TUNE_MAX_PARAMETERS];
    conv_tiled_tile t;
    if (!tune_choose(device, desc, choice, &conv_tiled_data_space, v)) return conv_no_values(device, desc, choice);
    for (int items = conv_tiled_data_items(device, v); items >= 1 && conv_tiled_fit(device, desc, items, v, &t);) {
        conv_instance *made;
        const clae_status status = conv_tiled_create_data(device, desc, choice, &t, &made);
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s: the kernel of implementation %s allows too few items in a work-group", op_name(desc->op),
                choice->impl->name);
}

const op_impl opencl_conv_tiled = {
    .name = "tiled",
    .suits = conv_tiled_suits,
    .supports = conv_tiled_supports,
    .prepare = conv_tiled_prepare,
    .space = conv_tiled_space,
};
