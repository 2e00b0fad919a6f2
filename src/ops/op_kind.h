/* A row of the op table: what there is to know of an op but how it is computed. */
#ifndef CLAE_OPS_OP_KIND_H
#define CLAE_OPS_OP_KIND_H

#include "base/context.h"
#include "ops/op.h"

#include <math.h>

typedef enum op_use { OPERAND_NONE, OPERAND_IN, OPERAND_OUT, OPERAND_INOUT } op_use;

/* What an operand holds when the op is tried (src/check). */
typedef enum op_draw {
    DRAW_NUMBERS,   /* from -1 to 1 */
    DRAW_MASK,      /* zero in a quarter of the elements, negative in a quarter */
    DRAW_SIGNS,     /* from -4 to 4, zero in a quarter of the elements */
    DRAW_PIXELS,    /* zero but for some rows of the grid: sums over all of it would hide a missing one */
    DRAW_TARGET,    /* the first operand, but for such rows */
    DRAW_ELEMENTS,  /* a dataset: bytes, or floats */
    DRAW_INDICES,   /* of images in it */
    DRAW_WEIGHTS,   /* small numbers */
    DRAW_GRADIENTS, /* numbers, every other one so small that an optimiser's epsilon counts */
    DRAW_SQUARES,   /* of such gradients: positive */
} op_draw;

typedef struct op_operand_kind {
    const char *name; /* "dweight" */
    op_use use;
    op_draw draw; /* of what is read */
    bool in_slot; /* the element of a buffer that op_step.slot says */
} op_operand_kind;

/* An operand of n x h x w pixels of c channels, of which `per_image` pixels of each image are not zero in a trial. */
typedef struct op_grid {
    size_t n, h, w, c, per_image;
} op_grid;

/* A field of a descriptor on which it depends what is the fastest way of doing the op. */
typedef enum op_field_type {
    OP_FIELD_INT,
    OP_FIELD_SIZE,
    OP_FIELD_FLAG,
    OP_FIELD_ACTIVATION, /* rows of tables, which keep their names */
    OP_FIELD_POOL,
    OP_FIELD_LOSS,
    OP_FIELD_OPTIMISER,
} op_field_type;

typedef struct op_field {
    const char *name; /* NULL: the end */
    op_field_type type;
    size_t offset; /* in op_desc */
} op_field;

#define OP_FIELD(type, part, field)                                                                                    \
    { #field, OP_FIELD_##type, offsetof(op_desc, part.field) }

/* An op that can have an activation in it, after what it computes: the field that says which, and the output. */
typedef struct op_activated {
    size_t activation; /* offset in op_desc; 0: the op has none */
    int output;
} op_activated;

#define OP_ACTIVATED(part, output_)                                                                                    \
    { offsetof(op_desc, part.activation), output_ }

/* How outputs are looked at: in pieces, image by image, or as a whole, where all images add to each element. */
typedef enum op_look { LOOK_PIECES, LOOK_IMAGES, LOOK_WHOLE } op_look;

/* The operands of a trial in host memory, as they were before the run. */
typedef struct op_values {
    const op_desc *desc;
    const op_step *step;
    const void *data[OP_MAX_OPERANDS];
    const uint32_t *pixels; /* of the grid, that are not zero; NULL: all count */
    size_t pixel_count;
    double *shared; /* what op_kind.share has made of them; NULL: the op has no such numbers */
} op_values;

/* An element of an output, and the sum of the absolute values of its terms, which bounds the rounding error; 0: it is
 * exact. */
typedef struct op_expected {
    double value, magnitude;
} op_expected;

typedef struct op_kind {
    const char *name; /* "conv2d_fwd" */
    op_operand_kind operand[OP_MAX_OPERANDS];
    size_t (*count)(const op_desc *desc, int operand); /* of elements; of an operand that the op has */
    double (*flops)(const op_desc *desc);
    /* What is read or written besides the operands that `count` counts; NULL: nothing. */
    double (*more_bytes)(const op_desc *desc);
    double (*terms)(const op_desc *desc, int output); /* NULL: 1 */
    bool (*accumulates)(const op_desc *desc);         /* whether results are added to what outputs hold; NULL: no */
    void (*describe)(const op_desc *desc, char *text, size_t size); /* what follows the name: "100x24 k5x5" */
    const op_field *fields; /* that op_key names; of convolutions the number of images is the first */
    op_activated activated;
    /* The count of images, or of what stands for them, which a trial may lower; NULL: it is run as it is. */
    size_t (*images)(const op_desc *desc);
    void (*set_images)(op_desc *desc, size_t images);
    op_look look;
    op_grid (*grid)(const op_desc *desc);       /* of DRAW_PIXELS and DRAW_TARGET; NULL: it has none */
    op_step (*trial_step)(const op_desc *desc); /* NULL: all zero */
    /* Numbers that many elements need, as means are, made once before `expect` is asked for any: how many, and what
     * they are. NULL: none. */
    size_t (*shared)(const op_desc *desc);
    void (*share)(const op_values *values, double *shared);
    /* Element i of an output by the definition, in double precision. NULL for convolutions, which src/check computes
     * many elements at a time. */
    op_expected (*expect)(const op_values *values, int output, size_t i);
} op_kind;

#define OP(stem) extern const op_kind op_kind_##stem;
#include "ops/ops.def"
#undef OP

const op_kind *op_kind_of(op_id op);
/* The activation that an op has in it after what it computes; none, of those without `activated`. */
activation_id op_activation(const op_desc *desc);
/* Whether that is none, or relu: what implementations can do. */
bool op_has_relu_at_most(const op_desc *desc);

/* Makes what elements share, of an op's operands, for `what` ("the self-test"). Freed by op_values_free. */
clae_status op_values_share(const clae_context *context, const char *what, op_values *values);
void op_values_free(op_values *values);

/* An operand of floats. */
static inline const float *op_floats(const op_values *values, int operand) {
    return values->data[operand];
}

/* sum|a| and the sum itself, term by term. */
static inline void op_expected_add(op_expected *expected, double term) {
    expected->value += term;
    expected->magnitude += fabs(term);
}

#endif
