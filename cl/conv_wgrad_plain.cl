/* Wgrad (src/ops/conv.h), one work-item for each weight and bias, any shape. Macros: WIDE_H WIDE_W WIDE_C,
 * NARROW_H NARROW_W NARROW_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W, TRANSPOSED (dy is wide, dweight is
 * [kh][kw][narrow][wide]), DBIAS. */

#define WEIGHTS (KERNEL_H * KERNEL_W * WIDE_C * NARROW_C)
#define DY_C (TRANSPOSED ? WIDE_C : NARROW_C)
#define DY_PIXELS (TRANSPOSED ? WIDE_H * WIDE_W : NARROW_H * NARROW_W)

static float row_sum(int kx, global const float *wide, global const float *narrow) {
    float sum = 0;
    for (int x = 0; x < NARROW_W; x++) {
        int wide_x = x * STRIDE_W + kx - PAD_W;
        if (wide_x >= 0 && wide_x < WIDE_W) sum = fma(wide[wide_x * WIDE_C], narrow[x * NARROW_C], sum);
    }
    return sum;
}

kernel void conv(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                 global float *dweight, ulong dweight_offset, global float *dbias, ulong dbias_offset, int n) {
    size_t index = get_global_id(0);
    wide += wide_offset;
    narrow += narrow_offset;
    float sum = 0;
    if (index >= WEIGHTS) {
        size_t dy_c = index - WEIGHTS;
        global const float *dy = TRANSPOSED ? wide : narrow;
        if (!DBIAS || dy_c >= DY_C) return;
        for (size_t pixel = 0; pixel < (size_t)n * DY_PIXELS; pixel++) sum += dy[pixel * DY_C + dy_c];
        dbias[dbias_offset + dy_c] = sum;
        return;
    }
    int kx = index / (WIDE_C * NARROW_C) % KERNEL_W, ky = index / (WIDE_C * NARROW_C) / KERNEL_W;
    int pair = index % (WIDE_C * NARROW_C);
    wide += TRANSPOSED ? pair % WIDE_C : pair / NARROW_C;
    narrow += TRANSPOSED ? pair / WIDE_C : pair % NARROW_C;
    for (size_t image = 0; image < n; image++)
        for (int y = 0; y < NARROW_H; y++) {
            int wide_y = y * STRIDE_H + ky - PAD_H;
            if (wide_y < 0 || wide_y >= WIDE_H) continue;
            sum += row_sum(kx, wide + (image * WIDE_H + wide_y) * WIDE_W * WIDE_C,
                           narrow + (image * NARROW_H + y) * NARROW_W * NARROW_C);
        }
    dweight[dweight_offset + index] = sum;
}
