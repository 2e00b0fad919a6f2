/* Gather and spread (src/ops/conv.h) for devices whose work-items are threads with vector units: one-item work-groups
 * and a tile of outputs whose sums stay in registers.
 *
 * Both are one kernel: the taps that join an output to inputs along a row read consecutive inputs, and conv_pack.cl puts
 * their weights one after the other too (spread: those of a phase, last tap first), so that a row of taps is one run
 * through two arrays. Nothing is multiplied that is not there: runs end at the border.
 *
 * Vectors go over output channels, VECTORS of them a block; with DOT, for few output channels, over input channels,
 * one output channel a block.
 *
 * Loops over taps and channels are told not to unroll: their bodies are large, and building takes longer than it pays.
 *
 * Macros: SPREAD, IN_H IN_W IN_C, OUT_H OUT_W OUT_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W, DOT, LANES
 * (with DOT a divisor of IN_C), VECTORS, POSITIONS, ROWS (of output per work-item). What forward and backward differ in are
 * arguments, so that they share programs: mask, which may be NULL, and relu. */

typedef FLOATS(LANES) lanes;

#define BLOCK (DOT ? 1 : VECTORS * LANES)
#define BLOCKS ((OUT_C + BLOCK - 1) / BLOCK)
#define BLOCK_WEIGHTS (KERNEL_H * KERNEL_W * IN_C * BLOCK)
#define IN_IMAGE (IN_H * IN_W * IN_C)
#define OUT_IMAGE (OUT_H * OUT_W * OUT_C)
#define PHASES_W (SPREAD ? STRIDE_W : 1)

/* The taps that join one output to inputs along an axis: `count` consecutive inputs from `in` on, with the weights of
 * consecutive slots from `slot` on. `all` is the count away from borders. */
typedef struct taps {
    int slot, in, count, all;
} taps;

#include "conv_phases.cl"

static taps taps_of(int out, int in_size, int kernel_size, int stride, int pad) {
    taps t = {0, out * stride - pad, 0, kernel_size};
    if (SPREAD) {
        int phase = (out + pad) % stride;
        t.all = phase_taps(phase, kernel_size, stride);
        t.in = (out + pad) / stride - t.all + 1;
        t.slot = phase_start(phase, kernel_size, stride);
    }
    int skipped = max(-t.in, 0);
    t.count = max(min(t.all, in_size - t.in) - skipped, 0);
    t.in += skipped;
    t.slot += skipped;
    return t;
}

static taps columns_of(int x) { return taps_of(x, IN_W, KERNEL_W, STRIDE_W, PAD_W); }

#if DOT
typedef float result;
#define RESULTS 1
#define STEP LANES
#define SPLAT_OR_LOAD(p) VLOAD(LANES)(0, p)
#else
typedef lanes result;
#define RESULTS VECTORS
#define STEP 1
#define SPLAT_OR_LOAD(p) ((lanes)(*(p)))
#endif

/* What becomes of the sums; `mask` is NULL where there is none. */
typedef struct epilogue {
    global const float *mask;
    int relu;
} epilogue;

static result activate(result value, result mask, epilogue e) {
    if (e.relu) value = value < 0 ? (result)(0) : value;
    if (e.mask) value = mask <= 0 ? (result)(0) : value;
    return value;
}

static epilogue moved(epilogue e, size_t elements) {
    if (e.mask) e.mask += elements;
    return e;
}

#if DOT
static float add_up(lanes value) {
    float one[LANES], sum = 0;
    VSTORE(LANES)(value, 0, one);
    #pragma unroll
    for (int i = 0; i < LANES; i++) sum += one[i];
    return sum;
}

static void store(lanes value, int channel, global const float *bias, epilogue e, global float *out) {
    out[channel] = activate(bias[channel] + add_up(value), e.mask ? e.mask[channel] : 0, e);
}
#else
/* Channels first .. first + LANES - 1 of one output, as far as there are any. */
static void store(lanes value, int first, global const float *bias, epilogue e, global float *out) {
    value += VLOAD(LANES)(0, bias + first);
    if (first + LANES <= OUT_C) {
        value = activate(value, e.mask ? VLOAD(LANES)(0, e.mask + first) : (lanes)(0), e);
        VSTORE(LANES)(value, 0, out + first);
    } else if (first < OUT_C) {
        float one[LANES];
        for (int i = 0; i < LANES; i++) one[i] = e.mask && first + i < OUT_C ? e.mask[first + i] : 0;
        value = activate(value, VLOAD(LANES)(0, one), e);
        VSTORE(LANES)(value, 0, one);
        for (int i = 0; first + i < OUT_C; i++) out[first + i] = one[i];
    }
}
#endif

/* What the tiles of one output row and block share. */
typedef struct place {
    taps rows;
    int block;
    global const float *weights, *bias;
} place;

/* `count` outputs, a constant, in_step and out_step elements apart, whose taps are the same; the first `unstored` are
 * computed for nothing. */
static inline __attribute__((always_inline)) void tile(const int count, const int in_step, const int out_step,
                                                       int unstored, place at, taps columns, global const float *in,
                                                       epilogue e, global float *out) {
    lanes sums[POSITIONS][RESULTS];
    #pragma unroll
    for (int p = 0; p < count; p++) {
        #pragma unroll
        for (int v = 0; v < RESULTS; v++) sums[p][v] = (lanes)(0);
    }
    in += (at.rows.in * IN_W + columns.in) * IN_C;
    global const float *weights = at.weights + (at.rows.slot * KERNEL_W + columns.slot) * IN_C * BLOCK;
    int length = columns.count * IN_C;
    for (int row = 0; row < at.rows.count; row++) {
        #pragma unroll 1
        for (int i = 0; i < length; i += STEP) {
            lanes w[RESULTS];
            #pragma unroll
            for (int v = 0; v < RESULTS; v++) w[v] = VLOAD(LANES)(0, weights + i * BLOCK + v * LANES);
            #pragma unroll
            for (int p = 0; p < count; p++) {
                lanes a = SPLAT_OR_LOAD(in + p * in_step + i);
                #pragma unroll
                for (int v = 0; v < RESULTS; v++) sums[p][v] = fma(a, w[v], sums[p][v]);
            }
        }
        in += IN_W * IN_C;
        weights += KERNEL_W * IN_C * BLOCK;
    }
    #pragma unroll
    for (int p = 0; p < count; p++) {
        if (p < unstored) continue;
        epilogue here = moved(e, p * out_step);
        #pragma unroll
        for (int v = 0; v < RESULTS; v++)
            store(sums[p][v], at.block * BLOCK + v * LANES, at.bias, here, out + p * out_step);
    }
}

/* Output row y of images first .. end - 1. A tile is POSITIONS outputs along the row where they have all their taps,
 * elsewhere the same output of POSITIONS images, single outputs where there are fewer images. */
static void row_of_tiles(int first, int end, int shared, place at, global const float *in, epilogue e,
                         global float *out) {
    const int in_step = (SPREAD ? 1 : STRIDE_W) * IN_C;
    for (int phase = 0; phase < PHASES_W; phase++)
    for (int x = phase; x < OUT_W; x += PHASES_W) {
        int last = x + (POSITIONS - 1) * PHASES_W;
        taps columns = columns_of(x);
        epilogue x_e = moved(e, x * OUT_C);
        global float *x_out = out + x * OUT_C;
        if (last < OUT_W && columns.count == columns.all && columns_of(last).count == columns.all) {
            for (size_t i = first; i < end; i++)
                tile(POSITIONS, in_step, PHASES_W * OUT_C, 0, at, columns, in + i * IN_IMAGE,
                     moved(x_e, i * OUT_IMAGE), x_out + i * OUT_IMAGE);
            x = last;
        } else if (shared >= 0) {
            size_t i = shared;
            tile(POSITIONS, IN_IMAGE, OUT_IMAGE, first - shared, at, columns, in + i * IN_IMAGE,
                 moved(x_e, i * OUT_IMAGE), x_out + i * OUT_IMAGE);
        } else {
            for (size_t i = first; i < end; i++)
                tile(1, 0, 0, 0, at, columns, in + i * IN_IMAGE, moved(x_e, i * OUT_IMAGE), x_out + i * OUT_IMAGE);
        }
    }
}

/* Work-items: POSITIONS images x ROWS rows of output. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_run(global const float *in, ulong in_offset, global const float *packed, ulong packed_offset,
              global const float *mask, ulong mask_offset, global float *out, ulong out_offset, int n,
              int relu) {
    int first = get_global_id(0) * POSITIONS, end = min(first + POSITIONS, n);
    int shared = min(first, n - POSITIONS);
    int y_first = get_global_id(1) * ROWS, y_end = min(y_first + ROWS, OUT_H);
    const epilogue e = moved((epilogue){mask, relu}, mask_offset);
    packed += packed_offset;
    for (int block = 0; block < BLOCKS; block++)
        for (int y = y_first; y < y_end; y++) {
            place at = {taps_of(y, IN_H, KERNEL_H, STRIDE_H, PAD_H), block, packed + (size_t)block * BLOCK_WEIGHTS,
                        packed + (size_t)BLOCKS * BLOCK_WEIGHTS};
            size_t row = (size_t)y * OUT_W * OUT_C;
            row_of_tiles(first, end, shared, at, in + in_offset, moved(e, row), out + out_offset + row);
        }
}
