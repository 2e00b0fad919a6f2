/* What becomes of the sums of gemm_panel.cl. */

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
    lanes value = sum + (to->bias ? VLOAD(LANES)(0, to->bias + column) : VLOAD(LANES)(0, to->c + at));
    value = value < to->floor ? (lanes)(to->floor) : value;
    if (to->mask) value = VLOAD(LANES)(0, to->mask + at) <= 0 ? (lanes)(0) : value;
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

static inline void store_tile(lanes sum[MR][VECTORS], const results *to) {
    if (to->columns == NR) {
        #pragma unroll
        for (uint r = 0; r < MR; r++) {
            if (r >= to->rows) continue;
            #pragma unroll
            for (uint v = 0; v < VECTORS; v++) {
                const size_t at = r * to->stride + v * LANES;
                VSTORE(LANES)(finished(sum[r][v], to, at, v * LANES), 0, to->c + at);
            }
        }
        return;
    }
    float sums[MR * NR];
    #pragma unroll
    for (uint r = 0; r < MR; r++) {
        #pragma unroll
        for (uint v = 0; v < VECTORS; v++) VSTORE(LANES)(sum[r][v], v, sums + r * NR);
    }
    store_edge(sums, to);
}
