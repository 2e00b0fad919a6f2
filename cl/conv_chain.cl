/* Up to four small convolutions in a row (src/ops/conv_chain.h), an image a work-group: what one stage gives the next is
 * in local memory, and is written beside that.
 *
 * -DLOCAL -DSTAGES -DFORWARD: weights are [kh][kw][in][out], and a bias and relu may follow; else [kh][kw][out][in], and
 * a mask. -DEVEN_FLOATS -DODD_FLOATS, for inputs of even and odd stages, -DSUMS_FLOATS. For each stage k:
 *   SPREADk, IN_Hk, IN_Wk, IN_Ck, OUT_Hk, OUT_Wk, OUT_Ck, KERNEL_Hk, KERNEL_Wk, STRIDE_Hk, STRIDE_Wk, PAD_Hk, PAD_Wk
 *   ABOVEk, BELOWk, LEFTk, RIGHTk: zeros around its input, so that no tap is outside
 *   BIASk, RELUk, MASKk
 *   FEWk: whether it has so few products that items take single outputs and meet no zeros
 * -DMOST_POSITIONS -DCHANNELS: outputs of a work-item; -DMOST_SLICES of a sum, with SLICE_GAP floats behind each. */
#define KERNEL kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))

#define DIVIDE_UP(a, b) (((a) + (b) - 1) / (b))

/* A stage, of which all numbers are known when the kernel is built. */
typedef struct stage {
    int spread, in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w;
    int above, below, left, right, has_bias, relu, has_mask, has_few;
} stage;

#define STAGE_OF(k)                                                                                                    \
    ((stage){SPREAD##k,   IN_H##k,     IN_W##k,     IN_C##k,  OUT_H##k, OUT_W##k, OUT_C##k, KERNEL_H##k, KERNEL_W##k,  \
             STRIDE_H##k, STRIDE_W##k, PAD_H##k,    PAD_W##k, ABOVE##k, BELOW##k, LEFT##k,  RIGHT##k,    BIAS##k,      \
             RELU##k,     MASK##k,       FEW##k})

/* Channels in local memory: whole vectors of 4, behind which there are zeros. */
#define PITCH(channels) (DIVIDE_UP(channels, 4) * 4)

ALWAYS_INLINE int stage_columns(stage s) {
    return s.left + s.in_w + s.right;
}

/* Where channel c of a pixel of the stage's input is. */
ALWAYS_INLINE int stage_place(stage s, int y, int x, int c) {
    return ((y + s.above) * stage_columns(s) + x + s.left) * PITCH(s.in_c) + c;
}

/* Makes room for the input, with zeros where there is none. */
ALWAYS_INLINE void stage_clear(stage s, local float *in) {
    const int floats = (s.above + s.in_h + s.below) * stage_columns(s) * PITCH(s.in_c);
    if (s.above + s.below + s.left + s.right == 0 && s.in_c % 4 == 0) return;
    for (int i = get_local_id(0); i < floats; i += LOCAL) in[i] = 0.0f;
}

/* Weights of CHANNELS channels of the output from o on, 0 beyond the last: of tap k, and of four channels of the input. */
ALWAYS_INLINE void stage_weights(stage s, global const float *weight, int k, int c, int o, float4 w[CHANNELS]) {
    const bool whole = s.in_c % 4 == 0, all = s.out_c % CHANNELS == 0;
#if FORWARD
    float v[CHANNELS][4], row[CHANNELS];
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        global const float *from = weight + (k * s.in_c + c + i) * s.out_c + o;
        const bool is_in = whole || c + i < s.in_c;
        if (all && is_in) {
            VSTORE(CHANNELS)(*(global const FLOATS(CHANNELS) *)from, 0, row);
        }
        #pragma unroll
        for (int j = 0; j < CHANNELS; j++) {
            if (!all || !is_in) row[j] = is_in && o + j < s.out_c ? from[j] : 0.0f;
            v[j][i] = row[j];
        }
    }
    #pragma unroll
    for (int j = 0; j < CHANNELS; j++) w[j] = (float4)(v[j][0], v[j][1], v[j][2], v[j][3]);
#else
    #pragma unroll
    for (int j = 0; j < CHANNELS; j++) {
        global const float *from = weight + (k * s.out_c + o + j) * s.in_c + c;
        w[j] = (float4)(0);
        if (!all && o + j >= s.out_c) continue;
        w[j] = whole ? *(global const float4 *)from
                     : (float4)(from[0], c + 1 < s.in_c ? from[1] : 0.0f, c + 2 < s.in_c ? from[2] : 0.0f,
                                c + 3 < s.in_c ? from[3] : 0.0f);
    }
#endif
}

/* Along one axis, the outputs that meet the same taps: all of gather, and of spread those that are a stride apart. */
typedef struct phase {
    int first, places, out_step;     /* outputs */
    int tap, taps, tap_step;         /* that each meets */
    int in, in_step, in_step_of_tap; /* inputs: that the first output meets with the first tap */
} phase;

ALWAYS_INLINE phase phase_of(int spread, int number, int out, int kernel_size, int stride, int pad) {
    if (!spread) return (phase){0, out, 1, 0, kernel_size, 1, -pad, stride, 1};
    const int tap = (number + pad) % stride;
    return (phase){number, DIVIDE_UP(out - number, stride), stride, tap, DIVIDE_UP(kernel_size - tap, stride), stride,
                   (number + pad) / stride, 1, -1};
}

ALWAYS_INLINE int power_within(int most) {
    return most >= 32 ? 32 : most >= 16 ? 16 : most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

/* How the places of a phase are shared: an item takes a block of them, of two channels, and a slice of the channels that
 * are added up. A phase has items in proportion to its taps. */
typedef struct share {
    int rows, columns, chunks_h, chunks_w; /* of a block; blocks */
    int pairs, slices, slice_floats, items; /* pairs: of channels */
} share;

/* Of all outputs at once: slices are of the taps, too. */
ALWAYS_INLINE share share_of_few(stage s) {
    share h;
    h.pairs = DIVIDE_UP(s.out_c, CHANNELS);
    h.slices = power_within(min(LOCAL / (s.out_h * s.out_w * h.pairs),
                                min(s.kernel_h * s.kernel_w * DIVIDE_UP(s.in_c, 4), MOST_SLICES)));
    h.slice_floats = s.out_h * s.out_w * s.out_c + SLICE_GAP;
    h.items = s.out_h * s.out_w * h.slices * h.pairs;
    return h;
}

ALWAYS_INLINE share share_of(stage s, phase y, phase x) {
    share h;
    h.chunks_w = DIVIDE_UP(x.places, MOST_POSITIONS);
    h.columns = DIVIDE_UP(x.places, h.chunks_w);
    h.rows = min(MOST_POSITIONS / h.columns, y.places);
    h.chunks_h = DIVIDE_UP(y.places, h.rows);
    h.pairs = DIVIDE_UP(s.out_c, CHANNELS);
    h.slices = power_within(min(LOCAL * y.taps * x.taps / (s.kernel_h * s.kernel_w * h.chunks_h * h.chunks_w * h.pairs),
                                min(DIVIDE_UP(s.in_c, 4), MOST_SLICES)));
    h.slice_floats = y.places * x.places * s.out_c + SLICE_GAP;
    h.items = h.chunks_h * h.chunks_w * h.slices * h.pairs;
    return h;
}

ALWAYS_INLINE int tap_of(stage s, phase y, phase x, int tap) {
    return (y.tap + tap / x.taps * y.tap_step) * s.kernel_w + x.tap + tap % x.taps * x.tap_step;
}

ALWAYS_INLINE int tap_moved(stage s, phase y, phase x, int tap) {
    const int down = tap / x.taps * y.in_step_of_tap, across = tap % x.taps * x.in_step_of_tap;
    return (down * stage_columns(s) + across) * PITCH(s.in_c);
}

/* Products of four channels with the weights of a tap, for a block of places; `in` is what the first one meets. */
ALWAYS_INLINE void add_products(stage s, phase y, phase x, share h, local const float *in, const float4 w[CHANNELS],
                                float sum[CHANNELS][MOST_POSITIONS]) {
    #pragma unroll
    for (int i = 0; i < h.rows * h.columns; i++) {
        const int down = i / h.columns * y.in_step, across = i % h.columns * x.in_step;
        const float4 v = *(local const float4 *)(in + (down * stage_columns(s) + across) * PITCH(s.in_c));
        #pragma unroll
        for (int j = 0; j < CHANNELS; j++)
            sum[j][i] = fma(v.w, w[j].w, fma(v.z, w[j].z, fma(v.y, w[j].y, fma(v.x, w[j].x, sum[j][i]))));
    }
}

/* To sums[slice][place][channel]. Neighbouring items read neighbouring weights. The last blocks overlap others, to which
 * they leave what both have. */
ALWAYS_INLINE void phase_sum(stage s, phase y, phase x, share h, local const float *in, global const float *weight,
                             local float *sums, int item) {
#if FORWARD
    const int o = item % h.pairs * CHANNELS, chunk = item / h.pairs % (h.chunks_h * h.chunks_w);
    const int slice = item / (h.pairs * h.chunks_h * h.chunks_w);
#else
    const int slice = item % h.slices, o = item / h.slices % h.pairs * CHANNELS, chunk = item / (h.slices * h.pairs);
#endif
    const int row = chunk / h.chunks_w * h.rows, first_row = min(row, y.places - h.rows);
    const int column = chunk % h.chunks_w * h.columns, first_column = min(column, x.places - h.columns);
    float sum[CHANNELS][MOST_POSITIONS];
    in += stage_place(s, y.in + first_row * y.in_step, x.in + first_column * x.in_step, 0);
    #pragma unroll
    for (int i = 0; i < h.rows * h.columns; i++)
        #pragma unroll
        for (int j = 0; j < CHANNELS; j++) sum[j][i] = 0.0f;
    #pragma unroll 1
    for (int c = slice * 4; c < s.in_c; c += h.slices * 4) {
        #pragma unroll 3
        for (int tap = 0; tap < y.taps * x.taps; tap++) {
            float4 w[CHANNELS];
            stage_weights(s, weight, tap_of(s, y, x, tap), c, o, w);
            add_products(s, y, x, h, in + c + tap_moved(s, y, x, tap), w, sum);
        }
    }
    sums += slice * h.slice_floats + (first_row * x.places + first_column) * s.out_c + o;
    #pragma unroll
    for (int i = 0; i < h.rows * h.columns; i++) {
        local float *to = sums + (i / h.columns * x.places + i % h.columns) * s.out_c;
        if (first_row + i / h.columns < row || first_column + i % h.columns < column) continue;
        #pragma unroll
        for (int j = 0; j < CHANNELS; j++)
            if (s.out_c % CHANNELS == 0 || o + j < s.out_c) to[j] = sum[j][i];
    }
}

/* Along one axis, what an output meets: taps, and inputs that are there. */
typedef struct meeting {
    int tap, tap_step, in, in_step, count;
} meeting;

ALWAYS_INLINE meeting meeting_of(int spread, int out, int in, int kernel_size, int stride, int pad) {
    if (spread) {
        const int last = min(in - 1, (out + pad) / stride), beyond = out + pad - kernel_size;
        const int first = beyond < 0 ? 0 : beyond / stride + 1;
        return (meeting){out + pad - last * stride, stride, last, -1, last - first + 1};
    }
    const int tap = max(0, pad - out * stride);
    return (meeting){tap, 1, out * stride + tap - pad, 1, min(kernel_size, in + pad - out * stride) - tap};
}

/* As phase_sum, of one place. */
ALWAYS_INLINE void few_sum(stage s, share h, local const float *in, global const float *weight, local float *sums,
                           int item) {
    const int places = s.out_h * s.out_w, vectors = DIVIDE_UP(s.in_c, 4);
#if FORWARD
    const int o = item % h.pairs * CHANNELS, place = item / h.pairs % places, slice = item / (h.pairs * places);
#else
    const int slice = item % h.slices, o = item / h.slices % h.pairs * CHANNELS, place = item / (h.slices * h.pairs);
#endif
    const meeting y = meeting_of(s.spread, place / s.out_w, s.in_h, s.kernel_h, s.stride_h, s.pad_h);
    const meeting x = meeting_of(s.spread, place % s.out_w, s.in_w, s.kernel_w, s.stride_w, s.pad_w);
    float sum[CHANNELS];
    #pragma unroll
    for (int j = 0; j < CHANNELS; j++) sum[j] = 0.0f;
    #pragma unroll 2
    for (int i = slice; i < max(y.count, 0) * max(x.count, 0) * vectors; i += h.slices) {
        const int c = i % vectors * 4, tap = i / vectors, tap_y = tap / x.count, tap_x = tap % x.count;
        const int k = (y.tap + tap_y * y.tap_step) * s.kernel_w + x.tap + tap_x * x.tap_step;
        const int at = stage_place(s, y.in + tap_y * y.in_step, x.in + tap_x * x.in_step, c);
        const float4 v = *(local const float4 *)(in + at);
        float4 w[CHANNELS];
        stage_weights(s, weight, k, c, o, w);
        #pragma unroll
        for (int j = 0; j < CHANNELS; j++)
            sum[j] = fma(v.w, w[j].w, fma(v.z, w[j].z, fma(v.y, w[j].y, fma(v.x, w[j].x, sum[j]))));
    }
    sums += slice * h.slice_floats + place * s.out_c + o;
    #pragma unroll
    for (int j = 0; j < CHANNELS; j++)
        if (s.out_c % CHANNELS == 0 || o + j < s.out_c) sums[j] = sum[j];
}

/* Where stage t takes output `at` of stage s, channel o of a pixel. Linear layers take and give all pixels' channels as
 * those of one pixel. */
ALWAYS_INLINE int place_in_next(stage s, stage t, int at, int row, int column, int o) {
    if (s.out_h == t.in_h && s.out_w == t.in_w) return stage_place(t, row, column, o);
    const int pixel = at / t.in_c;
    return stage_place(t, pixel / t.in_w, pixel % t.in_w, at % t.in_c);
}

/* Outputs from their slices: to `out`, and where the next stage `t` takes them. */
ALWAYS_INLINE void phase_finish(stage s, stage t, phase y, phase x, share h, local const float *sums,
                                global const float *extra, global float *out, local float *next) {
    for (int e = get_local_id(0); e < y.places * x.places * s.out_c; e += LOCAL) {
        const int o = e % s.out_c, place = e / s.out_c;
        const int row = y.first + place / x.places * y.out_step, column = x.first + place % x.places * x.out_step;
        const int at = (row * s.out_w + column) * s.out_c + o;
        float sum = sums[e];
        #pragma unroll
        for (int slice = 1; slice < h.slices; slice++) sum += sums[slice * h.slice_floats + e];
        if (s.has_bias) sum += extra[o];
        if (s.relu && sum < 0.0f) sum = 0.0f;
        if (s.has_mask && extra[at] <= 0.0f) sum = 0.0f;
        out[at] = sum;
        if (next) next[place_in_next(s, t, at, row, column, o)] = sum;
    }
}

/* A phase of both axes, and how it is shared. */
typedef struct part {
    phase y, x;
    share h;
} part;

ALWAYS_INLINE int phases_along(stage s, int stride, int out) { return s.spread ? min(stride, out) : 1; }

ALWAYS_INLINE int parts_of(stage s) { return phases_along(s, s.stride_h, s.out_h) * phases_along(s, s.stride_w, s.out_w); }

ALWAYS_INLINE part part_of(stage s, int p) {
    const int phases_w = phases_along(s, s.stride_w, s.out_w);
    part f;
    f.y = phase_of(s.spread, p / phases_w, s.out_h, s.kernel_h, s.stride_h, s.pad_h);
    f.x = phase_of(s.spread, p % phases_w, s.out_w, s.kernel_w, s.stride_w, s.pad_w);
    f.h = share_of(s, f.y, f.x);
    return f;
}

/* To `sums`, all slices of all phases. */
ALWAYS_INLINE void sum_stage(stage s, local const float *in, global const float *weight, local float *sums) {
    int begun = 0; /* phases begin with the item behind the last of the one before */
    #pragma unroll
    for (int p = 0; p < parts_of(s); p++) {
        const part f = part_of(s, p);
        for (int item = ((int)get_local_id(0) + begun) % LOCAL; item < f.h.items; item += LOCAL)
            phase_sum(s, f.y, f.x, f.h, in, weight, sums, item);
        sums += f.h.slices * f.h.slice_floats;
        begun = (begun + LOCAL - f.h.items % LOCAL) % LOCAL;
    }
}

ALWAYS_INLINE void finish_stage(stage s, stage t, local const float *sums, global const float *extra,
                                global float *out, local float *next) {
    #pragma unroll
    for (int p = 0; p < parts_of(s); p++) {
        const part f = part_of(s, p);
        phase_finish(s, t, f.y, f.x, f.h, sums, extra, out, next);
        sums += f.h.slices * f.h.slice_floats;
    }
}

/* `next` is NULL for the last stage; what it was the input of is done. */
ALWAYS_INLINE void run_stage(stage s, stage t, local const float *in, local float *next, local float *sums,
                             global const float *weight, global const float *extra, global float *out, ulong image) {
    const phase all_y = phase_of(0, 0, s.out_h, s.kernel_h, s.stride_h, s.pad_h);
    const phase all_x = phase_of(0, 0, s.out_w, s.kernel_w, s.stride_w, s.pad_w);
    const share few = share_of_few(s);
    if (next) stage_clear(t, next);
    if (s.has_few)
        for (int item = get_local_id(0); item < few.items; item += LOCAL) few_sum(s, few, in, weight, sums, item);
    else
        sum_stage(s, in, weight, sums);
    barrier(CLK_LOCAL_MEM_FENCE);
    out += image * (ulong)(s.out_h * s.out_w * s.out_c);
    if (s.has_mask) extra += image * (ulong)(s.out_h * s.out_w * s.out_c);
    if (s.has_few) phase_finish(s, t, all_y, all_x, few, sums, extra, out, next);
    else finish_stage(s, t, sums, extra, out, next);
    barrier(CLK_LOCAL_MEM_FENCE);
}

/* The chain's input, in vectors where there are such. */
ALWAYS_INLINE void load_input(stage s, global const float *x, local float *in) {
    stage_clear(s, in);
    barrier(CLK_LOCAL_MEM_FENCE);
    const int step = s.in_c % 4 == 0 ? 4 : 1;
    for (int i = (int)get_local_id(0) * step; i < s.in_h * s.in_w * s.in_c; i += LOCAL * step) {
        const int pixel = i / s.in_c;
        local float *to = in + stage_place(s, pixel / s.in_w, pixel % s.in_w, i % s.in_c);
        if (step == 4) *(local float4 *)to = *(global const float4 *)(x + i);
        else *to = x[i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

#define OPERANDS(k)                                                                                                    \
    global const float *weight##k, ulong weight##k##_offset, global const float *extra##k, ulong extra##k##_offset,    \
        global float *out##k, ulong out##k##_offset
#define RUN(k, following, in, next)                                                                                    \
    run_stage(STAGE_OF(k), STAGE_OF(following), in, next, sums, weight##k + weight##k##_offset,                        \
              extra##k + extra##k##_offset, out##k + out##k##_offset, image)

KERNEL void conv_chain(global const float *x, ulong x_offset, OPERANDS(0), OPERANDS(1), OPERANDS(2), OPERANDS(3)) {
    local float even[EVEN_FLOATS] __attribute__((aligned(16))), odd[ODD_FLOATS] __attribute__((aligned(16)));
    local float sums[SUMS_FLOATS];
    const ulong image = GROUP_ID(0, LOCAL);
    load_input(STAGE_OF(0), x + x_offset + image * (ulong)(IN_H0 * IN_W0 * IN_C0), even);
#if STAGES == 2
    RUN(0, 1, even, odd);
    RUN(1, 1, odd, (local float *)0);
#elif STAGES == 3
    RUN(0, 1, even, odd);
    RUN(1, 2, odd, even);
    RUN(2, 2, even, (local float *)0);
#else
    RUN(0, 1, even, odd);
    RUN(1, 2, odd, even);
    RUN(2, 3, even, odd);
    RUN(3, 3, odd, (local float *)0);
#endif
}
