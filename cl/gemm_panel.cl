/* Tiles of matrix products on CPUs: MR rows of one matrix times a packed panel of NR columns of the other, whose sums
 * stay in registers. Macros: VEC, MR; ROWS_SPACE, the address space of the rows. */
#define NR (2 * VEC)

typedef FLOATS(VEC) lanes;

/* Where a tile's sums go: the first ones are added to `bias`, of a panel, later ones (NULL) to what is there. No result
 * is less than `floor`, and it is 0 where the mask, NULL for none, is. */
typedef struct results {
    global float *c;
    global const float *mask;
    const float *bias;
    float floor;
    size_t stride;
    uint rows, columns; /* up to MR and NR */
} results;

static inline lanes finished(lanes sum, const results *to, size_t at, uint column) {
    lanes value = sum + (to->bias ? VLOAD(VEC)(0, to->bias + column) : VLOAD(VEC)(0, to->c + at));
    value = value < to->floor ? (lanes)(to->floor) : value;
    if (to->mask) value = VLOAD(VEC)(0, to->mask + at) <= 0 ? (lanes)(0) : value;
    return value;
}

/* Of a panel that is not full. */
NOT_INLINE void store_edge(const float *sums, const results *to) {
    #pragma unroll 1
    for (uint r = 0; r < to->rows; r++)
        #pragma unroll 1
        for (uint i = 0; i < to->columns; i++) {
            const size_t at = r * to->stride + i;
            float value = sums[r * NR + i] + (to->bias ? to->bias[i] : to->c[at]);
            value = value < to->floor ? to->floor : value;
            to->c[at] = to->mask && to->mask[at] <= 0 ? 0 : value;
        }
}

static inline void store_tile(lanes sum[MR][2], const results *to) {
    if (to->columns == NR) {
        #pragma unroll
        for (uint r = 0; r < MR; r++) {
            if (r >= to->rows) continue;
            const size_t at = r * to->stride;
            VSTORE(VEC)(finished(sum[r][0], to, at, 0), 0, to->c + at);
            VSTORE(VEC)(finished(sum[r][1], to, at + VEC, VEC), 0, to->c + at + VEC);
        }
        return;
    }
    float sums[MR * NR];
    #pragma unroll
    for (uint r = 0; r < MR; r++) {
        VSTORE(VEC)(sum[r][0], 0, sums + r * NR);
        VSTORE(VEC)(sum[r][1], 1, sums + r * NR);
    }
    store_edge(sums, to);
}

/* The sums of a[r][kk * step] panel[kk] over kk < depth, for each row r. */
static inline __attribute__((always_inline)) void sum_up(lanes sum[MR][2], uint depth, const float *panel,
                                                         ROWS_SPACE const float *const a[MR], const uint step) {
    #pragma unroll
    for (uint r = 0; r < MR; r++) sum[r][0] = sum[r][1] = (lanes)(0);
    #pragma unroll 1
    for (uint kk = 0; kk < depth; kk++) {
        const lanes b0 = VLOAD(VEC)(0, panel + kk * NR), b1 = VLOAD(VEC)(1, panel + kk * NR);
        #pragma unroll
        for (uint r = 0; r < MR; r++) {
            const lanes ar = (lanes)(a[r][kk * step]);
            sum[r][0] = fma(ar, b0, sum[r][0]);
            sum[r][1] = fma(ar, b1, sum[r][1]);
        }
    }
}
