/* x[i][e] = elements[indices[first + i]][e] * scale + shift, with those of the element's channel. An item takes `images`
 * images, which are rows here, of vectors of VEC elements, which are pixels where there are several channels. -DCHANNELS,
 * -DELEMENT=uchar or float; of several channels -DSCALES -DSHIFTS. */
#include "image_rows.cl"

#define convert_float1 convert_float
#define CONVERT_(n) convert_float##n
#define CONVERT(n) CONVERT_(n)

__kernel void load_batch(__global const ELEMENT *elements, ulong elements_offset, __global const uint *indices,
                         ulong indices_offset, __global float *x, ulong x_offset, uint n, uint image_elements,
                         uint images, float scale, float shift) {
    const uint start = (uint)get_global_id(1) * images;
    const uint end = min(start + images, n);
#if CHANNELS > 1
    /* Not every driver reads an argument by an index, so these are no argument. */
    const float scales[] = {SCALES}, shifts[] = {SHIFTS};
#endif
    for (uint i = start; i < end; ++i) {
        __global const ELEMENT *from = elements + elements_offset + (ulong)indices[indices_offset + i] * image_elements;
        __global float *to = x + x_offset + (ulong)i * image_elements;
        FOR_ELEMENTS(e, image_elements) {
#if CHANNELS > 1
            for (uint c = 0; c < CHANNELS; ++c) to[e + c] = from[e + c] * scales[c] + shifts[c];
#else
            if (e + VEC <= image_elements)
                VSTORE(VEC)(CONVERT(VEC)(VLOAD(VEC)(0, from + e)) * scale + shift, 0, to + e);
            else
                for (uint t = e; t < image_elements; ++t) to[t] = from[t] * scale + shift;
#endif
        }
    }
}
