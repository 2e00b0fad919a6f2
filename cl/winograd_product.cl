/* c[row][column] = sum_k a(row, k) b[k][column] by a work-group of PRODUCT_ITEMS items, which makes BLOCK_ROWS x BLOCK_COLUMNS
 * of c from DEPTH steps of k at a time; a work-item keeps 4 ROW_VECTORS x 4 sums. b and c have COLUMNS columns, c's rows
 * are padded to whole vectors and start at multiples of 16 bytes; a is [row][k] with A_BY_ROW, otherwise [k][row]. */
#define PADDED_COLUMNS ((COLUMNS + 3) / 4 * 4)
#define ITEMS_X (BLOCK_COLUMNS / 4)
#define ITEMS_Y (PRODUCT_ITEMS / ITEMS_X)
#define BLOCK_ROWS (ITEMS_Y * ROW_VECTORS * 4)
#define BLOCKS_X ((COLUMNS + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS)
/* The vector between rows of k spreads the places of a column over the banks. */
#define A_VECTORS (BLOCK_ROWS / 4 + 1)
#define B_VECTORS ITEMS_X

/* The hint keeps vectorisers from joining work-items: Intel's for CPUs (2026.2) makes all sums but those of the first item
 * wrong where a group of 8 to 32 items stages 32 or more numbers of b each, and ROW_VECTORS is 1. */
#define PRODUCT_KERNEL \
    kernel __attribute__((vec_type_hint(float4))) __attribute__((reqd_work_group_size(PRODUCT_ITEMS, 1, 1)))

typedef struct matrices {
    global const float *a, *b;
    global float *c;
    int rows;
    int pitch; /* of a's rows, or of those of its k */
} matrices;

static void stage_a(local float *staged, matrices m, int row0, int k0, int k_end) {
    #pragma unroll
    for (int j = 0; j < DEPTH * BLOCK_ROWS / PRODUCT_ITEMS; j++) {
        int i = get_local_id(0) + j * PRODUCT_ITEMS;
        int k = A_BY_ROW ? i % DEPTH : i / BLOCK_ROWS, row = A_BY_ROW ? i / DEPTH : i % BLOCK_ROWS;
        bool inside = row0 + row < m.rows && k0 + k < k_end;
        int from = A_BY_ROW ? (row0 + row) * m.pitch + k0 + k : (k0 + k) * m.pitch + row0 + row;
        staged[k * (4 * A_VECTORS) + row] = inside ? m.a[from] : 0;
    }
}

static void stage_b(local float *staged, matrices m, int column0, int k0, int k_end) {
    #pragma unroll
    for (int j = 0; j < DEPTH * BLOCK_COLUMNS / PRODUCT_ITEMS; j++) {
        int i = get_local_id(0) + j * PRODUCT_ITEMS, k = k0 + i / BLOCK_COLUMNS, column = column0 + i % BLOCK_COLUMNS;
        staged[i] = k < k_end && column < COLUMNS ? m.b[k * COLUMNS + column] : 0;
    }
}

static void add_products(local const float4 *a, local const float4 *b, float4 *sums) {
    const int x = get_local_id(0) % ITEMS_X, y = get_local_id(0) / ITEMS_X;
    #pragma unroll 4
    for (int k = 0; k < DEPTH; k++) {
        float4 row = b[k * B_VECTORS + x];
        #pragma unroll
        for (int v = 0; v < ROW_VECTORS; v++) {
            float4 column = a[k * A_VECTORS + v * ITEMS_Y + y];
            sums[v * 4] = fma((float4)(column.x), row, sums[v * 4]);
            sums[v * 4 + 1] = fma((float4)(column.y), row, sums[v * 4 + 1]);
            sums[v * 4 + 2] = fma((float4)(column.z), row, sums[v * 4 + 2]);
            sums[v * 4 + 3] = fma((float4)(column.w), row, sums[v * 4 + 3]);
        }
    }
}

/* The block at row0 and column0, over k first .. end - 1. `add`: to what c holds. */
static void product(local float4 *a, local float4 *b, matrices m, int row0, int column0, int first, int end, int add) {
    const int y = get_local_id(0) / ITEMS_X, column = column0 + get_local_id(0) % ITEMS_X * 4;
    float4 sums[ROW_VECTORS * 4];
    #pragma unroll
    for (int i = 0; i < ROW_VECTORS * 4; i++) sums[i] = (float4)(0);
    for (int k = first; k < end; k += DEPTH) {
        barrier(CLK_LOCAL_MEM_FENCE);
        stage_a((local float *)a, m, row0, k, end);
        stage_b((local float *)b, m, column0, k, end);
        barrier(CLK_LOCAL_MEM_FENCE);
        add_products(a, b, sums);
    }
    #pragma unroll
    for (int i = 0; i < ROW_VECTORS * 4; i++) {
        int row = row0 + (i / 4 * ITEMS_Y + y) * 4 + i % 4;
        global float4 *to = (global float4 *)(m.c + (size_t)row * PADDED_COLUMNS + column);
        if (row < m.rows && column < COLUMNS) *to = add ? *to + sums[i] : sums[i];
    }
}
