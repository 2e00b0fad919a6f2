/* Products of matrices: what gemm and the convolutions that are products come down to. */
#ifndef CLAE_PLAIN_MATRIX_PRODUCT_H
#define CLAE_PLAIN_MATRIX_PRODUCT_H

#include "plain/plain.h"

typedef struct matrix_product matrix_product;

/* c[i][j] = alpha sum_l a[i][l] b[l][j] + beta c[i][j] + bias[j], then 0 where it is < 0 (relu) or where mask[i][j] <=
 * 0. Rows are the strides apart; those of mask as of c. */
struct matrix_product {
    size_t m, n, k;
    bool transpose_a, transpose_b; /* a is stored [k][m], b [n][k] */
    size_t a_stride, b_stride, c_stride;
    size_t block; /* sums of so many products are made before they are added to others; 0: as many as the caches like */
    float alpha, beta;
    bool relu;
    const float *a, *b, *bias, *mask; /* bias, mask: NULL for none */
    float *c;
    /* Where rows first .. first + count - 1 of a stored [k][m] and b stored [k][n] begin; NULL: a stride apart. */
    void (*place)(const matrix_product *p, size_t first, size_t count, ptrdiff_t *a, ptrdiff_t *b);
    const void *places; /* for `place` */
};

/* The product of dense matrices. */
static inline matrix_product matrix_product_of(size_t m, size_t n, size_t k, bool transpose_a, bool transpose_b) {
    return (matrix_product){.m = m,
                            .n = n,
                            .k = k,
                            .transpose_a = transpose_a,
                            .transpose_b = transpose_b,
                            .a_stride = transpose_a ? m : k,
                            .b_stride = transpose_b ? k : n,
                            .c_stride = n,
                            .alpha = 1};
}

/* Of the workspace that products of at most this many rows take. */
size_t matrix_product_workspace_floats(const plain_device *device);

/* `count` products of one size of c. The order of sums depends on k and the instruction set alone. */
void matrix_product_run(const plain_device *device, const matrix_product *products, int count, float *workspace);

#endif
