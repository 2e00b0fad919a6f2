/* Wgrad (src/ops/conv.h) for devices whose work-groups share local memory: a matrix product over the positions of
 * narrow, whose rows are (tap, channel of wide) and whose columns are channels of narrow. A work-group makes BLOCK_R x
 * BLOCK_O sums of one chunk of the positions of all images; a work-item keeps ROWS x CHANNELS of them. While STEP positions
 * are multiplied, the next ones are on their way into registers.
 *
 * conv_wgrad_partial makes partial[chunk][kh][kw][wide][narrow] and then dbias; conv_wgrad_reduce adds the chunks up in
 * order. WHOLE: the only chunk is dweight, and dbias is apart: a macro, as an argument costs all others 2%.
 *
 * Macros: those of conv_wgrad_parts.cl, STRIDE_H STRIDE_W, PAD_H PAD_W; BLOCK_O, ROWS (a multiple of 4), CHANNELS, STEP,
 * UNROLL (positions of a step in one piece); all powers of 2. Floats of a chunk, from its first image on, are counted in
 * int. Arguments: transposed (dy is wide, dweight is [kh][kw][narrow][wide]) and dy_c, the elements of dbias, 0 for none. */

#include "conv_wgrad_parts.cl"

#define MIN_(a, b) ((a) < (b) ? (a) : (b))
#define MAX_(a, b) ((a) > (b) ? (a) : (b))

#define ITEMS_O (BLOCK_O / CHANNELS)
#define ITEMS_R (LOCAL / ITEMS_O)
#define BLOCK_R (ITEMS_R * ROWS)
#define BLOCKS_R UP(ALL_ROWS, BLOCK_R)
#define BLOCKS_O UP(NARROW_C, BLOCK_O)

/* Channels that are read at once: FLOATS wants a number. */
#if WIDE_C % 4 == 0
#define WIDE_VEC 4
#else
#define WIDE_VEC 1
#endif
#if NARROW_C % 4 == 0 && BLOCK_O % 4 == 0
#define NARROW_VEC 4
#else
#define NARROW_VEC 1
#endif
typedef FLOATS(WIDE_VEC) wide_vector;
typedef FLOATS(NARROW_VEC) narrow_vector;

/* Vectors of a staged position, and those of a step that an item brings. The items of a work-group stand side by side along
 * the rows, and along the positions if there are more of them: an item's rows are the same for all its positions. */
#define WIDE_ROW (BLOCK_R / WIDE_VEC)
#define WIDE_SPAN MIN_(WIDE_ROW, LOCAL)
#define WIDE_TAPS (WIDE_ROW / WIDE_SPAN)
#define WIDE_LOADS UP(STEP * WIDE_ROW, LOCAL)
#define NARROW_ROW (BLOCK_O / NARROW_VEC)
#define NARROW_LOADS UP(STEP * NARROW_ROW, LOCAL)

/* What an item multiplies is read four at once, if it has as many channels. Its rows and channels are in such vectors that are
 * as far apart as all items are wide: those of neighbours are neighbours in local memory. */
#if CHANNELS % 4 == 0
#define COLUMN_VEC 4
#else
#define COLUMN_VEC CHANNELS
#endif
typedef FLOATS(COLUMN_VEC) column_vector;
#define ROW_VECTORS (ROWS / 4)
#define COLUMN_VECTORS (CHANNELS / COLUMN_VEC)
/* Slices of partial sums start at multiples of 16 bytes. */
#define STORES_WHOLE (COLUMN_VEC == 4 && NARROW_C % 4 == 0 && WIDE_C % 4 == 0)

/* Taps may be beyond the borders of wide. */
#define BORDERS                                                                                       \
    (PAD_H > 0 || PAD_W > 0 || (NARROW_H - 1) * STRIDE_H + KERNEL_H > WIDE_H ||                       \
     (NARROW_W - 1) * STRIDE_W + KERNEL_W > WIDE_W)
/* A y of nowhere; so is the sum of two. */
#define OUTSIDE (-(1 << 30))

/* Positions whose places one item keeps. */
#define PLACES UP(STEP, LOCAL)

/* A position of narrow: its image, counted from the first one of the chunk, row and column. */
typedef struct place {
    int image, y, x;
} place;

static place place_at(int pixel) {
    return (place){pixel / PIXELS, pixel % PIXELS / NARROW_W, pixel % NARROW_W};
}

static place next_place(place p) {
    p.x += STEP % NARROW_W;
    p.y += STEP / NARROW_W % NARROW_H;
    p.image += STEP / PIXELS;
    if (p.x >= NARROW_W) {
        p.x -= NARROW_W;
        p.y++;
    }
    if (p.y >= NARROW_H) {
        p.y -= NARROW_H;
        p.image++;
    }
    return p;
}

/* Where the first taps of the positions of a step are in wide: which float, row and column. `left` positions are left. */
static void put_places(local int4 *corners, place *places, int left) {
    #pragma unroll
    for (int i = 0; i < PLACES; i++) {
        const int position = get_local_id(0) + i * LOCAL;
        if (position < STEP) {
            const place p = places[i];
            const int y = p.y * STRIDE_H - PAD_H, x = p.x * STRIDE_W - PAD_W;
            corners[position] = position < left ? (int4)(((p.image * WIDE_H + y) * WIDE_W + x) * WIDE_C, y, x, 0)
                                                : (int4)(0, OUTSIDE, 0, 0);
            places[i] = next_place(p);
        }
    }
}

/* What is added to that for a row: a tap's channel, or for a vector of rows the first one. */
typedef struct offset {
    int at, y, x;
} offset;

static offset offset_of(int row) {
    const int tap = row / WIDE_C, y = tap / KERNEL_W, x = tap % KERNEL_W;
    return (offset){(y * WIDE_W + x) * WIDE_C + row % WIDE_C, row < ALL_ROWS ? y : OUTSIDE, x};
}

static bool is_inside(int4 corner, offset o) {
    if (!BORDERS) return (corner.y | o.y) >= 0;
    return (uint)(corner.y + o.y) < WIDE_H && (uint)(corner.z + o.x) < WIDE_W;
}

static void load_wide(local const int4 *corners, const offset *rows, global const float *wide, wide_vector *next) {
    #pragma unroll
    for (int i = 0; i < WIDE_LOADS; i++) {
        const int position = (uint)get_local_id(0) / WIDE_SPAN + i / WIDE_TAPS * (LOCAL / WIDE_SPAN);
        const int4 corner = corners[STEP * WIDE_ROW % LOCAL == 0 ? position : min(position, STEP - 1)];
        const offset o = rows[i % WIDE_TAPS];
        next[i] = (wide_vector)(0);
        if (is_inside(corner, o)) next[i] = *(global const wide_vector *)(wide + (corner.x + o.at));
    }
}

/* From the step's first position on. */
static void load_narrow(global const float *narrow, int o0, int left, narrow_vector *next) {
    #pragma unroll
    for (int i = 0; i < NARROW_LOADS; i++) {
        const int at = get_local_id(0) + i * LOCAL, position = at / NARROW_ROW, o = o0 + at % NARROW_ROW * NARROW_VEC;
        next[i] = (narrow_vector)(0);
        if (position < min(left, STEP) && o < NARROW_C)
            next[i] = *(global const narrow_vector *)(narrow + (position * NARROW_C + o));
    }
}

static void put_vectors(local wide_vector *a, local narrow_vector *b, const wide_vector *wide, const narrow_vector *narrow) {
    #pragma unroll
    for (int i = 0; i < WIDE_LOADS; i++)
        if (STEP * WIDE_ROW % LOCAL == 0 || get_local_id(0) + i * LOCAL < STEP * WIDE_ROW)
            a[get_local_id(0) + i * LOCAL] = wide[i];
    #pragma unroll
    for (int i = 0; i < NARROW_LOADS; i++)
        if (STEP * NARROW_ROW % LOCAL == 0 || get_local_id(0) + i * LOCAL < STEP * NARROW_ROW)
            b[get_local_id(0) + i * LOCAL] = narrow[i];
}

static void add_row(float row, const column_vector *columns, column_vector *sums) {
    #pragma unroll
    for (int v = 0; v < COLUMN_VECTORS; v++) sums[v] = fma((column_vector)(row), columns[v], sums[v]);
}

/* `a` and `b` are the item's own, of a position. */
static void add_position(local const float4 *a, local const column_vector *b, column_vector sums[ROWS][COLUMN_VECTORS]) {
    column_vector columns[COLUMN_VECTORS];
    #pragma unroll
    for (int v = 0; v < COLUMN_VECTORS; v++) columns[v] = b[v * ITEMS_O];
    #pragma unroll
    for (int v = 0; v < ROW_VECTORS; v++) {
        const float4 rows = a[v * ITEMS_R];
        add_row(rows.x, columns, sums[v * 4]);
        add_row(rows.y, columns, sums[v * 4 + 1]);
        add_row(rows.z, columns, sums[v * 4 + 2]);
        add_row(rows.w, columns, sums[v * 4 + 3]);
    }
}

static void add_positions(local const float4 *a, local const column_vector *b, column_vector sums[ROWS][COLUMN_VECTORS]) {
    #pragma unroll 1
    for (int first = 0; first < STEP; first += UNROLL) {
        #pragma unroll
        for (int i = first; i < first + UNROLL; i++)
            add_position(a + i * (BLOCK_R / 4), b + i * (BLOCK_O / COLUMN_VEC), sums);
    }
}

static void store_columns(global float *to, int o, column_vector columns) {
#if STORES_WHOLE
    if (o < NARROW_C) *(global column_vector *)to = columns;
#else
    float single[COLUMN_VEC];
    VSTORE(COLUMN_VEC)(columns, 0, single);
    #pragma unroll
    for (int i = 0; i < COLUMN_VEC; i++)
        if (o + i < NARROW_C) to[i] = single[i];
#endif
}

static void store_sums(global float *partial, int row0, int o0, column_vector sums[ROWS][COLUMN_VECTORS]) {
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        const int row = row0 + r / 4 * (4 * ITEMS_R) + r % 4;
        if (row < ALL_ROWS) {
            #pragma unroll
            for (int v = 0; v < COLUMN_VECTORS; v++) {
                const int o = o0 + v * (COLUMN_VEC * ITEMS_O);
                store_columns(partial + row * NARROW_C + o, o, sums[r][v]);
            }
        }
    }
}

/* The share of a chunk in the pixels of dy. */
static void chunk_bias(local float *sums, global const float *dy, int dy_c, size_t dy_pixels, size_t chunks,
                       global float *dbias) {
    const size_t length = (dy_pixels + chunks - 1) / chunks, first = min(GROUP_ID(2, 1) * length, dy_pixels);
    partial_bias(sums, dy, dy_c, first, min(first + length, dy_pixels), GROUP_ID(1, 1), BLOCKS_O, dbias);
}

/* Work-groups: blocks of rows, and with dbias one more; blocks of columns; chunks of `chunk` positions. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c
#if WHOLE
                         , global float *dbias, ulong dbias_offset
#endif
) {
    local float4 a[MAX_(2 * STEP * BLOCK_R, LOCAL) / 4], b[(2 * STEP * BLOCK_O + 3) / 4];
    local int4 corners[2 * STEP];
    const size_t positions = (size_t)n * PIXELS, first = GROUP_ID(2, 1) * (size_t)chunk;
    wide += wide_offset;
    narrow += narrow_offset;
    partial += partial_offset + GROUP_ID(2, 1) * (size_t)(WEIGHTS + dy_c);
    if (GROUP_ID(0, LOCAL) == BLOCKS_R) {
        chunk_bias((local float *)a, transposed ? wide : narrow, dy_c, (size_t)n * DY_PIXELS(transposed),
                   (positions + chunk - 1) / chunk,
#if WHOLE
                   dbias + dbias_offset);
#else
                   partial + WEIGHTS);
#endif
        return;
    }
    const int row0 = GROUP_ID(0, LOCAL) * BLOCK_R, o0 = GROUP_ID(1, 1) * BLOCK_O;
    const int item_o = get_local_id(0) % ITEMS_O, item_r = (uint)get_local_id(0) / ITEMS_O;
    local const float4 *own_a = a + item_r;
    local const column_vector *own_b = (local const column_vector *)b + item_o;
    place places[PLACES];
    offset rows[WIDE_TAPS];
    wide_vector next_wide[WIDE_LOADS];
    narrow_vector next_narrow[NARROW_LOADS];
    column_vector sums[ROWS][COLUMN_VECTORS];
    int left = (int)min((size_t)chunk, positions - first);
    wide += first / PIXELS * (WIDE_H * WIDE_W * WIDE_C);
    narrow += first * NARROW_C;
    #pragma unroll
    for (int i = 0; i < PLACES; i++) places[i] = place_at((int)(first % PIXELS) + get_local_id(0) + i * LOCAL);
    #pragma unroll
    for (int i = 0; i < WIDE_TAPS; i++)
        rows[i] = offset_of(row0 + (get_local_id(0) % WIDE_SPAN + i * WIDE_SPAN) * WIDE_VEC);
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        #pragma unroll
        for (int v = 0; v < COLUMN_VECTORS; v++) sums[r][v] = (column_vector)(0);
    }
    put_places(corners, places, left);
    put_places(corners + STEP, places, left - STEP);
    barrier(CLK_LOCAL_MEM_FENCE);
    load_wide(corners, rows, wide, next_wide);
    load_narrow(narrow, o0, left, next_narrow);
    put_vectors((local wide_vector *)a, (local narrow_vector *)b, next_wide, next_narrow);
    /* One half is multiplied while the other one is filled; corners are two steps ahead. */
    for (int now = 0; left > 0; now = 1 - now) {
        const int then = 1 - now;
        barrier(CLK_LOCAL_MEM_FENCE);
        left -= STEP;
        narrow += STEP * NARROW_C;
        load_wide(corners + then * STEP, rows, wide, next_wide);
        load_narrow(narrow, o0, left, next_narrow);
        put_places(corners + now * STEP, places, left - STEP);
        add_positions(own_a + now * (STEP * BLOCK_R / 4), own_b + now * (STEP * BLOCK_O / COLUMN_VEC), sums);
        put_vectors((local wide_vector *)a + then * (STEP * WIDE_ROW), (local narrow_vector *)b + then * (STEP * NARROW_ROW),
                    next_wide, next_narrow);
    }
    store_sums(partial, row0 + item_r * 4, o0 + item_o * COLUMN_VEC, sums);
    /* Where the other branch has barriers, pocl 3.1 takes the first item's last condition for that of all. */
    barrier(CLK_LOCAL_MEM_FENCE);
}
