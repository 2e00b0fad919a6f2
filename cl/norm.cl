/* Normalisation of sets of rows of channels (src/ops/norm.h): what chunks of rows amount to, what follows from that for
 * each group of channels, and a pass over all elements, in an order that depends on sizes alone.
 *
 * -DLOCAL -DVEC -DBLOCK, rows in registers. `fold` rows are taken for one of `columns`, so that whole vectors make a
 * row; the rows that fill no such row come last. A work-group takes `width` vectors, a power of two, of the rows of a
 * chunk, with LOCAL / width items on each. -DALIGNED: sets begin where vectors may. */
#define KERNEL __kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))

#include "norm_join.cl"

/* The rows of a chunk that an item takes, and where its columns are. */
typedef struct span {
    uint set, column, first, end, step; /* column: of the first lane */
    ulong partial;                      /* of the chunk's results, from the first column on */
} span;

inline span span_of(uint rows, uint columns, uint chunk, uint chunks, uint width) {
    const uint item = get_local_id(0), blocks = (columns + width * VEC - 1) / (width * VEC);
    const uint number = (uint)GROUP_ID(0, LOCAL) / blocks, block = (uint)GROUP_ID(0, LOCAL) % blocks;
    const uint start = number % chunks * chunk;
    span s;
    s.set = number / chunks;
    s.column = (block * width + (item & (width - 1))) * VEC;
    s.first = start + item / width;
    s.end = min(start + chunk, rows);
    s.step = LOCAL / width;
    s.partial = (ulong)number * columns;
    return s;
}

/* values[place of the group of each lane]; stride is 1 where groups are of one channel. */
inline lanes of_groups(__global const float *values, uint column, uint channels, uint group_channels, uint stride) {
    const uint c = column % channels;
    if (group_channels == 1 && c + VEC <= channels) return VLOAD(VEC)(0, values + c);
    float each[VEC];
#pragma unroll 1
    for (uint i = 0; i < VEC; ++i) each[i] = values[(column + i) % channels / group_channels * stride];
    return VLOAD(VEC)(0, each);
}

/* Moments of each column of each chunk, of x less the set's first element of the group. */
KERNEL void norm_moments(__global const float *x, ulong x_offset, __global float *means, ulong means_offset,
                         __global float *squares, ulong squares_offset, uint rows, uint channels, uint group_channels,
                         uint fold, uint chunk, uint chunks, uint width) {
    __local float shared_count[LOCAL];
    __local lanes shared_mean[LOCAL], shared_squares[LOCAL];
    const uint item = get_local_id(0), columns = channels * fold;
    const span s = span_of(rows / fold, columns, chunk, chunks, width);
    float count = 0.0f;
    lanes mean = 0.0f, sum = 0.0f;
    if (s.column < columns) {
        x += x_offset + (ulong)s.set * rows * channels;
        const lanes shift = of_groups(x, s.column, channels, group_channels, group_channels);
        uint r = s.first;
        for (; r + (BLOCK - 1) * s.step < s.end; r += BLOCK * s.step) {
            lanes v[BLOCK], total = 0.0f, deviations = 0.0f;
#pragma unroll
            for (uint i = 0; i < BLOCK; ++i) {
                v[i] = LOAD(x + (ulong)(r + i * s.step) * columns + s.column) - shift;
                total += v[i];
            }
            total *= 1.0f / BLOCK;
#pragma unroll
            for (uint i = 0; i < BLOCK; ++i) deviations = fma(v[i] - total, v[i] - total, deviations);
            join(&count, &mean, &sum, BLOCK, total, deviations);
        }
        for (; r < s.end; r += s.step)
            join(&count, &mean, &sum, 1.0f, LOAD(x + (ulong)r * columns + s.column) - shift, 0.0f);
    }
    shared_count[item] = count;
    shared_mean[item] = mean;
    shared_squares[item] = sum;
    for (uint half_items = LOCAL / 2; half_items >= width; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) {
            const uint other = item + half_items;
            join(&count, &mean, &sum, shared_count[other], shared_mean[other], shared_squares[other]);
            shared_count[item] = count;
            shared_mean[item] = mean;
            shared_squares[item] = sum;
        }
    }
    if (item < width && s.column < columns) {
        STORE(mean, means + means_offset + s.partial + s.column);
        STORE(sum, squares + squares_offset + s.partial + s.column);
    }
}

typedef struct moments {
    float count, mean, squares;
} moments;

inline moments joined(moments a, float count, float mean, float squares) {
    const float all = a.count + count, share = all > 0.0f ? count / all : 0.0f, difference = mean - a.mean;
    a.squares += fma(difference * difference, a.count * share, squares);
    a.mean = fma(difference, share, a.mean);
    a.count = all;
    return a;
}

/* Of all items, for each of them. */
inline moments all_joined(moments own, __local moments *shared) {
    const uint item = get_local_id(0);
    shared[item] = own;
    for (uint half_items = LOCAL / 2; half_items > 0; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) {
            const moments other = shared[item + half_items];
            shared[item] = joined(shared[item], other.count, other.mean, other.squares);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return shared[0];
}

/* Of a work-group's set and group: mean and inv_std, running averages, and what norm_apply needs: three planes of mean,
 * inv_std * weight and bias for each column. */
KERNEL void norm_statistics(__global const float *x, ulong x_offset, __global const float *means, ulong means_offset,
                            __global const float *squares, ulong squares_offset, __global const float *weight,
                            ulong weight_offset, __global const float *bias, ulong bias_offset, __global float *mean,
                            ulong mean_offset, __global float *inv_std, ulong inv_std_offset,
                            __global float *running_mean, ulong running_mean_offset, __global float *running_var,
                            ulong running_var_offset, __global float *planes, ulong planes_offset, ulong plane,
                            uint rows, uint channels, uint group_channels, uint fold, uint chunk, uint chunks,
                            float epsilon, float momentum, float rest, uint keeps_running) {
    __local moments shared[LOCAL];
    const uint item = get_local_id(0), groups = channels / group_channels, group = (uint)GROUP_ID(0, LOCAL) % groups;
    const uint set = (uint)GROUP_ID(0, LOCAL) / groups, first = group * group_channels, folded = rows / fold;
    const ulong partial = (ulong)set * chunks * fold * channels + first;
    x += x_offset + (ulong)set * rows * channels + first;
    means += means_offset + partial;
    squares += squares_offset + partial;
    const float shift = x[0];
    moments own = {0.0f, 0.0f, 0.0f};
    for (uint i = item; i < chunks * fold * group_channels; i += LOCAL) {
        const uint j = i / group_channels;
        const ulong at = (ulong)j * channels + i % group_channels;
        own = joined(own, (float)min(chunk, folded - j / fold * chunk), means[at], squares[at]);
    }
    for (uint i = item; i < rows % fold * group_channels; i += LOCAL) {
        const ulong at = (ulong)(folded * fold + i / group_channels) * channels + i % group_channels;
        own = joined(own, 1.0f, x[at] - shift, 0.0f);
    }
    const moments all = all_joined(own, shared);
    const float centre = shift + all.mean, variance = all.squares / all.count, inverse = 1.0f / sqrt(variance + epsilon);
    if (item == 0) {
        mean[mean_offset + GROUP_ID(0, LOCAL)] = centre;
        inv_std[inv_std_offset + GROUP_ID(0, LOCAL)] = inverse;
        if (keeps_running) {
            __global float *own_mean = running_mean + running_mean_offset + group;
            __global float *own_var = running_var + running_var_offset + group;
            *own_mean = rest * *own_mean + momentum * centre;
            *own_var = rest * *own_var + momentum * (all.squares / (all.count - 1.0f));
        }
    }
    planes += planes_offset + (ulong)set * fold * channels;
    for (uint i = item; i < fold * group_channels; i += LOCAL) {
        const uint c = first + i % group_channels, at = i / group_channels * channels + c;
        planes[at] = centre;
        planes[plane + at] = inverse * weight[weight_offset + c];
        planes[2 * plane + at] = bias[bias_offset + c];
    }
}

/* The same planes from running averages. */
KERNEL void norm_running(__global const float *weight, ulong weight_offset, __global const float *bias,
                         ulong bias_offset, __global const float *mean, ulong mean_offset, __global const float *var,
                         ulong var_offset, __global float *planes, ulong planes_offset, ulong plane, uint channels,
                         uint fold, float epsilon) {
    planes += planes_offset;
    const uint i = (uint)get_global_id(0), c = i % channels;
    if (i < fold * channels) {
        planes[i] = mean[mean_offset + c];
        planes[plane + i] = weight[weight_offset + c] / sqrt(var[var_offset + c] + epsilon);
        planes[2 * plane + i] = bias[bias_offset + c];
    }
}

/* The first element that an item takes of the `count` in a set, and which set. */
typedef struct place {
    uint set, first;
} place;

inline place place_of(uint count, uint per_item) {
    const uint piece = LOCAL * per_item * VEC, pieces = (count + piece - 1) / piece, number = (uint)GROUP_ID(0, LOCAL);
    return (place){number / pieces, number % pieces * piece + (uint)get_local_id(0) * VEC};
}

/* y = (x - mean) scale + bias, by the planes, then relu if that is not 0; an item takes `per_item` vectors. */
KERNEL void norm_apply(__global const float *x, ulong x_offset, __global const float *planes, ulong planes_offset,
                       __global float *y, ulong y_offset, ulong plane, uint count, uint columns, uint per_item,
                       uint relu) {
    const place at = place_of(count, per_item);
    const ulong set = at.set;
    const uint step = LOCAL * VEC % columns;
    uint e = at.first, c = e % columns;
    x += x_offset + set * count;
    y += y_offset + set * count;
    planes += planes_offset + set * columns;
    uint j = 0;
    for (; j < per_item && e + VEC <= count; ++j, e += LOCAL * VEC) {
        __global const float *p = planes + c;
        const lanes centred = LOAD(x + e) - LOAD(p);
        STORE(then_relu(fma(centred, LOAD(p + plane), LOAD(p + 2 * plane)), relu), y + e);
        c += step;
        if (c >= columns) c -= columns;
    }
    const uint end = j < per_item ? count : e;
#pragma unroll 1
    for (planes += c; e < end; ++e, ++planes) {
        const float value = fma(x[e] - planes[0], planes[plane], planes[2 * plane]);
        y[e] = relu && value < 0.0f ? 0.0f : value;
    }
}

/* Sums of dy, and of dy (x - mean), over each column of each chunk. */
KERNEL void norm_sums(__global const float *dy, ulong dy_offset, __global const float *x, ulong x_offset,
                      __global const float *mean, ulong mean_offset, __global float *sums, ulong sums_offset,
                      __global float *products, ulong products_offset, uint rows, uint channels, uint group_channels,
                      uint fold, uint chunk, uint chunks, uint width) {
    __local lanes shared_sum[LOCAL], shared_product[LOCAL];
    const uint item = get_local_id(0), columns = channels * fold;
    const span s = span_of(rows / fold, columns, chunk, chunks, width);
    lanes sum = 0.0f, product = 0.0f;
    if (s.column < columns) {
        lanes more_sum = 0.0f, more_product = 0.0f;
        const ulong start = (ulong)s.set * rows * channels + s.column;
        const lanes centre = of_groups(mean + mean_offset + (ulong)s.set * (channels / group_channels), s.column,
                                       channels, group_channels, 1);
        dy += dy_offset + start;
        x += x_offset + start;
        uint r = s.first;
        for (; r + s.step < s.end; r += 2 * s.step) {
            const ulong at = (ulong)r * columns, next = (ulong)(r + s.step) * columns;
            const lanes a = LOAD(dy + at), b = LOAD(dy + next);
            sum += a;
            product = fma(a, LOAD(x + at) - centre, product);
            more_sum += b;
            more_product = fma(b, LOAD(x + next) - centre, more_product);
        }
        if (r < s.end) {
            const lanes a = LOAD(dy + (ulong)r * columns);
            sum += a;
            product = fma(a, LOAD(x + (ulong)r * columns) - centre, product);
        }
        sum += more_sum;
        product += more_product;
    }
    shared_sum[item] = sum;
    shared_product[item] = product;
    for (uint half_items = LOCAL / 2; half_items >= width; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) {
            shared_sum[item] += shared_sum[item + half_items];
            shared_product[item] += shared_product[item + half_items];
        }
    }
    if (item < width && s.column < columns) {
        STORE(shared_sum[item], sums + sums_offset + s.partial + s.column);
        STORE(shared_product[item], products + products_offset + s.partial + s.column);
    }
}

/* Of a work-group's set and group: the sums of its channels in the set, and what norm_apply_bwd needs: four planes of
 * mean, and of the factors of dy, of x - mean and of 1. */
KERNEL void norm_gradients(__global const float *dy, ulong dy_offset, __global const float *x, ulong x_offset,
                           __global const float *sums, ulong sums_offset, __global const float *products,
                           ulong products_offset, __global const float *weight, ulong weight_offset,
                           __global const float *mean, ulong mean_offset, __global const float *inv_std,
                           ulong inv_std_offset, __global float *dbias, ulong dbias_offset, __global float *dweight,
                           ulong dweight_offset, __global float *planes, ulong planes_offset, ulong plane, uint rows,
                           uint channels, uint group_channels, uint fold, uint chunks, uint width) {
    __local float2 shared[LOCAL];
    const uint item = get_local_id(0), groups = channels / group_channels, group = (uint)GROUP_ID(0, LOCAL) % groups;
    const uint set = (uint)GROUP_ID(0, LOCAL) / groups, first = group * group_channels;
    const float centre = mean[mean_offset + GROUP_ID(0, LOCAL)], inverse = inv_std[inv_std_offset + GROUP_ID(0, LOCAL)];
    const ulong partial = (ulong)set * chunks * fold * channels + first;
    const ulong start = (ulong)set * rows * channels + first;
    float2 total = 0.0f;
    sums += sums_offset + partial;
    products += products_offset + partial;
    dy += dy_offset + start;
    x += x_offset + start;
    weight += weight_offset + first;
    dbias += dbias_offset + (ulong)set * channels + first;
    dweight += dweight_offset + (ulong)set * channels + first;
    for (uint block = 0; block < group_channels; block += width) {
        const uint c = block + (item & (width - 1));
        float2 sum = 0.0f;
        if (c < group_channels) {
            for (uint j = item / width; j < chunks * fold; j += LOCAL / width) {
                const ulong at = (ulong)j * channels + c;
                sum += (float2)(sums[at], products[at]);
            }
            for (uint r = rows / fold * fold + item / width; r < rows; r += LOCAL / width) {
                const ulong at = (ulong)r * channels + c;
                sum += (float2)(dy[at], dy[at] * (x[at] - centre));
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        shared[item] = sum;
        for (uint half_items = LOCAL / 2; half_items >= width; half_items /= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (item < half_items) shared[item] += shared[item + half_items];
        }
        if (item < width && c < group_channels) {
            const float2 of_channel = shared[item] * (float2)(1.0f, inverse);
            dbias[c] = of_channel.x;
            dweight[c] = of_channel.y;
            total += of_channel * weight[c];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    shared[item] = total;
    for (uint half_items = LOCAL / 2; half_items > 0; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) shared[item] += shared[item + half_items];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const float2 means = shared[0] / ((float)rows * (float)group_channels);
    planes += planes_offset + (ulong)set * fold * channels + first;
    for (uint i = item; i < fold * group_channels; i += LOCAL) {
        const uint c = i % group_channels, at = i / group_channels * channels + c;
        planes[at] = centre;
        planes[plane + at] = inverse * weight[c];
        planes[2 * plane + at] = -inverse * (inverse * means.y);
        planes[3 * plane + at] = -inverse * means.x;
    }
}

/* dx, by the planes; as norm_apply. */
KERNEL void norm_apply_bwd(__global const float *dy, ulong dy_offset, __global const float *x, ulong x_offset,
                           __global const float *planes, ulong planes_offset, __global float *dx, ulong dx_offset,
                           ulong plane, uint count, uint columns, uint per_item) {
    const place at = place_of(count, per_item);
    const ulong set = at.set;
    const uint step = LOCAL * VEC % columns;
    uint e = at.first, c = e % columns;
    dy += dy_offset + set * count;
    x += x_offset + set * count;
    dx += dx_offset + set * count;
    planes += planes_offset + set * columns;
    uint j = 0;
    for (; j < per_item && e + VEC <= count; ++j, e += LOCAL * VEC) {
        __global const float *p = planes + c;
        const lanes rest = fma(LOAD(x + e) - LOAD(p), LOAD(p + 2 * plane), LOAD(p + 3 * plane));
        STORE(fma(LOAD(dy + e), LOAD(p + plane), rest), dx + e);
        c += step;
        if (c >= columns) c -= columns;
    }
    const uint end = j < per_item ? count : e;
#pragma unroll 1
    for (planes += c; e < end; ++e, ++planes)
        dx[e] = fma(dy[e], planes[plane], fma(x[e] - planes[0], planes[2 * plane], planes[3 * plane]));
}
