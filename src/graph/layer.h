/* Layers: objects that know their shapes and parameters and emit ops; they compute nothing themselves. */
#ifndef CLAE_GRAPH_LAYER_H
#define CLAE_GRAPH_LAYER_H

#include "ops/op.h"

#include <clae/model.h>

typedef struct layer layer;
typedef struct plan_builder plan_builder;

typedef struct layer_type {
    const char *name; /* "conv2d": in specifications and model files */
    /* Output shape; CLAE_ERROR_INPUT with the numbers when there is none. */
    clae_status (*output_shape)(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                clae_shape *out);
    bool has_parameters;
    /* Place in [kh][kw][in][out] of the index-th element of PyTorch's weight tensor; NULL without parameters. */
    size_t (*weight_from_pytorch)(const layer *layer, size_t index);
    void (*pytorch_shape)(const layer *layer, size_t shape[4]);
    /* fan_in of PyTorch's default initialisation. */
    size_t (*fan_in)(const layer *layer);
    uint64_t (*multiply_adds)(const layer *layer);
    /* As PyTorch prints it. */
    void (*print)(const layer *layer, char *text, size_t size);
    /* Appends the ops of the forward pass; gives the tensor of the output. */
    int (*emit_forward)(const layer *layer, plan_builder *builder, int x);
    /* Appends the ops of the backward pass; gives the tensor of dx, or -1 when with_dx is false. */
    int (*emit_backward)(const layer *layer, plan_builder *builder, int x, int y, int dy, bool with_dx);
} layer_type;

extern const layer_type layer_conv2d, layer_conv_transpose2d, layer_relu;
/* The table of layer types, NULL-terminated. */
extern const layer_type *const layer_types[];
const layer_type *layer_type_find(const char *name);

struct layer {
    const layer_type *type;
    char name[32]; /* "encoder.0": PyTorch's name */
    clae_layer_spec spec;
    clae_shape in, out;
    /* Places in the flat parameter buffers, in floats; counts are 0 without parameters. */
    size_t weight_offset, weight_count;
    size_t bias_offset, bias_count;
};

/* What conv2d and conv_transpose2d share. */
clae_status layer_check_conv_spec(const clae_context *context, const clae_layer_spec *spec);
conv_geometry layer_conv_geometry(const layer *layer, int n);
uint64_t layer_conv_multiply_adds(const layer *layer);
void layer_print_conv(const layer *layer, const char *name, char *text, size_t size);
int layer_emit_conv_forward(const layer *layer, plan_builder *builder, op_id op, int x);
int layer_emit_conv_backward(const layer *layer, plan_builder *builder, op_id bwd_data, op_id bwd_weights, int x,
                             int dy, bool with_dx);

#endif
