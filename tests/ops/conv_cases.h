/* What the cases of conv2d and conv_transpose2d share: their descriptors, and how their operands are filled. */
#ifndef CLAE_TESTS_OPS_CONV_CASES_H
#define CLAE_TESTS_OPS_CONV_CASES_H

#include "op_harness.h"

enum { CONV_FIXED_COUNT = 16 };

/* The lecture's layers, some with other epilogues too, 1x1 images, then random ones. */
void conv_describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc);

conv_geometry conv_random_geometry(test_random *random, double max_multiply_adds);

/* The sizes of an op's operands, from its descriptor alone. */
typedef struct conv_sizes {
    size_t x, y, weight, in, out;
} conv_sizes;
conv_sizes conv_sizes_of(const op_desc *desc, bool transposed);

/* Images [n][h][w][channels], in every second case with channels that are 0 everywhere, or but for the border or the
 * inside of each image: a part of a filter's gradients is exactly 0 then. */
double *conv_random_images(op_case *c, int operand, int n, int h, int w, int channels, test_random *random);

/* Values of which a part is zero or negative, as a mask has them. */
double *conv_random_mask(op_case *c, int operand, size_t count, test_random *random);

#endif
