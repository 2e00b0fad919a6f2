/* Winograd's transforms of one line of a tile, LANES channels at a time: what all kernels of it share. */
typedef FLOATS(LANES) lanes;
#define WINOGRAD_FMA(a, b, c) fma((lanes)(a), b, c)
#include "winograd_transforms.cl"

#define MAX_SIZE 8
