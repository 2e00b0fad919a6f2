/* Layers: objects that know their shapes and parameters and emit ops; they compute nothing themselves. */
#ifndef CLAE_GRAPH_LAYER_H
#define CLAE_GRAPH_LAYER_H

#include "graph/param_layout.h"
#include "ops/op.h"

#include <clae/model.h>

typedef struct layer layer;
typedef struct plan_builder plan_builder;

/* How a field of clae_layer_spec is written and read. */
typedef enum layer_field_kind {
    FIELD_COUNT, /* an unsigned */
    FIELD_PAIR,  /* two of them, height and width: 3x5, or 3 for 3x3 */
    FIELD_SHAPE, /* three: CxHxW, or C for Cx1x1 */
    FIELD_REAL,  /* a double */
    FIELD_FLAG,  /* a bool */
} layer_field_kind;

/* A row: it drives texts, JSON, checks and what describe prints. */
typedef struct layer_field {
    const char *name; /* in JSON and in messages: "out_channels" */
    const char
        *word; /* before the value in a text: "k"; "": the value alone, which then comes first; NULL: not in texts */
    layer_field_kind kind;
    size_t offset;
    double min, max;
    double standard;  /* the default; NAN: it must be given */
    const char *like; /* the name of a field whose value is the default; NULL: `standard` is */
} layer_field;

#define LAYER_FIELD(FIELD) offsetof(clae_layer_spec, FIELD)
#define LAYER_MAX_CHANNELS 65536
#define LAYER_MAX_KERNEL 1024
#define LAYER_MAX_SIDE 16384

typedef enum layer_init {
    INIT_UNIFORM,  /* in +-value */
    INIT_CONSTANT, /* value */
} layer_init;

/* A tensor of a layer, as files have it. */
typedef struct layer_param {
    const char *name;      /* "weight" */
    size_t rank, shape[4]; /* PyTorch's */
    layer_init init;
    double value;
    bool is_statistic;   /* not trained: what the layer has seen */
    param_layout layout; /* empty: the flat buffers have PyTorch's order too */
    /* In the flat buffers, in floats. */
    size_t offset, count;
} layer_param;

#define LAYER_MAX_PARAMS 4
#define LAYER_MAX_SAVED 2

/* The tensors of a layer in a plan. */
typedef struct layer_io {
    int x, y;
    int skip;                   /* the other input of `residual` */
    int saved[LAYER_MAX_SAVED]; /* what forward keeps for backward */
} layer_io;

typedef struct layer_type {
    const char *name;          /* "conv2d": in specifications and model files */
    const char *word;          /* "conv": in texts; NULL: as `name` */
    const char *help;          /* "conv 32 k5 s2: a convolution ..." */
    const layer_field *fields; /* ended by one without a name; NULL: none */
    bool normalises_batch;     /* in training a channel needs two values at least */
    bool has_body;             /* adds the input of the layers in its body to their output */
    /* Output shape; CLAE_ERROR_INPUT with the numbers when there is none: model.c says before them which layer it is.
     * Fields are within their limits. */
    clae_status (*output_shape)(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                clae_shape *out);
    /* Fills in layer->param and param_count but for the places; NULL: there are none. */
    void (*params)(layer *layer);
    uint64_t (*multiply_adds)(const layer *layer); /* NULL: 0 */
    /* As PyTorch prints it. */
    void (*print)(const layer *layer, char *text, size_t size);
    /* Appends the ops of the forward pass; sets io->y and io->saved. */
    void (*emit_forward)(const layer *layer, plan_builder *builder, layer_io *io);
    /* Appends the ops of the backward pass; gives the tensor of dx, or -1 when with_dx is false. */
    int (*emit_backward)(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx);
    /* What undoes it in a decoder; NULL: nothing does, and the layer goes along with the one before it. */
    void (*mirror)(const layer *layer, clae_layer_spec *spec);
} layer_type;

#define LAYER(stem) extern const layer_type layer_##stem;
#include "graph/layers.def"
#undef LAYER
/* The table of layer types, NULL-terminated. */
extern const layer_type *const layer_types[];
const layer_type *layer_type_find(const char *name);

struct layer {
    const layer_type *type;
    char name[48]; /* "encoder.0", in a residual block "encoder.3.0": PyTorch's name */
    clae_layer_spec spec;
    clae_shape in, out;
    layer_param param[LAYER_MAX_PARAMS];
    size_t param_count;
    uint32_t index; /* among all layers */
    size_t skip;    /* residual: the first layer of its body, whose input is added */
};

/* A specification in which fields have their defaults, and those that must be given are 0. */
void layer_spec_init(const layer_type *type, clae_layer_spec *spec);
/* CLAE_ERROR_INPUT with the first field that is out of its limits. */
clae_status layer_check_fields(const clae_context *context, const layer_type *type, const clae_layer_spec *spec);
/* Access to a field as numbers: how many it has, and the index-th of them. */
size_t layer_field_size(const layer_field *field);
double layer_field_get(const layer_field *field, const clae_layer_spec *spec, size_t index);
void layer_field_set(const layer_field *field, clae_layer_spec *spec, size_t index, double value);
/* Gives a field the value of the one that it is like. */
void layer_field_set_like(const layer_type *type, const layer_field *field, clae_layer_spec *spec);
/* Whether it has the default. */
bool layer_field_is_standard(const layer_type *type, const layer_field *field, const clae_layer_spec *spec);

/* layer_type.output_shape of what leaves the shape as it is. */
clae_status layer_same_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in, clae_shape *out);

/* What plans know of a layer's tensors. */
int layer_value(const layer *layer, plan_builder *builder, size_t param);    /* the tensor of a parameter */
int layer_gradient(const layer *layer, plan_builder *builder, size_t param); /* of its gradient */
size_t layer_batch_elements(const plan_builder *builder, clae_shape shape);
int layer_new_tensor(plan_builder *builder, size_t count);
/* Where a gradient may be written that is computed element by element from dy: over dy, or beside it where dy has
 * another use. */
int layer_gradient_over(plan_builder *builder, int dy, size_t count);

/* What conv2d and conv_transpose2d share. */
conv_geometry layer_conv_geometry(const layer *layer, int n);
uint64_t layer_conv_multiply_adds(const layer *layer);
void layer_conv_params(layer *layer, const size_t shape[4], size_t fan_in);
void layer_conv_print(const layer *layer, const char *name, char *text, size_t size);
int layer_emit_conv_forward(const layer *layer, plan_builder *builder, op_id op, conv_geometry g, int x);
int layer_emit_conv_backward(const layer *layer, plan_builder *builder, op_id bwd_data, op_id bwd_weights,
                             conv_geometry g, int x, int dy, bool with_dx);

#endif
