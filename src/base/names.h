/* Names that users type, and those that they may have meant. */
#ifndef CLAE_BASE_NAMES_H
#define CLAE_BASE_NAMES_H

#include <stddef.h>

/* How far two names are from one another (Levenshtein distance); 0 when the first one begins the other. */
size_t name_distance(const char *typed, const char *name);
/* Up to it, one is taken for the other. */
#define NAME_DISTANCE_LIKE 2

#endif
