/* Products of small matrices by a warp, WARP neighbouring work-items: sums += A B, A of 16 M_TILES x 8 elements, B of
 * 8 x MMA_N N_TILES. Each item holds a few of them; those of tile m and n, with mma_line() and mma_quarter() of the item:
 *   a[m]        of A's rows A_ROWS mma_line() + r, r < A_ROWS, the two elements of its quarter: first one of each row, then
 *               the other; tensor cores have these rows eight apart, which is of no account here
 *   b[n]        of B's column mma_line(): the same two
 *   sums[m][n]  in row mma_row(i) and column mma_column(i), i < 4
 * Which two of the eight make up a quarter is the caller's choice, the same in A and B. Operands are what mma_split has
 * made of floats, MMA_PARTS of each: callers do that once, when they stage them.
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
typedef float2 mma_rows;
#define MMA_PARTS 1
#else
#define WARP 32
#define MMA_N 8
#define A_ROWS 2
typedef float4 mma_rows;
#define MMA_PARTS (PRECISION_TF32 ? 1 : 2)
#endif
#define WARPS (LOCAL / WARP)

/* Floats of local memory that mma_multiply is given: only the stand-in, which exchanges operands there, needs them. */
#if MMA == MMA_STAND_IN
#define MMA_EXCHANGE (WARPS * MMA_PARTS * 8 * (16 * M_TILES + MMA_N * N_TILES))
#else
#define MMA_EXCHANGE 1
#endif

#define MMA_INLINE static inline __attribute__((always_inline))

MMA_INLINE int mma_warp(void) { return (uint)get_local_id(0) / WARP; }

MMA_INLINE float mma_sum(float4 sums, int i) { return i == 0 ? sums.x : i == 1 ? sums.y : i == 2 ? sums.z : sums.w; }

#if MMA == MMA_MFMA
MMA_INLINE int mma_line(void) { return get_local_id(0) % 16; }
MMA_INLINE int mma_quarter(void) { return get_local_id(0) % WARP / 16; }
MMA_INLINE int mma_row(int i) { return 4 * mma_quarter() + i; }
MMA_INLINE int mma_column(int i) { return mma_line(); }
#else
MMA_INLINE int mma_line(void) { return get_local_id(0) % WARP / 4; }
MMA_INLINE int mma_quarter(void) { return get_local_id(0) % 4; }
MMA_INLINE int mma_row(int i) { return 2 * mma_line() + i / 2; }
MMA_INLINE int mma_column(int i) { return 2 * mma_quarter() + i % 2; }
#endif

/* Floats as operands. */
MMA_INLINE void mma_split(float4 x, float4 parts[MMA_PARTS]);

/* All items of the work-group take part. */
MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], mma_rows a[M_TILES][MMA_PARTS],
                             float2 b[N_TILES][MMA_PARTS], local float *exchange);

#if MMA == MMA_PTX

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

MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], mma_rows a[M_TILES][MMA_PARTS],
                             float2 b[N_TILES][MMA_PARTS], local float *exchange) {
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
#if PRECISION_TF32
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sums[m][n] = mma_step(sums[m][n], a[m][0], b[n][0]);
#else
        /* Neighbouring products do not wait for each other. */
        float4 sum[N_TILES];
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sum[n] = mma_step((float4)(0), a[m][1], b[n][0]);
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sum[n] = mma_step(sum[n], a[m][0], b[n][1]);
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sum[n] = mma_step(sum[n], a[m][0], b[n][0]);
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) sums[m][n] += sum[n];
#endif
    }
}

#elif MMA == MMA_MFMA

/* Of floats as they are. */
#if !__has_builtin(__builtin_amdgcn_mfma_f32_16x16x4f32)
#error "the compiler knows no matrix cores"
#endif

MMA_INLINE void mma_split(float4 x, float4 parts[MMA_PARTS]) { parts[0] = x; }

MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], mma_rows a[M_TILES][MMA_PARTS],
                             float2 b[N_TILES][MMA_PARTS], local float *exchange) {
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) {
            sums[m][n] = __builtin_amdgcn_mfma_f32_16x16x4f32(a[m][0].x, b[n][0].x, sums[m][n], 0, 0, 0);
            sums[m][n] = __builtin_amdgcn_mfma_f32_16x16x4f32(a[m][0].y, b[n][0].y, sums[m][n], 0, 0, 0);
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
 * in number r % 2 + k / 4 * 2 of item r / 2 * 4 + k % 4, B's element k and column c in number k / 4 of item c * 4 + k % 4.
 * x is where the first four begin, `next` what the others are after them. line: eight of each part. */
#define MMA_EXCHANGE_PART (MMA_EXCHANGE / WARPS / MMA_PARTS)

MMA_INLINE void mma_load(local const float *x, int next, float4 line[2 * MMA_PARTS]) {
    for (int part = 0; part < MMA_PARTS; part++) {
        for (int i = 0; i < 2; i++) line[part * 2 + i] = vload4(0, x + part * MMA_EXCHANGE_PART + i * next);
    }
}

MMA_INLINE float mma_dot(float4 a[2 * MMA_PARTS], float4 b[2 * MMA_PARTS]) {
    float4 sum = (float4)(0);
#if !PRECISION_TF32
    sum = fma(a[2], b[0], fma(a[3], b[1], sum));
    sum = fma(a[0], b[2], fma(a[1], b[3], sum));
#endif
    sum = fma(a[0], b[0], fma(a[1], b[1], sum));
    return sum.x + sum.y + sum.z + sum.w;
}

MMA_INLINE void mma_multiply(float4 sums[M_TILES][N_TILES], mma_rows a[M_TILES][MMA_PARTS],
                             float2 b[N_TILES][MMA_PARTS], local float *exchange) {
    local float *all_a = exchange + mma_warp() * (MMA_EXCHANGE / WARPS), *all_b = all_a + M_TILES * 4 * WARP;
    int item = get_local_id(0) % WARP;
    for (int part = 0; part < MMA_PARTS; part++) {
        for (int m = 0; m < M_TILES; m++) {
            local float *tile = all_a + part * MMA_EXCHANGE_PART + m * 4 * WARP + item;
            for (int i = 0; i < 4; i++) tile[i * WARP] = mma_sum(a[m][part], i);
        }
        for (int n = 0; n < N_TILES; n++) {
            all_b[part * MMA_EXCHANGE_PART + n * 2 * WARP + item] = b[n][part].x;
            all_b[part * MMA_EXCHANGE_PART + (n * 2 + 1) * WARP + item] = b[n][part].y;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int n = 0; n < N_TILES; n++) {
        local const float *columns = all_b + n * 2 * WARP;
        float4 b0[2 * MMA_PARTS], b1[2 * MMA_PARTS], a0[2 * MMA_PARTS], a2[2 * MMA_PARTS];
        mma_load(columns + mma_column(0) * 4, WARP, b0);
        mma_load(columns + mma_column(1) * 4, WARP, b1);
        for (int m = 0; m < M_TILES; m++) {
            local const float *rows = all_a + m * 4 * WARP;
            mma_load(rows + mma_line() * 4, 2 * WARP, a0);
            mma_load(rows + WARP + mma_line() * 4, 2 * WARP, a2);
            sums[m][n] += (float4)(mma_dot(a0, b0), mma_dot(a0, b1), mma_dot(a2, b0), mma_dot(a2, b1));
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

#endif

#if MMA != MMA_MFMA
/* The lower bits of a TF32 number count for nothing. */
MMA_INLINE void mma_split(float4 x, float4 parts[MMA_PARTS]) {
    parts[0] = mma_tf32(x);
#if !PRECISION_TF32
    parts[1] = mma_tf32(x - as_float4(as_uint4(parts[0]) & 0xffffe000u));
#endif
}
#endif

/* Up to four of `count` floats, as many as there are. */
MMA_INLINE float4 read_four(global const float *from, int count) {
    return (float4)(count > 0 ? from[0] : 0, count > 1 ? from[1] : 0, count > 2 ? from[2] : 0, count > 3 ? from[3] : 0);
}

/* Leaves the parts of a vector `distance` floats from one another. */
MMA_INLINE void mma_stage(local float *to, int distance, float4 x) {
    float4 parts[MMA_PARTS];
    mma_split(x, parts);
    #pragma unroll
    for (int part = 0; part < MMA_PARTS; part++) *(local float4 *)(to + part * distance) = parts[part];
}

/* Blocks of 16 rows of A and 16 elements, packed in global memory: MMA_BLOCK floats of each part. The quarters of the first and
 * second eight elements are the first and last two of each four. What an item multiplies lies together. */
#define MMA_BLOCK 256
#define MMA_PACKED (MMA_PARTS * MMA_BLOCK)

/* Of a line's item in a block. */
MMA_INLINE int mma_place(int line, int quarter) {
    return (MMA == MMA_MFMA ? quarter * 16 + line : line * 4 + quarter) * 4;
}

MMA_INLINE void mma_pack(global float *to, float4 x) {
    float4 parts[MMA_PARTS];
    mma_split(x, parts);
    #pragma unroll
    for (int part = 0; part < MMA_PARTS; part++) *(global float4 *)(to + part * MMA_BLOCK) = parts[part];
}

/* Four neighbouring rows, the first one 4 `four`, four elements each. */
MMA_INLINE void mma_pack_rows(global float *block, int four, int quarter, float4 rows[4]) {
#if MMA == MMA_MFMA
    #pragma unroll
    for (int r = 0; r < 4; r++) mma_pack(block + mma_place(four * 4 + r, quarter), rows[r]);
#else
    #pragma unroll
    for (int r = 0; r < 4; r += 2) {
        global float *to = block + mma_place(four * 2 + r / 2, quarter);
        mma_pack(to, (float4)(rows[r].x, rows[r + 1].x, rows[r].y, rows[r + 1].y));
        mma_pack(to + MMA_BLOCK / 2, (float4)(rows[r].z, rows[r + 1].z, rows[r].w, rows[r + 1].w));
    }
#endif
}

/* One of the eights; `block` begins at the item's place. */
MMA_INLINE mma_rows mma_read_rows(global const float *block, int eight) {
#if MMA == MMA_MFMA
    return *(global const float2 *)(block + eight * 2);
#else
    return *(global const float4 *)(block + eight * (MMA_BLOCK / 2));
#endif
}
