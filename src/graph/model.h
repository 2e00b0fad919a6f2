/* The insides of a model. */
#ifndef CLAE_GRAPH_MODEL_H
#define CLAE_GRAPH_MODEL_H

#include "data/safetensors.h"
#include "graph/layer.h"

struct clae_model {
    clae_context *context;
    clae_shape input, latent;
    layer *layers; /* encoder, then decoder */
    size_t layer_count, decoder_start;
    float *parameters;       /* flat, in the backends' layout; tensors start at multiples of 64 bytes, gaps are 0 */
    size_t parameter_floats; /* with the gaps */
    double mean, std;        /* of the pixels it was trained on */
};

/* Elements of one image or code. */
size_t shape_elements(clae_shape shape);

/* The layers as JSON, for the metadata of files; to be freed. NULL without memory. */
char *model_layers_to_json(const clae_model *model);
/* Builds a model without weights from such JSON. */
clae_status model_from_json(clae_context *context, const char *json, clae_model **model);
/* A model without drawn weights. */
clae_status model_build(clae_context *context, clae_shape input, const clae_layer_spec *encoder, size_t encoder_count,
                        const clae_layer_spec *decoder, size_t decoder_count, clae_model **model);

/* Tensors of a flat buffer in PyTorch's names, shapes and order, with `prefix` before the names. */
typedef struct model_tensors {
    safetensors_tensor *tensors;
    size_t count;
    void *storage; /* one block that owns names and values */
} model_tensors;
clae_status model_tensors_from_flat(const clae_model *model, const float *flat, const char *prefix, model_tensors *out);
void model_tensors_free(model_tensors *tensors);

/* The way back: fills `flat` from a file's tensors; `path` is for messages. */
clae_status model_flat_from_file(const clae_model *model, const safetensors_file *file, const char *path,
                                 const char *prefix, float *flat);

/* Metadata that every model file has; writes up to 4 pairs, storage (to be freed) owns the values. */
#define MODEL_METADATA_PAIRS 4
clae_status model_metadata(const clae_model *model, safetensors_pair pairs[MODEL_METADATA_PAIRS], char **storage);

/* The file that `path` means: itself, or the newest model of a run folder; to be freed. */
clae_status model_resolve_path(const clae_context *context, const char *path, char **file);

#endif
