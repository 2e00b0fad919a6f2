#include "graph/text_reader.h"

#include <string.h>

#define BLANKS " \t\r\v\f"
#define ENDS_OF_WORDS BLANKS ",\n()#"

static text_word word_at(const char *at) {
    at += strspn(at, BLANKS);
    if (*at == '#') at += strcspn(at, "\n");
    switch (*at) {
    case '\0':
        return (text_word){WORD_END, at, 0};
    case ',':
        return (text_word){WORD_COMMA, at, 1};
    case '\n':
        return (text_word){WORD_BREAK, at, 1};
    case '(':
        return (text_word){WORD_OPEN, at, 1};
    case ')':
        return (text_word){WORD_CLOSE, at, 1};
    }
    return (text_word){WORD_PLAIN, at, strcspn(at, ENDS_OF_WORDS)};
}

text_reader text_reader_at(const char *text) {
    return (text_reader){text, word_at(text)};
}

void text_reader_next(text_reader *reader) {
    reader->word = word_at(reader->word.at + reader->word.length);
}

size_t text_reader_line(const text_reader *reader, const char *at) {
    size_t line = 0;
    for (const char *c = reader->text; c < at; c++) line += *c == '\n';
    return line;
}

size_t text_layer_length(const char *at) {
    size_t length = strcspn(at, ",\n()#");
    while (length > 0 && strchr(BLANKS, at[length - 1])) length--;
    return length;
}
