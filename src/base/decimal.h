/* Numbers as text with a decimal point, whatever locale the host program has set: files mean the same everywhere. */
#ifndef CLAE_BASE_DECIMAL_H
#define CLAE_BASE_DECIMAL_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

/* Between decimal_begin and decimal_end the calling thread prints and reads as in the C locale. */
typedef struct decimal_scope {
    locale_t c, host;
} decimal_scope;

decimal_scope decimal_begin(void);
void decimal_end(decimal_scope scope);

/* snprintf between the two. */
__attribute__((format(printf, 3, 4))) int decimal_print(char *text, size_t size, const char *format, ...);

/* Seventeen digits, from which the same number comes back. */
#define DECIMAL_BYTES 32
void decimal_write(double value, char text[DECIMAL_BYTES]);
/* As few digits as that takes, 15 at least: 0.003, not 0.0030000000000000001. */
void decimal_write_short(double value, char text[DECIMAL_BYTES]);

/* False where the text is anything but one finite number. */
bool decimal_read(const char *text, double *value);

#endif
