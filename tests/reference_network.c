#include "reference_network.h"

#include "reference/reference.h"

#include <stdlib.h>
#include <string.h>

static conv_geometry geometry_of(const layer *l, int n, bool transposed) {
    const clae_shape wide = transposed ? l->out : l->in, narrow = transposed ? l->in : l->out;
    return (conv_geometry){
        .n = n,
        .wide_h = (int)wide.h,
        .wide_w = (int)wide.w,
        .wide_c = (int)wide.c,
        .narrow_h = (int)narrow.h,
        .narrow_w = (int)narrow.w,
        .narrow_c = (int)narrow.c,
        .kh = (int)l->spec.kernel_h,
        .kw = (int)l->spec.kernel_w,
        .sh = (int)l->spec.stride_h,
        .sw = (int)l->spec.stride_w,
        .ph = (int)l->spec.padding_h,
        .pw = (int)l->spec.padding_w,
    };
}

static void run_layer(const layer *l, const double *parameters, int n, const double *x, reference_output y) {
    const double *weight = parameters + l->param[0].offset, *bias = parameters + l->param[1].offset;
    const size_t count = (size_t)n * shape_elements(l->out);
    if (strcmp(l->type->name, "relu") == 0) {
        reference_activation_fwd(&(activation_desc){ACTIVATION_relu, count, 0}, x, y);
        return;
    }
    const bool transposed = strcmp(l->type->name, "conv_transpose2d") == 0;
    const conv_desc desc = {.g = geometry_of(l, n, transposed), .with_bias = true};
    if (transposed)
        reference_conv_transpose2d_fwd(&desc, x, weight, bias, y);
    else
        reference_conv2d_fwd(&desc, x, weight, bias, y);
}

double *reference_network_run(const clae_model *model, const double *parameters, const double *x, int n) {
    const size_t count = (size_t)n * shape_elements(model->input);
    double *in = malloc(count * sizeof *in);
    memcpy(in, x, count * sizeof *in);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        const size_t out_count = (size_t)n * shape_elements(l->out);
        const reference_output out = {calloc(out_count, sizeof(double)), calloc(out_count, sizeof(double))};
        run_layer(l, parameters, n, in, out);
        free(in);
        free(out.magnitude);
        in = out.value;
    }
    return in;
}
