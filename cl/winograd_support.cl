/* Where channels of a part of the batch are not 0, a bit for each position: wide[phase][h][words + 1][c], then narrow[h][words][c].
 * A tap whose positions of wide and of narrow are never both other than 0 has a gradient of exactly 0. Winograd's transforms
 * would leave the rounding of the other taps in its place, and Adam would make whole steps of that.
 *
 * Macro: LANES. */
typedef INTS(LANES) lane_bits;

typedef struct support {
    int wide_h, wide_c, narrow_h, narrow_c, words, pad_h; /* of a phase */
    int wide_at, narrow_at;                               /* its places in a part */
    int parts;                                            /* of the batch */
    size_t slice;                                         /* between those */
} support;

static int support_words(int narrow_w) {
    return (narrow_w + 31) / 32;
}
static int support_of_phase(int wide_h, int wide_c, int words) {
    return wide_h * (words + 1) * wide_c;
}

/* Puts 0 in the taps of a row of the kernel, of channel c of wide and those of narrow from o on, that meet nothing in any
 * part. Most taps meet in the first rows, and those of channels that are 0 everywhere are 0 already. */
ALWAYS_INLINE void zero_unmet(const int kernel_w, support s, global const int *bits, int c, int o, int ky, lanes *taps) {
    const int first = max(s.pad_h - ky, 0), end = min(s.wide_h + s.pad_h - ky, s.narrow_h);
    lane_bits met[MAX_SIZE];
    int done = 0;
    #pragma unroll
    for (int kx = 0; kx < kernel_w; kx++) met[kx] = taps[kx] == 0 ? (lane_bits)(-1) : (lane_bits)(0);
    #pragma unroll 1
    for (int part = 0; part < s.parts && !done; part++)
    #pragma unroll 1
    for (int y = first; y < end && !done; y++) {
        global const int *of_part = bits + part * s.slice;
        global const int *wide = of_part + s.wide_at + (y + ky - s.pad_h) * (s.words + 1) * s.wide_c + c;
        global const int *narrow = of_part + s.narrow_at + y * s.words * s.narrow_c + o;
        #pragma unroll 1
        for (int word = 0; word < s.words; word++, wide += s.wide_c, narrow += s.narrow_c) {
            const ulong both = (ulong)(uint)wide[s.wide_c] << 32 | (uint)wide[0];
            const lane_bits own = VLOAD(LANES)(0, narrow);
            #pragma unroll
            for (int kx = 0; kx < kernel_w; kx++)
                met[kx] = (own & (lane_bits)((int)(both >> kx))) != 0 ? (lane_bits)(-1) : met[kx];
        }
        lane_bits every = met[0];
        #pragma unroll
        for (int kx = 1; kx < kernel_w; kx++) every &= met[kx];
        done = all(every);
    }
    #pragma unroll
    for (int kx = 0; kx < kernel_w; kx++) taps[kx] = met[kx] ? taps[kx] : (lanes)(0);
}
