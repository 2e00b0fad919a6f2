/* What gradients of weights by Winograd's algorithm share on devices whose work-groups share local memory
 * (cl/winograd_wgrad_group.cl): their workspace, and the launches before and after the products. */
#ifndef CLAE_OPENCL_CONV_CONV_WINOGRAD_GROUP_H
#define CLAE_OPENCL_CONV_CONV_WINOGRAD_GROUP_H

#include "opencl/conv/conv.h"

enum {
    WINOGRAD_MOST_PAIRS = 32, /* of tile and channel, that a work-group transforms */
    WINOGRAD_FEWEST_ITEMS = 32,
    /* Floats of a group's transformed tiles, or wgrad's partial sums; and of the transformed weights. */
    WINOGRAD_MOST_FLOATS = 16 * 1024 * 1024,
    WINOGRAD_MOST_WEIGHTS = 4 * 1024 * 1024,
};

/* Launches of wgrad. */
enum { WGRAD_TRANSFORM, WGRAD_PRODUCT, WGRAD_SUPPORT, WGRAD_REDUCE };

/* Tiles of all images. */
size_t conv_winograd_tiles(const op_desc *desc);
/* Channels of sums: whole vectors. */
int conv_winograd_padded(int channels);
/* Floats of transformed weights, or of a chunk's sums. */
int conv_winograd_padded_weights(const op_desc *desc);

/* Parts of the workspace, in floats. */
typedef struct winograd_wgrad_places {
    size_t dbias, support, end; /* sums come first */
    size_t dy_pixels;
    int bias_chunks;
    int part, parts; /* of the batch, in images; and their number */
} winograd_wgrad_places;

/* For conv->chunks sums, and up to `bias_chunks` of dy. */
winograd_wgrad_places conv_winograd_wgrad_places(const op_desc *desc, const conv_instance *conv, int bias_chunks);

/* Grids of the launches `support` and `reduce`, of work-groups of `items`, winograd_size() x pairs. */
void conv_winograd_wgrad_grids(conv_instance *conv, const op_desc *desc, const winograd_wgrad_places *places, int items,
                               int pairs);
/* Runs these two. */
clae_status conv_winograd_wgrad_finish(op_instance *instance, const op_args *args, const winograd_wgrad_places *places);

/* The failure of a prepare function whose kernels, as built, allow fewer items in a work-group than they need. */
clae_status conv_winograd_too_large(const clae_device *device, const op_desc *desc, const op_choice *choice);

#endif
