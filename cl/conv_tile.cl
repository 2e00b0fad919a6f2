/* Gather and spread (src/ops/conv.h) alike, along an axis: what conv_gather_spread_tiled.cl and
 * conv_gather_spread_mma.cl share.
 *
 * Spread has a phase for each remainder of the output's place by the stride: outputs of one phase are a dense
 * convolution with some of the taps, last one first, so both kernels walk taps and inputs forwards. A work-group makes a
 * tile of TILE_N images x TILE_H x TILE_W outputs of one phase from the patch of inputs below it. Offsets within its
 * images are int: 64-bit ones take registers that the sums need.
 *
 * Macros: SPREAD, IN_H IN_W IN_C, OUT_H OUT_W OUT_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W, TRANSPOSED
 * (weights are [kh][kw][out][in]), BIAS, RELU, MASK, TILE_N TILE_H TILE_W; BLOCK (channels of a
 * work-group), LOCAL (its items). */

#define TILE_PIXELS (TILE_H * TILE_W)

/* Along an axis: phases, taps of the longest one, distance of neighbours' inputs, places of the phase with most, and the
 * first one, at which there is an output. */
#define PHASES(stride) (SPREAD ? stride : 1)
#define MOST_TAPS(size, stride) (SPREAD ? (size + stride - 1) / stride : size)
#define IN_STEP(stride) (SPREAD ? 1 : stride)
#define PLACES(out, stride) (SPREAD ? (out + stride - 1) / stride : out)
#define FIRST_PLACE(phase, stride, pad) (SPREAD ? (pad - phase + stride - 1) / stride : 0)

#define PATCH_H ((TILE_H - 1) * IN_STEP(STRIDE_H) + MOST_TAPS(KERNEL_H, STRIDE_H))
#define PATCH_W ((TILE_W - 1) * IN_STEP(STRIDE_W) + MOST_TAPS(KERNEL_W, STRIDE_W))
#define PATCH (PATCH_H * PATCH_W * TILE_N)
#define TILES_H ((PLACES(OUT_H, STRIDE_H) + TILE_H - 1) / TILE_H)
#define TILES_W ((PLACES(OUT_W, STRIDE_W) + TILE_W - 1) / TILE_W)

/* A work-group's part of an axis: the phase, its taps, the first place and the input at its first tap. */
typedef struct span {
    int phase, taps, place, in;
} span;

static span span_of(int phase, int place, int size, int stride, int pad) {
    span s = {phase, SPREAD ? (size - phase + stride - 1) / stride : size, place, 0};
    s.in = SPREAD ? place - s.taps + 1 : place * stride - pad;
    return s;
}

static int out_of(span s, int i, int stride, int pad) {
    return SPREAD ? (s.place + i) * stride + s.phase - pad : s.place + i;
}

static int tap_of(span s, int i, int stride) { return SPREAD ? s.phase + stride * (s.taps - 1 - i) : i; }

/* The work-group's part. Phases and blocks of channels that have the same inputs run at the same time, so that caches hold
 * these: only then comes the next tile. */
#define BLOCKS ((OUT_C + BLOCK - 1) / BLOCK)
#define ALL_PHASES (PHASES(STRIDE_H) * PHASES(STRIDE_W))

static int group_phase(void) { return (uint)GROUP_ID(0, LOCAL) % ALL_PHASES; }

static int first_output(void) { return (uint)GROUP_ID(0, LOCAL) / ALL_PHASES % BLOCKS * BLOCK; }

static uint group_tile(void) { return (uint)GROUP_ID(0, LOCAL) / (ALL_PHASES * BLOCKS); }

static span span_y(void) {
    int tile = group_tile() / TILES_W % TILES_H, phase = group_phase() / PHASES(STRIDE_W);
    return span_of(phase, FIRST_PLACE(phase, STRIDE_H, PAD_H) + tile * TILE_H, KERNEL_H, STRIDE_H, PAD_H);
}

static span span_x(void) {
    int tile = group_tile() % TILES_W, phase = group_phase() % PHASES(STRIDE_W);
    return span_of(phase, FIRST_PLACE(phase, STRIDE_W, PAD_W) + tile * TILE_W, KERNEL_W, STRIDE_W, PAD_W);
}

static int first_image(void) { return group_tile() / (TILES_W * TILES_H) * TILE_N; }

#define IN_IMAGE (IN_H * IN_W * IN_C)
#define OUT_IMAGE (OUT_H * OUT_W * OUT_C)

/* The pixel of the patch at the first tap of a position; positions beyond the tile are given some pixel, too. */
static int patch_pixel(int position) {
    position = min(position, TILE_N * TILE_PIXELS - 1);
    int image = position / TILE_PIXELS, pixel = position % TILE_PIXELS;
    return (image * PATCH_H + pixel / TILE_W * IN_STEP(STRIDE_H)) * PATCH_W + pixel % TILE_W * IN_STEP(STRIDE_W);
}

/* The first channel of a pixel of the patch, counted from the first of `images`; -1 outside of these. */
static int patch_place(span y, span x, int images, int pixel) {
    int in_x = x.in + pixel % PATCH_W, in_y = y.in + pixel / PATCH_W % PATCH_H;
    int in_image = pixel / (PATCH_W * PATCH_H);
    bool inside = in_x >= 0 && in_x < IN_W && in_y >= 0 && in_y < IN_H && in_image < images;
    return inside ? ((in_image * IN_H + in_y) * IN_W + in_x) * IN_C : -1;
}

/* The first channel of the output at a position of the tile, counted from the tile's first image; -1 where there is none. */
static int output_place(span y, span x, int images, int position) {
    int of_image = position / TILE_PIXELS, pixel = position % TILE_PIXELS;
    int out_y = out_of(y, pixel / TILE_W, STRIDE_H, PAD_H), out_x = out_of(x, pixel % TILE_W, STRIDE_W, PAD_W);
    bool is_output =
        of_image < TILE_N && of_image < images && out_y >= 0 && out_y < OUT_H && out_x >= 0 && out_x < OUT_W;
    return is_output ? ((of_image * OUT_H + out_y) * OUT_W + out_x) * OUT_C : -1;
}
