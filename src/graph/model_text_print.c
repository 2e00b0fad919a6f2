/* Layers as the shortest text. */
#include "graph/model_text.h"

#include "graph/layer_field_text.h"

#include <stdlib.h>

static void print_list(const clae_layer_spec *specs, size_t count, FILE *file);

/* In the order of the table, but the value without a word first. */
static void print_fields(const layer_type *type, const clae_layer_spec *spec, bool first, FILE *file) {
    for (const layer_field *f = type->fields; f && f->name; f++)
        if (f->word && (*f->word == '\0') == first && !layer_field_is_standard(type, f, spec))
            layer_field_print(f, spec, file);
}

static void print_layer(const clae_layer_spec *spec, FILE *file) {
    const layer_type *type = layer_type_find(spec->type ? spec->type : "");
    if (!type) {
        fprintf(file, "%s", spec->type ? spec->type : "");
        return;
    }
    fprintf(file, "%s", type->word ? type->word : type->name);
    print_fields(type, spec, true, file);
    print_fields(type, spec, false, file);
    if (!type->has_body) return;
    fputc('(', file);
    if (spec->body)
        print_list(spec->body, spec->body_count, file);
    else
        fprintf(file, "...");
    fputc(')', file);
}

static void print_list(const clae_layer_spec *specs, size_t count, FILE *file) {
    for (size_t i = 0; i < count; i++) {
        if (i) fprintf(file, ", ");
        print_layer(&specs[i], file);
    }
}

static char *text_of(const clae_layer_spec *specs, size_t count) {
    char *text = NULL;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    if (!file) return NULL;
    print_list(specs, count, file);
    const bool ok = !ferror(file);
    if (fclose(file) == 0 && ok) return text;
    free(text);
    return NULL;
}

char *layers_to_text(const layer_list *list) {
    return text_of(list->specs, list->count);
}

char *layer_to_text(const clae_layer_spec *spec) {
    return text_of(spec, 1);
}
