/* The first and the last step of Winograd's gradients of weights, for devices whose work-groups share local memory:
 * conv_wgrad_support marks where channels are not 0, a part of the batch by each work-group; conv_wgrad_reduce adds up the sums of
 * chunks in order, and transforms them. Included after winograd_group.cl.
 *
 * Sums are [chunk][SIZE x SIZE][wide][narrow], narrow padded to whole vectors.
 *
 * Macros: those of conv_options, SIZE, PAIRS. */
#include "winograd_support.cl"
#include "conv_wgrad_bias.cl"

#define TAP (WIDE_C * NARROW_C)
#define SUMS (WIDE_C * ((NARROW_C + 3) / 4 * 4))
#define SLICE ((size_t)ELEMENTS * SUMS)
/* Chunks whose sums are on their way at once. */
#define AHEAD_CHUNKS 4
#define TAP_GROUPS ((TAP + PAIRS - 1) / PAIRS)

#define WORDS support_words(NARROW_W)
#define WIDE_SUPPORT support_of_phase(WIDE_H, WIDE_C, WORDS)
#define SUPPORT (WIDE_SUPPORT + NARROW_H * WORDS * NARROW_C)

/* Work-groups: rows of wide, then of narrow; blocks of PAIRS channels; parts of `part` images of the batch. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_support(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global int *work, ulong work_offset, ulong support_at, int n, int part) {
    local int squares[LOCAL];
    const bool is_wide = GROUP_ID(0, LOCAL) < WIDE_H;
    const int row = is_wide ? GROUP_ID(0, LOCAL) : GROUP_ID(0, LOCAL) - WIDE_H, c = GROUP_ID(1, 1) * PAIRS + OWN_PAIR;
    const int height = is_wide ? WIDE_H : NARROW_H, width = is_wide ? WIDE_W : NARROW_W;
    const int channels = is_wide ? WIDE_C : NARROW_C, words = is_wide ? WORDS + 1 : WORDS;
    const int first = GROUP_ID(2, 1) * part + OWN_LINE, end = min((int)(GROUP_ID(2, 1) + 1) * part, n);
    global const float *from = is_wide ? wide + wide_offset : narrow + narrow_offset;
    work += work_offset + support_at + GROUP_ID(2, 1) * SUPPORT;
    work += (is_wide ? 0 : WIDE_SUPPORT) + row * words * channels;
    for (int word = 0; word < words; word++) {
        const int x0 = word * 32 - (is_wide ? PAD_W : 0), first_x = max(x0, 0), end_x = min(x0 + 32, width);
        /* Most positions are other than 0 in one of the first images: then no more of them need to be read. */
        const uint every = first_x < end_x ? 0xffffffffu >> (32 - (end_x - first_x)) << (first_x - x0) : 0;
        uint bits = 0;
        for (int image = first; image < end && c < channels && bits != every; image += SIZE) {
            global const float *line = from + (size_t)(image * height + row) * (width * channels) + c;
            for (int x = first_x; x < end_x; x++) bits |= line[x * channels] != 0 ? 1u << (x - x0) : 0;
        }
        squares[get_local_id(0)] = bits;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (OWN_LINE == 0 && c < channels) {
            for (int i = 1; i < SIZE; i++) bits |= squares[i * PAIRS + OWN_PAIR];
            work[word * channels + c] = bits;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* Work-groups: pairs of channels, then elements of dbias. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_reduce(global const float *work, ulong work_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, int chunks, ulong dbias_at, int bias_chunks, int transposed,
                        int dy_c, ulong support_at, int parts) {
    local float squares[SQUARES];
    const support s = {WIDE_H, WIDE_C, NARROW_H, NARROW_C, WORDS, PAD_H, 0, WIDE_SUPPORT, parts, SUPPORT};
    work += work_offset;
    if (GROUP_ID(0, LOCAL) >= TAP_GROUPS) {
        int c = (GROUP_ID(0, LOCAL) - TAP_GROUPS) * LOCAL + get_local_id(0);
        float sum = 0;
        if (c >= dy_c) return;
        for (int chunk = 0; chunk < bias_chunks; chunk++) sum += work[dbias_at + chunk * dy_c + c];
        dbias[dbias_offset + c] = sum;
        return;
    }
    const int own = OWN_LINE, pair = GROUP_ID(0, LOCAL) * PAIRS + OWN_PAIR, c = pair / NARROW_C, o = pair % NARROW_C;
    float sums[MAX_SIZE], column[MAX_SIZE], row[MAX_SIZE];
    #pragma unroll
    for (int y = 0; y < SIZE; y++) sums[y] = 0;
    global const float *from = work + own * SUMS + c * (SUMS / WIDE_C) + o;
    for (int chunk = 0; chunk < chunks && pair < TAP; chunk += AHEAD_CHUNKS) {
        float next[AHEAD_CHUNKS][MAX_SIZE];
        #pragma unroll
        for (int i = 0; i < AHEAD_CHUNKS; i++) {
            #pragma unroll
            for (int y = 0; y < SIZE; y++)
                next[i][y] = chunk + i < chunks ? from[(chunk + i) * SLICE + y * (SIZE * SUMS)] : 0;
        }
        #pragma unroll
        for (int i = 0; i < AHEAD_CHUNKS; i++) {
            #pragma unroll
            for (int y = 0; y < SIZE; y++) sums[y] += next[i][y];
        }
    }
    TRANSFORM(sum, KERNEL_H, SIZE)(sums, column);
    put_column(KERNEL_H, own, column, squares);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (own >= KERNEL_H || pair >= TAP) return;
    take_row(SIZE, own, squares, column);
    TRANSFORM(sum, KERNEL_W, SIZE)(column, row);
    zero_unmet(KERNEL_W, s, (global const int *)(work + support_at), c, o, own, row);
    dweight += dweight_offset + (transposed ? o * WIDE_C + c : pair);
    #pragma unroll
    for (int x = 0; x < KERNEL_W; x++) dweight[(own * KERNEL_W + x) * TAP] = row[x];
}
