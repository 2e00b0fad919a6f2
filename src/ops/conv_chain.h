/* Convolutions in a row, as one op. */
#ifndef CLAE_OPS_CONV_CHAIN_H
#define CLAE_OPS_CONV_CHAIN_H

#include "ops/op.h"

/* The operands of stage k; what it gives is the input of the next. extra: the bias forward, the mask backward. */
#define CONV_CHAIN_WEIGHT(k) (1 + 3 * (k))
#define CONV_CHAIN_EXTRA(k) (2 + 3 * (k))
#define CONV_CHAIN_OUT(k) (3 + 3 * (k))

bool conv_chain_is_forward(op_id op);
/* Stage k as an op of its own; and its operand `operand`, one of CONV_X .. CONV_Y, among those of the chain. */
op_desc conv_chain_stage(const op_desc *desc, int k);
int conv_chain_operand(int k, int operand);

/* Whether `next` can follow as a stage: a convolution, of the same direction, that takes what the last stage gives; and
 * with it. A chain of one stage is begun by a convolution of either direction. */
bool conv_chain_begins(const op_desc *conv, op_desc *desc);
bool conv_chain_add(op_desc *desc, const op_desc *next);

#endif
