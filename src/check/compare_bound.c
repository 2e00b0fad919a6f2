#include "check/compare_bound.h"

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

clae_status compare_values(const clae_context *context, const op_desc *desc, const op_operands *magnitudes,
                           const op_args *args, op_values *values) {
    *values = (op_values){.desc = desc, .step = &args->step};
    for (int k = 0; k < OP_MAX_OPERANDS; k++) values->data[k] = magnitudes->data[k];
    return op_values_share(context, "the comparison", values);
}

static double magnitude_of(const op_values *values, int output, size_t i) {
    const op_desc *desc = values->desc;
    if (compare_needs_magnitudes(desc->op)) return fabs((double)op_floats(values, output)[i]);
    /* The dataset is not among the operands. */
    if (desc->op == OP_load_batch) {
        const size_t channel = i % desc->load_batch.channels;
        return fabs((double)desc->load_batch.shift[channel]) + 256.0 * fabs((double)desc->load_batch.scale[channel]);
    }
    return op_kind_of(desc->op)->expect(values, output, i).magnitude;
}

double compare_bound(const op_values *values, int output, size_t i) {
    const double unit = DEVICES * (double)FLT_EPSILON * (8 + sqrt(op_terms(values->desc, output)));
    return unit * magnitude_of(values, output, i) + (double)FLT_MIN;
}
