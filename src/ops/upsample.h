/* Upsampling: which pixels a pixel is made from. */
#ifndef CLAE_OPS_UPSAMPLE_H
#define CLAE_OPS_UPSAMPLE_H

#include "ops/op.h"
#include "ops/upsample_axis.def"

#endif
