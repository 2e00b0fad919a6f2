#include "cli/json.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define RESERVE_BYTES ((size_t)1 << 20)

/* Jansson's functions get no argument, hence the global variables. */
static atomic_bool lacked_memory;
static _Atomic(void *) reserve;

/* The reserve is given up for the first block that there is no memory for: version 2.14 of Jansson asserts, or damages the
 * heap, after some of its failed allocations. */
static void *allocate(size_t bytes) {
    void *block = malloc(bytes);
    if (block) return block;
    free(atomic_exchange(&reserve, NULL));
    block = malloc(bytes);
    if (!block) lacked_memory = true;
    return block;
}

void json_watch_memory(void) {
    reserve = malloc(RESERVE_BYTES);
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
