/* What a convolution asks of its kernels, resolved once when it is prepared. */
#ifndef CLAE_OPENCL_CONV_CONV_JOB_H
#define CLAE_OPENCL_CONV_CONV_JOB_H

#include "ops/conv.h"

typedef struct conv_job {
    conv_kernel kind;
    conv_sides sides; /* of gather and spread */
    bool transposed;  /* order of the weights: [out][in] in gather and spread, [narrow][wide] in wgrad */
    /* Gather and spread: a bias is added, negative results become 0, or results become 0 where the mask is. */
    bool bias, relu, mask;
    int dbias_count;     /* wgrad: elements of dbias, 0 when it is not asked for */
    size_t slice_floats; /* wgrad: of one partial sum: dweight, then dbias */
} conv_job;

conv_job conv_job_of(const op_desc *desc);

#endif
