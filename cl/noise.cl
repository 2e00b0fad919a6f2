/* Gaussian noise (src/ops/noise.h). An item takes the four elements of a block of random words, of images, which are rows
 * here. -DVEC=4, -DCHANNELS; of several channels -DDEVIATIONS, as not every driver reads an argument by an index. */
#include "image_rows.cl"
#include "formula.cl"
#include "gaussian.def"
#include "philox.cl"

__kernel void noise(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint image_elements,
                    uint seed_low, uint seed_high, ulong first_image, uint purpose, float deviation, uint rows,
                    uint rows_per_item) {
#if CHANNELS > 1
    const float deviations[] = {DEVIATIONS};
#endif
    FOR_ROWS(r) {
        __global const float *from = x + x_offset + (ulong)r * image_elements;
        __global float *to = y + y_offset + (ulong)r * image_elements;
        FOR_ELEMENTS(e, image_elements) {
            const uint4 bits = random_words_of_image(e / 4, first_image + r, purpose, (uint2)(seed_low, seed_high));
            const float radius = gaussian_radius(bits.x), other_radius = gaussian_radius(bits.z);
            const float4 numbers = (float4)(radius * gaussian_cosine(bits.y), radius * gaussian_sine(bits.y),
                                            other_radius * gaussian_cosine(bits.w), other_radius * gaussian_sine(bits.w));
#if CHANNELS > 1
            const float4 more = numbers * (float4)(deviations[e % CHANNELS], deviations[(e + 1) % CHANNELS],
                                                   deviations[(e + 2) % CHANNELS], deviations[(e + 3) % CHANNELS]);
#else
            const float4 more = numbers * deviation;
#endif
            if (e + 4 <= image_elements) {
                vstore4(vload4(0, from + e) + more, 0, to + e);
            } else {
                float last[4];
                vstore4(more, 0, last);
                for (uint i = e; i < image_elements; ++i) to[i] = from[i] + last[i - e];
            }
        }
    }
}
