/* Intel's matrix engines (mma.cl), by cl_intel_subgroup_matrix_multiply_accumulate: in sub-groups of 16 by TF32, as its extension
 * _tf32 has it, and in sub-groups of 8, which do not know that, by BF16. They multiply 8 x 8 elements, or pairs, by 8 x WARP: B,
 * transposed, by A, transposed, so that neighbouring items have neighbouring rows of A, which lie side by side in memory. Number i
 * of item l of the first operand is of row i WARP / 8 + l / 8 there, and of the sums of row i: B's columns are taken in this
 * order. */
#if MMA == MMA_DPAS
MMA_INLINE float8 mma_step(float8 sums, float8 a, float4 b) { return intel_sub_group_tf32_tf32_matrix_mad_k8(b, a, sums); }
#else
MMA_INLINE float8 mma_step(float8 sums, float8 a, float8 b) {
    return intel_sub_group_bf16_bf16_matrix_mad_k16(as_int8(b), as_int8(a), sums);
}
#endif
