/* The network of commands that need no trained model. */
#ifndef CLAE_CLI_NETWORK_H
#define CLAE_CLI_NETWORK_H

#include "cli/session.h"

/* The option of commands that have no images. */
#define OPTION_IMAGE_SIZE(FIELD)                                                                                       \
    {                                                                                                                  \
        .name = "image-size", .metavar = "CxHxW", .kind = OPTION_KIND_SHAPE, OPTION_FIELD(FIELD),                      \
        .help = "channels, height and width of the images; default: those that the file of --model says, or 1x28x28"   \
    }

/* The network of the command's settings, for images of `size` or, where its channels are 0, of the default size. */
clae_status network_open(const session *session, const common_args *args, clae_shape size, clae_model **model);

#endif
