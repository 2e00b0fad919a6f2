/* Tiles of matrix products on CPUs: MR rows of one matrix times a packed panel of NR columns of the other, whose sums
 * stay in registers. Macros: LANES, VECTORS, MR; ROWS_SPACE and PANEL_SPACE, the address spaces of both. */
#define NR (VECTORS * LANES)

typedef FLOATS(LANES) lanes;

/* The sums of a[r][kk * step] panel[kk] over kk < depth, for each row r. */
static inline __attribute__((always_inline)) void sum_up(lanes sum[MR][VECTORS], uint depth,
                                                         PANEL_SPACE const float *panel,
                                                         ROWS_SPACE const float *const a[MR], const uint step) {
    #pragma unroll
    for (uint r = 0; r < MR; r++) {
        #pragma unroll
        for (uint v = 0; v < VECTORS; v++) sum[r][v] = (lanes)(0);
    }
    #pragma unroll 1
    for (uint kk = 0; kk < depth; kk++) {
        lanes b[VECTORS];
        #pragma unroll
        for (uint v = 0; v < VECTORS; v++) b[v] = VLOAD(LANES)(v, panel + kk * NR);
        #pragma unroll
        for (uint r = 0; r < MR; r++) {
            const lanes ar = (lanes)(a[r][kk * step]);
            #pragma unroll
            for (uint v = 0; v < VECTORS; v++) sum[r][v] = fma(ar, b[v], sum[r][v]);
        }
    }
}
