/* A part of wgrad's dbias by a work-group of LOCAL items: of the pixels first .. end - 1 of dy, and up to BIAS_LANES channels
 * from c0 on. Items take channels x pixels: each leaves the sum of bias_of_item in `sums`, LOCAL floats of local memory,
 * and behind a barrier put_bias adds those of a channel up. */
#ifndef MOST_BIAS_LANES
#define MOST_BIAS_LANES LOCAL
#endif
#define BIAS_LANES(dy_c) min(dy_c, MOST_BIAS_LANES)

/* Sums beside one another: an item waits for its loads, not for each of them. */
#define BIAS_SUMS 16

static float bias_of_item(global const float *dy, int dy_c, int c0, size_t first, size_t end) {
    const int lanes_c = BIAS_LANES(dy_c), lanes_p = LOCAL / lanes_c;
    const int c = c0 + get_local_id(0) % lanes_c, lane_p = (uint)get_local_id(0) / lanes_c;
    const size_t next = (size_t)lanes_p * dy_c;
    float sums[BIAS_SUMS];
    #pragma unroll
    for (int i = 0; i < BIAS_SUMS; i++) sums[i] = 0;
    if (c < dy_c && lane_p < lanes_p) {
        size_t pixel = first + lane_p;
        dy += pixel * dy_c + c;
        for (; pixel + (BIAS_SUMS - 1) * lanes_p < end; pixel += BIAS_SUMS * lanes_p, dy += BIAS_SUMS * next) {
            #pragma unroll
            for (int i = 0; i < BIAS_SUMS; i++) sums[i] += dy[i * next];
        }
        #pragma unroll
        for (int i = 0; i < BIAS_SUMS - 1; i++) sums[i] += pixel + i * lanes_p < end ? dy[i * next] : 0;
    }
    #pragma unroll
    for (int half_sums = BIAS_SUMS / 2; half_sums > 0; half_sums /= 2) {
        #pragma unroll
        for (int i = 0; i < half_sums; i++) sums[i] += sums[i + half_sums];
    }
    return sums[0];
}

static void put_bias(local const float *sums, int dy_c, int c0, global float *dbias) {
    const int lanes_c = BIAS_LANES(dy_c), lanes_p = LOCAL / lanes_c;
    const int lane_c = get_local_id(0), c = c0 + lane_c;
    if (lane_c >= lanes_c || c >= dy_c) return;
    float sum = 0;
    #pragma unroll 4
    for (int i = 0; i < lanes_p; i++) sum += sums[i * lanes_c + lane_c];
    dbias[c] = sum;
}

/* By `groups` whole work-groups, of which this is number `group`; `sums` has LOCAL floats. */
static void partial_bias(local float *sums, global const float *dy, int dy_c, size_t first, size_t end, int group, int groups,
                         global float *dbias) {
    for (int c0 = group * BIAS_LANES(dy_c); c0 < dy_c; c0 += groups * BIAS_LANES(dy_c)) {
        float sum = bias_of_item(dy, dy_c, c0, first, end);
        barrier(CLK_LOCAL_MEM_FENCE);
        sums[get_local_id(0)] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
        put_bias(sums, dy_c, c0, dbias);
    }
}
