/* Values as users write them, read within limits, and what to say was expected. */
#ifndef CLAE_BASE_VALUE_H
#define CLAE_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an expectation takes. */
#define VALUE_TEXT_BYTES 160

/* Digits alone: no blanks, no sign. *end is where they end; NULL: they must be the whole text. */
bool value_read_count(const char *text, const char **end, double min, double max, uint64_t *count);
void value_expect_count(double min, double max, char text[VALUE_TEXT_BYTES]);

bool value_read_real(const char *text, double min, double max, double *real);
/* Numbers parted by commas, `most` at most: how many; 0 where the text is anything else. */
size_t value_read_reals(const char *text, double min, double max, size_t most, double *reals);
void value_expect_real(double min, double max, char text[VALUE_TEXT_BYTES]);

/* Whether `text` is one of "this|that". */
bool value_is_choice(const char *choices, const char *text);

#endif
