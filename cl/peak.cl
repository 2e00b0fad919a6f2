/* Fused multiply-adds on registers and nothing else: CHAINS independent ones, to hide their latency. */
#pragma OPENCL FP_CONTRACT OFF
#define CHAINS 12

__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void peak(__global float *out, ulong out_offset, float a,
                                                                      float b, uint rounds) {
    FLOATS(VEC) sum[CHAINS];
    const FLOATS(VEC) va = (FLOATS(VEC))(a), vb = (FLOATS(VEC))(b);
#pragma unroll
    for (int i = 0; i < CHAINS; ++i) sum[i] = (FLOATS(VEC))((float)i);
    for (uint r = 0; r < rounds; ++r) {
#pragma unroll
        for (int i = 0; i < CHAINS; ++i) sum[i] = fma(sum[i], va, vb);
    }
#pragma unroll
    for (int i = 1; i < CHAINS; ++i) sum[0] += sum[i];
    VSTORE(VEC)(sum[0], get_global_id(0), out + out_offset);
}
