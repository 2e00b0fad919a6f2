#include "check/compare_bound.h"

#include "ops/op_kind.h"

#include <float.h>
#include <math.h>

/* Each of the two may be off by the bound of one. */
#define DEVICES 2.0

bool compare_needs_magnitudes(op_id op) {
    return op_is_conv(op);
}

void compare_make_absolute(const op_desc *desc, op_operands *operands) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        float *values = operands->data[k];
        if (!values || op_kind_of(desc->op)->operand[k].draw == DRAW_MASK) continue;
        for (size_t i = 0; i < operands->bytes[k] / sizeof(float); i++) values[i] = fabsf(values[i]);
    }
}

static double magnitude_of(const op_desc *desc, int output, const op_operands *magnitudes, const op_args *args,
                           size_t i) {
    if (compare_needs_magnitudes(desc->op)) return fabs((double)((const float *)magnitudes->data[output])[i]);
    /* The dataset is not among the operands. */
    if (desc->op == OP_load_batch)
        return fabs((double)desc->load_batch.shift) + 256.0 * fabs((double)desc->load_batch.scale);
    op_values values = {.desc = desc, .step = &args->step};
    for (int k = 0; k < OP_MAX_OPERANDS; k++) values.data[k] = magnitudes->data[k];
    return op_kind_of(desc->op)->expect(&values, output, i).magnitude;
}

double compare_bound(const op_desc *desc, int output, const op_operands *magnitudes, const op_args *args, size_t i) {
    const double unit = DEVICES * (double)FLT_EPSILON * (8 + sqrt(op_terms(desc, output)));
    return unit * magnitude_of(desc, output, magnitudes, args, i) + (double)FLT_MIN;
}
