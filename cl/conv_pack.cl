/* Weights as conv_gather_spread_direct.cl reads them. */
#include "conv_geometry.cl"
#include "conv_phases.cl"

static int slot_of_tap(int spread, int tap, int kernel_size, int stride) {
    if (!spread) return tap;
    int phase = tap % stride;
    return phase_start(phase, kernel_size, stride) + phase_taps(phase, kernel_size, stride) - 1 - tap / stride;
}

/* packed[block of out][slot_h][slot_w][in][out of block] of weights ([kh][kw][in][out] or, transposed, [kh][kw][out][in]), 0
 * beyond out_c; then the bias likewise, 0 where it is NULL. A work-item for each tap and input channel, and one for the
 * bias. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global const float *bias, ulong bias_offset,
               global float *packed, ulong packed_offset, conv_geometry g, int spread, int transposed, int block) {
    const int kernel_h = g.kernel_h, kernel_w = g.kernel_w;
    const int in_c = sides_of(g, spread).in_c, out_c = sides_of(g, spread).out_c;
    const int row = get_global_id(0), tap = row / in_c, in = row % in_c;
    const int blocks = (out_c + block - 1) / block, block_weights = kernel_h * kernel_w * in_c * block;
    weight += weight_offset;
    packed += packed_offset;
    if (tap == kernel_h * kernel_w) {
        packed += (size_t)blocks * block_weights;
        for (int out = 0; out < blocks * block; out++)
            packed[out] = bias && out < out_c ? bias[bias_offset + out] : 0;
        return;
    }
    const int slot_h = slot_of_tap(spread, tap / kernel_w, kernel_h, g.stride_h);
    const int slot_w = slot_of_tap(spread, tap % kernel_w, kernel_w, g.stride_w);
    packed += ((slot_h * kernel_w + slot_w) * in_c + in) * block;
    for (int first = 0; first < out_c; first += block, packed += block_weights)
        for (int o = 0; o < block; o++) {
            const int out = first + o;
            size_t from = transposed ? ((size_t)tap * out_c + out) * in_c + in : ((size_t)tap * in_c + in) * out_c + out;
            packed[o] = out < out_c ? weight[from] : 0;
        }
}
