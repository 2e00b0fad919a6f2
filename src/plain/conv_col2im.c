#include "plain/conv_col2im.h"
#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/parallel.h"

enum { PANEL_VECTORS = 2, FEWEST_INPUTS = 16 };

typedef struct conv_col2im {
    op_instance base;
    col2im c;
    size_t weight_floats, bias_floats, scratch_floats; /* scratch: of a thread */
} conv_col2im;

/* Outputs fill less than a vector, those of a row of taps half of one or more. */
static bool conv_col2im_suits(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const int width = plain_device_of(device)->kernels->limits.width;
    return g->wide_c > 1 && g->wide_c < width && 2 * g->wide_c * g->kw >= width && g->narrow_c >= FEWEST_INPUTS;
}

static col2im conv_col2im_describe(const op_desc *desc, int width) {
    const conv_geometry *g = &desc->conv.g;
    col2im c = {.g = *g,
                .weight_is_out_in = !op_is_transposed(desc->op),
                .relu = conv_is_forward(desc->op) && conv_has_relu(desc),
                .segment = g->kw * g->wide_c,
                .panel = width * PANEL_VECTORS,
                .rows = larger(g->kh, g->sh)};
    c.columns = divide_up(g->kh * c.segment, c.panel) * c.panel;
    const int positions = larger((g->narrow_w - 1) * g->sw + g->kw, g->wide_w + g->pw);
    c.row_floats = (ptrdiff_t)divide_up(positions * g->wide_c + width, 16) * 16;
    return c;
}

/* The weights of an input channel. */
static void conv_col2im_pack(const col2im *c, const float *weight, int in, float *packed) {
    const conv_geometry *g = &c->g;
    const int taps = g->kh * g->kw, used = taps * g->wide_c;
    for (int column = 0; column < c->columns; column++) {
        const int tap = column / g->wide_c, out = column % g->wide_c;
        const ptrdiff_t from = c->weight_is_out_in ? ((ptrdiff_t)tap * g->wide_c + out) * g->narrow_c + in
                                                   : ((ptrdiff_t)tap * g->narrow_c + in) * g->wide_c + out;
        packed[((ptrdiff_t)(column / c->panel) * g->narrow_c + in) * c->panel + column % c->panel] =
            column < used ? weight[from] : 0;
    }
}

static clae_status conv_col2im_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const conv_col2im *self = (conv_col2im *)instance;
    const col2im *c = &self->c;
    const conv_operands o = conv_operands_of(instance, args);
    float *weights = plain_floats(args->workspace), *biases = weights + self->weight_floats,
          *scratch = biases + self->bias_floats;
    for (int i = 0; i < c->g.wide_w * c->g.wide_c; i++) biases[i] = o.bias ? o.bias[i % c->g.wide_c] : 0;
    PLAIN_PARALLEL_FOR (device, in, c->g.narrow_c) conv_col2im_pack(c, o.weight, in, weights);
    const col2im_args a = {.in = o.in, .out = o.out, .mask = o.mask, .weights = weights, .bias = biases};
    PLAIN_PARALLEL_FOR (device, image, c->g.n)
        device->kernels->col2im(c, &a, image, scratch + (size_t)plain_thread() * self->scratch_floats);
    return CLAE_OK;
}

static clae_status conv_col2im_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(conv_col2im), conv_col2im_run,
                                               plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    conv_col2im *self = (conv_col2im *)*instance;
    self->c = conv_col2im_describe(desc, plain_device_of(device)->kernels->limits.width);
    const col2im *c = &self->c;
    self->weight_floats = (size_t)c->columns * (size_t)c->g.narrow_c;
    self->bias_floats = ((size_t)c->g.wide_w * (size_t)c->g.wide_c + 15) / 16 * 16;
    self->scratch_floats = (size_t)c->g.narrow_w * (size_t)c->columns + (size_t)c->rows * (size_t)c->row_floats;
    const size_t threads = (size_t)plain_threads(plain_device_of(device), c->g.n);
    (*instance)->workspace_bytes =
        (self->weight_floats + self->bias_floats + threads * self->scratch_floats) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_conv_col2im = {
    .name = "col2im", .suits = conv_col2im_suits, .supports = plain_conv_supports, .prepare = conv_col2im_prepare};
