/* Products of small matrices by a warp, WARP neighbouring work-items: sums += A B, A of MMA_M M_TILES x 8 elements, B of
 * 8 x MMA_N N_TILES. Each item holds a few of them; of tile m and n
 *   a[m]        A_ELEMENTS of each of A_ROWS rows: number j A_ROWS + r is in row A_ROWS mma_a_line() + r
 *   b[n]        B_ELEMENTS of each of B_COLUMNS columns: number j B_COLUMNS + c is in column B_COLUMNS mma_b_line() + c
 *   sums[m][n]  MMA_SUMS: number i is in row mma_row(i) and column mma_column(i)
 * A line's eight elements are shared by A_SHARES items of A and by B_SHARES of B: number j of an item is element
 * mma_a_share() + j A_SHARES, and so with B. Which of the caller's elements these are is of no account where it is the same in A
 * and B; nor is where a unit itself has rows and columns. Operands are what mma_split_a and mma_split_b have made of floats,
 * A_PARTS or B_PARTS of each, which look like floats: callers do that once, when they stage them.
 *
 * Macros: M_TILES, N_TILES, LOCAL (items); MMA, what multiplies (src/opencl/opencl.h), and for the stand-in MMA_LAYOUT, whose
 * elements are in whose items; PRECISION_TF32; MMA_ASM: how the compiler wants inline assembly to be spelled.
 *
 * TF32 has float's exponent and 10 bits of mantissa. Unless PRECISION_TF32 is set, products are nearly those of floats by
 * three of TF32: x = big + small, and of (big + small)(big + small) all but small small is added up, small products first.
 * The sums of tensor cores are rounded towards zero: each starts from 0 and is added to the others outside.
 *
 * BF16 has 7 bits of mantissa, and its units add up products of pairs. x = big + middle + small. With PRECISION_TF32 B is
 * (big, middle), and A (big, big) and (middle, middle): more precise than TF32. Otherwise B is (big, small) besides, and A
 * (small, big): all products but those of small with small and with middle.
 *
 * In several parts infinity, and a number whose big part is rounded to it, come out as NaN. */
#ifndef PRECISION_TF32
#define PRECISION_TF32 0
#endif

#ifndef MMA_ASM
#define MMA_ASM asm
#endif

#define MMA_STAND_IN 0
#define MMA_PTX 1
#define MMA_MFMA 2
#define MMA_DPAS 3
#define MMA_DPAS_BF16 4

#if MMA != MMA_STAND_IN
#define MMA_LAYOUT MMA
#endif

#if MMA_LAYOUT == MMA_PTX
#define WARP 32
#define MMA_M 16
#define MMA_N 8
#define MMA_SUMS 4
#define A_ROWS 2
#define A_ELEMENTS 2
#define B_COLUMNS 1
#define B_ELEMENTS 2
#elif MMA_LAYOUT == MMA_MFMA
#define WARP 64
#define MMA_M 16
#define MMA_N 16
#define MMA_SUMS 4
#define A_ROWS 1
#define A_ELEMENTS 2
#define B_COLUMNS 1
#define B_ELEMENTS 2
#else
#if MMA_LAYOUT == MMA_DPAS
#define WARP 16
#define B_COLUMNS 4
#else
#define WARP 8
#define B_COLUMNS 8
#endif
#define MMA_M WARP
#define MMA_N 8
#define MMA_SUMS 8
#define A_ROWS 1
#define A_ELEMENTS 8
#define B_ELEMENTS 1
#endif
#define A_SHARES (8 / A_ELEMENTS)
#define B_SHARES (8 / B_ELEMENTS)

#if MMA_LAYOUT == MMA_PTX
typedef float4 mma_rows;
#elif MMA_LAYOUT == MMA_MFMA
typedef float2 mma_rows;
#else
typedef float8 mma_rows;
#endif
#if B_COLUMNS == 1
typedef float2 mma_columns;
#else
typedef FLOATS(B_COLUMNS) mma_columns;
#endif
typedef FLOATS(MMA_SUMS) mma_sums;

#if MMA_LAYOUT == MMA_MFMA
#define A_PARTS 1
#define B_PARTS 1
#elif MMA_LAYOUT == MMA_DPAS_BF16
#define A_PARTS (PRECISION_TF32 ? 2 : 3)
#define B_PARTS (PRECISION_TF32 ? 1 : 2)
#else
#define A_PARTS (PRECISION_TF32 ? 1 : 2)
#define B_PARTS A_PARTS
#endif
#define WARPS (LOCAL / WARP)

/* Floats of local memory that mma_multiply is given: only the stand-in, which exchanges operands there, needs them. */
#if MMA == MMA_STAND_IN
#define MMA_EXCHANGE (WARPS * 8 * (A_PARTS * MMA_M * M_TILES + B_PARTS * MMA_N * N_TILES))
#else
#define MMA_EXCHANGE 1
#endif

/* Of kernels that multiply. */
#if MMA == MMA_DPAS || MMA == MMA_DPAS_BF16
#define MMA_KERNEL __attribute__((intel_reqd_sub_group_size(WARP)))
#else
#define MMA_KERNEL
#endif

#define MMA_INLINE static inline __attribute__((always_inline))

MMA_INLINE int mma_warp(void) { return (uint)get_local_id(0) / WARP; }

MMA_INLINE int mma_item(void) { return (uint)get_local_id(0) % WARP; }

#if MMA_LAYOUT == MMA_PTX
MMA_INLINE int mma_a_line(void) { return mma_item() / 4; }
MMA_INLINE int mma_a_share(void) { return mma_item() % 4; }
MMA_INLINE int mma_b_line(void) { return mma_item() / 4; }
MMA_INLINE int mma_b_share(void) { return mma_item() % 4; }
MMA_INLINE int mma_row(int i) { return 2 * (mma_item() / 4) + i / 2; }
MMA_INLINE int mma_column(int i) { return 2 * (mma_item() % 4) + i % 2; }
#elif MMA_LAYOUT == MMA_MFMA
MMA_INLINE int mma_a_line(void) { return mma_item() % 16; }
MMA_INLINE int mma_a_share(void) { return mma_item() / 16; }
MMA_INLINE int mma_b_line(void) { return mma_item() % 16; }
MMA_INLINE int mma_b_share(void) { return mma_item() / 16; }
MMA_INLINE int mma_row(int i) { return 4 * (mma_item() / 16) + i; }
MMA_INLINE int mma_column(int i) { return mma_item() % 16; }
#else
MMA_INLINE int mma_a_line(void) { return mma_item(); }
MMA_INLINE int mma_a_share(void) { return 0; }
MMA_INLINE int mma_b_line(void) { return mma_item() / 8; }
MMA_INLINE int mma_b_share(void) { return mma_item() % 8; }
MMA_INLINE int mma_row(int i) { return mma_item(); }
MMA_INLINE int mma_column(int i) { return i % (WARP / 8) * B_COLUMNS + i / (WARP / 8); }
#endif

/* Number i, known when it is compiled. */
MMA_INLINE float mma_four(float4 v, int i) { return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w; }

#if MMA_SUMS == 8
MMA_INLINE float mma_sum(mma_sums sums, int i) { return i < 4 ? mma_four(sums.lo, i) : mma_four(sums.hi, i - 4); }
#else
MMA_INLINE float mma_sum(mma_sums sums, int i) { return mma_four(sums, i); }
#endif

/* Floats as operands. */
MMA_INLINE void mma_split_a(float4 x, float4 parts[A_PARTS]);
MMA_INLINE void mma_split_b(float4 x, float4 parts[B_PARTS]);

/* All items of the work-group take part. */
MMA_INLINE void mma_multiply(mma_sums sums[M_TILES][N_TILES], mma_rows a[M_TILES][A_PARTS],
                             mma_columns b[N_TILES][B_PARTS], local float *exchange);

#if MMA == MMA_PTX
#include "mma_ptx.cl"
#elif MMA == MMA_MFMA
#include "mma_mfma.cl"
#elif MMA == MMA_STAND_IN
#include "mma_stand_in.cl"
#else
#include "mma_dpas.cl"
#endif

#if MMA != MMA_STAND_IN
/* By mma_step, a product of two tiles. Neighbouring ones do not wait for each other. */
MMA_INLINE void mma_add(mma_sums sums[N_TILES], mma_rows a, mma_columns b[N_TILES][B_PARTS], const int part) {
    #pragma unroll
    for (int n = 0; n < N_TILES; n++) sums[n] = mma_step(sums[n], a, b[n][part]);
}

MMA_INLINE void mma_add_parts(mma_sums sums[N_TILES], mma_rows a[A_PARTS], mma_columns b[N_TILES][B_PARTS]) {
#if A_PARTS == 3
    mma_add(sums, a[2], b, 1);
#endif
#if A_PARTS > 1
    mma_add(sums, a[1], b, 0);
#endif
#if A_PARTS == 2 && B_PARTS == 2
    mma_add(sums, a[0], b, 1);
#endif
    mma_add(sums, a[0], b, 0);
}

MMA_INLINE void mma_multiply(mma_sums sums[M_TILES][N_TILES], mma_rows a[M_TILES][A_PARTS],
                             mma_columns b[N_TILES][B_PARTS], local float *exchange) {
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
#if B_PARTS == 1
        mma_add_parts(sums[m], a[m], b);
#else
        mma_sums sum[N_TILES];
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sum[n] = (mma_sums)(0);
        mma_add_parts(sum, a[m], b);
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sums[m][n] += sum[n];
#endif
    }
}
#endif

#if MMA_LAYOUT == MMA_MFMA
MMA_INLINE void mma_split_a(float4 x, float4 parts[A_PARTS]) { parts[0] = x; }
MMA_INLINE void mma_split_b(float4 x, float4 parts[B_PARTS]) { parts[0] = x; }
#else
#if MMA != MMA_PTX
/* Without the lowest `bits` bits, to nearest, ties away from zero, as cvt.rna does. */
MMA_INLINE float4 mma_round(float4 x, const int bits) {
    uint4 all = as_uint4(x), rounded = (all + (1u << (bits - 1))) & (0xffffffffu << bits);
    return as_float4(select(rounded, all, (all & 0x7f800000u) == 0x7f800000u));
}

MMA_INLINE float4 mma_tf32(float4 x) { return mma_round(x, 13); }
#endif

#if MMA_LAYOUT == MMA_DPAS_BF16
/* Of numbers of BF16, the upper half of a float. */
MMA_INLINE float4 mma_pair(float4 first, float4 second) {
    return as_float4((as_uint4(first) & 0xffff0000u) | as_uint4(second) >> 16);
}

MMA_INLINE void mma_split_a(float4 x, float4 parts[A_PARTS]) {
    float4 big = mma_round(x, 16), middle = mma_round(x - big, 16);
    parts[0] = mma_pair(big, big);
    parts[1] = mma_pair(middle, middle);
#if !PRECISION_TF32
    parts[2] = mma_pair(mma_round(x - big - middle, 16), big);
#endif
}

MMA_INLINE void mma_split_b(float4 x, float4 parts[B_PARTS]) {
    float4 big = mma_round(x, 16), middle = mma_round(x - big, 16);
    parts[0] = mma_pair(big, middle);
#if !PRECISION_TF32
    parts[1] = mma_pair(big, mma_round(x - big - middle, 16));
#endif
}
#else
/* The lower bits of a TF32 number count for nothing. */
MMA_INLINE void mma_split_a(float4 x, float4 parts[A_PARTS]) {
    parts[0] = mma_tf32(x);
#if !PRECISION_TF32
    parts[1] = mma_tf32(x - as_float4(as_uint4(parts[0]) & 0xffffe000u));
#endif
}

MMA_INLINE void mma_split_b(float4 x, float4 parts[B_PARTS]) { mma_split_a(x, parts); }
#endif
#endif

/* Up to four of `count` floats, as many as there are. */
MMA_INLINE float4 read_four(global const float *from, int count) {
    return (float4)(count > 0 ? from[0] : 0, count > 1 ? from[1] : 0, count > 2 ? from[2] : 0, count > 3 ? from[3] : 0);
}

/* Leaves the parts of a vector `distance` floats from one another. */
MMA_INLINE void mma_stage_a(local float *to, int distance, float4 x) {
    float4 parts[A_PARTS];
    mma_split_a(x, parts);
    #pragma unroll
    for (int part = 0; part < A_PARTS; part++) *(local float4 *)(to + part * distance) = parts[part];
}

MMA_INLINE void mma_stage_b(local float *to, int distance, float4 x) {
    float4 parts[B_PARTS];
    mma_split_b(x, parts);
    #pragma unroll
    for (int part = 0; part < B_PARTS; part++) *(local float4 *)(to + part * distance) = parts[part];
}

/* Of 16 elements, which are multiplied eight at a time: those of an item of B, the first eight's before the second's, are
 * neighbours, 2 B_ELEMENTS from mma_b_share() 2 B_ELEMENTS on.
 *
 * Blocks of MMA_M rows of A and 16 such elements, packed in global memory: MMA_BLOCK floats of each part. What an item multiplies
 * lies together, or, for sub-groups, what items multiply at the same time. */
#define MMA_BLOCK (MMA_M * 16)
#define MMA_PACKED (A_PARTS * MMA_BLOCK)

/* Where the item reads a block. Intel's block reads are of a sub-group. */
MMA_INLINE int mma_place(void) {
#if MMA_LAYOUT == MMA_PTX
    return (mma_a_line() * 4 + mma_a_share()) * 4;
#elif MMA_LAYOUT == MMA_MFMA
    return (mma_a_share() * 16 + mma_a_line()) * 4;
#else
    return MMA == MMA_STAND_IN ? mma_item() : 0;
#endif
}

MMA_INLINE void mma_pack(global float *to, float4 x) {
    float4 parts[A_PARTS];
    mma_split_a(x, parts);
    #pragma unroll
    for (int part = 0; part < A_PARTS; part++) *(global float4 *)(to + part * MMA_BLOCK) = parts[part];
}

/* Four neighbouring rows, the first one 4 `four`; of each, four neighbouring elements, the first one 4 `quarter`. */
MMA_INLINE void mma_pack_rows(global float *block, int four, int quarter, float4 rows[4]) {
#if MMA_LAYOUT == MMA_PTX
    #pragma unroll
    for (int r = 0; r < 4; r += 2) {
        global float *to = block + ((four * 2 + r / 2) * 4 + quarter) * 4;
        mma_pack(to, (float4)(rows[r].x, rows[r + 1].x, rows[r].y, rows[r + 1].y));
        mma_pack(to + MMA_BLOCK / 2, (float4)(rows[r].z, rows[r + 1].z, rows[r].w, rows[r + 1].w));
    }
#elif MMA_LAYOUT == MMA_MFMA
    #pragma unroll
    for (int r = 0; r < 4; r++) mma_pack(block + (quarter * 16 + four * 4 + r) * 4, rows[r]);
#else
    #pragma unroll
    for (int i = 0; i < 4; i++)
        mma_pack(block + i % 2 * (MMA_BLOCK / 2) + (quarter * 2 + i / 2) * MMA_M + four * 4,
                 (float4)(mma_four(rows[0], i), mma_four(rows[1], i), mma_four(rows[2], i), mma_four(rows[3], i)));
#endif
}

/* One of the eights; `block` begins at the item's place. */
MMA_INLINE mma_rows mma_read_rows(global const float *block, int eight) {
#if MMA_LAYOUT == MMA_PTX
    return *(global const float4 *)(block + eight * (MMA_BLOCK / 2));
#elif MMA_LAYOUT == MMA_MFMA
    return *(global const float2 *)(block + eight * 2);
#elif MMA != MMA_STAND_IN
    return as_float8(intel_sub_group_block_read8((global const uint *)(block + eight * (MMA_BLOCK / 2))));
#else
    block += eight * (MMA_BLOCK / 2);
    return (float8)(block[0], block[MMA_M], block[2 * MMA_M], block[3 * MMA_M], block[4 * MMA_M], block[5 * MMA_M],
                    block[6 * MMA_M], block[7 * MMA_M]);
#endif
}
