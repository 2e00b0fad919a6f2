/* What batch_norm and group_norm share. */
#ifndef CLAE_GRAPH_NORM_LAYER_H
#define CLAE_GRAPH_NORM_LAYER_H

#include "graph/layer.h"

/* A weight of ones and a bias of zeros for each channel. */
void norm_params(layer *layer);
norm_desc norm_desc_of(const layer *layer, const plan_builder *builder, size_t groups);
/* Emits `op`, which keeps `saved` means; gives the gradients by `bwd`. */
int norm_emit_backward(const layer *layer, plan_builder *builder, op_id bwd, const norm_desc *desc, const layer_io *io,
                       int dy, bool with_dx);

#endif
