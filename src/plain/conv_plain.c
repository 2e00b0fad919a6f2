/* All convolutions as their definitions read, one result at a time, summed in double. */
#include "ops/conv.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/parallel.h"

typedef struct conv_run {
    const conv_geometry *g;
    bool transposed; /* weights are [k][narrow_c][wide_c] */
    const float *weight, *bias, *mask;
    bool relu;
} conv_run;

static double weight_at(const conv_run *r, int ky, int kx, int wide_c, int narrow_c) {
    const conv_geometry *g = r->g;
    const size_t tap = (size_t)ky * g->kw + kx;
    return (double)(r->transposed ? r->weight[(tap * g->narrow_c + narrow_c) * g->wide_c + wide_c]
                                  : r->weight[(tap * g->wide_c + wide_c) * g->narrow_c + narrow_c]);
}

static size_t wide_index(const conv_geometry *g, int n, int y, int x) {
    return (((size_t)n * g->wide_h + y) * g->wide_w + x) * g->wide_c;
}

static size_t narrow_index(const conv_geometry *g, int n, int y, int x) {
    return (((size_t)n * g->narrow_h + y) * g->narrow_w + x) * g->narrow_c;
}

static float finish_sum(const conv_run *r, double sum, int channel, size_t index) {
    if (r->bias) sum += (double)r->bias[channel];
    if (r->relu && sum < 0) sum = 0;
    if (r->mask && r->mask[index] <= 0) sum = 0;
    return (float)sum;
}

static double gather_one(const conv_run *r, const float *wide, int n, int y, int x, int o) {
    const conv_geometry *g = r->g;
    const conv_range ky_range = conv_taps_inside(y, g->wide_h, g->kh, g->sh, g->ph);
    const conv_range kx_range = conv_taps_inside(x, g->wide_w, g->kw, g->sw, g->pw);
    double sum = 0;
    for (int ky = ky_range.first; ky < ky_range.end; ky++) {
        for (int kx = kx_range.first; kx < kx_range.end; kx++) {
            const float *from = wide + wide_index(g, n, y * g->sh + ky - g->ph, x * g->sw + kx - g->pw);
            for (int c = 0; c < g->wide_c; c++) sum += (double)from[c] * weight_at(r, ky, kx, c, o);
        }
    }
    return sum;
}

static void gather_image(const conv_run *r, const float *wide, float *narrow, int n) {
    const conv_geometry *g = r->g;
    for (int y = 0; y < g->narrow_h; y++) {
        for (int x = 0; x < g->narrow_w; x++) {
            const size_t at = narrow_index(g, n, y, x);
            for (int o = 0; o < g->narrow_c; o++)
                narrow[at + o] = finish_sum(r, gather_one(r, wide, n, y, x, o), o, at + o);
        }
    }
}

/* The place i with i * stride + k - pad = j, or -1. */
static int meeting_place(int j, int k, int narrow, int stride, int pad) {
    const int scaled = j + pad - k;
    return scaled >= 0 && scaled % stride == 0 && scaled / stride < narrow ? scaled / stride : -1;
}

static double spread_one(const conv_run *r, const float *narrow, int n, int y, int x, int c) {
    const conv_geometry *g = r->g;
    double sum = 0;
    for (int ky = 0; ky < g->kh; ky++) {
        const int from_y = meeting_place(y, ky, g->narrow_h, g->sh, g->ph);
        for (int kx = 0; kx < g->kw && from_y >= 0; kx++) {
            const int from_x = meeting_place(x, kx, g->narrow_w, g->sw, g->pw);
            if (from_x < 0) continue;
            const float *from = narrow + narrow_index(g, n, from_y, from_x);
            for (int o = 0; o < g->narrow_c; o++) sum += (double)from[o] * weight_at(r, ky, kx, c, o);
        }
    }
    return sum;
}

static void spread_image(const conv_run *r, const float *narrow, float *wide, int n) {
    const conv_geometry *g = r->g;
    for (int y = 0; y < g->wide_h; y++) {
        for (int x = 0; x < g->wide_w; x++) {
            const size_t at = wide_index(g, n, y, x);
            for (int c = 0; c < g->wide_c; c++)
                wide[at + c] = finish_sum(r, spread_one(r, narrow, n, y, x, c), c, at + c);
        }
    }
}

static clae_status conv_plain_run_images(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const op_id op = instance->desc.op;
    const conv_desc *desc = &instance->desc.conv;
    const conv_operands o = conv_operands_of(instance, args);
    const conv_run r = {.g = &desc->g,
                        .transposed = op_is_transposed(op),
                        .weight = o.weight,
                        .bias = o.bias,
                        .mask = o.mask,
                        .relu = o.relu};
    PLAIN_PARALLEL_FOR (device, n, desc->g.n) {
        if (conv_kernel_of(op) == CONV_GATHER)
            gather_image(&r, o.in, o.out, n);
        else
            spread_image(&r, o.in, o.out, n);
    }
    return CLAE_OK;
}

static double wgrad_one(const conv_geometry *g, const float *wide, const float *narrow, int tap, int c, int o) {
    const int ky = tap / g->kw, kx = tap % g->kw;
    double sum = 0;
    for (int n = 0; n < g->n; n++) {
        for (int y = 0; y < g->narrow_h; y++) {
            const int wide_y = y * g->sh + ky - g->ph;
            if (wide_y < 0 || wide_y >= g->wide_h) continue;
            for (int x = 0; x < g->narrow_w; x++) {
                const int wide_x = x * g->sw + kx - g->pw;
                if (wide_x < 0 || wide_x >= g->wide_w) continue;
                sum +=
                    (double)wide[wide_index(g, n, wide_y, wide_x) + c] * (double)narrow[narrow_index(g, n, y, x) + o];
            }
        }
    }
    return sum;
}

static float conv_plain_column_sum(const float *x, size_t rows, int columns, int c) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++) sum += (double)x[r * (size_t)columns + c];
    return (float)sum;
}

static clae_status conv_plain_run_wgrad(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const conv_geometry *g = &instance->desc.conv.g;
    const bool transposed = op_is_transposed(instance->desc.op);
    const conv_wgrad_operands operands = conv_wgrad_operands_of(instance, args);
    const int out_c = conv_dy_channels(&instance->desc), in_c = transposed ? g->narrow_c : g->wide_c;
    const int rows = g->kh * g->kw * in_c;
    PLAIN_PARALLEL_FOR (device, row, rows) {
        for (int out = 0; out < out_c; out++) {
            const int in = row % in_c;
            operands.dweight[(size_t)row * out_c + out] =
                (float)wgrad_one(g, operands.wide, operands.narrow, row / in_c, transposed ? out : in,
                                 transposed ? in : out);
        }
    }
    if (!operands.dbias) return CLAE_OK;
    const size_t positions = conv_dy_pixels(&instance->desc);
    PLAIN_PARALLEL_FOR (device, o, out_c) operands.dbias[o] = conv_plain_column_sum(operands.dy, positions, out_c, o);
    return CLAE_OK;
}

static clae_status conv_plain_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance),
                                 conv_kernel_of(desc->op) == CONV_WGRAD ? conv_plain_run_wgrad : conv_plain_run_images,
                                 plain_instance_free, instance);
}

bool plain_conv_supports(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_has_relu_at_most(desc);
}

const op_impl plain_conv_plain = {.name = "plain", .supports = plain_conv_supports, .prepare = conv_plain_prepare};
