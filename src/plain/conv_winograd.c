#include "plain/conv_winograd.h"
#include "plain/impls.h"

typedef struct winograd_instance {
    op_instance base;
    winograd w;
    size_t weight_floats, scratch_floats; /* of a thread */
} winograd_instance;

bool plain_winograd_supports(const clae_device *device, const op_desc *desc) {
    return conv_has_relu_at_most(desc) && winograd_can(desc, plain_device_of(device)->kernels->limits.width);
}

static winograd conv_winograd_describe(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const bool is_fwd = conv_is_forward(desc->op);
    const int size = winograd_size(g->kh), step = size - g->kh + 1;
    winograd w = {.size = size,
                  .grid = winograd_make_grid(desc),
                  .in = {s.in_h, s.in_w, s.in_c, step, s.spread ? g->ph - g->kh + 1 : -g->ph,
                         s.spread ? g->pw - g->kw + 1 : -g->pw},
                  .out = {s.out_h, s.out_w, s.out_c, step, 0, 0},
                  .weight_is_out_in = !is_fwd,
                  .flip = s.spread,
                  .relu = is_fwd && conv_has_relu(desc)};
    w.in_stride = winograd_stride(&w.grid, s.in_c);
    w.out_stride = winograd_stride(&w.grid, s.out_c);
    return w;
}

static clae_status conv_winograd_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const winograd_instance *made = (winograd_instance *)instance;
    const winograd *w = &made->w;
    const conv_desc *desc = &instance->desc.conv;
    const bool is_fwd = conv_is_forward(instance->desc.op);
    const float *weight = plain_floats(args->operand[CONV_WEIGHT]);
    float *weights = plain_floats(args->workspace), *scratch = weights + made->weight_floats;
    const int rows = w->weight_is_out_in ? w->out.c : w->in.c;
    PLAIN_PARALLEL_FOR(plain_threads(device, rows))
    for (int row = 0; row < rows; row++) device->kernels->winograd_weights(w, weight, weights, row);
    const winograd_args a = {
        .in = plain_floats(args->operand[CONV_X]),
        .out = plain_floats(args->operand[is_fwd ? CONV_Y : CONV_BWD_DATA_DX]),
        .mask = !is_fwd && conv_has_relu(&instance->desc) ? plain_floats(args->operand[CONV_BWD_DATA_MASK]) : NULL,
        .bias = is_fwd && desc->with_bias ? plain_floats(args->operand[CONV_BIAS]) : NULL,
        .weights = weights,
    };
    PLAIN_PARALLEL_FOR(plain_threads(device, w->grid.groups))
    for (int group = 0; group < w->grid.groups; group++)
        device->kernels->winograd(w, &a, group, scratch + (size_t)plain_thread() * made->scratch_floats);
    return CLAE_OK;
}

static clae_status conv_winograd_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                         op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(winograd_instance), conv_winograd_run,
                                               plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    winograd_instance *made = (winograd_instance *)*instance;
    made->w = conv_winograd_describe(desc);
    const winograd *w = &made->w;
    const size_t elements = (size_t)w->size * (size_t)w->size;
    made->weight_floats = elements * (size_t)w->in.c * (size_t)w->out.c;
    made->scratch_floats = elements * (size_t)(w->in_stride + w->out_stride);
    const size_t threads = (size_t)plain_threads(plain_device_of(device), w->grid.groups);
    (*instance)->workspace_bytes = (made->weight_floats + threads * made->scratch_floats) * sizeof(float);
    return CLAE_OK;
}

bool plain_winograd_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    return winograd_pays(desc);
}

const op_impl plain_conv_winograd = {.name = "winograd",
                                     .suits = plain_winograd_suits,
                                     .supports = plain_winograd_supports,
                                     .prepare = conv_winograd_prepare,
                                     .mixing = WINOGRAD_MIXING};
