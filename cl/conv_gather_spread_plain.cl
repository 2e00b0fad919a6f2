/* Gather and spread (src/ops/conv.h), one work-item for each output element, any shape. Macros: SPREAD, IN_H IN_W IN_C,
 * OUT_H OUT_W OUT_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W, TRANSPOSED (weights are [kh][kw][out][in]),
 * BIAS, RELU, MASK. */

/* The input that a tap joins to an output along an axis; -1 where there is none. */
static int input_of(int out, int tap, int in_size, int stride, int pad) {
    int in = SPREAD ? out + pad - tap : out * stride + tap - pad;
    if (SPREAD) in = in >= 0 && in % stride == 0 ? in / stride : -1;
    return in < in_size ? in : -1;
}

/* `extra` is the bias or the mask. */
kernel void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
                 global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    size_t index = get_global_id(0);
    if (index >= (size_t)n * (OUT_H * OUT_W * OUT_C)) return;
    int out_c = index % OUT_C, x = index / OUT_C % OUT_W, y = index / (OUT_C * OUT_W) % OUT_H;
    in += in_offset + index / (OUT_H * OUT_W * OUT_C) * (IN_H * IN_W * IN_C);
    weight += weight_offset + (TRANSPOSED ? out_c * IN_C : out_c);
    float sum = 0;
    for (int ky = 0; ky < KERNEL_H; ky++) {
        int in_y = input_of(y, ky, IN_H, STRIDE_H, PAD_H);
        for (int kx = 0; kx < KERNEL_W && in_y >= 0; kx++) {
            int in_x = input_of(x, kx, IN_W, STRIDE_W, PAD_W);
            if (in_x < 0) continue;
            global const float *a = in + (in_y * IN_W + in_x) * IN_C;
            global const float *w = weight + (ky * KERNEL_W + kx) * IN_C * OUT_C;
            for (int c = 0; c < IN_C; c++) sum = fma(a[c], w[TRANSPOSED ? c : c * OUT_C], sum);
        }
    }
    if (BIAS) sum += extra[extra_offset + out_c];
    if (RELU) sum = sum < 0 ? 0 : sum;
    if (MASK) sum = extra[extra_offset + index] <= 0 ? 0 : sum;
    out[out_offset + index] = sum;
}
