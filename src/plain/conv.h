/* The implementations of convolutions, shared by conv2d and conv_transpose2d. */
#ifndef CLAE_PLAIN_CONV_H
#define CLAE_PLAIN_CONV_H

#include "plain/plain.h"

extern const op_impl plain_conv_winograd;        /* "winograd", for gather and spread */
extern const op_impl plain_conv_winograd_filter; /* "winograd", for filter */
extern const op_impl plain_conv_correlation;     /* "direct", for gather and spread */
extern const op_impl plain_conv_filter;          /* "direct", for filter */
extern const op_impl plain_conv_loops;           /* "plain", for all */

/* op_impl.suits and op_impl.supports of both of Winograd's. */
bool plain_winograd_suits(const clae_device *device, const op_desc *desc);
bool plain_winograd_supports(const clae_device *device, const op_desc *desc);

#endif
