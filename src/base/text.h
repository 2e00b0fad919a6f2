/* Text from outside (names of files and devices, drivers' logs) made fit for a terminal and for JSON. */
#ifndef CLAE_BASE_TEXT_H
#define CLAE_BASE_TEXT_H

#include <stddef.h>

/* Copies as much as there is room for, as UTF-8 without control characters: what is not UTF-8 becomes U+FFFD, blanks
 * and control characters become one space, and none at the ends. */
void text_tidy(char *to, size_t size, const char *from);

/* Writes `text` with each control character (of ASCII and of Unicode's C1 block) and each byte that is not UTF-8 as
 * \xNN: one line without terminal escapes. Cut to size - 1 bytes and ended by a zero byte; gives the length of the
 * whole, like snprintf. */
size_t text_sanitise(const char *text, char *out, size_t size);

/* The same as a fresh string; NULL without memory. */
char *text_sanitised(const char *text);

/* Any bytes as UTF-8, and back: a byte that is not UTF-8 is U+001A and two hexadecimal digits. UTF-8 is its own code.
 * text_encode gives a fresh string, NULL without memory; text_decode works in place. */
char *text_encode(const char *bytes);
void text_decode(char *text);

#endif
