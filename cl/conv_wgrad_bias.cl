/* A part of wgrad's dbias by a work-group of LOCAL items: of the pixels first .. end - 1 of dy, and up to LOCAL channels
 * from c0 on. Items take channels x pixels: each leaves the sum of bias_of_item in `sums`, LOCAL floats of local memory,
 * and behind a barrier put_bias adds those of a channel up. */
#define BIAS_LANES(dy_c) min(dy_c, LOCAL)

static float bias_of_item(global const float *dy, int dy_c, int c0, size_t first, size_t end) {
    const int lanes_c = BIAS_LANES(dy_c), lanes_p = LOCAL / lanes_c;
    const int c = c0 + get_local_id(0) % lanes_c, lane_p = get_local_id(0) / lanes_c;
    float sum = 0;
    if (c < dy_c && lane_p < lanes_p)
        for (size_t pixel = first + lane_p; pixel < end; pixel += lanes_p) sum += dy[pixel * dy_c + c];
    return sum;
}

static void put_bias(local const float *sums, int dy_c, int c0, global float *dbias) {
    const int lanes_c = BIAS_LANES(dy_c), lanes_p = LOCAL / lanes_c;
    const int lane_c = get_local_id(0), c = c0 + lane_c;
    if (lane_c >= lanes_c || c >= dy_c) return;
    float sum = sums[lane_c];
    for (int i = 1; i < lanes_p; i++) sum += sums[i * lanes_c + lane_c];
    dbias[c] = sum;
}
