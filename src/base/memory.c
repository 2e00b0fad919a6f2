#include "base/memory.h"

#include "base/decimal.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool size_multiply(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

bool size_product(const size_t *factors, size_t count, size_t *product) {
    *product = 1;
    bool is_zero = false;
    for (size_t i = 0; i < count; i++) is_zero |= factors[i] == 0;
    if (is_zero) {
        *product = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        if (!size_multiply(*product, factors[i], product)) return false;
    return true;
}

void *aligned_zeroed(size_t bytes) {
    if (bytes > SIZE_MAX - MEMORY_ALIGNMENT) return NULL;
    size_t rounded = (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    if (rounded == 0) rounded = MEMORY_ALIGNMENT;
    void *block = aligned_alloc(MEMORY_ALIGNMENT, rounded);
    if (block) memset(block, 0, rounded);
    return block;
}

char *string_format_list(const char *format, va_list list) {
    va_list again;
    va_copy(again, list);
    const int length = vsnprintf(NULL, 0, format, list);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *string_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const decimal_scope scope = decimal_begin();
    char *text = string_format_list(format, arguments);
    decimal_end(scope);
    va_end(arguments);
    return text;
}
