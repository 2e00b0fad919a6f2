/* Gather and spread (src/ops/conv.h) for devices whose work-items are threads with vector units: one-item work-groups
 * and a tile of outputs whose sums stay in registers. The geometry is an argument: building a program takes longer than
 * many steps of training, and all layers with the same tile share one.
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
 * Macros: DOT, LANES (with DOT a divisor of the input channels), VECTORS, POSITIONS. */

#include "conv_geometry.cl"
#include "conv_phases.cl"

typedef FLOATS(LANES) lanes;

#define BLOCK (DOT ? 1 : VECTORS * LANES)
/* What every output of a phase has along an axis: consecutive slots of weights from `slot` on for `all` taps, away from
 * borders, the first at input `in` for the first output, and `step` further for the next one. */
typedef struct phase {
    int slot, all, in, step;
} phase;

static phase phase_of(int spread, int out, int kernel_size, int stride, int pad) {
    if (!spread) return (phase){0, kernel_size, out * stride - pad, stride};
    const int number = (out + pad) % stride, all = phase_taps(number, kernel_size, stride);
    return (phase){phase_start(number, kernel_size, stride), all, (out + pad) / stride - all + 1, 1};
}

/* The taps that join one output to inputs: `count` consecutive inputs from `in` on. */
typedef struct taps {
    int slot, in, count;
} taps;

static taps taps_of(phase p, int output, int in_size) {
    const int in = p.in + output * p.step, skipped = max(-in, 0);
    return (taps){p.slot + skipped, in + skipped, max(min(p.all, in_size - in) - skipped, 0)};
}

#if DOT
#define VECTORS_OF_BLOCK 1
#define STEP LANES
#define SPLAT_OR_LOAD(p) VLOAD(LANES)(0, p)
#define PUT(vector, p) (*(p) = add_up(vector))
#else
#define VECTORS_OF_BLOCK VECTORS
#define STEP 1
#define SPLAT_OR_LOAD(p) ((lanes)(*(p)))
#define PUT(vector, p) VSTORE(LANES)(vector, 0, p)
#endif

static float add_up(lanes value) {
    float one[LANES], sum = 0;
    VSTORE(LANES)(value, 0, one);
    #pragma unroll
    for (int i = 0; i < LANES; i++) sum += one[i];
    return sum;
}

/* What becomes of the sums: not less than `floor`, and 0 where the mask, NULL for none, is. */
typedef struct epilogue {
    global const float *mask;
    float floor;
} epilogue;

static epilogue moved(epilogue e, size_t elements) {
    if (e.mask) e.mask += elements;
    return e;
}

#if !DOT
static lanes finished(const float *sums, global const float *bias, epilogue e, int c) {
    lanes value = VLOAD(LANES)(0, sums + c) + VLOAD(LANES)(0, bias + c);
    value = value < e.floor ? (lanes)(e.floor) : value;
    if (e.mask) value = VLOAD(LANES)(0, e.mask + c) <= 0 ? (lanes)(0) : value;
    return value;
}
#endif

/* The channels of a block of one output. */
static void store(const float *sums, int channels, global const float *bias, epilogue e, global float *out) {
#if !DOT
    if (channels == BLOCK) {
        #pragma unroll
        for (int c = 0; c < BLOCK; c += LANES) VSTORE(LANES)(finished(sums, bias, e, c), 0, out + c);
        return;
    }
#endif
    #pragma unroll 1
    for (int c = 0; c < channels; c++) {
        float value = sums[c] + bias[c];
        value = value < e.floor ? e.floor : value;
        out[c] = e.mask && e.mask[c] <= 0 ? 0 : value;
    }
}

/* What the tiles of one output row and block share: images first .. end - 1, or as many as there are positions from
 * `shared` on, negative where there are not as many. */
typedef struct place {
    conv_sides s;
    int first, end, shared;
    taps rows;
    int kernel_w, channels; /* of the block */
    global const float *weights, *bias;
} place;

/* `count` outputs, a constant, in_step and out_step elements apart, whose taps are the same; the first `unstored` are
 * computed for nothing. */
static inline __attribute__((always_inline)) void tile(const int count, int in_step, int out_step, int unstored,
                                                       place at, taps columns, global const float *in, epilogue e,
                                                       global float *out) {
    lanes sums[POSITIONS][VECTORS_OF_BLOCK];
    #pragma unroll
    for (int p = 0; p < count; p++) {
        #pragma unroll
        for (int v = 0; v < VECTORS_OF_BLOCK; v++) sums[p][v] = (lanes)(0);
    }
    const int in_c = at.s.in_c, length = columns.count * in_c;
    in += (at.rows.in * at.s.in_w + columns.in) * in_c;
    global const float *weights = at.weights + (at.rows.slot * at.kernel_w + columns.slot) * in_c * BLOCK;
    #pragma unroll 1
    for (int row = 0; row < at.rows.count; row++) {
        #pragma unroll 1
        for (int i = 0; i < length; i += STEP) {
            lanes w[VECTORS_OF_BLOCK];
            #pragma unroll
            for (int v = 0; v < VECTORS_OF_BLOCK; v++) w[v] = VLOAD(LANES)(0, weights + i * BLOCK + v * LANES);
            #pragma unroll
            for (int p = 0; p < count; p++) {
                lanes a = SPLAT_OR_LOAD(in + p * in_step + i);
                #pragma unroll
                for (int v = 0; v < VECTORS_OF_BLOCK; v++) sums[p][v] = fma(a, w[v], sums[p][v]);
            }
        }
        in += at.s.in_w * in_c;
        weights += at.kernel_w * in_c * BLOCK;
    }
    float results[POSITIONS * BLOCK]; /* so that what follows is built once, not for each position */
    #pragma unroll
    for (int p = 0; p < count; p++) {
        #pragma unroll
        for (int v = 0; v < VECTORS_OF_BLOCK; v++) PUT(sums[p][v], results + p * BLOCK + v * LANES);
    }
    #pragma unroll 1
    for (int p = unstored; p < count; p++)
        store(results + p * BLOCK, at.channels, at.bias, moved(e, p * out_step), out + p * out_step);
}

/* Which outputs the tiles of some images take, beside their first ones. */
typedef struct positions {
    int image, image_end, in_step, out_step, unstored;
} positions;

/* The outputs of a phase in an output row, `phases` apart. A tile is POSITIONS outputs
 * along the row where they have all their taps, elsewhere the same output of POSITIONS images, single outputs where there
 * are fewer images. */
static void row_of_tiles(place at, phase axis, int phases, int outputs, global const float *in, epilogue e,
                         global float *out) {
    const conv_sides s = at.s;
    const int in_image = s.in_h * s.in_w * s.in_c, out_image = s.out_h * s.out_w * s.out_c;
    #pragma unroll 1
    for (int output = 0; output < outputs; output++) {
        const int last = output + POSITIONS - 1, to = output * phases * s.out_c;
        const taps columns = taps_of(axis, output, s.in_w);
        positions p = {at.first, at.end, axis.step * s.in_c, phases * s.out_c, 0};
        bool whole = true;
        if (last < outputs && columns.count == axis.all && taps_of(axis, last, s.in_w).count == axis.all)
            output = last;
        else if (at.shared >= 0)
            p = (positions){at.shared, at.shared + 1, in_image, out_image, at.first - at.shared};
        else
            whole = false;
        #pragma unroll 1
        for (size_t i = p.image; i < p.image_end; i++) {
            global const float *i_in = in + i * in_image;
            global float *i_out = out + i * out_image + to;
            epilogue i_e = moved(e, i * out_image + to);
            if (whole)
                tile(POSITIONS, p.in_step, p.out_step, p.unstored, at, columns, i_in, i_e, i_out);
            else
                tile(1, 0, 0, 0, at, columns, i_in, i_e, i_out);
        }
    }
}

/* POSITIONS images from `first` on, rows y_first .. y_end - 1 of output. */
NOT_INLINE void rows_of_tiles(int first, int y_first, int y_end, conv_geometry g, int spread, global const float *in,
                              global const float *packed, epilogue e, global float *out) {
    const conv_sides s = sides_of(g, spread);
    const int phases = spread ? g.stride_w : 1;
    const int blocks = (s.out_c + BLOCK - 1) / BLOCK, block_weights = g.kernel_h * g.kernel_w * s.in_c * BLOCK;
    #pragma unroll 1
    for (int block = 0; block < blocks; block++)
        #pragma unroll 1
        for (int y = y_first; y < y_end; y++) {
            const int c = block * BLOCK;
            const place at = {s, first, min(first + POSITIONS, g.n), min(first, g.n - POSITIONS),
                              taps_of(phase_of(spread, y, g.kernel_h, g.stride_h, g.pad_h), 0, s.in_h), g.kernel_w,
                              min(s.out_c - c, BLOCK), packed + (size_t)block * block_weights,
                              packed + (size_t)blocks * block_weights + c};
            #pragma unroll 1
            for (int x = 0; x < min(phases, s.out_w); x++) {
                const size_t to = ((size_t)y * s.out_w + x) * s.out_c + c;
                row_of_tiles(at, phase_of(spread, x, g.kernel_w, g.stride_w, g.pad_w), phases,
                             (s.out_w - x + phases - 1) / phases, in, moved(e, to), out + to);
            }
        }
}

/* Work-items: POSITIONS images x `tile_rows` rows of output. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_run(global const float *in, ulong in_offset, global const float *packed, ulong packed_offset,
              global const float *mask, ulong mask_offset, global float *out, ulong out_offset, conv_geometry g,
              int spread, int relu, int tile_rows) {
    const epilogue e = {mask ? mask + mask_offset : mask, relu ? 0 : -INFINITY};
    const int y = get_global_id(1) * tile_rows;
    rows_of_tiles(get_global_id(0) * POSITIONS, y, min(y + tile_rows, sides_of(g, spread).out_h), g, spread,
                  in + in_offset, packed + packed_offset, e, out + out_offset);
}
