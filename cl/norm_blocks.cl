/* batch_norm where a work-group has a block of the channels: WIDTH vectors of them, on each of which LOCAL / WIDTH
 * items share the rows. norm_block_fwd and norm_block_bwd hold all rows in registers and do everything at once.
 * Otherwise one kernel makes what chunks of rows amount to, and a second one adds this up, in each work-group anew,
 * before it goes over its rows: there is no third launch between them.
 *
 * -DLOCAL -DWIDTH, powers of 2; -DROWS that an item holds at a time; -DMERGED, the most chunks that an item adds up.
 * The channels are a multiple of 4. Sums are taken in an order that depends on sizes alone. */
#define VEC 4
#define ALIGNED
#define KERNEL kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))

#include "norm_join.cl"

#define LANES (LOCAL / WIDTH)

/* What an item has: of the rows first .. end - 1 those that are LANES apart, of the channels c and the next ones; none
 * where there are no such channels. number: of the work-group's chunk. */
typedef struct part {
    uint c, number, first, end;
    bool is_own;
} part;

static part part_of(uint rows, uint channels, uint chunk) {
    const uint blocks = (channels / VEC + WIDTH - 1) / WIDTH, group = (uint)GROUP_ID(0, LOCAL);
    part p;
    p.c = (group % blocks * WIDTH + (uint)get_local_id(0) % WIDTH) * VEC;
    p.number = group / blocks;
    p.is_own = p.c < channels;
    p.first = p.number * chunk + (uint)get_local_id(0) / WIDTH;
    p.end = p.is_own ? min((p.number + 1) * chunk, rows) : 0;
    return p;
}

/* Rows of first .. end - 1 that are LANES apart. */
static uint rows_between(uint first, uint end) {
    return first < end ? (end - first + LANES - 1) / LANES : 0;
}

/* ROWS of them, from `row` on; zeros beyond the end. `from` is the first row. */
static void load_rows(lanes v[ROWS], global const float *from, uint channels, uint row, uint end) {
    #pragma unroll
    for (uint i = 0; i < ROWS; i++) {
        v[i] = (lanes)(0);
        if (row + i * LANES < end) v[i] = LOAD(from + (size_t)(row + i * LANES) * channels);
    }
}

/* Each of `count` vectors becomes its sum over all items of the same channels, `shared` has count * LOCAL. */
ALWAYS_INLINE void sum_of_lanes(lanes *own, uint count, local lanes *shared) {
    const uint item = get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    #pragma unroll
    for (uint k = 0; k < count; k++) shared[k * LOCAL + item] = own[k];
    #pragma unroll
    for (uint left = LANES; left > 1; left = (left + 3) / 4) {
        const uint part = (left + 3) / 4;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < part * WIDTH) {
            #pragma unroll
            for (uint k = 0; k < count; k++) {
                #pragma unroll
                for (uint other = part; other < left; other += part) own[k] += shared[k * LOCAL + item + other * WIDTH];
                shared[k * LOCAL + item] = own[k];
            }
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    #pragma unroll
    for (uint k = 0; k < count; k++) own[k] = shared[k * LOCAL + item % WIDTH];
}

/* Mean and squares of deviations of `count` values, a float that may be 0. */
typedef struct moments {
    float count;
    lanes mean, squares;
} moments;

/* `v` are the rows from `row` on, less `shift`; they join the others. */
ALWAYS_INLINE void join_rows(moments *m, const lanes v[ROWS], lanes shift, uint row, uint end) {
    const float more = min((uint)ROWS, rows_between(row, end));
    lanes mean = (lanes)(0), squares = (lanes)(0);
    #pragma unroll
    for (uint i = 0; i < ROWS; i++)
        if (row + i * LANES < end) mean += v[i] - shift;
    mean *= 1.0f / max(more, 1.0f);
    #pragma unroll
    for (uint i = 0; i < ROWS; i++)
        if (row + i * LANES < end) squares = fma(v[i] - shift - mean, v[i] - shift - mean, squares);
    join(&m->count, &m->mean, &m->squares, more, mean, squares);
}

/* Those of an item become those of all that have the same channels; `share` is 1 / all. */
ALWAYS_INLINE void join_lanes(moments *m, float all, float share, local lanes *shared) {
    lanes mean = m->count * m->mean;
    sum_of_lanes(&mean, 1, shared);
    mean *= share;
    m->squares = fma(m->count * (m->mean - mean), m->mean - mean, m->squares);
    sum_of_lanes(&m->squares, 1, shared);
    m->mean = mean;
    m->count = all;
}

/* The factors of x - centre and of 1 in y, and in dx beside that of dy. */
typedef struct scaling {
    lanes centre, scale, rest;
} scaling;

ALWAYS_INLINE void normalise(const lanes x[ROWS], const scaling *s, uint relu, global float *y, uint channels, uint row,
                             uint end) {
    #pragma unroll
    for (uint i = 0; i < ROWS; i++)
        if (row + i * LANES < end)
            STORE(then_relu(fma(x[i] - s->centre, s->scale, s->rest), relu), y + (size_t)(row + i * LANES) * channels);
}

/* The pointers are to the item's channels. */
ALWAYS_INLINE void put_statistics(const moments *all, lanes inverse, float momentum, float rest, global float *mean,
                           global float *inv_std, global float *running_mean, global float *running_var) {
    vstore4(all->mean, 0, mean);
    vstore4(inverse, 0, inv_std);
    vstore4(rest * vload4(0, running_mean) + momentum * all->mean, 0, running_mean);
    vstore4(rest * vload4(0, running_var) + momentum / (all->count - 1.0f) * all->squares, 0, running_var);
}

/* `share` is 1 / rows; relu follows where it is not 0: here and below. */
KERNEL void norm_block_fwd(global const float *x, ulong x_offset, global const float *weight, ulong weight_offset,
                           global const float *bias, ulong bias_offset, global float *y, ulong y_offset,
                           global float *mean, ulong mean_offset, global float *inv_std, ulong inv_std_offset,
                           global float *running_mean, ulong running_mean_offset, global float *running_var,
                           ulong running_var_offset, uint rows, uint channels, float share, float epsilon,
                           float momentum, float rest, uint relu) {
    local lanes shared[LOCAL];
    const part p = part_of(rows, channels, rows);
    moments all = {0, (lanes)(0), (lanes)(0)};
    lanes v[ROWS], shift = (lanes)(0);
    load_rows(v, x + x_offset + p.c, channels, p.first, p.end);
    if (p.is_own) shift = LOAD(x + x_offset + p.c);
    join_rows(&all, v, shift, p.first, p.end);
    join_lanes(&all, rows, share, shared);
    all.mean += shift;
    barrier(CLK_GLOBAL_MEM_FENCE); /* y may be x, of which all items have read the first row */
    if (p.is_own) {
        const lanes inverse = 1.0f / sqrt(all.squares * share + epsilon);
        const scaling s = {all.mean, inverse * vload4(0, weight + weight_offset + p.c),
                           vload4(0, bias + bias_offset + p.c)};
        normalise(v, &s, relu, y + y_offset + p.c, channels, p.first, p.end);
        if (get_local_id(0) < WIDTH)
            put_statistics(&all, inverse, momentum, rest, mean + mean_offset + p.c, inv_std + inv_std_offset + p.c,
                           running_mean + running_mean_offset + p.c, running_var + running_var_offset + p.c);
    }
}

/* Of x less its first row: mean and squares of deviations of each chunk, means[1 + chunk][channel] and
 * squares[chunk][channel]; means[0] is that row, as y may be x. */
KERNEL void norm_chunk_moments(global const float *x, ulong x_offset, global float *means, ulong means_offset,
                               global float *squares, ulong squares_offset, uint rows, uint channels, uint chunk) {
    local lanes shared[LOCAL];
    const part p = part_of(rows, channels, chunk);
    const float all = min(chunk, rows - p.number * chunk);
    moments m = {0, (lanes)(0), (lanes)(0)};
    lanes shift = (lanes)(0);
    x += x_offset + p.c;
    if (p.is_own) shift = LOAD(x);
    #pragma unroll 1
    for (uint row = p.first; row < p.end; row += ROWS * LANES) {
        lanes v[ROWS];
        load_rows(v, x, channels, row, p.end);
        join_rows(&m, v, shift, row, p.end);
    }
    join_lanes(&m, all, 1.0f / all, shared);
    if (get_local_id(0) < WIDTH && p.is_own) {
        const size_t at = (size_t)p.number * channels + p.c;
        STORE(m.mean, means + means_offset + channels + at);
        STORE(m.squares, squares + squares_offset + at);
        if (p.number == 0) STORE(shift, means + means_offset + p.c);
    }
}

/* y of the work-group's `piece` of rows, by the moments of all chunks. */
KERNEL void norm_chunk_apply(global const float *x, ulong x_offset, global const float *means, ulong means_offset,
                             global const float *squares, ulong squares_offset, global const float *weight,
                             ulong weight_offset, global const float *bias, ulong bias_offset, global float *y,
                             ulong y_offset, global float *mean, ulong mean_offset, global float *inv_std,
                             ulong inv_std_offset, global float *running_mean, ulong running_mean_offset,
                             global float *running_var, ulong running_var_offset, uint rows, uint channels, uint chunk,
                             uint chunks, uint piece, float share, float epsilon, float momentum, float rest,
                             uint relu) {
    local lanes shared[LOCAL];
    const part p = part_of(rows, channels, piece);
    moments all = {0, (lanes)(0), (lanes)(0)};
    lanes v[ROWS], shift = (lanes)(0);
    x += x_offset + p.c;
    y += y_offset + p.c;
    means += means_offset + p.c;
    squares += squares_offset + p.c;
    load_rows(v, x, channels, p.first, p.end);
    if (p.is_own) shift = LOAD(means);
    #pragma unroll
    for (uint i = 0; i < MERGED; i++) {
        const uint j = (uint)get_local_id(0) / WIDTH + i * LANES;
        if (p.is_own && j < chunks)
            join(&all.count, &all.mean, &all.squares, min(chunk, rows - j * chunk),
                 LOAD(means + (size_t)(j + 1) * channels), LOAD(squares + (size_t)j * channels));
    }
    join_lanes(&all, rows, share, shared);
    all.mean += shift;
    if (p.is_own) {
        const lanes inverse = 1.0f / sqrt(all.squares * share + epsilon);
        const scaling s = {all.mean, inverse * vload4(0, weight + weight_offset + p.c),
                           vload4(0, bias + bias_offset + p.c)};
        #pragma unroll 1
        for (uint row = p.first; row < p.end; row += ROWS * LANES) {
            normalise(v, &s, relu, y, channels, row, p.end);
            load_rows(v, x, channels, row + ROWS * LANES, p.end);
        }
        if (p.number == 0 && get_local_id(0) < WIDTH)
            put_statistics(&all, inverse, momentum, rest, mean + mean_offset + p.c, inv_std + inv_std_offset + p.c,
                           running_mean + running_mean_offset + p.c, running_var + running_var_offset + p.c);
    }
}

/* Sums of dy, and of dy (x - mean). */
static void add_gradients(const lanes dy[ROWS], const lanes x[ROWS], lanes mean, lanes sums[2]) {
    #pragma unroll
    for (uint i = 0; i < ROWS; i++) {
        sums[0] += dy[i];
        sums[1] = fma(dy[i], x[i] - mean, sums[1]);
    }
}

static void put_gradients(const lanes dy[ROWS], const lanes x[ROWS], lanes scale, const scaling *s, global float *dx,
                          uint channels, uint row, uint end) {
    #pragma unroll
    for (uint i = 0; i < ROWS; i++)
        if (row + i * LANES < end)
            STORE(fma(dy[i], scale, fma(x[i] - s->centre, s->scale, s->rest)),
                  dx + (size_t)(row + i * LANES) * channels);
}

KERNEL void norm_block_bwd(global const float *dy, ulong dy_offset, global const float *x, ulong x_offset,
                           global const float *weight, ulong weight_offset, global const float *mean, ulong mean_offset,
                           global const float *inv_std, ulong inv_std_offset, global float *dx, ulong dx_offset,
                           global float *dweight, ulong dweight_offset, global float *dbias, ulong dbias_offset,
                           uint rows, uint channels, float share) {
    local lanes shared[2 * LOCAL];
    const part p = part_of(rows, channels, rows);
    lanes own_dy[ROWS], own_x[ROWS], sums[2] = {(lanes)(0), (lanes)(0)}, centre = (lanes)(0);
    load_rows(own_dy, dy + dy_offset + p.c, channels, p.first, p.end);
    load_rows(own_x, x + x_offset + p.c, channels, p.first, p.end);
    if (p.is_own) centre = vload4(0, mean + mean_offset + p.c);
    add_gradients(own_dy, own_x, centre, sums);
    sum_of_lanes(sums, 2, shared);
    if (p.is_own) {
        const lanes inverse = vload4(0, inv_std + inv_std_offset + p.c);
        const lanes scale = inverse * vload4(0, weight + weight_offset + p.c);
        const scaling s = {centre, -inverse * inverse * (share * scale) * sums[1], -share * scale * sums[0]};
        put_gradients(own_dy, own_x, scale, &s, dx + dx_offset + p.c, channels, p.first, p.end);
        if (get_local_id(0) < WIDTH) {
            vstore4(sums[0], 0, dbias + dbias_offset + p.c);
            vstore4(inverse * sums[1], 0, dweight + dweight_offset + p.c);
        }
    }
}

/* The same sums of each chunk: sums[chunk][channel] and products[chunk][channel]. */
KERNEL void norm_chunk_sums(global const float *dy, ulong dy_offset, global const float *x, ulong x_offset,
                            global const float *mean, ulong mean_offset, global float *sums, ulong sums_offset,
                            global float *products, ulong products_offset, uint rows, uint channels, uint chunk) {
    local lanes shared[2 * LOCAL];
    const part p = part_of(rows, channels, chunk);
    lanes own[2] = {(lanes)(0), (lanes)(0)}, centre = (lanes)(0);
    if (p.is_own) centre = vload4(0, mean + mean_offset + p.c);
    #pragma unroll 1
    for (uint row = p.first; row < p.end; row += ROWS * LANES) {
        lanes own_dy[ROWS], own_x[ROWS];
        load_rows(own_dy, dy + dy_offset + p.c, channels, row, p.end);
        load_rows(own_x, x + x_offset + p.c, channels, row, p.end);
        add_gradients(own_dy, own_x, centre, own);
    }
    sum_of_lanes(own, 2, shared);
    if (get_local_id(0) < WIDTH && p.is_own) {
        STORE(own[0], sums + sums_offset + (size_t)p.number * channels + p.c);
        STORE(own[1], products + products_offset + (size_t)p.number * channels + p.c);
    }
}

/* dx of the work-group's `piece` of rows, by the sums of all chunks. */
KERNEL void norm_chunk_apply_bwd(global const float *dy, ulong dy_offset, global const float *x, ulong x_offset,
                                 global const float *sums, ulong sums_offset, global const float *products,
                                 ulong products_offset, global const float *weight, ulong weight_offset,
                                 global const float *mean, ulong mean_offset, global const float *inv_std,
                                 ulong inv_std_offset, global float *dx, ulong dx_offset, global float *dweight,
                                 ulong dweight_offset, global float *dbias, ulong dbias_offset, uint rows,
                                 uint channels, uint chunks, uint piece, float share) {
    local lanes shared[2 * LOCAL];
    const part p = part_of(rows, channels, piece);
    lanes own_dy[ROWS], own_x[ROWS], all[2] = {(lanes)(0), (lanes)(0)};
    dy += dy_offset + p.c;
    x += x_offset + p.c;
    load_rows(own_dy, dy, channels, p.first, p.end);
    load_rows(own_x, x, channels, p.first, p.end);
    #pragma unroll
    for (uint i = 0; i < MERGED; i++) {
        const uint j = (uint)get_local_id(0) / WIDTH + i * LANES;
        if (p.is_own && j < chunks) {
            all[0] += LOAD(sums + sums_offset + (size_t)j * channels + p.c);
            all[1] += LOAD(products + products_offset + (size_t)j * channels + p.c);
        }
    }
    sum_of_lanes(all, 2, shared);
    if (p.is_own) {
        const lanes centre = vload4(0, mean + mean_offset + p.c), inverse = vload4(0, inv_std + inv_std_offset + p.c);
        const lanes scale = inverse * vload4(0, weight + weight_offset + p.c);
        const scaling s = {centre, -inverse * inverse * (share * scale) * all[1], -share * scale * all[0]};
        #pragma unroll 1
        for (uint row = p.first; row < p.end; row += ROWS * LANES) {
            put_gradients(own_dy, own_x, scale, &s, dx + dx_offset + p.c, channels, row, p.end);
            load_rows(own_dy, dy, channels, row + ROWS * LANES, p.end);
            load_rows(own_x, x, channels, row + ROWS * LANES, p.end);
        }
        if (p.number == 0 && get_local_id(0) < WIDTH) {
            vstore4(all[0], 0, dbias + dbias_offset + p.c);
            vstore4(inverse * all[1], 0, dweight + dweight_offset + p.c);
        }
    }
}
