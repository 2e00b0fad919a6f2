/* Lists of layers that own their blocks: what texts are read into and printed from. */
#ifndef CLAE_GRAPH_LAYER_LIST_H
#define CLAE_GRAPH_LAYER_LIST_H

#include <clae/model.h>

typedef struct layer_list {
    clae_layer_spec *specs; /* bodies are lists of their own */
    size_t count;
} layer_list;

/* Takes over the body, also where it fails. False without memory. */
bool layer_list_add(layer_list *list, const clae_layer_spec *spec);
/* The list becomes the body of a specification. */
void layer_list_become_body(layer_list *list, clae_layer_spec *spec);
/* Drops all but the first ones. */
void layer_list_cut(layer_list *list, size_t count);
void layer_list_free(layer_list *list);

/* The layers `first` to `end` - 1 of a model; those of bodies are within their blocks. False without memory. */
bool layer_list_of_model(const clae_model *model, size_t first, size_t end, layer_list *list);
/* The decoder of a model that has an encoder alone: the counterpart of each layer (layer_type.mirror) in reverse order.
 * What has no counterpart, like activations and normalisations, keeps its order and stands between the counterparts of
 * the layers that it stood between; where it stood at an end of the encoder, it is left out. A block of residual is its
 * own counterpart. False without memory. */
bool layer_list_mirror(const clae_model *model, layer_list *list);

#endif
