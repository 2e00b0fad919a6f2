#include "cli/json.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Jansson's functions get no argument, hence the global variable. */
static atomic_bool lacked_memory;

static void *allocate(size_t bytes) {
    void *block = malloc(bytes);
    if (!block) lacked_memory = true;
    return block;
}

void json_watch_memory(void) {
    json_set_alloc_funcs(allocate, free);
}

bool json_lacked_memory(void) {
    return lacked_memory;
}

clae_status json_print(console *console, json_t *object) {
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (!text) {
        console_message(console, CLAE_LOG_ERROR, "the results cannot be put into JSON: %s",
                        json_lacked_memory() ? "not enough memory" : "a number is not finite");
        return CLAE_ERROR_INTERNAL;
    }
    puts(text);
    free(text);
    return CLAE_OK;
}
