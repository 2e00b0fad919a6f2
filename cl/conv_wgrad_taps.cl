/* Wgrad (src/ops/conv.h) where wide has few channels, for devices whose work-groups share local memory: a work-item keeps
 * the sums of all taps and channels of wide for one channel of narrow. A unit is BAND rows of narrow of an image: a
 * work-group stages the rows of wide below it, and LANES_P items a channel go through its positions, POSITIONS side by side.
 *
 * conv_wgrad_partial makes partial[chunk][kh][kw][wide][narrow] and then dbias, of `chunk` units; conv_wgrad_reduce adds the
 * chunks up.
 *
 * Macros: those of conv_wgrad_parts.cl, STRIDE_H STRIDE_W, PAD_H PAD_W; LANES_O (channels of narrow of a work-group), BAND,
 * POSITIONS; all powers of 2 but BAND. Arguments: transposed (dy is wide, dweight is [kh][kw][narrow][wide]) and dy_c, the
 * elements of dbias, 0 for none. */

#include "conv_wgrad_parts.cl"
#include "group_sum.cl"

#define LANES_P (LOCAL / LANES_O)
#define BANDS ((NARROW_H + BAND - 1) / BAND)
#define SEGMENTS ((NARROW_W + POSITIONS - 1) / POSITIONS)
/* What is staged: rows of wide with their padding, wide enough for whole segments. */
#define ROWS ((BAND - 1) * STRIDE_H + KERNEL_H)
#define ROW (((SEGMENTS * POSITIONS - 1) * STRIDE_W + KERNEL_W) * WIDE_C)
/* Floats of a tap row below a segment. */
#define REACH (((POSITIONS - 1) * STRIDE_W + KERNEL_W) * WIDE_C)
#define STAGED (ROWS * ROW)
/* Sums of an item: those of the rows, and of narrow for dbias. */
#define SUMS (ALL_ROWS + 1)
#define HALF_SUMS (LANES_P > 1 ? SUMS * LOCAL / 2 : 1)
#define MAX_(a, b) ((a) > (b) ? (a) : (b))

static void stage(local float *rows, global const float *image, int band) {
    const int y0 = band * BAND * STRIDE_H - PAD_H;
    for (int i = get_local_id(0); i < STAGED; i += LOCAL) {
        const int y = y0 + i / ROW, x = i % ROW - PAD_W * WIDE_C;
        rows[i] = y >= 0 && y < WIDE_H && x >= 0 && x < WIDE_W * WIDE_C ? image[y * (WIDE_W * WIDE_C) + x] : 0;
    }
}

/* The POSITIONS of a segment: `narrow` is the row's, of the item's channel. */
static void add_segment(local const float *rows, global const float *narrow, int x0, bool is_channel, float *sums) {
    float d[POSITIONS];
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        d[p] = is_channel && x0 + p < NARROW_W ? narrow[p * NARROW_C] : 0;
        sums[ALL_ROWS] += d[p];
    }
    #pragma unroll
    for (int ky = 0; ky < KERNEL_H; ky++) {
        float line[REACH];
        #pragma unroll
        for (int i = 0; i < REACH; i++) line[i] = rows[ky * ROW + i];
        #pragma unroll
        for (int p = 0; p < POSITIONS; p++) {
            #pragma unroll
            for (int t = 0; t < KERNEL_W * WIDE_C; t++)
                sums[ky * KERNEL_W * WIDE_C + t] = fma(line[p * STRIDE_W * WIDE_C + t], d[p], sums[ky * KERNEL_W * WIDE_C + t]);
        }
    }
}

/* The sums of all lanes of a channel, for the first of them. */
static void add_lanes(local float *shared, int lane_p, float *sums) {
    for (int half_lanes = LANES_P / 2; half_lanes > 0; half_lanes /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane_p >= half_lanes && lane_p < 2 * half_lanes) {
            #pragma unroll
            for (int i = 0; i < SUMS; i++) shared[i * (LOCAL / 2) + get_local_id(0) - half_lanes * LANES_O] = sums[i];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane_p < half_lanes) {
            #pragma unroll
            for (int i = 0; i < SUMS; i++) sums[i] += shared[i * (LOCAL / 2) + get_local_id(0)];
        }
    }
}

/* Of dy where that is wide: its pixels, divided among the units; each item adds up every LOCAL-th of its group's. */
static void add_wide(global const float *wide, ulong first_unit, ulong end_unit, ulong units, ulong pixels,
                     local float *shared, global float *dbias) {
    const ulong first = first_unit * pixels / units, end = end_unit * pixels / units;
    for (int c = 0; c < WIDE_C; c++) {
        float sum = 0;
        for (ulong pixel = first + get_local_id(0); pixel < end; pixel += LOCAL) sum += wide[pixel * WIDE_C + c];
        barrier(CLK_LOCAL_MEM_FENCE);
        sum = group_sum(sum, shared);
        if (get_local_id(0) == 0) dbias[c] = sum;
    }
}

/* Work-groups: chunks; blocks of channels of narrow. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                        global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c) {
    local float shared[MAX_(MAX_(STAGED, HALF_SUMS), LOCAL)];
    const int lane_o = get_local_id(0) % LANES_O, lane_p = (uint)get_local_id(0) / LANES_O;
    const int o = GROUP_ID(1, 1) * LANES_O + lane_o;
    const size_t units = (size_t)n * BANDS, first = GROUP_ID(0, LOCAL) * (size_t)chunk, end = min(first + chunk, units);
    wide += wide_offset;
    narrow += narrow_offset + o;
    partial += partial_offset + GROUP_ID(0, LOCAL) * (size_t)(WEIGHTS + dy_c);
    float sums[SUMS];
    #pragma unroll
    for (int i = 0; i < SUMS; i++) sums[i] = 0;
    for (size_t unit = first; unit < end; unit++) {
        const size_t image = unit / BANDS;
        const int band = unit % BANDS, band_rows = min(BAND, NARROW_H - band * BAND);
        barrier(CLK_LOCAL_MEM_FENCE);
        stage(shared, wide + image * (WIDE_H * WIDE_W * WIDE_C), band);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int segment = lane_p; segment < band_rows * SEGMENTS; segment += LANES_P) {
            const int y = segment / SEGMENTS, x0 = segment % SEGMENTS * POSITIONS;
            add_segment(shared + y * STRIDE_H * ROW + x0 * STRIDE_W * WIDE_C,
                        narrow + ((image * NARROW_H + band * BAND + y) * NARROW_W + x0) * NARROW_C, x0, o < NARROW_C, sums);
        }
    }
    add_lanes(shared, lane_p, sums);
    if (lane_p == 0 && o < NARROW_C) {
        #pragma unroll
        for (int i = 0; i < ALL_ROWS; i++) partial[i * NARROW_C + o] = sums[i];
        if (!transposed && dy_c) partial[WEIGHTS + o] = sums[ALL_ROWS];
    }
    if (transposed && dy_c && GROUP_ID(1, 1) == 0)
        add_wide(wide, first, end, units, (size_t)n * (WIDE_H * WIDE_W), shared, partial + WEIGHTS);
}
