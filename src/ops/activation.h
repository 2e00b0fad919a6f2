/* Activations: the table behind the ops activation_fwd and activation_bwd. */
#ifndef CLAE_OPS_ACTIVATION_H
#define CLAE_OPS_ACTIVATION_H

#include "ops/op.h"

const char *activation_name(activation_id activation);
/* " +relu", of an op that has it in it; "" of none. */
const char *activation_suffix(activation_id activation);
/* ACTIVATION_COUNT when there is none of the name. */
activation_id activation_find(const char *name);
/* The usual one. */
float activation_parameter(activation_id activation);
/* Whether its derivative is taken from y, so that x need not be kept. */
bool activation_is_from_y(activation_id activation);
/* Whether it is none, or relu: what other ops can have in them. */
bool activation_is_relu_at_most(activation_id activation);

#endif
