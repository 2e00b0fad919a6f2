/* Blocks of matrices on their way into packed ones. */
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

void PLAIN_NAME(plain_copy_rows)(const float *from, const ptrdiff_t *places, size_t rows, size_t columns, float factor,
                                 float *to, size_t to_stride) {
    const vector factors = vector_broadcast(factor);
    for (size_t i = 0; i < rows; i++, to += to_stride) {
        const float *row = from + places[i];
        size_t j = 0;
        for (; j + WIDTH <= columns; j += WIDTH) vector_store(to + j, factors * vector_load(row + j));
        for (; j < columns; j++) to[j] = factor * row[j];
    }
}

typedef float quad __attribute__((vector_size(16)));
typedef quad quad_unaligned __attribute__((aligned(4), may_alias));

#if defined(__clang__)
#define QUAD_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t quad_indices __attribute__((vector_size(16)));
#define QUAD_PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (quad_indices){i, j, k, l})
#endif

INLINE quad quad_load(const float *p) {
    return *(const quad_unaligned *)p;
}

INLINE void quad_store(float *p, quad q) {
    *(quad_unaligned *)p = q;
}

INLINE void transpose_quads(const float *from, const ptrdiff_t *places, float factor, float *to, size_t to_stride) {
    const quad a = quad_load(from + places[0]), b = quad_load(from + places[1]), c = quad_load(from + places[2]),
               d = quad_load(from + places[3]);
    const quad ab0 = QUAD_PICK(a, b, 0, 4, 1, 5), ab1 = QUAD_PICK(a, b, 2, 6, 3, 7), cd0 = QUAD_PICK(c, d, 0, 4, 1, 5),
               cd1 = QUAD_PICK(c, d, 2, 6, 3, 7);
    quad_store(to, factor * QUAD_PICK(ab0, cd0, 0, 1, 4, 5));
    quad_store(to + to_stride, factor * QUAD_PICK(ab0, cd0, 2, 3, 6, 7));
    quad_store(to + 2 * to_stride, factor * QUAD_PICK(ab1, cd1, 0, 1, 4, 5));
    quad_store(to + 3 * to_stride, factor * QUAD_PICK(ab1, cd1, 2, 3, 6, 7));
}

/* Rows that fill a line of `to` go together. */
void PLAIN_NAME(plain_transpose)(const float *from, const ptrdiff_t *places, size_t rows, size_t columns, float factor,
                                 float *to, size_t to_stride) {
    const size_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
    for (size_t line = 0; line < whole_rows; line += LINE_FLOATS)
        for (size_t j = 0; j < whole_columns; j += 4)
            for (size_t i = line; i < whole_rows && i < line + LINE_FLOATS; i += 4)
                transpose_quads(from + j, places + i, factor, to + j * to_stride + i, to_stride);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            to[j * to_stride + i] = factor * from[places[i] + (ptrdiff_t)j];
}
