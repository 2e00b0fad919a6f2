/* Host memory: checked products of dimensions, aligned blocks. */
#ifndef CLAE_BASE_MEMORY_H
#define CLAE_BASE_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define MEMORY_ALIGNMENT 64
#define ARRAY_LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* *product = a * b; false when it does not fit. */
bool size_multiply(size_t a, size_t b, size_t *product);
/* The product of `count` factors; false when it does not fit. */
bool size_product(const size_t *factors, size_t count, size_t *product);

/* Zeroed, aligned to MEMORY_ALIGNMENT, size rounded up to it; freed by free(). NULL when there is not enough. */
void *aligned_zeroed(size_t bytes);

/* printf into a fresh string, to be freed, with a decimal point in every locale; NULL without memory. */
__attribute__((format(printf, 1, 2))) char *string_format(const char *format, ...);
/* The same of a list, in the locale that is set. */
__attribute__((format(printf, 1, 0))) char *string_format_list(const char *format, va_list list);

#endif
