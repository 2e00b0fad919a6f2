/* Results for programs. */
#ifndef CLAE_CLI_JSON_H
#define CLAE_CLI_JSON_H

#include "cli/console.h"

#include <jansson.h>

/* Prints the object on standard output and gives it up; NULL, or numbers that JSON lacks, are an error. */
clae_status json_print(console *console, json_t *object);

#endif
