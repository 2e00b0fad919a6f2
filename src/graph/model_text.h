/* Layers as text, "conv 32 k5 s2, relu": one grammar for options, files and what is printed.
 *
 *     layers  layer, or several separated by commas or line breaks; from # to the end of the line is a comment
 *     layer   the name of a type (layer_type.word or .name) and the values of its fields (layer_type.fields), each
 * after its word without a blank between; the value whose word is "" comes first block   a layer of a type with a body
 * has its layers in parentheses
 *
 * A field that is left out has its default. */
#ifndef CLAE_GRAPH_MODEL_TEXT_H
#define CLAE_GRAPH_MODEL_TEXT_H

#include "graph/layer.h"
#include "graph/layer_list.h"

/* Where a text comes from, for messages. */
typedef struct text_source {
    const char *name; /* "--encoder" */
    size_t line;      /* of the text's first one in a file; 0: lines are not told */
} text_source;

/* CLAE_ERROR_INPUT with the first word that is wrong; the list is empty then. Fields are within their limits; whether
 * the shapes fit, model_build says. */
clae_status layers_from_text(const clae_context *context, const text_source *source, const char *text,
                             layer_list *list);
/* The shortest text that gives the same layers; to be freed. NULL without memory. */
char *layers_to_text(const layer_list *list);
/* Of one layer; a body that is not there is "(...)". */
char *layer_to_text(const clae_layer_spec *spec);

/* The texts of both halves of a network, to be freed by model_texts_free. */
typedef struct model_texts {
    char *encoder, *decoder; /* decoder NULL: the mirrored encoder */
    char *name[2];           /* what messages call them: "--encoder" */
    size_t line[2];          /* text_source.line */
    clae_shape input;        /* of the images that it is for; c = 0: not said */
} model_texts;

bool model_texts_init(model_texts *texts, const char *encoder, const char *decoder, const char *encoder_name,
                      const char *decoder_name);
void model_texts_free(model_texts *texts);
/* Reads a file of sections, each a name with a colon at the beginning of a line: "encoder:", "decoder:", which may be
 * left out, and "input: 3x32x32", which may be left out too. */
clae_status model_texts_read(const clae_context *context, const char *path, model_texts *texts);
/* Builds the network and draws its weights. */
clae_status model_of_texts(clae_context *context, clae_shape input, const model_texts *texts, uint64_t seed,
                           clae_model **model);

/* "CxHxW", each from 1 on. */
bool shape_from_text(const char *text, clae_shape *shape);

#endif
