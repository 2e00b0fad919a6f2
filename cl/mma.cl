/* Products of small matrices by a warp, WARP neighbouring work-items: sums += A B, A of 16 M_TILES x 8 elements, B of
 * 8 x MMA_N N_TILES. Each item holds a few of them; those of tile m and n, with mma_line() and mma_quarter() of the item:
 *   a[m][r]     of A's row mma_line() + 8 r, r < A_ROWS: the two elements of its quarter
 *   b[n]        of B's column mma_line(): the same two
 *   sums[m][n]  in row mma_row(i) and column mma_column(i), i < 4
 * Which two of the eight make up a quarter is the caller's choice, the same in A and B.
 *
 * Macros: M_TILES, N_TILES, LOCAL (items); MMA (src/opencl/opencl.h), which is one of the blocks below; PRECISION_TF32;
 * MMA_ASM: how the compiler wants inline assembly to be spelled.
 *
 * TF32 has float's exponent and 10 bits of mantissa. Unless PRECISION_TF32 is set, products are nearly those of floats by
 * three of TF32: x = big + small, and of (big + small)(big + small) all but small small is added up, small products first.
 * The sums of tensor cores are rounded towards zero: each starts from 0 and is added to the others outside. */
#ifndef PRECISION_TF32
#define PRECISION_TF32 0
#endif

#ifndef MMA_ASM
#define MMA_ASM asm
#endif

#define MMA_STAND_IN 0
#define MMA_PTX 1
#define MMA_MFMA 2

#if MMA == MMA_MFMA
#define WARP 64
#define MMA_N 16
#define A_ROWS 1
#else
#define WARP 32
#define MMA_N 8
#define A_ROWS 2
#endif
#define WARPS (LOCAL / WARP)

/* Floats of local memory that mma_multiply is given: only the stand-in, which exchanges operands there, needs them. */
#if MMA == MMA_STAND_IN
#define MMA_EXCHANGE (WARPS * 8 * (16 * M_TILES + MMA_N * N_TILES))
#else
#define MMA_EXCHANGE 1
#endif

#define MMA_INLINE static inline __attribute__((always_inline))

MMA_INLINE int mma_warp(void) { return get_local_id(0) / WARP; }

MMA_INLINE float mma_sum(float4 sums, int i) { return i == 0 ? sums.x : i == 1 ? sums.y : i == 2 ? sums.z : sums.w; }

#if MMA == MMA_MFMA
MMA_INLINE int mma_line(void) { return get_local_id(0) % 16; }
MMA_INLINE int mma_quarter(void) { return get_local_id(0) % WARP / 16; }
MMA_INLINE int mma_row(int i) { return 4 * mma_quarter() + i; }
MMA_INLINE int mma_column(int i) { return mma_line(); }
#else
MMA_INLINE int mma_line(void) { return get_local_id(0) % WARP / 4; }
MMA_INLINE int mma_quarter(void) { return get_local_id(0) % 4; }
MMA_INLINE int mma_row(int i) { return mma_line() + i / 2 * 8; }
MMA_INLINE int mma_column(int i) { return 2 * mma_quarter() + i % 2; }
#endif

/* All items of the work-group take part. */
MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], float2 a[M_TILES][A_ROWS], float2 b[N_TILES],
                             local float *exchange);

#if MMA == MMA_PTX

MMA_INLINE uint mma_tf32(float x) {
    uint result;
    MMA_ASM("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(x));
    return result;
}

typedef struct mma_parts {
    uint2 big, small;
} mma_parts;

/* The lower bits of a TF32 number are undefined. */
MMA_INLINE float mma_rest(float x, uint big) { return x - as_float(big & 0xffffe000u); }

MMA_INLINE mma_parts mma_split(float2 x) {
    mma_parts parts;
    parts.big = (uint2)(mma_tf32(x.x), mma_tf32(x.y));
    parts.small = (uint2)(0);
    if (!PRECISION_TF32)
        parts.small = (uint2)(mma_tf32(mma_rest(x.x, parts.big.x)), mma_tf32(mma_rest(x.y, parts.big.y)));
    return parts;
}

MMA_INLINE float4 mma_step(float4 sums, uint2 a0, uint2 a1, uint2 b) {
    float x = sums.x, y = sums.y, z = sums.z, w = sums.w;
    MMA_ASM volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                     "{%0, %1, %2, %3};"
                     : "+f"(x), "+f"(y), "+f"(z), "+f"(w)
                     : "r"(a0.x), "r"(a1.x), "r"(a0.y), "r"(a1.y), "r"(b.x), "r"(b.y));
    return (float4)(x, y, z, w);
}

MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], float2 a[M_TILES][A_ROWS], float2 b[N_TILES],
                             local float *exchange) {
    mma_parts columns[N_TILES];
    #pragma unroll
    for (int n = 0; n < N_TILES; n++) columns[n] = mma_split(b[n]);
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        mma_parts row0 = mma_split(a[m][0]), row1 = mma_split(a[m][1]);
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) {
            if (PRECISION_TF32) {
                sums[m][n] = mma_step(sums[m][n], row0.big, row1.big, columns[n].big);
                continue;
            }
            float4 sum = mma_step((float4)(0), row0.small, row1.small, columns[n].big);
            sum = mma_step(sum, row0.big, row1.big, columns[n].small);
            sums[m][n] += mma_step(sum, row0.big, row1.big, columns[n].big);
        }
    }
}

#elif MMA == MMA_MFMA

/* Of floats as they are. */
#if !__has_builtin(__builtin_amdgcn_mfma_f32_16x16x4f32)
#error "the compiler knows no matrix cores"
#endif

MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], float2 a[M_TILES][A_ROWS], float2 b[N_TILES],
                             local float *exchange) {
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) {
            sums[m][n] = __builtin_amdgcn_mfma_f32_16x16x4f32(a[m][0].x, b[n].x, sums[m][n], 0, 0, 0);
            sums[m][n] = __builtin_amdgcn_mfma_f32_16x16x4f32(a[m][0].y, b[n].y, sums[m][n], 0, 0, 0);
        }
    }
}

#else

/* To nearest, ties away from zero, as cvt.rna does. */
MMA_INLINE float4 mma_tf32(float4 x) {
    uint4 bits = as_uint4(x), rounded = (bits + 0x1000u) & 0xffffe000u;
    return as_float4(select(rounded, bits, (bits & 0x7f800000u) == 0x7f800000u));
}

/* A row of A or a column of B from the registers of the warp, which are in the order of tensor cores: A's row r and element k
 * in number r / 8 + k / 4 * 2 of item r % 8 * 4 + k % 4, B's element k and column c in number k / 4 of item c * 4 + k % 4.
 * x is where the first four begin, `next` what the others are after them. line: eight in TF32, then what the rounding left. */
MMA_INLINE void mma_load(local const float *x, int next, float4 line[4]) {
    for (int i = 0; i < 2; i++) {
        float4 four = vload4(0, x + i * next);
        line[i] = mma_tf32(four);
        line[i + 2] = PRECISION_TF32 ? (float4)(0) : mma_tf32(four - line[i]);
    }
}

MMA_INLINE float mma_dot(float4 a[4], float4 b[4]) {
    float4 sum = (float4)(0);
    if (!PRECISION_TF32) {
        sum = fma(a[2], b[0], fma(a[3], b[1], sum));
        sum = fma(a[0], b[2], fma(a[1], b[3], sum));
    }
    sum = fma(a[0], b[0], fma(a[1], b[1], sum));
    return sum.x + sum.y + sum.z + sum.w;
}

MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], float2 a[M_TILES][A_ROWS], float2 b[N_TILES],
                             local float *exchange) {
    local float *all_a = exchange + mma_warp() * (MMA_EXCHANGE / WARPS), *all_b = all_a + M_TILES * 4 * WARP;
    int item = get_local_id(0) % WARP;
    for (int m = 0; m < M_TILES; m++) {
        for (int r = 0; r < A_ROWS; r++) {
            all_a[(m * 4 + r) * WARP + item] = a[m][r].x;
            all_a[(m * 4 + r + 2) * WARP + item] = a[m][r].y;
        }
    }
    for (int n = 0; n < N_TILES; n++) {
        all_b[n * 2 * WARP + item] = b[n].x;
        all_b[(n * 2 + 1) * WARP + item] = b[n].y;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int n = 0; n < N_TILES; n++) {
        local const float *columns = all_b + n * 2 * WARP;
        float4 b0[4], b1[4], a0[4], a2[4];
        mma_load(columns + mma_column(0) * 4, WARP, b0);
        mma_load(columns + mma_column(1) * 4, WARP, b1);
        for (int m = 0; m < M_TILES; m++) {
            local const float *rows = all_a + m * 4 * WARP;
            mma_load(rows + mma_row(0) % 8 * 4, 2 * WARP, a0);
            mma_load(rows + WARP + mma_row(2) % 8 * 4, 2 * WARP, a2);
            sums[m][n] += (float4)(mma_dot(a0, b0), mma_dot(a0, b1), mma_dot(a2, b0), mma_dot(a2, b1));
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

#endif
