#include "base/value.h"

#include "base/decimal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strtoull alone takes blanks, signs and wraps negative numbers. */
bool value_read_count(const char *text, const char **end, double min, double max, uint64_t *count) {
    if (*text < '0' || *text > '9') return false;
    char *stop;
    errno = 0;
    const unsigned long long value = strtoull(text, &stop, 10);
    if (errno || (double)value < min || (double)value > max || (!end && *stop)) return false;
    *count = value;
    if (end) *end = stop;
    return true;
}

void value_expect_count(double min, double max, char text[VALUE_TEXT_BYTES]) {
    snprintf(text, VALUE_TEXT_BYTES, "a whole number from %.0f to %.0f", min, max);
}

bool value_read_real(const char *text, double min, double max, double *real) {
    double value;
    if (!decimal_read(text, &value) || value < min || value > max) return false;
    *real = value;
    return true;
}

size_t value_read_reals(const char *text, double min, double max, size_t most, double *reals) {
    size_t count = 0;
    for (const char *end = text;; text = end + 1) {
        char number[VALUE_TEXT_BYTES];
        end = text + strcspn(text, ",");
        const size_t length = (size_t)(end - text);
        if (count == most || length >= sizeof number) return 0;
        memcpy(number, text, length);
        number[length] = '\0';
        if (!value_read_real(number, min, max, &reals[count++])) return 0;
        if (!*end) return count;
    }
}

void value_expect_real(double min, double max, char text[VALUE_TEXT_BYTES]) {
    decimal_print(text, VALUE_TEXT_BYTES, "a number from %g to %g", min, max);
}

bool value_is_choice(const char *choices, const char *text) {
    const size_t length = strlen(text);
    for (const char *choice = choices; *choice;) {
        const size_t choice_length = strcspn(choice, "|");
        if (length == choice_length && memcmp(choice, text, length) == 0) return true;
        choice += choice_length + (choice[choice_length] == '|');
    }
    return false;
}
