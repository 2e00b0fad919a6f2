/* Images on their way to the cache while products are summed up, a share with each element of transformed tiles: the
 * transforms, which read them in short runs, would wait for memory. */
#ifndef CLAE_PLAIN_KERNELS_WINOGRAD_AHEAD_H
#define CLAE_PLAIN_KERNELS_WINOGRAD_AHEAD_H

#include "base/numbers.h"
#include "plain/conv_winograd.h"
#include "plain/kernels/vector.h"

typedef struct winograd_ahead {
    const float *p;
    ptrdiff_t floats;
} winograd_ahead;

/* What a group takes of images, but for the borders of its tiles; nothing of NULL, or of a group that there is not. */
INLINE winograd_ahead winograd_look_ahead(const winograd_image *image, const winograd_grid *grid, const float *p,
                                          int index) {
    if (!p || index >= grid->groups) return (winograd_ahead){0};
    const winograd_group group = winograd_get_group(grid, index);
    const int rows = image->step * image->stride;
    const int first = smaller(group.row_first * rows, image->h);
    const int end = group.row_end < grid->tiles_y ? smaller(group.row_end * rows, image->h) : image->h;
    const ptrdiff_t row = (ptrdiff_t)image->w * image->c;
    const ptrdiff_t place = ((ptrdiff_t)group.image_first * image->h + first) * row;
    return (winograd_ahead){p + place, ((ptrdiff_t)(group.image_end - 1) * image->h + end) * row - place};
}

/* A share of it, of so many. */
INLINE winograd_ahead winograd_share(const winograd_ahead *ahead, int share, int shares) {
    const ptrdiff_t size = (ahead->floats + shares - 1) / shares, first = size * share;
    return (winograd_ahead){ahead->p + first, first + size < ahead->floats ? size : ahead->floats - first};
}

INLINE void winograd_fetch(const winograd_ahead *ahead, int share, int shares) {
    const winograd_ahead part = winograd_share(ahead, share, shares);
    for (ptrdiff_t i = 0; i < part.floats; i += LINE_FLOATS) __builtin_prefetch(part.p + i, 0, 2);
}

#endif
