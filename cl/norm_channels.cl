/* norm_statistics and norm_gradients of norm.cl, with their arguments, for groups of one channel, as batch_norm has
 * them, on CPUs: a work-item takes VEC channels beside one another. -DVEC. */
#include "norm_join.cl"

/* Channels first .. first + count - 1, of a set; values beyond `count` do not count. */
typedef struct part {
    uint set, first, count;
} part;

static part part_of(uint channels) {
    const uint parts = (channels + VEC - 1) / VEC, number = (uint)GROUP_ID(0, 1), first = number % parts * VEC;
    return (part){number / parts, first, min(channels - first, (uint)VEC)};
}

static lanes load_part(global const float *from, uint count) {
    if (count == VEC) return VLOAD(VEC)(0, from);
    float each[VEC];
    #pragma unroll 1
    for (uint i = 0; i < VEC; i++) each[i] = i < count ? from[i] : 0.0f;
    return VLOAD(VEC)(0, each);
}

static void store_part(lanes value, uint count, global float *to) {
    float each[VEC];
    VSTORE(VEC)(value, 0, each);
    #pragma unroll 1
    for (uint i = 0; i < count; i++) to[i] = each[i];
}

kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void norm_channel_statistics(global const float *x, ulong x_offset, global const float *means, ulong means_offset,
                             global const float *squares, ulong squares_offset, global const float *weight,
                             ulong weight_offset, global const float *bias, ulong bias_offset, global float *mean,
                             ulong mean_offset, global float *inv_std, ulong inv_std_offset,
                             global float *running_mean, ulong running_mean_offset, global float *running_var,
                             ulong running_var_offset, global float *planes, ulong planes_offset, ulong plane,
                             uint rows, uint channels, uint group_channels, uint fold, uint chunk, uint chunks,
                             float epsilon, float momentum, float rest, uint keeps_running) {
    const part p = part_of(channels);
    const uint folded = rows / fold;
    const ulong own = (ulong)p.set * channels + p.first, partial = (ulong)p.set * chunks * fold * channels + p.first;
    x += x_offset + (ulong)p.set * rows * channels + p.first;
    means += means_offset + partial;
    squares += squares_offset + partial;
    const lanes shift = load_part(x, p.count);
    float count = 0.0f;
    lanes all = 0.0f, sum = 0.0f;
    for (uint j = 0; j < chunks * fold; j++)
        join(&count, &all, &sum, (float)min(chunk, folded - j / fold * chunk),
             load_part(means + (ulong)j * channels, p.count), load_part(squares + (ulong)j * channels, p.count));
    for (uint r = folded * fold; r < rows; r++)
        join(&count, &all, &sum, 1.0f, load_part(x + (ulong)r * channels, p.count) - shift, 0.0f);
    const lanes centre = shift + all, inverse = 1.0f / sqrt(sum / count + epsilon);
    store_part(centre, p.count, mean + mean_offset + own);
    store_part(inverse, p.count, inv_std + inv_std_offset + own);
    if (keeps_running) {
        running_mean += running_mean_offset + p.first;
        running_var += running_var_offset + p.first;
        store_part(rest * load_part(running_mean, p.count) + momentum * centre, p.count, running_mean);
        store_part(rest * load_part(running_var, p.count) + momentum * (sum / (count - 1.0f)), p.count, running_var);
    }
    planes += planes_offset + (ulong)p.set * fold * channels + p.first;
    const lanes scale = inverse * load_part(weight + weight_offset + p.first, p.count);
    const lanes biases = load_part(bias + bias_offset + p.first, p.count);
    for (uint f = 0; f < fold; f++, planes += channels) {
        store_part(centre, p.count, planes);
        store_part(scale, p.count, planes + plane);
        store_part(biases, p.count, planes + 2 * plane);
    }
}

kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void norm_channel_gradients(global const float *dy, ulong dy_offset, global const float *x, ulong x_offset,
                            global const float *sums, ulong sums_offset, global const float *products,
                            ulong products_offset, global const float *weight, ulong weight_offset,
                            global const float *mean, ulong mean_offset, global const float *inv_std,
                            ulong inv_std_offset, global float *dbias, ulong dbias_offset, global float *dweight,
                            ulong dweight_offset, global float *planes, ulong planes_offset, ulong plane, uint rows,
                            uint channels, uint group_channels, uint fold, uint chunks, uint width) {
    const part p = part_of(channels);
    const ulong own = (ulong)p.set * channels + p.first, start = (ulong)p.set * rows * channels + p.first;
    const ulong partial = (ulong)p.set * chunks * fold * channels + p.first;
    const lanes centre = load_part(mean + mean_offset + own, p.count);
    const lanes inverse = load_part(inv_std + inv_std_offset + own, p.count);
    lanes sum = 0.0f, product = 0.0f;
    sums += sums_offset + partial;
    products += products_offset + partial;
    for (uint j = 0; j < chunks * fold; j++) {
        sum += load_part(sums + (ulong)j * channels, p.count);
        product += load_part(products + (ulong)j * channels, p.count);
    }
    for (uint r = rows / fold * fold; r < rows; r++) {
        const lanes d = load_part(dy + dy_offset + start + (ulong)r * channels, p.count);
        sum += d;
        product += d * (load_part(x + x_offset + start + (ulong)r * channels, p.count) - centre);
    }
    product *= inverse;
    store_part(sum, p.count, dbias + dbias_offset + own);
    store_part(product, p.count, dweight + dweight_offset + own);
    const lanes scale = inverse * load_part(weight + weight_offset + p.first, p.count), share = scale / (float)rows;
    planes += planes_offset + (ulong)p.set * fold * channels + p.first;
    for (uint f = 0; f < fold; f++, planes += channels) {
        store_part(centre, p.count, planes);
        store_part(scale, p.count, planes + plane);
        store_part(-inverse * share * product, p.count, planes + 2 * plane);
        store_part(-share * sum, p.count, planes + 3 * plane);
    }
}
