/* Spread with few output channels, on CPUs: from a row of the input a matrix product makes what its positions add to
 * all taps, and a row of the output is summed up from those of the rows that meet it.
 *
 * Along an axis the taps of a position come in groups of a stride: an output belongs to the first group of one
 * position, the second of the position before, and so on, TAPS_H and TAPS_W of them. Outputs of a group, all channels,
 * are consecutive, and so are its columns.
 *
 * Macros: LANES, VECTORS, POSITIONS, TAPS_H, TAPS_W. */
#define MR POSITIONS
#define ROWS_SPACE global
#define PANEL_SPACE global
#include "conv_geometry.cl"
#include "gemm_panel.cl"

typedef lanes lanes_anywhere __attribute__((aligned(4))); /* for sums; see norm_join.cl */

typedef struct col2im {
    conv_geometry g;
    int group, segment; /* floats: a group of a row of the kernel, and all of them */
    int columns;        /* of the product, in whole panels */
    int first, last;    /* groups of the output's columns */
    int positions;      /* of a row of columns, from TAPS_W - 1 before the first one on */
    size_t row_floats;  /* of columns */
} col2im;

static col2im col2im_of(conv_geometry g) {
    col2im c;
    c.g = g;
    c.group = g.stride_w * g.wide_c;
    c.segment = TAPS_W * c.group;
    c.columns = (g.kernel_h * c.segment + NR - 1) / NR * NR;
    c.first = g.pad_w / g.stride_w;
    c.last = (g.pad_w + g.wide_w - 1) / g.stride_w;
    c.positions = TAPS_W - 1 + max(c.last + 1, g.narrow_w);
    c.row_floats = (size_t)c.positions * c.columns + LANES;
    return c;
}

/* packed[panel][in][column of the panel], 0 where there is no tap; then the bias of a group, in whole vectors. A
 * work-item for each input channel, and one for the bias. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void col2im_pack(global const float *weight, ulong weight_offset, global const float *bias, ulong bias_offset,
                 global float *packed, ulong packed_offset, conv_geometry g, int transposed) {
    const col2im c = col2im_of(g);
    const int in = (int)GROUP_ID(0, 1);
    packed += packed_offset;
    if (in == g.narrow_c) {
        packed += (size_t)c.columns * g.narrow_c;
        for (int i = 0; i < (c.group + LANES - 1) / LANES * LANES; i++)
            packed[i] = bias ? bias[bias_offset + i % g.wide_c] : 0;
        return;
    }
    for (int column = 0; column < c.columns; column++) {
        const int ky = column / c.segment, kx = column % c.segment / g.wide_c, out = column % g.wide_c;
        const size_t tap = (size_t)ky * g.kernel_w + kx;
        const size_t at =
            transposed ? (tap * g.wide_c + out) * g.narrow_c + in : (tap * g.narrow_c + in) * g.wide_c + out;
        packed[((size_t)(column / NR) * g.narrow_c + in) * NR + column % NR] =
            ky < g.kernel_h && kx < g.kernel_w ? weight[weight_offset + at] : 0;
    }
}

/* columns[position][column] of a row of the input. */
NOT_INLINE void multiply_row(const col2im *c, global const float *in, global const float *weights,
                             global float *columns) {
    const int depth = c->g.narrow_c, end = c->g.narrow_w;
    #pragma unroll 1
    for (int first = 0; first < c->columns; first += NR, weights += depth * NR)
        #pragma unroll 1
        for (int x = 0; x < end; x += POSITIONS) {
            lanes sum[MR][VECTORS];
            global const float *a[MR];
            #pragma unroll
            for (int r = 0; r < POSITIONS; r++) a[r] = in + min(x + r, end - 1) * depth;
            sum_up(sum, depth, weights, a, 1);
            global float *to = columns + x * c->columns + first;
            #pragma unroll
            for (int r = 0; r < POSITIONS; r++) {
                if (x + r >= end) continue;
                #pragma unroll
                for (int v = 0; v < VECTORS; v++) VSTORE(LANES)(sum[r][v], v, to + r * c->columns);
            }
        }
}

/* Columns that meet a row of the output, from a group's first one on, and how far it is to the next position's: 0 where
 * all are the same zeros. */
typedef struct source {
    global const float *columns;
    int step;
} source;

/* All groups of a row of the output. Whole vectors are written: the next group overwrites what is behind one. */
NOT_INLINE void add_up_row(const col2im *c, const source sources[TAPS_H], global const float *bias, float floor,
                           global float *line) {
    #pragma unroll 1
    for (int at = (c->group - 1) / LANES * LANES; at >= 0; at -= LANES) {
        const lanes start = VLOAD(LANES)(0, bias + at);
        #pragma unroll 1
        for (int x = c->first; x <= c->last; x++) {
            lanes sum = start;
            #pragma unroll
            for (int i = 0; i < TAPS_H; i++) {
                #pragma unroll
                for (int j = 0; j < TAPS_W; j++)
                    sum += *(global const lanes_anywhere *)(sources[i].columns + (x - j) * sources[i].step +
                                                            j * c->group + at);
            }
            VSTORE(LANES)(sum < floor ? (lanes)(floor) : sum, 0, line + x * c->group + at);
        }
    }
}

static void copy_row(global const float *line, int count, global const float *mask, global float *out) {
    int i = 0;
    #pragma unroll 1
    for (; i + LANES <= count; i += LANES) {
        lanes value = VLOAD(LANES)(0, line + i);
        if (mask) value = VLOAD(LANES)(0, mask + i) <= 0 ? (lanes)(0) : value;
        VSTORE(LANES)(value, 0, out + i);
    }
    #pragma unroll 1
    for (; i < count; i++) out[i] = mask && mask[i] <= 0 ? 0 : line[i];
}

/* A work-item's memory: rows of columns, which take turns; a group of zeros for each tap; a row of the output. */
typedef struct scratch {
    global float *columns, *zeros, *line;
} scratch;

static scratch scratch_of(const col2im *c, global float *own) {
    scratch s = {own, own + TAPS_H * c->row_floats, 0};
    s.line = s.zeros + c->segment + LANES;
    #pragma unroll 1
    for (int i = 0; i < c->segment + LANES; i++) s.zeros[i] = 0;
    #pragma unroll 1
    for (int row = 0; row < TAPS_H; row++, own += c->row_floats) {
        #pragma unroll 1
        for (int i = 0; i < (TAPS_W - 1) * c->columns; i++) own[i] = 0;
        #pragma unroll 1
        for (size_t i = (size_t)(TAPS_W - 1 + c->g.narrow_w) * c->columns; i < c->row_floats; i++) own[i] = 0;
    }
    return s;
}

/* Where position 0 of a row of columns is. */
static global float *columns_of(const col2im *c, const scratch *s, int y) {
    return s->columns + (y + TAPS_H) % TAPS_H * c->row_floats + (TAPS_W - 1) * c->columns;
}

/* What an image's work is done with: its rows from y_first on until y_end, in strides of the padded output. */
typedef struct job {
    int image, y_first, y_end;
    float floor;
    global const float *in, *packed, *mask;
    global float *out;
} job;

static void finish_row(const col2im *c, const job *j, const scratch *s, int y, int phase) {
    const conv_geometry g = c->g;
    const int out_y = y * g.stride_h + phase - g.pad_h, count = g.wide_w * g.wide_c;
    if (out_y < 0 || out_y >= g.wide_h) return;
    source sources[TAPS_H];
    #pragma unroll
    for (int i = 0; i < TAPS_H; i++) {
        const int ky = phase + i * g.stride_h, from = y - i;
        const bool exists = ky < g.kernel_h && from >= 0 && from < g.narrow_h;
        sources[i].columns = exists ? columns_of(c, s, from) + ky * c->segment : s->zeros;
        sources[i].step = exists ? c->columns : 0;
    }
    add_up_row(c, sources, j->packed + (size_t)c->columns * g.narrow_c, j->floor, s->line);
    const size_t at = ((size_t)j->image * g.wide_h + out_y) * count;
    copy_row(s->line + g.pad_w * g.wide_c, count, j->mask ? j->mask + at : 0, j->out + at);
}

static void run_image(const col2im *c, const job *j, const scratch *s) {
    const conv_geometry g = c->g;
    const size_t in_row = (size_t)g.narrow_w * g.narrow_c;
    #pragma unroll 1
    for (int y = j->y_first - (TAPS_H - 1); y < j->y_end; y++) {
        if (y >= 0 && y < g.narrow_h)
            multiply_row(c, j->in + ((size_t)j->image * g.narrow_h + y) * in_row, j->packed, columns_of(c, s, y));
        #pragma unroll 1
        for (int phase = 0; phase < g.stride_h && y >= j->y_first; phase++) finish_row(c, j, s, y, phase);
    }
}

/* Work-items: `images` images x `rows` strides of the padded output. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void col2im_run(global const float *in, ulong in_offset, global const float *packed, ulong packed_offset,
                global const float *mask, ulong mask_offset, global float *out, ulong out_offset, global float *own,
                ulong own_offset, ulong own_floats, conv_geometry g, int relu, int images, int rows, int parts) {
    const col2im c = col2im_of(g);
    const int first = (int)GROUP_ID(0, 1), part = (int)GROUP_ID(1, 1);
    const scratch s = scratch_of(&c, own + own_offset + ((size_t)first * parts + part) * own_floats);
    job j = {.y_first = part * rows,
             .floor = relu ? 0 : -INFINITY,
             .in = in + in_offset,
             .packed = packed + packed_offset,
             .mask = mask ? mask + mask_offset : mask,
             .out = out + out_offset};
    j.y_end = min(j.y_first + rows, (g.pad_h + g.wide_h + g.stride_h - 1) / g.stride_h);
    #pragma unroll 1
    for (j.image = first * images; j.image < min((first + 1) * images, g.n); j.image++) run_image(&c, &j, &s);
}
