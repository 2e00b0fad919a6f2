/* Where the operands of a case lie: at offsets that are not 0, in one buffer or in one each, between guard bands. */
#ifndef CLAE_TESTS_OP_LAYOUT_H
#define CLAE_TESTS_OP_LAYOUT_H

#include "op_harness.h"

#define LAYOUT_MAX_BUFFERS (OP_MAX_OPERANDS + 1)

typedef struct op_place {
    int buffer; /* -1: the operand is not there */
    size_t offset_bytes, bytes;
} op_place;

typedef struct op_layout {
    const op_case *c;
    buffer *buffers[LAYOUT_MAX_BUFFERS]; /* the last one is the workspace */
    size_t bytes[LAYOUT_MAX_BUFFERS];
    uint8_t *before[LAYOUT_MAX_BUFFERS], *after[LAYOUT_MAX_BUFFERS];
    op_place operand[OP_MAX_OPERANDS], workspace;
} op_layout;

bool op_layout_create(op_layout *layout, clae_device *device, const op_case *c, size_t workspace_bytes,
                      test_random *random);
void op_layout_free(op_layout *layout);

/* Sets the state before the run; the workspace is filled with `poison`. */
bool op_layout_upload(op_layout *layout, uint32_t poison);
bool op_layout_download(op_layout *layout);
void op_layout_views(const op_layout *layout, op_args *args);

const float *op_layout_result(const op_layout *layout, int operand);
/* Has anything changed that is not an output? Says what. */
bool op_layout_damage(const op_layout *layout, char *text, size_t size);
/* Of everything but the workspace; and of the outputs alone. */
uint64_t op_layout_hash(const op_layout *layout);
uint64_t op_layout_result_hash(const op_layout *layout);

#endif
