/* The parser of layers as text. */
#include "graph/model_text.h"

#include "base/context.h"
#include "base/names.h"
#include "graph/layer_field_text.h"
#include "graph/model.h"
#include "graph/text_reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What messages show of a layer and of a word. */
#define SHOWN_LAYER_CHARS 60
#define SHOWN_WORD_CHARS 24
#define PATH_BYTES 48
#define MESSAGE_BYTES (FIELD_MESSAGE_BYTES + 128)

typedef struct text_parser {
    const clae_context *context;
    const text_source *source;
    text_reader reader;
    const char *layer; /* the one that is read begins here; NULL: between layers */
    size_t path[MODEL_MAX_DEPTH + 1];
    int depth;
    size_t count; /* of layers, in all */
} text_parser;

/* "2.1": the first layer in the block that is the second one. */
static void path_text(const text_parser *p, char text[PATH_BYTES]) {
    size_t used = 0;
    for (int i = 0; i <= p->depth && used < PATH_BYTES; i++)
        used += (size_t)snprintf(text + used, PATH_BYTES - used, "%s%zu", i ? "." : "", p->path[i] + 1);
}

/* `--encoder: "conv 64 k7", layer 3: ` and what is wrong. */
__attribute__((format(printf, 2, 3))) static clae_status refuse(const text_parser *p, const char *format, ...) {
    char message[MESSAGE_BYTES], line[PATH_BYTES] = "", path[PATH_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const char *at = p->layer ? p->layer : p->reader.word.at;
    if (p->source->line) snprintf(line, sizeof line, ", line %zu", p->source->line + text_reader_line(&p->reader, at));
    path_text(p, path);
    const int length = p->layer ? (int)text_layer_length(p->layer) : 0;
    if (length == 0)
        return fail(p->context, CLAE_ERROR_INPUT, "%s%s: layer %s: %s", p->source->name, line, path, message);
    return fail(p->context, CLAE_ERROR_INPUT, "%s%s: \"%.*s%s\", layer %s: %s", p->source->name, line,
                length < SHOWN_LAYER_CHARS ? length : SHOWN_LAYER_CHARS, p->layer,
                length < SHOWN_LAYER_CHARS ? "" : "...", path, message);
}

/* The present word for "%.*s". */
static int shown_length(const text_parser *p) {
    return p->reader.word.length < SHOWN_WORD_CHARS ? (int)p->reader.word.length : SHOWN_WORD_CHARS;
}

static bool is_word(const text_word *word, const char *name) {
    return name && strlen(name) == word->length && memcmp(word->at, name, word->length) == 0;
}

static const layer_type *type_of_word(const text_word *word) {
    for (const layer_type *const *type = layer_types; *type; type++)
        if (is_word(word, (*type)->word) || is_word(word, (*type)->name)) return *type;
    return NULL;
}

static const char *word_of(const layer_type *type) {
    return type->word ? type->word : type->name;
}

/* The nearer one of two names, by what was typed. */
static void consider(const char *typed, const char *name, const char **best, size_t *distance) {
    const size_t of_name = name && *name ? name_distance(typed, name) : NAME_DISTANCE_LIKE + 1;
    if (of_name >= *distance) return;
    *distance = of_name;
    *best = name;
}

/* PyTorch's names have capitals. */
static void lower(char *text) {
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z') *text = (char)(*text - 'A' + 'a');
}

static clae_status refuse_type(const text_parser *p) {
    char typed[SHOWN_WORD_CHARS + 1], lowered[SHOWN_WORD_CHARS + 1];
    const char *best = NULL;
    size_t distance = NAME_DISTANCE_LIKE + 1;
    snprintf(typed, sizeof typed, "%.*s", shown_length(p), p->reader.word.at);
    memcpy(lowered, typed, sizeof lowered);
    lower(lowered);
    for (const layer_type *const *type = layer_types; *type; type++) {
        consider(lowered, (*type)->word, &best, &distance);
        consider(lowered, (*type)->name, &best, &distance);
    }
    if (best) return refuse(p, "there is no layer \"%s\"; did you mean %s?", typed, best);
    return refuse(p, "there is no layer \"%s\"; clae describe --help lists them all", typed);
}

static clae_status refuse_value(const text_parser *p, const layer_type *type) {
    char typed[SHOWN_WORD_CHARS + 1], fields[FIELD_MESSAGE_BYTES];
    const char *best = NULL;
    size_t distance = NAME_DISTANCE_LIKE + 1;
    snprintf(typed, sizeof typed, "%.*s", shown_length(p), p->reader.word.at);
    if (type_of_word(&p->reader.word)) return refuse(p, "\"%s\" is a layer: a comma is missing before it", typed);
    for (const layer_field *f = type->fields; f && f->name; f++) {
        if (is_word(&p->reader.word, f->word) || is_word(&p->reader.word, f->name)) {
            char example[FIELD_EXAMPLE_BYTES];
            layer_field_example(f, example);
            return refuse(p, "\"%s\": %s is written %s, without a blank", typed, f->name, example);
        }
        if (f->kind == FIELD_FLAG) consider(typed, f->word, &best, &distance);
    }
    if (best) return refuse(p, "\"%s\": %s has no such value; did you mean %s?", typed, word_of(type), best);
    layer_fields_list(type, fields);
    if (!*fields) return refuse(p, "\"%s\": %s has no values", typed, word_of(type));
    return refuse(p, "\"%s\": %s has no such value; it has %s", typed, word_of(type), fields);
}

/* One value; *seen has a bit for each field. */
static clae_status parse_value(text_parser *p, const layer_type *type, uint64_t *seen, clae_layer_spec *spec) {
    const text_word word = p->reader.word;
    const layer_field *field = layer_field_of_word(type, word.at, word.length);
    char message[FIELD_MESSAGE_BYTES];
    if (!field) return refuse_value(p, type);
    const uint64_t bit = (uint64_t)1 << (field - type->fields);
    if (*seen & bit) return refuse(p, "\"%.*s\": %s is there already", shown_length(p), word.at, field->name);
    if (*field->word == '\0' && *seen)
        return refuse(p, "\"%.*s\": %s comes first, before the other values", shown_length(p), word.at, field->name);
    if (!layer_field_read(field, word.at, word.length, spec, message))
        return refuse(p, "\"%.*s\": %s", shown_length(p), word.at, message);
    *seen |= bit;
    text_reader_next(&p->reader);
    return CLAE_OK;
}

/* Defaults, where there are any. */
static clae_status complete(const text_parser *p, const layer_type *type, uint64_t seen, clae_layer_spec *spec) {
    for (const layer_field *f = type->fields; f && f->name; f++) {
        char example[FIELD_EXAMPLE_BYTES];
        if (seen >> (f - type->fields) & 1) continue;
        if (f->like) {
            layer_field_set_like(type, f, spec);
        } else if (isnan(f->standard)) {
            layer_field_example(f, example);
            return refuse(p, "needs its %s, like %s", f->name, example);
        }
    }
    return CLAE_OK;
}

static clae_status parse_layers(text_parser *p, layer_list *list);

static clae_status parse_body(text_parser *p, const layer_type *type, clae_layer_spec *spec) {
    const char *const layer = p->layer;
    layer_list body = {0};
    if (p->reader.word.kind != WORD_OPEN)
        return refuse(p, "needs its layers in parentheses, like %s(relu)", word_of(type));
    if (p->depth == MODEL_MAX_DEPTH) return refuse(p, "blocks in blocks, at most %d deep", MODEL_MAX_DEPTH);
    text_reader_next(&p->reader);
    p->depth++;
    clae_status status = parse_layers(p, &body);
    layer_list_become_body(&body, spec);
    if (status != CLAE_OK) return status;
    p->depth--;
    p->layer = layer;
    if (p->reader.word.kind != WORD_CLOSE) return refuse(p, "the \")\" at the end of its layers is missing");
    text_reader_next(&p->reader);
    if (p->reader.word.kind == WORD_PLAIN)
        return refuse(p, "\"%.*s\" stands behind its \")\": a comma is missing before it", shown_length(p),
                      p->reader.word.at);
    return CLAE_OK;
}

static clae_status parse_fields(text_parser *p, const layer_type *type, clae_layer_spec *spec) {
    uint64_t seen = 0;
    clae_status status = CLAE_OK;
    while (status == CLAE_OK && p->reader.word.kind == WORD_PLAIN) status = parse_value(p, type, &seen, spec);
    return status == CLAE_OK ? complete(p, type, seen, spec) : status;
}

static clae_status parse_layer(text_parser *p, layer_list *list) {
    clae_layer_spec spec = {0};
    const layer_type *type = type_of_word(&p->reader.word);
    p->layer = p->reader.word.at;
    if (!type) return refuse_type(p);
    if (++p->count > MODEL_MAX_LAYERS) return refuse(p, "more than %d layers", MODEL_MAX_LAYERS);
    layer_spec_init(type, &spec);
    text_reader_next(&p->reader);
    clae_status status = parse_fields(p, type, &spec);
    if (status == CLAE_OK && type->has_body) status = parse_body(p, type, &spec);
    if (status == CLAE_OK && p->reader.word.kind == WORD_OPEN)
        status = refuse(p, "%s has no layers of its own: the \"(\" cannot be here", word_of(type));
    if (!layer_list_add(list, &spec)) return fail_memory(p->context, sizeof spec, "the layers");
    p->layer = NULL;
    return status;
}

static void skip_breaks(text_parser *p) {
    while (p->reader.word.kind == WORD_BREAK) text_reader_next(&p->reader);
}

static clae_status refuse_gap(text_parser *p, bool after_comma) {
    if (after_comma) return refuse(p, "there is no layer after the comma");
    if (p->reader.word.kind == WORD_COMMA) return refuse(p, "there is no layer before the comma");
    return refuse(p, "there is no layer");
}

/* Up to the end or the parenthesis that closes the block. */
static clae_status parse_layers(text_parser *p, layer_list *list) {
    bool after_comma = false;
    for (p->path[p->depth] = 0;; p->path[p->depth]++) {
        p->layer = NULL;
        skip_breaks(p);
        if (p->reader.word.kind != WORD_PLAIN) break;
        const clae_status status = parse_layer(p, list);
        if (status != CLAE_OK) return status;
        skip_breaks(p);
        after_comma = p->reader.word.kind == WORD_COMMA;
        if (after_comma) text_reader_next(&p->reader);
    }
    if (after_comma || list->count == 0 || p->reader.word.kind == WORD_COMMA) return refuse_gap(p, after_comma);
    return CLAE_OK;
}

clae_status layers_from_text(const clae_context *context, const text_source *source, const char *text,
                             layer_list *list) {
    text_parser p = {.context = context, .source = source, .reader = text_reader_at(text)};
    *list = (layer_list){0};
    clae_status status = parse_layers(&p, list);
    if (status == CLAE_OK && p.reader.word.kind != WORD_END)
        status = refuse(&p, "\"%.*s\" stands at the end: there is no \"(\" for it", shown_length(&p), p.reader.word.at);
    if (status != CLAE_OK) layer_list_free(list);
    return status;
}
