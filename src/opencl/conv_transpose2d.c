#include "opencl/conv.h"
#include "opencl/impls.h"

CONV_IMPLS(conv_transpose2d_fwd);
CONV_IMPLS(conv_transpose2d_bwd_data);
CONV_IMPLS(conv_transpose2d_bwd_weights);
