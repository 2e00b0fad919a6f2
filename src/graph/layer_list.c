#include "graph/layer_list.h"

#include <stdlib.h>

static void free_body(const clae_layer_spec *spec) {
    layer_list body = {(clae_layer_spec *)spec->body, spec->body_count};
    layer_list_free(&body);
}

bool layer_list_add(layer_list *list, const clae_layer_spec *spec) {
    clae_layer_spec *longer = realloc(list->specs, (list->count + 1) * sizeof *longer);
    if (!longer) {
        free_body(spec);
        return false;
    }
    list->specs = longer;
    longer[list->count++] = *spec;
    return true;
}

void layer_list_become_body(layer_list *list, clae_layer_spec *spec) {
    spec->body = list->specs;
    spec->body_count = list->count;
    *list = (layer_list){0};
}

void layer_list_cut(layer_list *list, size_t count) {
    while (list->count > count) free_body(&list->specs[--list->count]);
}

void layer_list_free(layer_list *list) {
    layer_list_cut(list, 0);
    free(list->specs);
    *list = (layer_list){0};
}
