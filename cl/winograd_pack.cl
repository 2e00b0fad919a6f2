/* Transforms the weights of gather and spread for devices whose work-groups share local memory: [SIZE x SIZE][PACK_IN][PACK_OUT],
 * of which what has no weight is 0. Included after winograd_group.cl. Spread takes the taps last one first. `transposed`: weights are
 * [kh][kw][out][in]. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global float *work, ulong work_offset, int transposed) {
    local float squares[SQUARES];
    const int own = OWN_LINE, pair = GROUP_ID(0, LOCAL) * PAIRS + OWN_PAIR, c = pair / PACK_OUT, o = pair % PACK_OUT;
    const bool is_weight = c < IN_C && o < OUT_C;
    weight += weight_offset + (transposed ? o * IN_C + c : c * OUT_C + o);
    float column[MAX_SIZE], row[MAX_SIZE];
    if (own < KERNEL_W) {
        float in[MAX_SIZE];
        #pragma unroll
        for (int y = 0; y < KERNEL_H; y++) {
            int tap = y * KERNEL_W + own;
            in[y] = is_weight ? weight[(SPREAD ? KERNEL_H * KERNEL_W - 1 - tap : tap) * (IN_C * OUT_C)] : 0;
        }
        TRANSFORM(weight, SIZE, KERNEL_H)(in, column);
        put_column(SIZE, own, column, squares);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (pair >= PACK_IN * PACK_OUT) return;
    take_row(KERNEL_W, own, squares, column);
    TRANSFORM(weight, SIZE, KERNEL_W)(column, row);
    work += work_offset + own * SIZE * (PACK_IN * PACK_OUT) + pair;
    #pragma unroll
    for (int x = 0; x < SIZE; x++) work[x * (PACK_IN * PACK_OUT)] = row[x];
}
