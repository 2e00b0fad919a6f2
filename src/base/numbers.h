#ifndef CLAE_BASE_NUMBERS_H
#define CLAE_BASE_NUMBERS_H

static inline int smaller(int a, int b) {
    return a < b ? a : b;
}
static inline int larger(int a, int b) {
    return a > b ? a : b;
}
static inline int divide_up(int a, int b) {
    return (a + b - 1) / b;
}

#endif
