#include "plain/conv_operands.h"

#include "ops/conv.h"

conv_operands conv_operands_of(const op_instance *instance, const op_args *args) {
    const op_desc *desc = &instance->desc;
    const bool is_fwd = conv_is_forward(desc->op), relu = conv_has_relu(desc);
    conv_operands o = {.in = plain_floats(args->operand[CONV_X]),
                       .weight = plain_floats(args->operand[CONV_WEIGHT]),
                       .out = plain_floats(args->operand[is_fwd ? CONV_Y : CONV_BWD_DATA_DX]),
                       .relu = is_fwd && relu};
    if (is_fwd && desc->conv.with_bias) o.bias = plain_floats(args->operand[CONV_BIAS]);
    if (!is_fwd && relu) o.mask = plain_floats(args->operand[CONV_BWD_DATA_MASK]);
    return o;
}

conv_wgrad_operands conv_wgrad_operands_of(const op_instance *instance, const op_args *args) {
    const bool transposed = op_is_transposed(instance->desc.op);
    conv_wgrad_operands o = {.x = plain_floats(args->operand[CONV_BWD_WEIGHTS_X]),
                             .dy = plain_floats(args->operand[CONV_BWD_WEIGHTS_DY]),
                             .dweight = plain_floats(args->operand[CONV_BWD_WEIGHTS_DWEIGHT])};
    o.wide = transposed ? o.dy : o.x;
    o.narrow = transposed ? o.x : o.dy;
    if (instance->desc.conv.with_bias) o.dbias = plain_floats(args->operand[CONV_BWD_WEIGHTS_DBIAS]);
    return o;
}
