/* Products of matrices: what gemm and the convolutions that are products come down to. */
#ifndef CLAE_PLAIN_MATRIX_PRODUCT_H
#define CLAE_PLAIN_MATRIX_PRODUCT_H

#include "plain/plain.h"

typedef struct matrix_product matrix_product;

/* c[i][j] = alpha sum_l a[i][l] b[l][j] + beta c[i][j] + bias[j], then 0 where it is < 0 (relu) or where mask[i][j] <= 0.
 * c and mask are [m][n]. */
struct matrix_product {
    size_t m, n, k;
    bool transpose_a, transpose_b; /* a is stored [k][m], b [n][k] */
    float alpha, beta;
    bool relu;
    bool is_shared;                   /* other threads than those of the product's columns read c */
    const float *a, *b, *bias, *mask; /* bias, mask: NULL for none */
    float *c;
    /* Where rows first .. first + count - 1 of a stored [k][m] and b stored [k][n] begin; NULL: one after the other. */
    void (*place)(const matrix_product *p, size_t first, size_t count, ptrdiff_t *a, ptrdiff_t *b);
    const void *places; /* for `place` */
};

/* Of the workspace that products of at most this many rows take. */
size_t matrix_product_workspace_floats(const plain_device *device);

/* `count` products of one size of c. The order of sums depends on k and the instruction set alone. */
void matrix_product_run(const plain_device *device, const matrix_product *products, int count, float *workspace);

#endif
