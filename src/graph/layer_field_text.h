/* The values of a layer's fields as words: "k3x5". */
#ifndef CLAE_GRAPH_LAYER_FIELD_TEXT_H
#define CLAE_GRAPH_LAYER_FIELD_TEXT_H

#include "graph/layer.h"

#include <stdio.h>

#define FIELD_MESSAGE_BYTES 320

/* The field that a word is a value of, by what it begins with; NULL: of none. */
const layer_field *layer_field_of_word(const layer_type *type, const char *word, size_t length);
/* False with the reason, when it is no such value, or one out of the limits. */
bool layer_field_read(const layer_field *field, const char *word, size_t length, clae_layer_spec *spec,
                      char message[FIELD_MESSAGE_BYTES]);
/* A blank, the word and the value. */
void layer_field_print(const layer_field *field, const clae_layer_spec *spec, FILE *file);

/* "k3" */
#define FIELD_EXAMPLE_BYTES 32
void layer_field_example(const layer_field *field, char text[FIELD_EXAMPLE_BYTES]);
/* What there is to give: "out_channels (32), kernel (k3), no_bias (nobias)". */
void layer_fields_list(const layer_type *type, char text[FIELD_MESSAGE_BYTES]);

#endif
