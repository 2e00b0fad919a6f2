#include "cli/json.h"

#include <stdio.h>
#include <stdlib.h>

clae_status json_print(console *console, json_t *object) {
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (!text) {
        console_message(console, CLAE_LOG_ERROR, "the results cannot be put into JSON: a number is not finite");
        return CLAE_ERROR_INTERNAL;
    }
    puts(text);
    free(text);
    return CLAE_OK;
}
