/* How numbers are computed where there is a choice: whatever is chosen, results are the same up to rounding. */
#ifndef CLAE_BACKEND_NUMERICS_H
#define CLAE_BACKEND_NUMERICS_H

#include <stdbool.h>

/* A value to be copied; all zero: the fastest that is as precise as floats. */
typedef struct numerics {
    /* Forced implementations, "conv2d_fwd=direct,opencl:gemm=plain" (impls_check); NULL: none. It is borrowed. */
    const char *impls;
    bool no_fusion;   /* bias, activations and convolutions in a row stay ops of their own */
    bool no_winograd; /* sums are made as they are defined */
    bool no_tuning;   /* what `clae tune` found is not used */
    bool tf32;        /* products may be of TF32, where the device is faster with it */
} numerics;

#endif
