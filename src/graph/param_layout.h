/* How a parameter lies in the flat array, where kernels want other neighbours than PyTorch's files have. */
#ifndef CLAE_GRAPH_PARAM_LAYOUT_H
#define CLAE_GRAPH_PARAM_LAYOUT_H

#include <stddef.h>

#define PARAM_LAYOUT_RANK 4

typedef struct param_layout {
    size_t size[PARAM_LAYOUT_RANK];   /* in PyTorch's order, along the last one side by side; 1 where there are fewer */
    size_t stride[PARAM_LAYOUT_RANK]; /* in the flat array, which has every element once, without gaps */
} param_layout;

/* In the flat array as in files. */
param_layout param_layout_same(size_t count);

/* From the place of the parameter in the flat array to values in PyTorch's order, and back. */
void param_gather(const param_layout *layout, const float *flat, float *values);
void param_scatter(const param_layout *layout, const float *values, float *flat);

#endif
