#include "opencl/conv/conv_tile.h"

#include "base/numbers.h"

static conv_axis axis_of(bool spread, int out, int kernel, int stride) {
    if (!spread) return (conv_axis){out, kernel, stride};
    return (conv_axis){divide_up(out, stride), divide_up(kernel, stride), 1};
}

conv_axes conv_axes_of(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    return (conv_axes){axis_of(s.spread, s.out_h, g->kh, g->sh), axis_of(s.spread, s.out_w, g->kw, g->sw)};
}

static size_t patch_pixels(const conv_axes *axes, int h, int w) {
    return (size_t)((h - 1) * axes->y.step + axes->y.taps) * ((w - 1) * axes->x.step + axes->x.taps);
}

size_t conv_tile_patch(const conv_axes *axes, const conv_tile_shape *shape) {
    return patch_pixels(axes, shape->h, shape->w) * shape->n;
}

/* Outputs wanted for each one computed, with many images; the patch's overlap counts a little. */
static double tile_worth(const conv_axes *axes, const conv_tile_shape *t, int positions) {
    const double rows = (double)axes->y.places / (divide_up(axes->y.places, t->h) * t->h);
    const double columns = (double)axes->x.places / (divide_up(axes->x.places, t->w) * t->w);
    const double patch = (double)patch_pixels(axes, t->h, t->w);
    return rows * columns * t->h * t->w * t->n / positions - 0.01 * patch / (t->h * t->w);
}

int conv_tile_most_images(const op_desc *desc, int most) {
    while (most > 1 && !conv_sizes_fit(desc, most)) most /= 2;
    return most;
}

bool conv_tile_choose(const op_desc *desc, int positions, size_t most_pixels, conv_tile_shape *shape) {
    const conv_axes all = conv_axes_of(desc), *axes = &all;
    const int most_images = conv_tile_most_images(desc, positions);
    conv_tile_shape next;
    double worth = 0;
    bool found = false;
    for (next.h = 1; next.h <= axes->y.places && next.h <= positions; next.h++)
        for (next.w = 1; next.w <= axes->x.places && next.w * next.h <= positions; next.w++) {
            next.n = smaller(most_images, positions / (next.h * next.w));
            while (next.n > 0 && conv_tile_patch(axes, &next) > most_pixels) next.n /= 2;
            if (next.n == 0) continue;
            const double next_worth = tile_worth(axes, &next, positions);
            if (found && next_worth <= worth) continue;
            *shape = next;
            worth = next_worth;
            found = true;
        }
    return found;
}

conv_tile_groups conv_tile_count(const op_desc *desc, const conv_tile_shape *shape, int block) {
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const conv_axes axes = conv_axes_of(desc);
    return (conv_tile_groups){
        .tiles = (size_t)divide_up(g->n, shape->n) * (size_t)divide_up(axes.y.places, shape->h) *
                 (size_t)divide_up(axes.x.places, shape->w),
        .blocks = (size_t)divide_up(s.out_c, block),
        .phases = s.spread ? (size_t)g->sh * (size_t)g->sw : 1,
    };
}

void conv_tile_grid(conv_instance *instance, int launch, const conv_tile_shape *shape, int block, size_t items) {
    const conv_tile_groups groups = conv_tile_count(&instance->opencl.base.desc, shape, block);
    conv_grid(instance, launch, (const size_t[]){groups.tiles * groups.blocks * groups.phases * items, 1, 1},
              (const size_t[]){items, 1, 1});
}

void conv_tile_options(const conv_tile_shape *shape, char text[CONV_OPTIONS_SIZE]) {
    conv_options_add(text, " -DTILE_N=%d -DTILE_H=%d -DTILE_W=%d", shape->n, shape->h, shape->w);
}
