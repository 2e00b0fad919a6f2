#include "base/names.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_CHARS 40

size_t name_distance(const char *typed, const char *name) {
    size_t length = strlen(name), row[NAME_MAX_CHARS + 1];
    size_t typed_length = strlen(typed);
    if (length > NAME_MAX_CHARS || typed_length > NAME_MAX_CHARS) return SIZE_MAX;
    if (typed_length >= 2 && strncmp(typed, name, typed_length) == 0) return 0;
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 1; typed[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j], least = above < row[j - 1] ? above + 1 : row[j - 1] + 1;
            size_t replaced = diagonal + (typed[i - 1] != name[j - 1]);
            row[j] = replaced < least ? replaced : least;
            diagonal = above;
        }
    }
    return row[length];
}
