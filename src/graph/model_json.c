/* The layers of a model as JSON, which model files carry in their metadata. */
#include "graph/model.h"

#include "base/json_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *field_to_json(const layer_field *field, const clae_layer_spec *spec) {
    const size_t size = layer_field_size(field);
    if (field->kind == FIELD_FLAG) return json_boolean(layer_field_get(field, spec, 0) != 0);
    if (field->kind == FIELD_REAL) return json_real(layer_field_get(field, spec, 0));
    if (size == 1) return json_integer((json_int_t)layer_field_get(field, spec, 0));
    json_t *values = json_array();
    for (size_t i = 0; values && i < size; i++)
        if (json_array_append_new(values, json_integer((json_int_t)layer_field_get(field, spec, i))) != 0) {
            json_decref(values);
            return NULL;
        }
    return values;
}

static bool is_written(const layer *l, const layer_field *field) {
    return field->kind != FIELD_FLAG || !layer_field_is_standard(l->type, field, &l->spec);
}

/* NULL without memory, as what follows. */
static json_t *layer_to_json(const clae_model *model, size_t index);

/* The layers `first` to `end` - 1; those of bodies are within their blocks. */
static json_t *layers_to_json(const clae_model *model, size_t first, size_t end) {
    json_t *layers = json_array();
    for (size_t i = end; layers && i > first;) {
        const layer *l = &model->layers[i - 1];
        if (json_array_insert_new(layers, 0, layer_to_json(model, i - 1)) != 0) {
            json_decref(layers);
            return NULL;
        }
        i = l->type->has_body ? l->skip : i - 1;
    }
    return layers;
}

static json_t *layer_to_json(const clae_model *model, size_t index) {
    const layer *l = &model->layers[index];
    json_t *object = json_pack("{s:s}", "type", l->type->name);
    bool ok = object != NULL;
    for (const layer_field *f = l->type->fields; ok && f && f->name; f++)
        if (is_written(l, f)) ok = json_object_set_new(object, f->name, field_to_json(f, &l->spec)) == 0;
    if (ok && l->type->has_body) ok = json_object_set_new(object, "body", layers_to_json(model, l->skip, index)) == 0;
    if (ok) return object;
    json_decref(object);
    return NULL;
}

char *model_layers_to_json(const clae_model *model) {
    json_t *encoder = layers_to_json(model, 0, model->decoder_start);
    json_t *decoder = layers_to_json(model, model->decoder_start, model->layer_count);
    /* "o" takes the references even when packing fails. */
    json_t *root = json_pack("{s:[i,i,i], s:o, s:o}", "input", (int)model->input.c, (int)model->input.h,
                             (int)model->input.w, "encoder", encoder, "decoder", decoder);
    char *text = json_text(root);
    json_decref(root);
    return text;
}

#define MOST_SPECS (2 * MODEL_MAX_LAYERS) /* of both halves */

/* A whole number from 0 to 65536, or 65537. */
static unsigned number_of(const json_t *value) {
    if (!json_is_integer(value)) return 65537;
    const json_int_t number = json_integer_value(value);
    return number < 0 || number > 65536 ? 65537 : (unsigned)number;
}

/* False when a value is not there and has no default, or is of another type. Limits are checked with the model's. */
static bool read_field(const json_t *object, const layer_field *field, clae_layer_spec *spec) {
    const json_t *value = json_object_get(object, field->name);
    const size_t size = layer_field_size(field);
    if (!value) return !isnan(field->standard) || field->like;
    if (field->kind == FIELD_FLAG ? !json_is_boolean(value) : field->kind == FIELD_REAL && !json_is_number(value))
        return false;
    if (size > 1 && json_array_size(value) != size) return false;
    for (size_t i = 0; i < size; i++) {
        const json_t *item = size > 1 ? json_array_get(value, i) : value;
        const double number = field->kind == FIELD_FLAG   ? json_boolean_value(item)
                              : field->kind == FIELD_REAL ? json_number_value(item)
                                                          : number_of(item);
        layer_field_set(field, spec, i, number);
    }
    return true;
}

static void copy_like(const layer_type *type, const json_t *object, clae_layer_spec *spec) {
    for (const layer_field *f = type->fields; f && f->name; f++)
        if (f->like && !json_object_get(object, f->name)) layer_field_set_like(type, f, spec);
}

/* Layers in one block of memory, with those of their bodies behind them. */
typedef struct spec_list {
    clae_layer_spec *specs;
    size_t count, capacity;
} spec_list;

static bool read_layers(const json_t *array, int depth, spec_list *list, clae_layer_spec **first, size_t *count);

static bool read_layer(const json_t *object, int depth, spec_list *list, clae_layer_spec *spec) {
    const char *name = json_string_value(json_object_get(object, "type"));
    const layer_type *type = name ? layer_type_find(name) : NULL;
    *spec = (clae_layer_spec){.type = name};
    if (!type) return name != NULL; /* model_build says which one it does not know */
    layer_spec_init(type, spec);
    for (const layer_field *f = type->fields; f && f->name; f++)
        if (!read_field(object, f, spec)) return false;
    copy_like(type, object, spec);
    if (!type->has_body) return true;
    clae_layer_spec *body;
    if (!read_layers(json_object_get(object, "body"), depth + 1, list, &body, &spec->body_count)) return false;
    spec->body = body;
    return true;
}

static bool read_layers(const json_t *array, int depth, spec_list *list, clae_layer_spec **first, size_t *count) {
    *count = json_array_size(array);
    if (*count < 1 || *count > list->capacity - list->count || depth > MODEL_MAX_DEPTH) return false;
    *first = list->specs + list->count;
    list->count += *count;
    for (size_t i = 0; i < *count; i++)
        if (!read_layer(json_array_get(array, i), depth, list, *first + i)) return false;
    return true;
}

clae_status model_from_json(clae_context *context, const char *text, clae_model **model) {
    clae_layer_spec *encoder, *decoder;
    model_parts parts = {0};
    spec_list list = {.capacity = MOST_SPECS};
    json_error_t error;
    clae_status status;
    *model = NULL;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    /* Where memory is short, Jansson has nothing to say. */
    if (!root && !*error.text) return fail_memory(context, strlen(text), "the description of the layers");
    if (!root) return fail(context, CLAE_ERROR_INPUT, "the description of the layers is not JSON: %s", error.text);
    list.specs = malloc(MOST_SPECS * sizeof *list.specs);
    if (!list.specs) {
        json_decref(root);
        return fail_memory(context, MOST_SPECS * sizeof *list.specs, "the description of the layers");
    }
    const json_t *input = json_object_get(root, "input");
    parts.input = (clae_shape){number_of(json_array_get(input, 0)), number_of(json_array_get(input, 1)),
                               number_of(json_array_get(input, 2))};
    if (json_array_size(input) != 3 ||
        !read_layers(json_object_get(root, "encoder"), 0, &list, &encoder, &parts.encoder_count) ||
        !read_layers(json_object_get(root, "decoder"), 0, &list, &decoder, &parts.decoder_count))
        status = fail(context, CLAE_ERROR_INPUT, "the description of the layers is damaged");
    else {
        parts.encoder = encoder;
        parts.decoder = decoder;
        status = model_build(context, &parts, model);
    }
    free(list.specs);
    json_decref(root);
    return status;
}
