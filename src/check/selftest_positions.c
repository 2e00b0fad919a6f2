#include "check/selftest_positions.h"

#include "base/memory.h"
#include "base/philox.h"
#include "ops/op_kind.h"

#include <string.h>

/* Images, so that what is left over by groups stays, and elements by vectors of 16: the first where they may be so
 * many, or else the last. */
static const size_t periods[] = {48, 24, 12};
/* Of an op, for each compute unit; a unit of a CPU does as much in 10 to 25 ms. */
#define UNIT_FLOPS 0.55e9
#define UNIT_BYTES 11e6
#define MOST_UNITS 8.0 /* as far as bytes are concerned, which come from the host */
#define PIECE_FLOATS 1024
enum { ENDS = 8 };

static philox_stream stream_of(uint32_t number) {
    return (philox_stream){0, PHILOX_SELFTEST, 100 + number};
}

static size_t period_of(size_t count, size_t most) {
    size_t k = 0;
    while (k + 1 < ARRAY_LENGTH(periods) && count % periods[k] + periods[k] > most) k++;
    return periods[k];
}

op_desc selftest_desc(const clae_device *device, const op_desc *desc) {
    const double units = device->info.compute_units;
    const double bytes_share = UNIT_BYTES * (units < MOST_UNITS ? units : MOST_UNITS) / op_bytes(desc);
    const double flops_share = UNIT_FLOPS * units / (op_flops(desc) + 1);
    const double share = flops_share < bytes_share ? flops_share : bytes_share;
    const op_kind *kind = op_kind_of(desc->op);
    const size_t count = kind->images ? kind->images(desc) : 0;
    op_desc trial;
    memcpy(&trial, desc, sizeof trial); /* with its padding, by which it is compared */
    if (count == 0 || share >= 1) return trial;
    const size_t most = (size_t)(share * (double)count);
    const size_t period = period_of(count, most), rest = count % period;
    const size_t times = most > rest + period ? (most - rest) / period : 1;
    if (rest + times * period < count) kind->set_images(&trial, rest + times * period);
    return trial;
}

selftest_parts selftest_parts_of(const op_desc *desc, int operand) {
    const size_t floats = op_operand_count(desc, operand);
    const op_kind *kind = op_kind_of(desc->op);
    selftest_parts parts = {.floats = PIECE_FLOATS};
    if (kind->look == LOOK_WHOLE) parts.floats = floats;
    if (kind->look == LOOK_IMAGES) parts.floats = floats / kind->images(desc);
    parts.count = (floats + parts.floats - 1) / parts.floats;
    return parts;
}

size_t selftest_looked_at(const selftest_parts *parts) {
    return parts->count < SELFTEST_MOST_PARTS ? parts->count : SELFTEST_MOST_PARTS;
}

size_t selftest_part(const selftest_parts *parts, size_t index) {
    if (parts->count <= SELFTEST_MOST_PARTS || index < ENDS) return index;
    if (index >= SELFTEST_MOST_PARTS - ENDS) return parts->count - (SELFTEST_MOST_PARTS - index);
    const size_t between = parts->count - 2 * ENDS, stretches = SELFTEST_MOST_PARTS - 2 * ENDS, stretch = index - ENDS;
    const size_t first = stretch * between / stretches, end = (stretch + 1) * between / stretches;
    return ENDS + first + philox_bits(stream_of(0), index) % (end - first);
}

size_t selftest_position(size_t size, uint32_t axis, size_t index) {
    const uint32_t bits = philox_bits(stream_of(1 + axis), index);
    return bits % 4 == 0 ? 0 : bits % 4 == 1 ? size - 1 : bits / 4 % size;
}
