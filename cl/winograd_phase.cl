/* The phases of winograd_get_phase (src/ops/winograd.h): every `stride`-th position of an axis of wide, from `first` on. By
 * tap k = tap + stride * i, i < taps, narrow position n meets its position n + offset + i. The stride is 1 or 2, so that
 * shifts divide by it. */
typedef struct phase {
    int first, count, tap, taps, offset;
} phase;

static phase phase_of(int index, int wide, int kernel_size, int stride, int pad) {
    const int tap = (pad + index) & (stride - 1), shift = stride - 1;
    return (phase){index, (wide - index + shift) >> shift, tap, (kernel_size - tap + shift) >> shift,
                   (tap - pad - index) >> shift};
}

/* Numbers go over rows first. */
static phase phase_y(conv_geometry g, int number) {
    return phase_of(number >> (g.stride_w - 1), g.wide_h, g.kernel_h, g.stride_h, g.pad_h);
}
static phase phase_x(conv_geometry g, int number) {
    return phase_of(number & (g.stride_w - 1), g.wide_w, g.kernel_w, g.stride_w, g.pad_w);
}

/* Results of a tile, on an axis, and elements of a transformed one. */
#define STEP (SIZE - TAPS + 1)
#define ELEMENTS (SIZE * SIZE)

/* Where channel c of a tile is in tiles of [block of channels][SIZE x SIZE][tile][channel], from one block to the next
 * `block_step` floats. `block` is a constant. */
#define ALL_CHANNELS 0x7fffffff /* one block, whatever there are */
static inline int channel_place(int c, const int block, int block_step) {
    return c / block * block_step + c % block;
}
