#include "base/decimal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

decimal_scope decimal_begin(void) {
    decimal_scope scope = {.c = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    /* Without memory for a locale, numbers are the host's. */
    if (scope.c) scope.host = uselocale(scope.c);
    return scope;
}

void decimal_end(decimal_scope scope) {
    if (!scope.c) return;
    uselocale(scope.host);
    freelocale(scope.c);
}

int decimal_print(char *text, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const decimal_scope scope = decimal_begin();
    const int length = vsnprintf(text, size, format, arguments);
    decimal_end(scope);
    va_end(arguments);
    return length;
}

void decimal_write(double value, char text[DECIMAL_BYTES]) {
    decimal_print(text, DECIMAL_BYTES, "%.17g", value);
}

void decimal_write_short(double value, char text[DECIMAL_BYTES]) {
    double read;
    for (int digits = 15; digits <= 17; digits++) {
        decimal_print(text, DECIMAL_BYTES, "%.*g", digits, value);
        if (decimal_read(text, &read) && read == value) return;
    }
}

bool decimal_read(const char *text, double *value) {
    char *end;
    const decimal_scope scope = decimal_begin();
    *value = strtod(text, &end);
    decimal_end(scope);
    return end != text && *end == '\0' && isfinite(*value);
}
