#include "data/label_lines.h"

#include "base/files.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)

/* Without blanks and quotes at both ends. */
static char *label_trim(char *text) {
    text += strspn(text, " \t\"");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\"", text[length - 1])) length--;
    text[length] = '\0';
    return text;
}

static label_line label_line_of(char *line) {
    char *parting = strpbrk(line, ",;\t");
    if (!parting) return (label_line){.name = label_trim(line)};
    *parting = '\0';
    char *const second = parting + 1;
    second[strcspn(second, ",;\t")] = '\0';
    return (label_line){label_trim(line), label_trim(second)};
}

clae_status label_lines_read(const clae_context *context, const char *path, label_lines *lines) {
    uint8_t *text;
    size_t bytes, capacity = 1;
    *lines = (label_lines){0};
    const clae_status status = file_read(context, path, "file of labels", FILE_BYTES_MAX, &text, &bytes);
    if (status != CLAE_OK) return status;
    lines->text = (char *)text;
    for (const char *c = lines->text; *c; c++) capacity += *c == '\n';
    lines->lines = malloc(capacity * sizeof *lines->lines);
    if (!lines->lines) {
        label_lines_free(lines);
        return fail_memory(context, capacity * sizeof *lines->lines, path);
    }
    char *rest;
    for (char *line = strtok_r(lines->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (!line[strspn(line, " \t\r")]) continue;
        lines->lines[lines->count++] = label_line_of(line);
    }
    return CLAE_OK;
}

void label_lines_free(label_lines *lines) {
    free(lines->lines);
    free(lines->text);
    *lines = (label_lines){0};
}
