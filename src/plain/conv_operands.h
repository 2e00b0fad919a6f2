/* The operands of convolutions, by what they are. */
#ifndef CLAE_PLAIN_CONV_OPERANDS_H
#define CLAE_PLAIN_CONV_OPERANDS_H

#include "plain/plain.h"

/* Of gather and spread. */
typedef struct conv_operands {
    const float *in, *weight, *bias, *mask; /* bias, mask: NULL for none */
    float *out;
    bool relu;
} conv_operands;
conv_operands conv_operands_of(const op_instance *instance, const op_args *args);

/* Of wgrad: wide and narrow are x and dy, or the reverse. */
typedef struct conv_wgrad_operands {
    const float *x, *dy, *wide, *narrow;
    float *dweight, *dbias; /* dbias: NULL for none */
} conv_wgrad_operands;
conv_wgrad_operands conv_wgrad_operands_of(const op_instance *instance, const op_args *args);

#endif
