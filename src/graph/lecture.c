/* The lecture's autoencoder. */
#include "graph/model.h"

#include "base/memory.h"

#define CONV(channels, kernel, stride)                                                                                 \
    { "conv2d", channels, kernel, kernel, stride, stride, 0, 0, 0, 0 }
#define CONV_TRANSPOSE(channels, kernel, stride)                                                                       \
    { "conv_transpose2d", channels, kernel, kernel, stride, stride, 0, 0, 0, 0 }
#define RELU                                                                                                           \
    { .type = "relu" }

clae_status clae_model_create_lecture(clae_context *context, unsigned channels, unsigned latent_dim, uint64_t seed,
                                      clae_model **model) {
    const clae_shape input = {1, 28, 28};
    const clae_layer_spec encoder[] = {
        CONV(channels, 5, 1), RELU, CONV(channels, 5, 1),   RELU, CONV(channels, 4, 2), RELU,
        CONV(channels, 3, 2), RELU, CONV(latent_dim, 4, 1),
    };
    const clae_layer_spec decoder[] = {
        CONV_TRANSPOSE(channels, 4, 1), RELU, CONV_TRANSPOSE(channels, 3, 2), RELU,
        CONV_TRANSPOSE(channels, 4, 2), RELU, CONV_TRANSPOSE(channels, 5, 1), RELU,
        CONV_TRANSPOSE(1, 5, 1),
    };
    return clae_model_create(context, input, encoder, ARRAY_LENGTH(encoder), decoder, ARRAY_LENGTH(decoder), seed,
                             model);
}
