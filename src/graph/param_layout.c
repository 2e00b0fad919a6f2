#include "graph/param_layout.h"

#include <string.h>

enum { LINE_FLOATS = 16, LAST = PARAM_LAYOUT_RANK - 1 };

/* One of the sizes, with the distance of neighbours where they come from and where they go to. */
typedef struct axis {
    size_t size, from, to;
} axis;

param_layout param_layout_same(size_t count) {
    return (param_layout){{count, 1, 1, 1}, {1, 1, 1, 1}};
}

/* From the flat array to files. In PyTorch's order, but that the axis comes last along which the flat array's elements
 * are side by side. */
static void axes_to_file(const param_layout *layout, axis axes[PARAM_LAYOUT_RANK]) {
    size_t file = 1, dense = LAST;
    for (size_t k = PARAM_LAYOUT_RANK; k-- > 0; file *= layout->size[k]) {
        axes[k] = (axis){layout->size[k], layout->stride[k], file};
        if (layout->size[k] > 1 && layout->stride[k] == 1) dense = k;
    }
    const axis last = axes[dense];
    memmove(&axes[dense], &axes[dense + 1], (LAST - dense) * sizeof *axes);
    axes[LAST] = last;
}

static void axes_to_flat(const param_layout *layout, axis axes[PARAM_LAYOUT_RANK]) {
    axes_to_file(layout, axes);
    for (size_t k = 0; k < PARAM_LAYOUT_RANK; k++) axes[k] = (axis){axes[k].size, axes[k].to, axes[k].from};
}

static void copy_line(const axis *line, size_t count, const float *from, float *to) {
    for (size_t i = 0; i < count; i++) to[i * line->to] = from[i * line->from];
}

/* Of all other axes, a cache line's worth of the last one. */
static void copy_lines(const axis axes[PARAM_LAYOUT_RANK], size_t count, const float *from, float *to) {
    const axis *a = &axes[0], *b = &axes[1], *c = &axes[2];
    for (size_t i = 0; i < a->size; i++)
        for (size_t j = 0; j < b->size; j++)
            for (size_t k = 0; k < c->size; k++)
                copy_line(&axes[LAST], count, from + i * a->from + j * b->from + k * c->from,
                          to + i * a->to + j * b->to + k * c->to);
}

/* Lines of both sides are used up before they leave the cache. */
static void copy(const axis axes[PARAM_LAYOUT_RANK], const float *from, float *to) {
    const axis *line = &axes[LAST];
    for (size_t first = 0; first < line->size; first += LINE_FLOATS) {
        const size_t left = line->size - first, count = left < LINE_FLOATS ? left : LINE_FLOATS;
        copy_lines(axes, count, from + first * line->from, to + first * line->to);
    }
}

void param_gather(const param_layout *layout, const float *flat, float *values) {
    axis axes[PARAM_LAYOUT_RANK];
    axes_to_file(layout, axes);
    copy(axes, flat, values);
}

void param_scatter(const param_layout *layout, const float *values, float *flat) {
    axis axes[PARAM_LAYOUT_RANK];
    axes_to_flat(layout, axes);
    copy(axes, values, flat);
}
