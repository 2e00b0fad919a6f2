/* JSON as text, for files. */
#ifndef CLAE_BASE_JSON_TEXT_H
#define CLAE_BASE_JSON_TEXT_H

#include <jansson.h>

/* Compact, to be freed; NULL without memory, also for a value that is NULL. Unlike that of json_dumps, the text is
 * whole where memory was short in the middle: Jansson passes over a key for which there is no room. */
char *json_text(const json_t *value);

#endif
