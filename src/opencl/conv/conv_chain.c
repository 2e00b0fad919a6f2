/* conv_chain in local memory, for devices whose work-groups share it: cl/conv_chain.cl. */
#include "ops/conv_chain.h"

#include "base/numbers.h"
#include "opencl/conv/conv.h"
#include "opencl/impls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
    ITEMS = 512,
    MOST_POSITIONS = 10, /* of a work-item, in registers, each of so many channels */
    CHANNELS = 2,
    MOST_SLICES = 32,
    FEW_PRODUCTS = 16 * 1024,   /* of a stage */
    SLICE_GAP = 4,              /* floats, so that slices are in different banks */
    MOST_WEIGHTS = 64 * 1024,   /* that each work-group reads */
    MOST_PRODUCTS = 512 * 1024, /* for an image, which one unit makes */
    MOST_PHASES = 4,            /* of a stage: each has code of its own, and 49 took minutes to compile */
    OPTIONS_SIZE = 3072,
};

/* What the kernel is told of a stage: macro, field. */
#define CONV_CHAIN_NUMBERS(NUMBER)                                                                                     \
    NUMBER(SPREAD, spread)                                                                                             \
    NUMBER(IN_H, in_h)                                                                                                 \
    NUMBER(IN_W, in_w)                                                                                                 \
    NUMBER(IN_C, in_c)                                                                                                 \
    NUMBER(OUT_H, out_h)                                                                                               \
    NUMBER(OUT_W, out_w)                                                                                               \
    NUMBER(OUT_C, out_c)                                                                                               \
    NUMBER(KERNEL_H, kernel_h)                                                                                         \
    NUMBER(KERNEL_W, kernel_w)                                                                                         \
    NUMBER(STRIDE_H, stride_h)                                                                                         \
    NUMBER(STRIDE_W, stride_w)                                                                                         \
    NUMBER(PAD_H, pad_h)                                                                                               \
    NUMBER(PAD_W, pad_w)                                                                                               \
    NUMBER(ABOVE, above)                                                                                               \
    NUMBER(BELOW, below)                                                                                               \
    NUMBER(LEFT, left)                                                                                                 \
    NUMBER(RIGHT, right)                                                                                               \
    NUMBER(BIAS, bias)                                                                                                 \
    NUMBER(RELU, relu)                                                                                                 \
    NUMBER(MASK, mask)                                                                                                 \
    NUMBER(FEW, few)

typedef struct conv_chain_numbers {
#define NUMBER(macro, field) int field;
    CONV_CHAIN_NUMBERS(NUMBER)
#undef NUMBER
    size_t in_floats, sums_floats; /* in local memory */
    int phases;                    /* 0 where there are few products */
} conv_chain_numbers;

static int conv_chain_beyond(int last, int size) {
    return larger(last - (size - 1), 0);
}

/* Rows or columns of zeros on both sides, so that no tap is outside. */
static void conv_chain_border(bool spread, int in, int out, int kernel, int stride, int pad, int *before, int *behind) {
    if (spread) {
        *before = larger(divide_up(kernel, stride) - 1 - pad / stride, 0);
        *behind = conv_chain_beyond(divide_up(out, stride) - 1 + (stride - 1 + pad) / stride, in);
    } else {
        *before = pad;
        *behind = conv_chain_beyond((out - 1) * stride - pad + kernel - 1, in);
    }
}

static int conv_chain_power_within(int most) {
    int power = 1;
    while (power * 2 <= most) power *= 2;
    return power;
}

/* Along an axis: outputs of a phase, and the taps that they meet. */
typedef struct conv_chain_phase {
    int places, taps;
} conv_chain_phase;

static conv_chain_phase conv_chain_phase_of(bool spread, int number, int out, int kernel, int stride, int pad) {
    if (!spread) return (conv_chain_phase){out, kernel};
    return (conv_chain_phase){divide_up(out - number, stride), divide_up(kernel - (number + pad) % stride, stride)};
}

/* A phase's share of products and of local memory, as share_of in the kernel has it. */
static void conv_chain_add_phase(conv_chain_numbers *s, conv_chain_phase y, conv_chain_phase x, int items) {
    const int chunks_w = divide_up(x.places, MOST_POSITIONS), columns = divide_up(x.places, chunks_w);
    const int rows = smaller(MOST_POSITIONS / columns, y.places), chunks = chunks_w * divide_up(y.places, rows);
    const int vectors = divide_up(s->in_c, 4);
    const int few = items * y.taps * x.taps / (s->kernel_h * s->kernel_w * chunks * divide_up(s->out_c, CHANNELS));
    const int slices = conv_chain_power_within(smaller(few, smaller(vectors, MOST_SLICES)));
    s->sums_floats += (size_t)slices * ((size_t)y.places * (size_t)x.places * (size_t)s->out_c + SLICE_GAP);
}

static void conv_chain_add_phases(conv_chain_numbers *s, int items) {
    const int phases_h = s->spread ? smaller(s->stride_h, s->out_h) : 1;
    const int phases_w = s->spread ? smaller(s->stride_w, s->out_w) : 1;
    s->phases = phases_h * phases_w;
    for (int p = 0; p < s->phases; p++)
        conv_chain_add_phase(
            s, conv_chain_phase_of(s->spread, p / phases_w, s->out_h, s->kernel_h, s->stride_h, s->pad_h),
            conv_chain_phase_of(s->spread, p % phases_w, s->out_w, s->kernel_w, s->stride_w, s->pad_w), items);
}

/* As share_of_few in the kernel. */
static void conv_chain_add_few(conv_chain_numbers *s, int items) {
    const int places = s->out_h * s->out_w, terms = s->kernel_h * s->kernel_w * divide_up(s->in_c, 4);
    const int few = items / (places * divide_up(s->out_c, CHANNELS));
    const int slices = conv_chain_power_within(smaller(few, smaller(terms, MOST_SLICES)));
    s->sums_floats = (size_t)slices * ((size_t)places * (size_t)s->out_c + SLICE_GAP);
}

static conv_chain_numbers conv_chain_numbers_of(const op_desc *stage, int items) {
    const conv_geometry *g = &stage->conv.g;
    const conv_job job = conv_job_of(stage);
    const conv_sides *of = &job.sides;
    conv_chain_numbers s = {.spread = of->spread,
                            .in_h = of->in_h,
                            .in_w = of->in_w,
                            .in_c = of->in_c,
                            .out_h = of->out_h,
                            .out_w = of->out_w,
                            .out_c = of->out_c,
                            .kernel_h = g->kh,
                            .kernel_w = g->kw,
                            .stride_h = g->sh,
                            .stride_w = g->sw,
                            .pad_h = g->ph,
                            .pad_w = g->pw,
                            .bias = job.bias,
                            .relu = job.relu,
                            .mask = job.mask};
    s.few = op_flops(stage) / 2 / g->n <= FEW_PRODUCTS;
    if (!s.few) {
        conv_chain_border(s.spread, s.in_h, s.out_h, s.kernel_h, s.stride_h, s.pad_h, &s.above, &s.below);
        conv_chain_border(s.spread, s.in_w, s.out_w, s.kernel_w, s.stride_w, s.pad_w, &s.left, &s.right);
    }
    s.in_floats =
        (size_t)(s.above + s.in_h + s.below) * (size_t)(s.left + s.in_w + s.right) * (size_t)divide_up(s.in_c, 4) * 4;
    if (s.few)
        conv_chain_add_few(&s, items);
    else
        conv_chain_add_phases(&s, items);
    return s;
}

/* Of all stages. */
typedef struct conv_chain_sizes {
    conv_chain_numbers stage[CONV_CHAIN_STAGES];
    size_t floats[2], sums_floats; /* inputs of even and odd stages */
} conv_chain_sizes;

static conv_chain_sizes conv_chain_sizes_of(const op_desc *desc, int items) {
    conv_chain_sizes sizes = {0};
    for (int k = 0; k < desc->conv_chain.count; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        conv_chain_numbers *s = &sizes.stage[k];
        *s = conv_chain_numbers_of(&stage, items);
        sizes.floats[k % 2] = larger_size(sizes.floats[k % 2], s->in_floats);
        sizes.sums_floats = larger_size(sizes.sums_floats, s->sums_floats);
    }
    return sizes;
}

static void conv_chain_options(const op_desc *desc, const conv_chain_sizes *sizes, char options[OPTIONS_SIZE]) {
    size_t used =
        (size_t)snprintf(options, OPTIONS_SIZE,
                         "-DSTAGES=%d -DFORWARD=%d -DEVEN_FLOATS=%zu -DODD_FLOATS=%zu -DSUMS_FLOATS=%zu"
                         " -DMOST_POSITIONS=%d -DCHANNELS=%d -DMOST_SLICES=%d -DSLICE_GAP=%d",
                         desc->conv_chain.count, conv_chain_is_forward(desc->op), sizes->floats[0], sizes->floats[1],
                         sizes->sums_floats, MOST_POSITIONS, CHANNELS, MOST_SLICES, SLICE_GAP);
    for (int k = 0; k < desc->conv_chain.count; k++) {
        const conv_chain_numbers *s = &sizes->stage[k];
#define NUMBER(macro, field)                                                                                           \
    used += (size_t)snprintf(options + used, OPTIONS_SIZE - used, " -D" #macro "%d=%d", k, s->field);
        CONV_CHAIN_NUMBERS(NUMBER)
#undef NUMBER
    }
}

static clae_status conv_chain_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const view *o = args->operand;
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(o[0]), arg_view(o[1]), arg_view(o[2]), arg_view(o[3]), arg_view(o[4]),
                                     arg_view(o[5]), arg_view(o[6]), arg_view(o[7]), arg_view(o[8]), arg_view(o[9]),
                                     arg_view(o[10]), arg_view(o[11]), arg_view(o[12])));
    return status ? status : opencl_launch_run(launch);
}

static int conv_chain_items(const clae_device *device) {
    return (int)opencl_group_items((const opencl_device *)device, ITEMS);
}

static clae_status conv_chain_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(opencl_instance), conv_chain_run, instance);
    if (status) return status;
    const int items = conv_chain_items(device);
    const conv_chain_sizes sizes = conv_chain_sizes_of(desc, items);
    char options[OPTIONS_SIZE];
    conv_chain_options(desc, &sizes, options);
    opencl_launch *launch = &opencl_instance_of(*instance)->launch[0];
    status =
        opencl_launch_create(opencl_device_of(device), "conv_chain.cl", options, "conv_chain", (size_t)items, launch);
    launch->global[0] = (size_t)desc->conv_chain.stage[0].conv.g.n * launch->local[0];
    return opencl_instance_finish(instance, status);
}

/* Small ones, which would be launches and little else. */
static bool conv_chain_suits(const clae_device *device, const op_desc *desc) {
    const double products = op_flops(desc) / 2 / desc->conv_chain.stage[0].conv.g.n;
    size_t weights = 0;
    for (int k = 0; k < desc->conv_chain.count; k++) weights += op_operand_count(desc, CONV_CHAIN_WEIGHT(k));
    return !opencl_is_cpu(device, desc) && weights <= MOST_WEIGHTS && products <= MOST_PRODUCTS;
}

/* What is computed below and in the kernel with int, for stages of any size. */
static bool conv_chain_fits_int(const op_desc *stage) {
    const conv_geometry *g = &stage->conv.g;
    const conv_sides s = conv_sides_of(stage);
    const double taps = (double)g->kh * g->kw, outputs = (double)s.out_h * s.out_w * s.out_c;
    const double rows = s.in_h + 2.0 * (g->ph + g->kh), columns = s.in_w + 2.0 * (g->pw + g->kw);
    return conv_sizes_fit(stage, 1) && taps * outputs <= INT_MAX && taps * ITEMS <= INT_MAX &&
           rows * columns * (s.in_c + 3.0) <= INT_MAX;
}

static bool conv_chain_supports(const clae_device *device, const op_desc *desc) {
    for (int k = 0; k < desc->conv_chain.count; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        if (!conv_has_relu_at_most(&stage) || !conv_chain_fits_int(&stage)) return false;
    }
    const conv_chain_sizes sizes = conv_chain_sizes_of(desc, conv_chain_items(device));
    for (int k = 0; k < desc->conv_chain.count; k++)
        if (sizes.stage[k].phases > MOST_PHASES) return false;
    const size_t floats = sizes.floats[0] + sizes.floats[1] + sizes.sums_floats;
    return desc->conv_chain.count > 1 && floats * sizeof(float) <= conv_local_bytes(device);
}

const op_impl opencl_conv_chain_local = {
    .name = "local", .suits = conv_chain_suits, .supports = conv_chain_supports, .prepare = conv_chain_prepare};
