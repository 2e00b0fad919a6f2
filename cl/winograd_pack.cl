/* Transforms the weights of gather and spread for devices whose work-groups share local memory: for each phase SIZE x SIZE
 * elements of PACK_IN x PACK_OUT channels, in the order of PACKED; what has no weight is 0. Included after
 * winograd_group.cl. Spread takes the taps last one first. `transposed`: weights are [kh][kw][out][in]. Macros: TAPS, of a
 * phase on an axis; PACKED(element, c, o), the place of a weight in its phase. */
#define PHASES (STRIDE_H * STRIDE_W)

/* Of every `stride`-th position of an axis of wide, from the first on (src/ops/winograd.h): its first tap, and where it begins
 * beside narrow. */
#define PHASE_TAP(first, pad, stride) ((pad + first) % stride)
#define PHASE_OFFSET(first, pad, stride) ((PHASE_TAP(first, pad, stride) - pad - first) / stride)

/* The tap of the kernel that is tap i of a phase, or `kernel_size` or more where the phase has fewer. */
static int tap_of_phase(int i, int first, const int kernel_size, const int pad, const int stride) {
    return PHASE_TAP(first, pad, stride) + (SPREAD ? TAPS - 1 - i : i) * stride;
}

/* Work-groups: pairs of channels; phases. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global float *work, ulong work_offset, int transposed) {
    local float squares[SQUARES];
    const int own = OWN_LINE, pair = GROUP_ID(0, LOCAL) * PAIRS + OWN_PAIR, c = pair / PACK_OUT, o = pair % PACK_OUT;
    const int phase = GROUP_ID(1, 1), tap_x = tap_of_phase(own, phase % STRIDE_W, KERNEL_W, PAD_W, STRIDE_W);
    const bool is_weight = c < IN_C && o < OUT_C && tap_x < KERNEL_W;
    weight += weight_offset + (transposed ? o * IN_C + c : c * OUT_C + o);
    float column[MAX_SIZE], row[MAX_SIZE];
    if (own < TAPS) {
        float in[MAX_SIZE];
        #pragma unroll
        for (int y = 0; y < TAPS; y++) {
            const int tap_y = tap_of_phase(y, phase / STRIDE_W, KERNEL_H, PAD_H, STRIDE_H);
            in[y] = is_weight && tap_y < KERNEL_H ? weight[(tap_y * KERNEL_W + tap_x) * (IN_C * OUT_C)] : 0;
        }
        TRANSFORM(weight, SIZE, TAPS)(in, column);
        put_column(SIZE, own, column, squares);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (pair >= PACK_IN * PACK_OUT) return;
    take_row(TAPS, own, squares, column);
    TRANSFORM(weight, SIZE, TAPS)(column, row);
    work += work_offset + (size_t)phase * (ELEMENTS * PACK_IN * PACK_OUT);
    #pragma unroll
    for (int x = 0; x < SIZE; x++) work[PACKED(own * SIZE + x, c, o)] = row[x];
}
