/* The order of names in which numbers count as numbers: img2 before img10, in every locale. */
#ifndef CLAE_BASE_NATURAL_ORDER_H
#define CLAE_BASE_NATURAL_ORDER_H

/* Negative, 0 or positive, as strcmp. The names of a folder stay together: '/' comes before any other character. 0 for
 * equal names alone. */
int natural_order(const char *a, const char *b);

/* The same for qsort and bsearch of names. */
int natural_order_of(const void *a, const void *b);

#endif
