/* Which part of an op the self-test runs and looks at: the one place that knows what implementations treat apart. They
 * take images in groups, chunks of the batch, vectors and tiles, with something left over at the ends of each. */
#ifndef CLAE_CHECK_SELFTEST_POSITIONS_H
#define CLAE_CHECK_SELFTEST_POSITIONS_H

#include "backend/backend.h"

/* The op on as many images as it has, or, where the device would take long for them, on fewer that leave over what they
 * leave over in groups of 2, 3, 4, 6 or 12, and of 8, 24, 16 or 48 where the device manages so many. */
op_desc selftest_desc(const clae_device *device, const op_desc *desc);

/* Parts of an output that are looked at one by one: images of convolutions and load_batch, pieces of other tensors;
 * what all images add to is one part. */
typedef struct selftest_parts {
    size_t floats; /* of a part; the last one may have fewer */
    size_t count;
} selftest_parts;
selftest_parts selftest_parts_of(const op_desc *desc, int operand);

/* The parts that are looked at: all of them, or the first and last ones and a random one of each stretch between, so
 * that no group or chunk as long as two stretches is left out. 0 .. selftest_looked_at - 1, ascending. */
enum { SELFTEST_MOST_PARTS = 128 };
size_t selftest_looked_at(const selftest_parts *parts);
size_t selftest_part(const selftest_parts *parts, size_t index);

/* The index-th position on an axis that is looked at: each end in a quarter of the cases, otherwise a random one. */
size_t selftest_position(size_t size, uint32_t axis, size_t index);

#endif
