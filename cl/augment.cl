/* Images turned, mirrored, shifted, and brighter or darker (src/ops/augment.h). -DVEC=1, -DCHANNELS; of several channels
 * -DUNITS -DLEASTS -DMOSTS, as not every driver reads an argument by an index. */
#include "image_rows.cl"
#include "philox.cl"

/* Rows of y. */
__kernel void augment(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, int h, int w,
                      uint seed_low, uint seed_high, ulong first_image, uint purpose, int flip_h, int flip_v, int rotate,
                      int shift, float brightness, float unit, float least, float most, uint rows, uint rows_per_item) {
    const uint row_floats = w * CHANNELS;
#if CHANNELS > 1
    const float units[] = {UNITS}, leasts[] = {LEASTS}, mosts[] = {MOSTS};
#endif
    FOR_ROWS(r) {
        const uint n = r / h;
        const uint4 bits = random_words_of_image(0, first_image + n, purpose, (uint2)(seed_low, seed_high));
        const uint places = 2 * (uint)shift + 1, quarters = rotate ? bits.x >> 28 & 3 : 0;
        const int flip_row = (flip_v && (bits.x >> 30 & 1)) != (quarters == 1 || quarters == 2);
        const int flip_column = (flip_h && bits.x >> 31) != (quarters >= 2);
        const int dy = (int)mul_hi(bits.y, places) - shift, dx = (int)mul_hi(bits.z, places) - shift;
        const float brighter = brightness * ((float)(int)bits.w * 0x1p-31f);
        const int near_row = clamp((int)(r - n * h) - dy, 0, h - 1), row = flip_row ? h - 1 - near_row : near_row;
        __global const float *from = x + x_offset + (ulong)n * h * row_floats;
        __global float *to = y + y_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const int j = e / CHANNELS, c = e - j * CHANNELS;
            const int near_column = clamp(j - dx, 0, w - 1), column = flip_column ? w - 1 - near_column : near_column;
            float value = from[(quarters & 1 ? column * w + row : row * w + column) * CHANNELS + c];
            if (brightness > 0) {
#if CHANNELS > 1
                const float unit = units[c], least = leasts[c], most = mosts[c];
#endif
                value += brighter * unit;
                value = value < least ? least : value > most ? most : value;
            }
            to[e] = value;
        }
    }
}
