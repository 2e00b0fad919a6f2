/* c[row][column] = sum_k a(row, k) b[k][column] by a work-group of PRODUCT_ITEMS items, which makes BLOCK_ROWS x BLOCK_COLUMNS
 * of c from DEPTH steps of k at a time; a work-item keeps 4 ROW_VECTORS x 4 sums. b and c have COLUMNS columns, c's rows
 * are padded to whole vectors; a is [row][k] with A_BY_ROW, otherwise [k][row], in whole vectors with WHOLE_A. All start at
 * multiples of 16 bytes. */
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

/* Vectors of a and b that are staged at a time, and those of an item. */
#define STAGED_A (DEPTH * BLOCK_ROWS / 4)
#define STAGED_B (DEPTH * ITEMS_X)
#define OWN_A ((STAGED_A + PRODUCT_ITEMS - 1) / PRODUCT_ITEMS)
#define OWN_B ((STAGED_B + PRODUCT_ITEMS - 1) / PRODUCT_ITEMS)

typedef struct staged_vectors {
    float4 a[OWN_A], b[OWN_B];
} staged_vectors;

/* Four numbers that lie one after the other, as far as `count` goes; all or none where `whole`, and then aligned. */
ALWAYS_INLINE float4 load_four(global const float *from, int count, const int whole) {
    if (whole) return count > 0 ? *(global const float4 *)from : (float4)(0);
    return (float4)(count > 0 ? from[0] : 0, count > 1 ? from[1] : 0, count > 2 ? from[2] : 0, count > 3 ? from[3] : 0);
}

/* A vector of a is along k with A_BY_ROW, otherwise along the rows. */
ALWAYS_INLINE void load_staged(matrices m, int row0, int column0, int k0, int k_end, staged_vectors *v) {
    #pragma unroll
    for (int j = 0; j < OWN_A; j++) {
        const int i = get_local_id(0) + j * PRODUCT_ITEMS;
        const int row = row0 + (A_BY_ROW ? i / (DEPTH / 4) : i % (BLOCK_ROWS / 4) * 4);
        const int k = k0 + (A_BY_ROW ? i % (DEPTH / 4) * 4 : i / (BLOCK_ROWS / 4));
        const bool inside = i < STAGED_A && row < m.rows && k < k_end;
        global const float *from = m.a + (A_BY_ROW ? row * m.pitch + k : k * m.pitch + row);
        v->a[j] = load_four(from, inside ? (A_BY_ROW ? k_end - k : m.rows - row) : 0, WHOLE_A);
    }
    #pragma unroll
    for (int j = 0; j < OWN_B; j++) {
        const int i = get_local_id(0) + j * PRODUCT_ITEMS, k = k0 + i / ITEMS_X, column = column0 + i % ITEMS_X * 4;
        const bool inside = i < STAGED_B && k < k_end;
        v->b[j] = load_four(m.b + k * COLUMNS + column, inside ? COLUMNS - column : 0, COLUMNS % 4 == 0);
    }
}

ALWAYS_INLINE void put_staged(const staged_vectors *v, local float4 *a, local float4 *b) {
    #pragma unroll
    for (int j = 0; j < OWN_A; j++) {
        const int i = get_local_id(0) + j * PRODUCT_ITEMS;
        if (STAGED_A % PRODUCT_ITEMS != 0 && i >= STAGED_A) continue;
        if (!A_BY_ROW) {
            a[i / (BLOCK_ROWS / 4) * A_VECTORS + i % (BLOCK_ROWS / 4)] = v->a[j];
            continue;
        }
        local float *to = (local float *)(a + i % (DEPTH / 4) * (4 * A_VECTORS)) + i / (DEPTH / 4);
        to[0] = v->a[j].x;
        to[4 * A_VECTORS] = v->a[j].y;
        to[8 * A_VECTORS] = v->a[j].z;
        to[12 * A_VECTORS] = v->a[j].w;
    }
    #pragma unroll
    for (int j = 0; j < OWN_B; j++) {
        const int i = get_local_id(0) + j * PRODUCT_ITEMS;
        if (STAGED_B % PRODUCT_ITEMS == 0 || i < STAGED_B) b[i] = v->b[j];
    }
}

static void add_products(local const float4 *a, local const float4 *b, float4 *sums) {
    const int x = get_local_id(0) % ITEMS_X, y = (uint)get_local_id(0) / ITEMS_X;
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
    const int y = (uint)get_local_id(0) / ITEMS_X, column = column0 + get_local_id(0) % ITEMS_X * 4;
    float4 sums[ROW_VECTORS * 4];
    #pragma unroll
    for (int i = 0; i < ROW_VECTORS * 4; i++) sums[i] = (float4)(0);
    staged_vectors next;
    load_staged(m, row0, column0, first, end, &next);
    for (int k = first; k < end; k += DEPTH) {
        barrier(CLK_LOCAL_MEM_FENCE);
        put_staged(&next, a, b);
        barrier(CLK_LOCAL_MEM_FENCE);
        load_staged(m, row0, column0, k + DEPTH, end, &next);
        add_products(a, b, sums);
    }
    #pragma unroll
    for (int i = 0; i < ROW_VECTORS * 4; i++) {
        int row = row0 + (i / 4 * ITEMS_Y + y) * 4 + i % 4;
        global float4 *to = (global float4 *)(m.c + (size_t)row * PADDED_COLUMNS + column);
        if (row < m.rows && column < COLUMNS) *to = add ? *to + sums[i] : sums[i];
    }
}
