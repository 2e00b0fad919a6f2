#ifndef CLAE_BASE_NUMBERS_H
#define CLAE_BASE_NUMBERS_H

#include <stddef.h>

static inline int smaller(int a, int b) {
    return a < b ? a : b;
}
static inline int larger(int a, int b) {
    return a > b ? a : b;
}
static inline int divide_up(int a, int b) {
    return (a + b - 1) / b;
}
static inline size_t smaller_size(size_t a, size_t b) {
    return a < b ? a : b;
}
static inline size_t larger_size(size_t a, size_t b) {
    return a > b ? a : b;
}
static inline size_t divide_up_size(size_t a, size_t b) {
    return (a + b - 1) / b;
}

#endif
