/* Allocations that fail: of clae's code, not of its libraries. */
#ifndef CLAE_TESTS_NO_MEMORY_H
#define CLAE_TESTS_NO_MEMORY_H

#include <stdbool.h>

/* From here on, the number-th allocation fails. */
void no_memory_begin(unsigned long number);
/* None fails any more; whether one did. */
bool no_memory_end(void);

#endif
