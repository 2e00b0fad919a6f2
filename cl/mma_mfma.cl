/* AMD's matrix cores, of CDNA (mma.cl): products of floats as they are. */
#if !__has_builtin(__builtin_amdgcn_mfma_f32_16x16x4f32)
#error "the compiler knows no matrix cores"
#endif

MMA_INLINE float4 mma_step(float4 sums, float2 a, float2 b) {
    sums = __builtin_amdgcn_mfma_f32_16x16x4f32(a.x, b.x, sums, 0, 0, 0);
    return __builtin_amdgcn_mfma_f32_16x16x4f32(a.y, b.y, sums, 0, 0, 0);
}
