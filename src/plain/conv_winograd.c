#include "plain/conv_winograd.h"
#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/parallel.h"

enum { FEWEST_WGRAD_TILES = 16 }; /* of an image with stride 2; with fewer, batches are faster */

typedef struct winograd_instance {
    op_instance base;
    winograd w;
    size_t weight_floats, scratch_floats; /* of a thread */
} winograd_instance;

bool plain_winograd_supports(const clae_device *device, const op_desc *desc) {
    const int width = plain_device_of(device)->kernels->limits.width;
    return conv_has_relu_at_most(desc) && desc->conv.g.wide_c >= width && desc->conv.g.narrow_c >= width &&
           winograd_can(desc, 1);
}

static winograd_axis wide_axis(bool spread, int wide, int kernel, int stride, int pad, int index) {
    const winograd_phase p = winograd_get_phase(wide, kernel, stride, pad, index);
    return (winograd_axis){p.first, p.count, spread ? 0 : p.offset, p.tap, p.taps};
}

winograd_image winograd_wide(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const bool spread = conv_kernel_of(desc->op) == CONV_SPREAD;
    winograd_image image = {.h = g->wide_h,
                            .w = g->wide_w,
                            .c = g->wide_c,
                            .step = winograd_size(g) - winograd_taps(g) + 1,
                            .stride = g->sh,
                            .phases = g->sh,
                            .stored = g->wide_c,
                            .channels = g->sh * g->sh * g->wide_c};
    image.block = image.channels;
    for (int i = 0; i < g->sh; i++) {
        image.y[i] = wide_axis(spread, g->wide_h, g->kh, g->sh, g->ph, i);
        image.x[i] = wide_axis(spread, g->wide_w, g->kw, g->sw, g->pw, i);
    }
    return image;
}

/* Spread takes all positions in each phase, beside the same positions of wide by the last tap first. */
static winograd_axis narrow_axis(const op_desc *desc, int count, int wide, int kernel, int stride, int pad, int index) {
    if (conv_kernel_of(desc->op) != CONV_SPREAD) return (winograd_axis){.count = count};
    const winograd_phase p = winograd_get_phase(wide, kernel, stride, pad, index);
    return (winograd_axis){.count = count, .base = -p.offset - (winograd_taps(&desc->conv.g) - 1)};
}

winograd_image winograd_narrow(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    winograd_image image = {.h = g->narrow_h,
                            .w = g->narrow_w,
                            .c = g->narrow_c,
                            .step = winograd_size(g) - winograd_taps(g) + 1,
                            .stride = 1,
                            .phases = conv_kernel_of(desc->op) == CONV_SPREAD ? g->sh : 1};
    image.stored = g->narrow_c;
    image.block = image.channels = image.phases * image.phases * g->narrow_c;
    for (int i = 0; i < image.phases; i++) {
        image.y[i] = narrow_axis(desc, g->narrow_h, g->wide_h, g->kh, g->sh, g->ph, i);
        image.x[i] = narrow_axis(desc, g->narrow_w, g->wide_w, g->kw, g->sw, g->pw, i);
    }
    return image;
}

winograd winograd_describe(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const bool is_fwd = conv_is_forward(desc->op), spread = conv_kernel_of(desc->op) == CONV_SPREAD;
    const winograd_image wide = winograd_wide(desc), narrow = winograd_narrow(desc);
    winograd w = {.size = winograd_size(g),
                  .taps = winograd_taps(g),
                  .stride = g->sh,
                  .kernel_w = g->kw,
                  .grid = winograd_make_grid(desc),
                  .in = spread ? narrow : wide,
                  .out = spread ? wide : narrow,
                  .weight_is_out_in = !is_fwd,
                  .spread = spread,
                  .relu = is_fwd && conv_has_relu(desc)};
    return w;
}

void winograd_store_vectors(winograd_image *image, const tile_limits *limits) {
    int vectors = divide_up(image->c, limits->width);
    while (vectors > limits->max_vectors && vectors % 2 != 0 && vectors % 3 != 0) vectors++;
    image->stored = vectors * limits->width;
    image->block = image->channels = image->phases * image->phases * image->stored;
}

static clae_status conv_winograd_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const winograd_instance *made = (winograd_instance *)instance;
    const winograd *w = &made->w;
    const conv_operands o = conv_operands_of(instance, args);
    float *weights = plain_floats(args->workspace), *scratch = weights + made->weight_floats;
    PLAIN_PARALLEL_FOR (device, i, divide_up(w->in.c, WINOGRAD_WEIGHT_CHANNELS))
        device->kernels->winograd_weights(w, o.weight, weights, i * WINOGRAD_WEIGHT_CHANNELS);
    const winograd_args a = {.in = o.in, .out = o.out, .mask = o.mask, .bias = o.bias, .weights = weights};
    PLAIN_PARALLEL_FOR (device, group, w->grid.groups)
        device->kernels->winograd(w, &a, group, scratch + (size_t)plain_thread() * made->scratch_floats);
    return CLAE_OK;
}

static clae_status conv_winograd_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                         op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(winograd_instance), conv_winograd_run,
                                               plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    winograd_instance *made = (winograd_instance *)*instance;
    made->w = winograd_describe(desc);
    winograd *w = &made->w;
    const tile_limits *limits = &plain_device_of(device)->kernels->limits;
    winograd_store_vectors(&w->out, limits);
    w->block = winograd_block_of(w->out.stored, limits->width, limits->max_vectors * limits->width);
    w->in_stride = winograd_stride(&w->grid, w->in.channels);
    w->out_stride = winograd_stride(&w->grid, w->out.channels);
    const size_t elements = (size_t)w->size * (size_t)w->size;
    made->weight_floats = elements * (size_t)(w->stride * w->stride) * (size_t)w->in.c * (size_t)w->out.stored;
    made->scratch_floats = elements * (size_t)(w->in_stride + w->out_stride);
    const size_t threads = (size_t)plain_threads(plain_device_of(device), w->grid.groups);
    (*instance)->workspace_bytes = (made->weight_floats + threads * made->scratch_floats) * sizeof(float);
    return CLAE_OK;
}

bool plain_winograd_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    return winograd_pays(desc, FEWEST_WGRAD_TILES);
}

const op_impl plain_conv_winograd = {.name = "winograd",
                                     .suits = plain_winograd_suits,
                                     .supports = plain_winograd_supports,
                                     .prepare = conv_winograd_prepare,
                                     .mixing = WINOGRAD_MIXING};
