/* Models: two chains of layers, encoder and decoder, with their weights in host memory. */
#ifndef CLAE_MODEL_H
#define CLAE_MODEL_H

#include <clae/dataset.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_model clae_model;

typedef struct clae_shape {
    size_t c, h, w;
} clae_shape;

/* One layer. Sizes, with k the kernel, s the stride, p the padding and q the output padding (Dumoulin and Visin,
 * "A guide to convolution arithmetic for deep learning", 2016):
 *   conv2d            out = (in + 2p - k) / s + 1, rounded down
 *   conv_transpose2d  out = (in - 1) s - 2p + k + q
 *   relu              out = in */
typedef struct clae_layer_spec {
    const char *type; /* "conv2d" */
    unsigned out_channels;
    unsigned kernel_h, kernel_w;
    unsigned stride_h, stride_w; /* upsample, pixel_shuffle: the factor */
    unsigned padding_h, padding_w;
    unsigned output_padding_h, output_padding_w;
    unsigned size_h, size_w; /* upsample: of the output; 0: the factor says it */
    unsigned out_shape[3];   /* linear, unflatten: c, h, w */
    unsigned groups;       /* group_norm */
    double value;          /* dropout: the share of zeros; leaky_relu: the slope; softplus: beta */
    bool one_slope;        /* prelu: for all channels */
    bool no_bias;
    const struct clae_layer_spec *body; /* residual; copied */
    size_t body_count;
} clae_layer_spec;

/* Builds a model from layers and draws its weights: uniform in +-1/sqrt(fan_in), weight and bias, fan_in being
 * in_channels * kh * kw, or out_channels * kh * kw for conv_transpose2d (PyTorch's defaults). `input` is the shape of
 * an image; the decoder must give that shape back, CLAE_ERROR_INPUT otherwise. Without a decoder, NULL, the encoder is
 * mirrored, as clae_model_create_text says. */
CLAE_API clae_status clae_model_create(clae_context *context, clae_shape input, const clae_layer_spec *encoder,
                                       size_t encoder_count, const clae_layer_spec *decoder, size_t decoder_count,
                                       uint64_t seed, clae_model **model);

/* Builds a model from layers as text:
 *
 *     clae_model_create_text(context, (clae_shape){3, 32, 32}, "conv 32 k4 s2 p1, relu, linear 16", NULL, 0, &model);
 *
 * Layers are separated by commas or line breaks; from # to the end of a line is a comment. A layer is its name and the
 * values that differ from their defaults: conv 32 k3x5 s2 p1 nobias is a convolution to 32 channels, the kernel 3 high
 * and 5 wide, with stride 2, padding 1 and no bias; linear 64x4x4 gives 64 channels of 4x4; residual(conv 32 k3 p1,
 * relu) has layers of its own. `clae describe --help` lists all layers. decoder NULL or "mirror" stands for the
 * encoder's layers in reverse order, each by its counterpart (conv by conv_transpose, with the output padding that
 * gives its input's size); layers without a counterpart, like activations, stay between their neighbours, and those at
 * the ends of the encoder are left out. CLAE_ERROR_INPUT with the layer and the word that is wrong. */
CLAE_API clae_status clae_model_create_text(clae_context *context, clae_shape input, const char *encoder,
                                            const char *decoder, uint64_t seed, clae_model **model);

/* The texts that give these layers again, each on one line and as short as can be; to be freed by free(). Both are NULL
 * when there is not enough memory. */
CLAE_API clae_status clae_model_get_text(const clae_model *model, char **encoder, char **decoder);

/* The lecture's autoencoder for 1x28x28 images: five convolutions to latent_dim x 1 x 1 and five transposed ones
 * back, ReLU between them. */
CLAE_API clae_status clae_model_create_lecture(clae_context *context, unsigned channels, unsigned latent_dim,
                                               uint64_t seed, clae_model **model);

/* Reads a .safetensors file, or the newest model of a run folder. CLAE_ERROR_INPUT for a file of another version of the
 * format, one that lacks a tensor or has others, values that are not finite, and one that is damaged. Weights that another
 * program has saved, with the file's own metadata, are taken with a warning. */
CLAE_API clae_status clae_model_load(clae_context *context, const char *path, clae_model **model);

/* Writes weights and metadata, under PyTorch's state_dict names and shapes. The metadata are text: "format" "clae-1",
 * "layers" (JSON), "mean" and "std" of the normalisation, parted by commas where there are several channels, and
 * checksums. Numbers have a decimal point in every locale. */
CLAE_API clae_status clae_model_save(const clae_model *model, const char *path);

/* Copies the weights of a file made for the same layers, by any program, as numbers of 32 or 16 bits (F32, F16, BF16);
 * its metadata are not needed. What stands before "encoder." and "decoder." in all names, like "module.", is taken off;
 * "num_batches_tracked" of a layer with statistics is passed over. Refuses what clae_model_load refuses, and leaves the
 * model as it was. */
CLAE_API clae_status clae_model_load_weights(clae_model *model, const char *path);

CLAE_API clae_shape clae_model_input_shape(const clae_model *model);
CLAE_API clae_shape clae_model_latent_shape(const clae_model *model);
CLAE_API size_t clae_model_parameter_count(const clae_model *model);

/* Pixels in units of 1.0 are normalised as (x - mean) / std before the encoder and back after the decoder; mean, std:
 * one of each channel of the images. A deviation that is not above 0 counts as 1. */
CLAE_API void clae_model_set_normalisation(clae_model *model, const double *mean, const double *std);
CLAE_API void clae_model_get_normalisation(const clae_model *model, double *mean, double *std);

/* What there is to know of a layer; strings are owned by the model. */
typedef struct clae_layer_info {
    const char *name; /* "encoder.0" */
    clae_layer_spec spec;
    clae_shape in, out;
    size_t parameter_count;
    uint64_t multiply_adds; /* forward, for one image */
} clae_layer_info;

CLAE_API size_t clae_model_layer_count(const clae_model *model);
CLAE_API clae_status clae_model_get_layer(const clae_model *model, size_t index, clae_layer_info *info);
/* The first layer of the decoder. */
CLAE_API size_t clae_model_decoder_start(const clae_model *model);

CLAE_API void clae_model_free(clae_model *model);

#ifdef __cplusplus
}
#endif
#endif
