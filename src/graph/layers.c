/* The table of layer types, and their fields. */
#include "graph/layer.h"

#include "base/context.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

const layer_type *const layer_types[] = {
#define LAYER(stem) &layer_##stem,
#include "graph/layers.def"
#undef LAYER
    NULL,
};

const layer_type *layer_type_find(const char *name) {
    for (const layer_type *const *type = layer_types; *type; type++)
        if (strcmp((*type)->name, name) == 0) return *type;
    return NULL;
}

static const layer_field *field_of(const layer_type *type, const char *name) {
    const layer_field *field = type->fields;
    while (field->name && strcmp(field->name, name) != 0) field++;
    return field;
}

size_t layer_field_size(const layer_field *field) {
    static const size_t sizes[] = {
        [FIELD_COUNT] = 1, [FIELD_PAIR] = 2, [FIELD_SHAPE] = 3, [FIELD_REAL] = 1, [FIELD_FLAG] = 1};
    return sizes[field->kind];
}

double layer_field_get(const layer_field *field, const clae_layer_spec *spec, size_t index) {
    const char *at = (const char *)spec + field->offset;
    if (field->kind == FIELD_REAL) return *(const double *)(const void *)at;
    if (field->kind == FIELD_FLAG) return *(const bool *)at;
    return ((const unsigned *)(const void *)at)[index];
}

void layer_field_set(const layer_field *field, clae_layer_spec *spec, size_t index, double value) {
    char *at = (char *)spec + field->offset;
    if (field->kind == FIELD_REAL)
        *(double *)(void *)at = value;
    else if (field->kind == FIELD_FLAG)
        *(bool *)at = value != 0;
    else
        ((unsigned *)(void *)at)[index] = (unsigned)value;
}

/* Of a field's number; NAN: it must be given. */
static double standard_of(const layer_type *type, const layer_field *field, const clae_layer_spec *spec, size_t index) {
    return field->like ? layer_field_get(field_of(type, field->like), spec, index) : field->standard;
}

void layer_spec_init(const layer_type *type, clae_layer_spec *spec) {
    *spec = (clae_layer_spec){.type = type->name};
    for (const layer_field *f = type->fields; f && f->name; f++)
        for (size_t i = 0; i < layer_field_size(f) && !f->like; i++)
            layer_field_set(f, spec, i, isnan(f->standard) ? 0 : f->standard);
}

void layer_field_set_like(const layer_type *type, const layer_field *field, clae_layer_spec *spec) {
    for (size_t i = 0; i < layer_field_size(field); i++)
        layer_field_set(field, spec, i, layer_field_get(field_of(type, field->like), spec, i));
}

bool layer_field_is_standard(const layer_type *type, const layer_field *field, const clae_layer_spec *spec) {
    for (size_t i = 0; i < layer_field_size(field); i++)
        if (!(layer_field_get(field, spec, i) == standard_of(type, field, spec, i))) return false;
    return true;
}

clae_status layer_check_fields(const clae_context *context, const layer_type *type, const clae_layer_spec *spec) {
    for (const layer_field *f = type->fields; f && f->name; f++)
        for (size_t i = 0; i < layer_field_size(f); i++) {
            const double value = layer_field_get(f, spec, i);
            if (!(value >= f->min && value <= f->max))
                return fail(context, CLAE_ERROR_INPUT, "%s %.15g, must be from %.15g to %.15g", f->name, value, f->min,
                            f->max);
        }
    return CLAE_OK;
}

clae_status layer_same_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in, clae_shape *out) {
    (void)context, (void)spec;
    *out = in;
    return CLAE_OK;
}
