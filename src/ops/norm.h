/* What batch_norm and group_norm have alike: sets of rows that are normalised apart from each other. Within a set, the
 * channels of a group share a mean and a variance. batch_norm has one set of all images, and groups of one channel;
 * group_norm has one set for each image. */
#ifndef CLAE_OPS_NORM_H
#define CLAE_OPS_NORM_H

#include "ops/op.h"

typedef struct norm_sets {
    size_t sets, rows, channels;
    size_t groups, group_channels; /* channels = groups * group_channels */
} norm_sets;

norm_sets norm_sets_of(const op_desc *desc);

bool norm_has_relu(const op_desc *desc);

#endif
