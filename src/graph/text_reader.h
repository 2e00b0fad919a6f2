/* Texts of layers, word by word. */
#ifndef CLAE_GRAPH_TEXT_READER_H
#define CLAE_GRAPH_TEXT_READER_H

#include <stddef.h>

typedef enum text_word_kind {
    WORD_END,
    WORD_PLAIN, /* a name or a value */
    WORD_COMMA,
    WORD_BREAK, /* of the line */
    WORD_OPEN,
    WORD_CLOSE,
} text_word_kind;

typedef struct text_word {
    text_word_kind kind;
    const char *at;
    size_t length;
} text_word;

typedef struct text_reader {
    const char *text;
    text_word word; /* the present one */
} text_reader;

/* The reader stands on the first word. */
text_reader text_reader_at(const char *text);
void text_reader_next(text_reader *reader);
/* In which line of the text a place is, from 0. */
size_t text_reader_line(const text_reader *reader, const char *at);
/* The length of the layer that begins at a place, up to its separator, its parenthesis or its comment. */
size_t text_layer_length(const char *at);

#endif
