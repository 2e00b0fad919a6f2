/* The insides of a model. */
#ifndef CLAE_GRAPH_MODEL_H
#define CLAE_GRAPH_MODEL_H

#include "data/safetensors.h"
#include "graph/layer.h"

#define MODEL_MAX_LAYERS 256 /* of each half, and of each block */
#define MODEL_MAX_DEPTH 4    /* of blocks in blocks */

struct clae_model {
    clae_context *context;
    clae_shape input, latent;
    layer *layers; /* encoder, then decoder, in the order of computation */
    size_t layer_count, decoder_start;
    float *parameters;       /* flat, in the backends' layout; tensors start at multiples of 64 bytes, gaps are 0 */
    size_t parameter_floats; /* with the gaps */
    size_t trained_floats;   /* the first of them: statistics stand behind */
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS]; /* of the pixels it was trained on */
};

/* Elements of one image or code. */
size_t shape_elements(clae_shape shape);

/* Whether the decoder's last layer is a sigmoid. */
bool model_ends_in_sigmoid(const clae_model *model);

/* The layers as JSON, for the metadata of files; to be freed. NULL without memory. */
char *model_layers_to_json(const clae_model *model);
/* Builds a model from such JSON, as model_build does. */
clae_status model_from_json(clae_context *context, const char *json, clae_model **model);

/* What a model is built from. */
typedef struct model_parts {
    clae_shape input;
    const clae_layer_spec *encoder, *decoder; /* decoder NULL: the mirrored encoder */
    size_t encoder_count, decoder_count;
    const char *names[2]; /* of the halves in messages; NULL: "encoder" and "decoder" */
} model_parts;

/* A model whose `parameters` are NULL: small, whatever the layers ask for. */
clae_status model_build(clae_context *context, const model_parts *parts, clae_model **model);
clae_status model_allocate_weights(clae_model *model);
/* With weights, drawn from the seed. */
clae_status model_create(clae_context *context, const model_parts *parts, uint64_t seed, clae_model **model);

/* Tensors of a flat buffer in PyTorch's names, shapes and order, with `prefix` before the names. With a prefix they are
 * an optimiser's, which has none for statistics: such a buffer has trained_floats alone. */
typedef struct model_tensors {
    safetensors_tensor *tensors;
    size_t count;
    void *storage; /* one block that owns names and values */
} model_tensors;
clae_status model_tensors_from_flat(const clae_model *model, const float *flat, const char *prefix, model_tensors *out);
void model_tensors_free(model_tensors *tensors);

/* Before the names of the average of the weights. */
#define MODEL_AVERAGE_PREFIX "ema."

#define MODEL_TENSOR_NAME_BYTES 128
void model_tensor_name(const layer *layer, size_t param, const char *prefix, char name[MODEL_TENSOR_NAME_BYTES]);
/* Whether it is in a buffer of values, or in one of an optimiser's state, as the prefix says. */
bool model_has_tensor(const layer_param *param, const char *prefix);

/* Takes off what stands before "encoder." and "decoder." in the names of all tensors, like "module." of PyTorch's
 * DataParallel. An optimiser's prefix stays. */
void model_strip_prefix(const clae_context *context, safetensors_file *file, const char *path);
/* Refuses a file that lacks tensors of the model, has them with another shape or type, or has others, for which the
 * model has no use: one message names some of each. `path` is for messages. */
clae_status model_check_fit(const clae_model *model, const safetensors_file *file, const char *path,
                            const char *prefix);
/* The way back: fills `flat` from a file's tensors, which must fit and be finite. */
clae_status model_flat_from_file(const clae_model *model, const safetensors_file *file, const char *path,
                                 const char *prefix, float *flat);

/* Metadata that every model file has; writes up to 5 pairs, storage (to be freed) owns the values. */
#define MODEL_METADATA_PAIRS 5
clae_status model_metadata(const clae_model *model, safetensors_pair pairs[MODEL_METADATA_PAIRS], char **storage);
typedef struct model_description {
    const char *layers; /* JSON, in the file's storage */
    size_t channels;    /* those of mean and std; 1 may stand for all */
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS];
} model_description;
/* Refuses a file without usable metadata, and one whose description of the model is damaged. */
clae_status model_read_metadata(const clae_context *context, const safetensors_file *file, const char *path,
                                model_description *description);
/* Refuses a file of another version of clae's format; that of another program may say what it likes. */
clae_status model_check_format(const clae_context *context, const safetensors_file *file, const char *path);

/* clae_model_save, with the training steps that are behind the weights, which file_step reads. */
clae_status model_save_of_step(const clae_model *model, const char *path, uint64_t step);

#endif
