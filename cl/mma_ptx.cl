/* NVIDIA's tensor cores (mma.cl), from compute capability 8.0 on. They have an item's rows eight apart, not side by side. */

/* To nearest, ties away from zero, as cvt.rna does, in fewer instructions than compilers make of that: half a unit is added, and
 * what is below it stands in the lower bits, which tensor cores do not look at. Infinity and NaN remain what they are. */
MMA_INLINE float4 mma_tf32(float4 x) { return fma(as_float4(as_uint4(x) & 0xff800000u), (float4)(0.00048828125f), x); }

MMA_INLINE float4 mma_step(float4 sums, float4 a, float2 b) {
    float x = sums.x, y = sums.y, z = sums.z, w = sums.w;
    MMA_ASM volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                     "{%0, %1, %2, %3};"
                     : "+f"(x), "+f"(y), "+f"(z), "+f"(w)
                     : "r"(as_uint(a.x)), "r"(as_uint(a.y)), "r"(as_uint(a.z)), "r"(as_uint(a.w)), "r"(as_uint(b.x)),
                       "r"(as_uint(b.y)));
    return (float4)(x, y, z, w);
}
