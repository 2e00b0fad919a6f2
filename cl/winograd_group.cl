/* Winograd's transforms by work-groups of LOCAL = SIZE x PAIRS items: squares of PAIRS (tile, channel) pairs at a time.
 * An item transforms a column of a square, hands it on through local memory, and transforms a row: it never holds more
 * than a line. Neighbouring items have neighbouring pairs, channels first. */
#define LANES 1
#include "winograd_line.cl"

#define ELEMENTS (SIZE * SIZE)
#define LOCAL (SIZE * PAIRS)
#define SQUARES (ELEMENTS * PAIRS) /* floats of local memory */
#define OWN_PAIR ((int)get_local_id(0) % PAIRS)
#define OWN_LINE ((int)get_local_id(0) / PAIRS)

/* The transform of a line: of data, weight or sum. Sizes are numbers, or macros that are. */
#define TRANSFORM_(kind, to, from) winograd_##kind##_##to##_##from
#define TRANSFORM(kind, to, from) TRANSFORM_(kind, to, from)

/* What is transformed of column x, `size` elements; and what is to be transformed of row y. */
ALWAYS_INLINE void put_column(const int size, int x, const float *column, local float *squares) {
    #pragma unroll
    for (int y = 0; y < size; y++) squares[(y * SIZE + x) * PAIRS + OWN_PAIR] = column[y];
}
ALWAYS_INLINE void take_row(const int size, int y, local const float *squares, float *row) {
    #pragma unroll
    for (int x = 0; x < size; x++) row[x] = squares[(y * SIZE + x) * PAIRS + OWN_PAIR];
}

/* The place of a tile among those of `rows` rows of TILES_X in each image. */
typedef struct place {
    int image, y, x;
} place;

static place place_of(int tile, int rows) {
    place p = {tile / (rows * TILES_X), tile / TILES_X % rows, tile % TILES_X};
    return p;
}
