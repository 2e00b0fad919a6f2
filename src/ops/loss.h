/* Losses: the table behind the op `loss`. */
#ifndef CLAE_OPS_LOSS_H
#define CLAE_OPS_LOSS_H

#include "ops/op.h"

const char *loss_name(loss_id loss);
/* LOSS_END when there is none of the name. */
loss_id loss_find(const char *name);
/* Of losses of the op `loss`: what the sum over an image's elements is multiplied by. */
double loss_factor(loss_id loss);
/* What an element adds to the loss of its image, in double precision. */
double loss_term(loss_id loss, double y, double t);

#endif
