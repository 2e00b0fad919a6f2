/* Results for programs. */
#ifndef CLAE_CLI_JSON_H
#define CLAE_CLI_JSON_H

#include "cli/console.h"

#include <jansson.h>
#include <stdbool.h>

/* Keeps memory in reserve for Jansson, and makes it note a shortage of memory, which it takes for bad JSON, or loses
 * characters by. To be called before its first use. */
void json_watch_memory(void);
bool json_lacked_memory(void);

/* Prints the object on standard output and gives it up; NULL, or numbers that JSON lacks, are an error. */
clae_status json_print(console *console, json_t *object);

#endif
