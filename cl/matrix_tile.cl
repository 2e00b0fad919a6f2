/* Products of few columns, c[row][..] = sum_l a[row][l] b[l][..], with all sums of some rows in registers, for devices whose
 * work-items are threads with vector units.
 *
 * Macros: LANES, VECTORS (of a row), POSITIONS (rows whose sums fit into the registers), and floats from one row of a to the
 * next, from one l of a to the next, and of b: A_ROW, A_STEP, B_STEP; C_ROW, from one row of c to the next. `add`: to what c holds. */
ALWAYS_INLINE void tile_multiply(const int rows, global const float *a, global const float *b, global float *c, int length,
                                 int add) {
    lanes sums[POSITIONS][VECTORS] = {{(lanes)(0)}};
    #pragma unroll 1
    for (int l = 0; l < length; l++, a += A_STEP, b += B_STEP) {
        lanes row[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) row[v] = VLOAD(LANES)(0, b + v * LANES);
        #pragma unroll
        for (int i = 0; i < rows; i++) {
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) sums[i][v] = fma((lanes)(a[i * A_ROW]), row[v], sums[i][v]);
        }
    }
    #pragma unroll
    for (int i = 0; i < rows; i++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) {
            global float *to = c + i * C_ROW + v * LANES;
            VSTORE(LANES)(add ? VLOAD(LANES)(0, to) + sums[i][v] : sums[i][v], 0, to);
        }
    }
}

NOT_INLINE void tile_most(global const float *a, global const float *b, global float *c, int length, int add) {
    tile_multiply(POSITIONS, a, b, c, length, add);
}
NOT_INLINE void tile_fewer(global const float *a, global const float *b, global float *c, int length, int add) {
    tile_multiply(POSITIONS - 1, a, b, c, length, add);
}
NOT_INLINE void tile_single(global const float *a, global const float *b, global float *c, int length, int add) {
    tile_multiply(1, a, b, c, length, add);
}

/* Tiles of POSITIONS rows and of one less, where these make up all rows; otherwise single ones are left. */
static void tile_multiply_rows(int rows, global const float *a, global const float *b, global float *c, int length, int add) {
    const int tiles = (rows + POSITIONS - 1) / POSITIONS, fewer = tiles * POSITIONS - rows;
    int row = 0;
    #pragma unroll 1
    for (const int end = fewer <= tiles ? rows - fewer * (POSITIONS - 1) : rows / POSITIONS * POSITIONS; row < end;
         row += POSITIONS)
        tile_most(a + row * A_ROW, b, c + row * C_ROW, length, add);
    #pragma unroll 1
    for (; fewer <= tiles && row < rows; row += POSITIONS - 1)
        tile_fewer(a + row * A_ROW, b, c + row * C_ROW, length, add);
    #pragma unroll 1
    for (; row < rows; row++) tile_single(a + row * A_ROW, b, c + row * C_ROW, length, add);
}
