/* The layers of a model as a list, as they are and mirrored. */
#include "graph/layer_list.h"
#include "graph/model.h"

/* The first layer of what the index-th one is: itself, or the first of its body. */
static size_t first_of(const clae_model *model, size_t index) {
    const layer *l = &model->layers[index];
    return l->type->has_body ? l->skip : index;
}

static void reverse(layer_list *list, size_t first) {
    for (size_t i = first, j = list->count; i + 1 < j; i++, j--) {
        const clae_layer_spec spec = list->specs[i];
        list->specs[i] = list->specs[j - 1];
        list->specs[j - 1] = spec;
    }
}

static bool fill_body(const clae_model *model, size_t index, clae_layer_spec *spec) {
    layer_list body = {0};
    const bool ok = layer_list_of_model(model, first_of(model, index), index, &body);
    layer_list_become_body(&body, spec);
    return ok;
}

/* As it stands in the model, with its body. */
static bool add_of_model(const clae_model *model, size_t index, layer_list *list) {
    const layer *l = &model->layers[index];
    clae_layer_spec spec = l->spec;
    const bool ok = !l->type->has_body || fill_body(model, index, &spec);
    return layer_list_add(list, &spec) && ok;
}

/* A block stands behind its body: they are met from the end. */
bool layer_list_of_model(const clae_model *model, size_t first, size_t end, layer_list *list) {
    bool ok = true;
    for (size_t i = end; ok && i > first; i = first_of(model, i - 1)) ok = add_of_model(model, i - 1, list);
    reverse(list, 0);
    return ok;
}

static bool add_counterpart(const clae_model *model, size_t index, layer_list *list) {
    const layer *l = &model->layers[index];
    clae_layer_spec spec;
    l->type->mirror(l, &spec);
    const bool ok = !l->type->has_body || fill_body(model, index, &spec);
    return layer_list_add(list, &spec) && ok;
}

bool layer_list_mirror(const clae_model *model, layer_list *list) {
    bool ok = true;
    size_t kept = 0; /* up to the last counterpart: what came since stands behind */
    for (size_t i = model->layer_count; ok && i > 0; i = first_of(model, i - 1)) {
        if (!model->layers[i - 1].type->mirror) {
            ok = kept == 0 || add_of_model(model, i - 1, list);
            continue;
        }
        reverse(list, kept);
        ok = add_counterpart(model, i - 1, list);
        kept = list->count;
    }
    layer_list_cut(list, kept);
    return ok;
}
