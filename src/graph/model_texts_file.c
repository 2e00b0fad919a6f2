/* Files of networks: sections of text, "encoder:" and so on. */
#include "graph/model_text.h"

#include "base/context.h"
#include "base/files.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define BLANKS " \t\r"
#define SHOWN_CHARS 40

typedef enum section_id { SECTION_ENCODER, SECTION_DECODER, SECTION_INPUT, SECTIONS } section_id;

static const char *const section_names[SECTIONS] = {"encoder", "decoder", "input"};

/* What the file says in a section, after its colon. */
typedef struct section {
    const char *at; /* NULL: there is none */
    size_t length, line;
} section;

/* The section that a line begins, or SECTIONS; *text is behind its colon. */
static section_id section_of(const char *line, const char **text) {
    line += strspn(line, BLANKS);
    for (section_id id = 0; id < SECTIONS; id++) {
        const size_t length = strlen(section_names[id]);
        if (strncmp(line, section_names[id], length) != 0) continue;
        const char *colon = line + length + strspn(line + length, BLANKS);
        if (*colon != ':') continue;
        *text = colon + 1;
        return id;
    }
    return SECTIONS;
}

/* Without blanks around it and without a comment. */
static size_t tidy(const char **text, size_t length) {
    const char *end = memchr(*text, '#', length);
    if (end) length = (size_t)(end - *text);
    for (; length > 0 && strchr(BLANKS "\n", **text); (*text)++) length--;
    while (length > 0 && strchr(BLANKS "\n", (*text)[length - 1])) length--;
    return length;
}

static clae_status refuse_line(const clae_context *context, const char *path, size_t number, const char *line,
                               size_t length) {
    return fail(context, CLAE_ERROR_INPUT,
                "%s, line %zu: \"%.*s\": expected \"encoder:\", \"decoder:\" or \"input:\" first", path, number,
                length < SHOWN_CHARS ? (int)length : SHOWN_CHARS, line);
}

static clae_status find_sections(const clae_context *context, const char *path, const char *text,
                                 section sections[SECTIONS]) {
    section *open = NULL;
    size_t number = 1;
    for (const char *line = text, *next; *line; line = next, number++) {
        const char *begin = line;
        next = line + strcspn(line, "\n");
        if (*next) next++;
        const section_id id = section_of(line, &begin);
        if (id != SECTIONS) {
            if (sections[id].at)
                return fail(context, CLAE_ERROR_INPUT, "%s, line %zu: \"%s:\" is there already, in line %zu", path,
                            number, section_names[id], sections[id].line);
            open = &sections[id];
            *open = (section){.at = begin, .line = number};
        }
        if (open) {
            open->length = (size_t)(next - open->at);
            continue;
        }
        const size_t length = tidy(&begin, (size_t)(next - begin));
        if (length > 0) return refuse_line(context, path, number, begin, length);
    }
    if (sections[SECTION_ENCODER].at) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT, "%s: there is no section \"encoder:\"", path);
}

static clae_status read_input(const clae_context *context, const char *path, const section *input, clae_shape *shape) {
    if (!input->at) return CLAE_OK;
    const char *text = input->at;
    const size_t length = tidy(&text, input->length);
    char *copy = strndup(text, length);
    if (!copy) return fail_memory(context, length, "the shape of images");
    const bool is_read = shape_from_text(copy, shape);
    free(copy);
    if (is_read) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT,
                "%s, line %zu: \"%.*s\": expected channels x height x width of the images, like 3x32x32", path,
                input->line, length < SHOWN_CHARS ? (int)length : SHOWN_CHARS, text);
}

/* A mirror with a comment, or nothing, is one. */
static char *decoder_text(const section *decoder) {
    const char *text = decoder->at;
    const size_t length = tidy(&text, decoder->length);
    if (length == strlen("mirror") && strncmp(text, "mirror", length) == 0) return strdup("mirror");
    return strndup(decoder->at, decoder->length);
}

clae_status model_texts_read(const clae_context *context, const char *path, model_texts *texts) {
    section sections[SECTIONS] = {{0}, {0}, {0}};
    uint8_t *text;
    size_t bytes;
    *texts = (model_texts){0};
    clae_status status = file_read(context, path, "file of a network", FILE_BYTES_MAX, &text, &bytes);
    if (status != CLAE_OK) return status;
    if (memchr(text, '\0', bytes))
        status = fail(context, CLAE_ERROR_INPUT,
                      "%s: is not a text of layers; trained models are given without --model", path);
    if (status == CLAE_OK) status = find_sections(context, path, (const char *)text, sections);
    if (status == CLAE_OK) status = read_input(context, path, &sections[SECTION_INPUT], &texts->input);
    if (status == CLAE_OK) {
        const section *encoder = &sections[SECTION_ENCODER], *decoder = &sections[SECTION_DECODER];
        texts->encoder = strndup(encoder->at, encoder->length);
        texts->decoder = decoder->at ? decoder_text(decoder) : NULL;
        texts->line[0] = encoder->line;
        texts->line[1] = decoder->line;
        for (int i = 0; i < 2; i++) texts->name[i] = string_format("%s, %s", path, section_names[i]);
        if (!texts->encoder || (decoder->at && !texts->decoder) || !texts->name[0] || !texts->name[1])
            status = fail_memory(context, bytes, "the texts of a network");
    }
    free(text);
    if (status != CLAE_OK) model_texts_free(texts);
    return status;
}
