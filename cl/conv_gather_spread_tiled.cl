/* Gather and spread (src/ops/conv.h) for devices whose work-groups share local memory. A work-group makes a tile of
 * TILE_N images x TILE_H x TILE_W outputs x BLOCK channels. CHUNK_C channels of the patch of inputs below it are staged at a
 * time, with the weights of ROWS rows of taps; what is staged next is read while the items multiply. A work-item keeps
 * POSITIONS x CHANNELS sums. With SLICES, that many items share these sums, each adds up some of the channels of a chunk,
 * and the slices are added in their order: for small images of many channels. With PARTS, so many work-groups share a
 * tile's sums, each for PART_C channels of the input, and conv_add_parts adds these up in their order: for few outputs of
 * long sums. The order of a sum depends on CHUNK_C, SLICES and PART_C alone, not on the tile.
 *
 * Macros: those of conv_tile.cl; SLICES, CHANNELS, VECTOR (of CHANNELS), POSITIONS, CHUNK_C,
 * IN_VECTOR (of the input's channels), ROWS; PARTS, PART_C (all channels, or a multiple of CHUNK_C);
 * AHEAD_IN, AHEAD_WEIGHTS (vectors of an item that are read ahead). */

#include "conv_tile.cl"

typedef FLOATS(IN_VECTOR) in_vector;
typedef FLOATS(VECTOR) out_vector;

#define ELEMENT(v, i) (((float *)&(v))[i])

#define GROUP_ITEMS (LOCAL / SLICES)
#define ITEMS_C (BLOCK / CHANNELS)
#define ITEMS_P (GROUP_ITEMS / ITEMS_C)
#define ALL_POSITIONS (ITEMS_P * POSITIONS)
#define VECTORS (CHANNELS / VECTOR)
/* Neighbours have the same channels, and the ones after them the same positions: then NVIDIA reads vectors of either by
 * halves of a warp, and not by quarters. */
#define PAIR (ITEMS_C > 1 && ITEMS_P % 2 == 0 ? 2 : 1)

/* The patch: vectors of a pixel are a plane apart, and so many more that eight lanes put theirs into all banks. */
#define PLANES (CHUNK_C / IN_VECTOR)
#define PLANE_STEP (PLANES < 8 ? 8 / PLANES : 1)
#define PLANE ((PATCH + 7 - PLANE_STEP) / 8 * 8 + PLANE_STEP)
#define PATCH_VECTORS (PATCH * PLANES)
#define PATCH_FLOATS (PLANE * CHUNK_C)
/* Weights: [row][tap][in][out]. What is read in vectors of inputs is put down in single floats, 16 banks apart. */
#define WEIGHT_TAPS MOST_TAPS(KERNEL_W, STRIDE_W)
#define WEIGHT_STRIDE (BLOCK + (TRANSPOSED && BLOCK > 4 ? 4 : 0))
#define WEIGHT_FLOATS (ROWS * WEIGHT_TAPS * CHUNK_C * WEIGHT_STRIDE)
#define WEIGHT_VECTORS (ROWS * WEIGHT_TAPS * CHUNK_C * BLOCK / (TRANSPOSED ? IN_VECTOR : VECTOR))
/* Positions whose sums slices give each other at a time. */
#define EXCHANGED (POSITIONS > 2 ? 2 : POSITIONS)
#define SLICE_FLOATS (SLICES > 1 ? LOCAL * EXCHANGED * CHANNELS : 0)
#define POOL (PATCH_FLOATS + WEIGHT_FLOATS > SLICE_FLOATS ? PATCH_FLOATS + WEIGHT_FLOATS : SLICE_FLOATS)

/* What is done with a sum when it is complete. */
#define ADDS_BIAS (BIAS && PARTS == 1)
#define HAS_RELU (RELU && PARTS == 1)
#define HAS_MASK (MASK && PARTS == 1)

/* Whether the channels from c on are some of the input's. */
static bool has_inputs(int c) { return IN_C % CHUNK_C == 0 || c < IN_C; }

/* The i-th vector of the patch in the first chunk, counted from the tile's first image; -1 where there is none. */
static int input_place(local const int *places, int i) {
    int place = places[i / PLANES];
    return place < 0 ? -1 : place + i % PLANES * IN_VECTOR;
}

static in_vector read_input(global const float *in, int place, int i, int c0) {
    int c = c0 + i % PLANES * IN_VECTOR;
    in_vector v = (in_vector)(0);
#if IN_C % IN_VECTOR == 0
    if (place >= 0 && has_inputs(c)) v = *(global const in_vector *)(in + (place + c0));
#else
    #pragma unroll
    for (int j = 0; j < IN_VECTOR; j++)
        if (place >= 0 && c + j < IN_C) ELEMENT(v, j) = in[place + c0 + j];
#endif
    return v;
}

static void stage_input(local float *patch, int i, in_vector v) {
    *(local in_vector *)(patch + (i % PLANES * PLANE + i / PLANES) * IN_VECTOR) = v;
}

/* A vector of weights: of outputs, or, where those are not neighbours, of inputs. */
#if TRANSPOSED
typedef in_vector weight_vector;
#define WEIGHT_VECTOR IN_VECTOR
#define WEIGHTS_ALIGN (IN_C % IN_VECTOR == 0)
#else
typedef out_vector weight_vector;
#define WEIGHT_VECTOR VECTOR
#define WEIGHTS_ALIGN (OUT_C % VECTOR == 0)
#endif
#define TAP_VECTORS (CHUNK_C * BLOCK / WEIGHT_VECTOR)

/* Channels of the i-th. */
static int weight_in(int i) {
    return TRANSPOSED ? i % (CHUNK_C / WEIGHT_VECTOR) * WEIGHT_VECTOR : i / (BLOCK / WEIGHT_VECTOR) % CHUNK_C;
}
static int weight_out(int i) {
    return TRANSPOSED ? i / (CHUNK_C / WEIGHT_VECTOR) % BLOCK : i % (BLOCK / WEIGHT_VECTOR) * WEIGHT_VECTOR;
}

/* A part of the sums: the rows of taps from `row` up to `end`, channels from c0 on; end_c: behind the work-group's. */
typedef struct stage {
    int row, end, c0, end_c;
} stage;

/* Where the i-th is read for row 0 and the first chunk, and its row, which is beyond all of them where there is none. */
typedef struct weight_place {
    int at, row;
} weight_place;

static weight_place weight_place_of(span y, span x, int out0, int i) {
    int tap = i / TAP_VECTORS % WEIGHT_TAPS, row = i / (TAP_VECTORS * WEIGHT_TAPS), c = weight_in(i), o = out0 + weight_out(i);
    int k = tap_of(y, row, STRIDE_H) * KERNEL_W + tap_of(x, tap, STRIDE_W);
    return (weight_place){TRANSPOSED ? (k * OUT_C + o) * IN_C + c : (k * IN_C + c) * OUT_C + o,
                          tap < x.taps && o < OUT_C ? row : KERNEL_H};
}

static weight_vector read_weights(global const float *weight, weight_place place, stage s, int out0, int i) {
    int c = s.c0 + weight_in(i), row_step = (SPREAD ? -STRIDE_H : 1) * (KERNEL_W * IN_C * OUT_C);
    bool is_tap = s.row + place.row < s.end && s.c0 < s.end_c && has_inputs(c);
    global const float *from = weight + (place.at + s.row * row_step + s.c0 * (TRANSPOSED ? 1 : OUT_C));
    weight_vector v = (weight_vector)(0);
#if WEIGHTS_ALIGN
    if (is_tap) v = *(global const weight_vector *)from;
#else
    #pragma unroll
    for (int j = 0; j < WEIGHT_VECTOR; j++)
        if (is_tap && (TRANSPOSED ? c + j < IN_C : out0 + weight_out(i) + j < OUT_C)) ELEMENT(v, j) = from[j];
#endif
    return v;
}

static void stage_weights(local float *weights, int i, weight_vector v) {
    local float *to = weights + (i / TAP_VECTORS * CHUNK_C + weight_in(i)) * WEIGHT_STRIDE + weight_out(i);
#if TRANSPOSED
    #pragma unroll
    for (int j = 0; j < WEIGHT_VECTOR; j++) to[j * WEIGHT_STRIDE] = ELEMENT(v, j);
#else
    *(local weight_vector *)to = v;
#endif
}

/* The taps along an axis that meet any input from `size` of them. */
static int first_tap(span s, int tile, int stride) { return max(-(s.in + (tile - 1) * IN_STEP(stride)), 0); }

static int end_tap(span s, int size) { return min(s.taps, size - s.in); }

/* One plane of a tap: `from` are pixels of the patch. */
static void add_products(out_vector sums[POSITIONS][VECTORS], local const float *inputs, const int from[POSITIONS],
                         local const float *weights) {
    out_vector w[IN_VECTOR][VECTORS];
    #pragma unroll
    for (int c = 0; c < IN_VECTOR; c++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++)
            w[c][v] = *(local const out_vector *)(weights + c * WEIGHT_STRIDE + v * (ITEMS_C * VECTOR));
    }
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        in_vector a = *(local const in_vector *)(inputs + from[p] * IN_VECTOR);
        #pragma unroll
        for (int c = 0; c < IN_VECTOR; c++) {
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) sums[p][v] = fma((out_vector)(ELEMENT(a, c)), w[c][v], sums[p][v]);
        }
    }
}

/* Makes outputs of a sum, or stores that of a part: `first` is the first channel of the position. */
static void put_sums(out_vector sum, global const float *extra, global float *out, int first, int out_c) {
    if (first < 0) return;
#if OUT_C % VECTOR == 0
    if (out_c >= OUT_C) return;
    if (ADDS_BIAS) sum += *(global const out_vector *)(extra + out_c);
    if (HAS_RELU) sum = sum < 0 ? (out_vector)(0) : sum;
    if (HAS_MASK) sum = *(global const out_vector *)(extra + (first + out_c)) <= 0 ? (out_vector)(0) : sum;
    *(global out_vector *)(out + (first + out_c)) = sum;
#else
    #pragma unroll
    for (int j = 0; j < VECTOR; j++) {
        int c = out_c + j;
        if (c >= OUT_C) continue;
        float value = ELEMENT(sum, j);
        if (ADDS_BIAS) value += extra[c];
        if (HAS_RELU) value = value < 0 ? 0 : value;
        if (HAS_MASK) value = extra[first + c] <= 0 ? 0 : value;
        out[first + c] = value;
    }
#endif
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float pool[POOL] __attribute__((aligned(16)));
    local int places[PATCH], pixels[ALL_POSITIONS], outputs[ALL_POSITIONS];
    local float *patch = pool, *weights = pool + PATCH_FLOATS;
    int item = get_local_id(0), out0 = first_output(), image = first_image();
    int item_c = item / PAIR % ITEMS_C * VECTOR, slice = item / GROUP_ITEMS;
    int item_p = item % GROUP_ITEMS / (PAIR * ITEMS_C) * PAIR + item % PAIR;
    span x = span_x(), y = span_y();
    int from[POSITIONS];
    out_vector sums[POSITIONS][VECTORS];
    int in_at[AHEAD_IN];
    weight_place weight_at[AHEAD_WEIGHTS];
    in_vector next_in[AHEAD_IN];
    weight_vector next_weights[AHEAD_WEIGHTS];

    in += in_offset + (size_t)image * IN_IMAGE;
    weight += weight_offset;
    out += out_offset + (size_t)image * OUT_IMAGE;
    if (PARTS > 1) out += GROUP_ID(1, 1) * ((size_t)n * OUT_IMAGE);
    extra += extra_offset + (MASK ? (size_t)image * OUT_IMAGE : 0);
    for (int i = item; i < PATCH; i += LOCAL) places[i] = patch_place(y, x, n - image, i);
    for (int i = item; i < ALL_POSITIONS; i += LOCAL) {
        pixels[i] = patch_pixel(i);
        outputs[i] = output_place(y, x, n - image, i);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        from[p] = pixels[item_p + p * ITEMS_P];
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) sums[p][v] = (out_vector)(0);
    }

    int first_row = first_tap(y, TILE_H, STRIDE_H), first_column = first_tap(x, TILE_W, STRIDE_W);
    int end_column = end_tap(x, IN_W);
    int first_c = PARTS == 1 ? 0 : (int)GROUP_ID(1, 1) * PART_C;
    stage s = {first_row, end_tap(y, IN_H), first_c, PARTS == 1 ? IN_C : min(first_c + PART_C, IN_C)};
    if (first_column >= end_column || first_row >= s.end) s.c0 = s.end_c;
    #pragma unroll
    for (int v = 0; v < AHEAD_IN; v++) {
        in_at[v] = s.c0 < s.end_c && HAS_VECTOR(v, PATCH_VECTORS) ? input_place(places, item + v * LOCAL) : -1;
        next_in[v] = read_input(in, in_at[v], item + v * LOCAL, first_c);
    }
    #pragma unroll
    for (int v = 0; v < AHEAD_WEIGHTS; v++) {
        weight_at[v] = weight_place_of(y, x, out0, item + v * LOCAL);
        if (!HAS_VECTOR(v, WEIGHT_VECTORS)) weight_at[v].row = KERNEL_H;
        next_weights[v] = read_weights(weight, weight_at[v], s, out0, item + v * LOCAL);
    }
    while (s.c0 < s.end_c) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (s.row == first_row) {
            #pragma unroll
            for (int v = 0; v < AHEAD_IN; v++)
                if (HAS_VECTOR(v, PATCH_VECTORS)) stage_input(patch, item + v * LOCAL, next_in[v]);
            #pragma unroll 4
            for (int v = AHEAD_IN; v * LOCAL < PATCH_VECTORS; v++) {
                int i = item + v * LOCAL;
                if (HAS_VECTOR(v, PATCH_VECTORS))
                    stage_input(patch, i, read_input(in, input_place(places, i), i, s.c0));
            }
        }
        #pragma unroll
        for (int v = 0; v < AHEAD_WEIGHTS; v++)
            if (HAS_VECTOR(v, WEIGHT_VECTORS)) stage_weights(weights, item + v * LOCAL, next_weights[v]);
        #pragma unroll 1
        for (int v = AHEAD_WEIGHTS; v * LOCAL < WEIGHT_VECTORS; v++) {
            int i = item + v * LOCAL;
            if (HAS_VECTOR(v, WEIGHT_VECTORS))
                stage_weights(weights, i, read_weights(weight, weight_place_of(y, x, out0, i), s, out0, i));
        }
        barrier(CLK_LOCAL_MEM_FENCE);

        stage next = {s.row + ROWS, s.end, s.c0, s.end_c};
        if (next.row >= s.end) {
            next.row = first_row;
            next.c0 += CHUNK_C;
            #pragma unroll
            for (int v = 0; v < AHEAD_IN; v++)
                if (next.c0 < next.end_c) next_in[v] = read_input(in, in_at[v], item + v * LOCAL, next.c0);
        }
        #pragma unroll
        for (int v = 0; v < AHEAD_WEIGHTS; v++)
            next_weights[v] = read_weights(weight, weight_at[v], next, out0, item + v * LOCAL);

        local const float *inputs = patch + (slice * PLANE + s.row * PATCH_W) * IN_VECTOR;
        local const float *w = weights + slice * IN_VECTOR * WEIGHT_STRIDE + item_c;
        for (int ky = s.row; ky < min(s.row + ROWS, s.end); ky++) {
            #pragma unroll 1
            for (int kx = first_column; kx < end_column; kx++) {
                #pragma unroll
                for (int plane = 0; plane < PLANES; plane += SLICES)
                    add_products(sums, inputs + (plane * PLANE + kx) * IN_VECTOR, from,
                                 w + (kx * CHUNK_C + plane * IN_VECTOR) * WEIGHT_STRIDE);
            }
            inputs += PATCH_W * IN_VECTOR;
            w += WEIGHT_TAPS * CHUNK_C * WEIGHT_STRIDE;
        }
        s = next;
    }

#if SLICES == 1
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++)
            put_sums(sums[p][v], extra, out, outputs[item_p + p * ITEMS_P], out0 + item_c + v * (ITEMS_C * VECTOR));
    }
#else
    local out_vector *parts = (local out_vector *)pool;
    #pragma unroll
    for (int first = 0; first < POSITIONS; first += EXCHANGED) {
        barrier(CLK_LOCAL_MEM_FENCE);
        #pragma unroll
        for (int i = 0; i < EXCHANGED * VECTORS; i++)
            if (first + i / VECTORS < POSITIONS) parts[i * LOCAL + item] = sums[first + i / VECTORS][i % VECTORS];
        barrier(CLK_LOCAL_MEM_FENCE);
        /* The vectors of an item are finished by all that share it. */
        for (int i = slice; i < min(EXCHANGED, POSITIONS - first) * VECTORS; i += SLICES) {
            out_vector sum = (out_vector)(0);
            #pragma unroll
            for (int part = 0; part < SLICES; part++) sum += parts[i * LOCAL + part * GROUP_ITEMS + item % GROUP_ITEMS];
            put_sums(sum, extra, out, outputs[item_p + (first + i / VECTORS) * ITEMS_P],
                     out0 + item_c + i % VECTORS * (ITEMS_C * VECTOR));
        }
    }
#endif
}

#if PARTS > 1
/* An output for each item. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_add_parts(global const float *parts, ulong parts_offset, global const float *extra, ulong extra_offset,
                    global float *out, ulong out_offset, int n) {
    const size_t outputs = (size_t)n * OUT_IMAGE, i = get_global_id(0);
    if (i >= outputs) return;
    float sum = 0;
    #pragma unroll
    for (int part = 0; part < PARTS; part++) sum += parts[parts_offset + part * outputs + i];
    if (BIAS) sum += extra[extra_offset + i % OUT_C];
    if (RELU) sum = sum < 0 ? 0 : sum;
    if (MASK) sum = extra[extra_offset + i] <= 0 ? 0 : sum;
    out[out_offset + i] = sum;
}
#endif
