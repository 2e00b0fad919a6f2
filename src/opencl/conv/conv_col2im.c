/* Spread with few output channels on CPUs: cl/conv_spread_col2im.cl. */
#include "opencl/conv/conv.h"
#include "opencl/impls.h"

#include "base/numbers.h"

enum { FEWEST_INPUTS = 16, ITEMS_PER_UNIT = 8, FEWEST_ROWS = 4, PLACE_FLOATS = 16 };
enum { LANES, VECTORS, POSITIONS };
enum { PACK, RUN }; /* launches */

typedef struct col2im_instance {
    conv_instance conv;
    size_t weight_floats, own_floats; /* in the workspace: packed ones, and what follows for each work-item */
    int images, rows, parts;          /* of a work-item, and of an image */
} col2im_instance;

static bool conv_col2im_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_lanes_fit(device, v[LANES]) &&
           v[VECTORS] * v[POSITIONS] + v[VECTORS] + 1 <= conv_vector_registers(v[LANES]);
}

/* Floats that a position adds to a row of the output: the taps of a row, in whole strides. */
static int conv_col2im_segment(const conv_geometry *g) {
    return divide_up(g->kw, g->sw) * g->sw * g->wide_c;
}

static int conv_col2im_columns(const conv_geometry *g, const int *v) {
    const int panel = v[LANES] * v[VECTORS];
    return divide_up(g->kh * conv_col2im_segment(g), panel) * panel;
}

/* Vector multiply-adds of an input channel and a row, and what must be loaded for them. */
static double conv_col2im_cost(const op_desc *desc, const int *v) {
    const conv_geometry *g = &desc->conv.g;
    const double vectors = (double)conv_col2im_columns(g, v) / v[LANES];
    const double positions = (double)divide_up(g->narrow_w, v[POSITIONS]) * v[POSITIONS];
    return vectors * positions * (1 + 0.5 / v[VECTORS] + 0.5 / v[POSITIONS]);
}

static const tune_space conv_col2im_space = {
    .kernel = "conv_spread_col2im",
    .count = 3,
    .parameters = {{"LANES", TUNE_CANDIDATES(4, 8, 16)},
                   {"VECTORS", TUNE_CANDIDATES(1, 2, 3, 4)},
                   {"POSITIONS", TUNE_CANDIDATES(2, 3, 4, 5, 6, 8, 10, 12)}},
    .is_valid = conv_col2im_is_valid,
    .cost = conv_col2im_cost,
};

static const tune_space *conv_col2im_space_of(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_col2im_space;
}

/* A vector of the outputs would not be full, one of what is added to all taps is. */
static bool conv_col2im_suits(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const int width = (int)((const opencl_device *)device)->vector_width;
    return opencl_is_cpu(device, desc) && g->wide_c > 1 && g->wide_c < width &&
           g->kh * g->kw * g->wide_c >= 2 * width && g->narrow_c >= FEWEST_INPUTS;
}

static bool conv_col2im_supports(const clae_device *device, const op_desc *desc) {
    return conv_kernel_of(desc->op) == CONV_SPREAD && opencl_supports_long_loops(device, desc) &&
           conv_has_relu_at_most(desc) && conv_sizes_fit(desc, 1);
}

static clae_status conv_col2im_run(op_instance *instance, const op_args *args) {
    const col2im_instance *self = (const col2im_instance *)instance;
    const conv_geometry *g = &instance->desc.conv.g;
    const conv_job *job = &self->conv.job;
    const view *operand = args->operand;
    opencl_launch *pack = &opencl_instance_of(instance)->launch[PACK],
                  *run = &opencl_instance_of(instance)->launch[RUN];
    clae_status status = opencl_kernel_set(
        &pack->kernel, OPENCL_ARGS(arg_view(operand[CONV_IN_WEIGHT]), arg_view(conv_bias_of(job, args)),
                                   arg_view(args->workspace), arg_geometry(g), arg_int(job->transposed)));
    if (status == CLAE_OK) status = opencl_launch_run(pack);
    if (status == CLAE_OK)
        status = opencl_kernel_set(&run->kernel,
                                   OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(args->workspace),
                                               arg_view(conv_mask_of(job, args)), arg_view(operand[CONV_OUT]),
                                               arg_view(view_moved(args->workspace, self->weight_floats)),
                                               arg_ulong(self->own_floats), arg_geometry(g), arg_int(job->relu),
                                               arg_int(self->images), arg_int(self->rows), arg_int(self->parts)));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}

/* Images for a work-item, or rows of one, so that threads end together. */
static void conv_col2im_divide(col2im_instance *self, const conv_geometry *g) {
    const int wanted = ITEMS_PER_UNIT * (int)self->conv.opencl.base.device->info.compute_units;
    const int strides = divide_up(g->ph + g->wide_h, g->sh), most_parts = divide_up(strides, FEWEST_ROWS);
    const int parts = divide_up(wanted, g->n);
    self->images = larger(g->n / wanted, 1);
    self->rows = divide_up(strides, smaller(parts, most_parts));
    self->parts = divide_up(strides, self->rows);
}

static size_t conv_col2im_in_places(size_t floats) {
    return divide_up_size(floats, PLACE_FLOATS) * PLACE_FLOATS;
}

/* As scratch_of and col2im_of of the kernel have it. */
static size_t conv_col2im_own_floats(const conv_geometry *g, const int *v) {
    const int last = (g->pw + g->wide_w - 1) / g->sw;
    const size_t taps_h = (size_t)divide_up(g->kh, g->sh), taps_w = (size_t)divide_up(g->kw, g->sw);
    const size_t positions = taps_w - 1 + (size_t)larger(last + 1, g->narrow_w);
    const size_t row = positions * (size_t)conv_col2im_columns(g, v) + (size_t)v[LANES];
    const size_t zeros = (size_t)conv_col2im_segment(g) + (size_t)v[LANES];
    const size_t line = (size_t)(last + 1) * (size_t)g->sw * (size_t)g->wide_c + (size_t)v[LANES];
    return conv_col2im_in_places(taps_h * row + zeros + line);
}

static clae_status conv_col2im_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    const conv_geometry *g = &desc->conv.g;
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_col2im_space, v)) return conv_no_values(device, desc, choice);
    op_instance *made;
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(col2im_instance), conv_col2im_run, &made);
    if (status != CLAE_OK) return status;
    *instance = made;
    col2im_instance *self = (col2im_instance *)made;
    self->conv.job = conv_job_of(desc);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options, "-DLANES=%d -DVECTORS=%d -DPOSITIONS=%d -DTAPS_H=%d -DTAPS_W=%d", v[LANES], v[VECTORS],
                     v[POSITIONS], divide_up(g->kh, g->sh), divide_up(g->kw, g->sw));
    opencl_launch *launch = self->conv.opencl.launch;
    const char *const names[] = {[PACK] = "col2im_pack", [RUN] = "col2im_run"};
    for (int i = PACK; i <= RUN && status == CLAE_OK; i++)
        status = opencl_kernel_create(opencl_device_of(device), "conv_spread_col2im.cl", options, names[i],
                                      &launch[i].kernel);
    conv_col2im_divide(self, g);
    const size_t one[3] = {1, 1, 1}, images = (size_t)divide_up(g->n, self->images), parts = (size_t)self->parts;
    conv_grid(&self->conv, PACK, (const size_t[]){(size_t)g->narrow_c + 1, 1, 1}, one);
    conv_grid(&self->conv, RUN, (const size_t[]){images, parts, 1}, one);
    self->weight_floats = conv_col2im_in_places((size_t)conv_col2im_columns(g, v) * (size_t)g->narrow_c +
                                                (size_t)(g->sw * g->wide_c + v[LANES]));
    self->own_floats = conv_col2im_own_floats(g, v);
    made->workspace_bytes = (self->weight_floats + images * parts * self->own_floats) * sizeof(float);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_conv_col2im = {
    .name = "col2im",
    .suits = conv_col2im_suits,
    .supports = conv_col2im_supports,
    .prepare = conv_col2im_prepare,
    .space = conv_col2im_space_of,
};
