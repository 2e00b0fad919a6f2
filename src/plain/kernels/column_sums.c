/* Sums over rows, in registers: the gradients of biases, and reduce_sum. */
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

enum { BLOCK = 4 }; /* vectors side by side */

INLINE void sum_block(const float *x, size_t rows, size_t stride, float *sums, const int vectors) {
    vector sum[BLOCK];
    UNROLL
    for (int v = 0; v < vectors; v++) sum[v] = vector_load(sums + v * WIDTH);
    for (size_t r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[v] += vector_load(x + r * stride + v * WIDTH);
    }
    UNROLL
    for (int v = 0; v < vectors; v++) vector_store(sums + v * WIDTH, sum[v]);
}

/* Whole rows are a part of a vector: as many of them at once as fill a block of vectors. */
static void sum_narrow(const float *x, size_t rows, size_t columns, float *sums) {
    float block[BLOCK * WIDTH] = {0};
    const size_t count = rows * columns, blocks = count / (BLOCK * WIDTH);
    sum_block(x, blocks, BLOCK * WIDTH, block, BLOCK);
    for (size_t i = 0; i < BLOCK * WIDTH; i++) sums[i % columns] += block[i];
    for (size_t i = blocks * BLOCK * WIDTH; i < count; i++) sums[i % columns] += x[i];
}

void PLAIN_NAME(plain_column_sums)(const float *x, size_t rows, size_t columns, float *sums) {
    if (columns < WIDTH && WIDTH % columns == 0) {
        sum_narrow(x, rows, columns, sums);
        return;
    }
    size_t c = 0;
    for (; c + BLOCK * WIDTH <= columns; c += BLOCK * WIDTH) sum_block(x + c, rows, columns, sums + c, BLOCK);
    for (; c + WIDTH <= columns; c += WIDTH) sum_block(x + c, rows, columns, sums + c, 1);
    for (; c < columns; c++)
        for (size_t r = 0; r < rows; r++) sums[c] += x[r * columns + c];
}
