/* Losses: the table behind the op `loss`. */
#ifndef CLAE_OPS_LOSS_H
#define CLAE_OPS_LOSS_H

#include "ops/op.h"

const char *loss_name(loss_id loss);
/* LOSS_END when there is none of the name. */
loss_id loss_find(const char *name);
/* Whether it is of pixels from 0 to 1, as they are, or of pixels that are normalised. */
bool loss_is_of_pixels(loss_id loss);
/* Whether it is computed on what a sigmoid makes pixels of. */
bool loss_is_of_logits(loss_id loss);
/* Of losses of the op `loss`: what the sum over an image's elements is multiplied by. */
double loss_factor(loss_id loss);
/* What an element adds to the loss of its image, in double precision. */
double loss_term(loss_id loss, double y, double t);

#endif
