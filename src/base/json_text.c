#include "base/json_text.h"

#include <stdlib.h>

char *json_text(const json_t *value) {
    const size_t length = value ? json_dumpb(value, NULL, 0, JSON_COMPACT) : 0;
    char *text = length > 0 ? malloc(length + 1) : NULL;
    if (!text) return NULL;
    if (json_dumpb(value, text, length, JSON_COMPACT) != length) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}
