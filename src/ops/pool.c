#include "ops/pool.h"
#include "ops/formula_double.h"
#include "ops/op_kind.h"

#include <stdio.h>

#define POOL(stem, start, joined, scale, picks)                                                                        \
    static double pool_joined_##stem(double m, double v) {                                                             \
        return joined;                                                                                                 \
    }                                                                                                                  \
    static double pool_scale_##stem(double area) {                                                                     \
        (void)area;                                                                                                    \
        return scale;                                                                                                  \
    }
#include "ops/pools.def"
#undef POOL

static const pool_kind kinds[POOL_COUNT] = {
#define POOL(stem, start_, joined_, scale_, picks_)                                                                    \
    [POOL_##stem] = {                                                                                                  \
        .name = #stem, .start = start_, .picks = picks_, .scale = pool_scale_##stem, .joined = pool_joined_##stem},
#include "ops/pools.def"
#undef POOL
};

const pool_kind *pool_kind_of(pool_id pool) {
    return &kinds[pool];
}

static double pool_exact_scale(const pool_desc *desc) {
    return kinds[desc->pool].scale((double)desc->g.kh * desc->g.kw);
}

float pool_scale(const pool_desc *desc) {
    return (float)pool_exact_scale(desc);
}

static size_t pool_x_count(const conv_geometry *g) {
    return (size_t)g->n * (size_t)g->wide_h * (size_t)g->wide_w * (size_t)g->wide_c;
}

static size_t pool_y_count(const conv_geometry *g) {
    return (size_t)g->n * (size_t)g->narrow_h * (size_t)g->narrow_w * (size_t)g->narrow_c;
}

static size_t pool_fwd_count(const op_desc *desc, int operand) {
    return operand == POOL_FWD_X ? pool_x_count(&desc->pool.g) : pool_y_count(&desc->pool.g);
}

static size_t pool_bwd_count(const op_desc *desc, int operand) {
    if (operand == POOL_BWD_DY) return pool_y_count(&desc->pool.g);
    return operand == POOL_BWD_X && !kinds[desc->pool.pool].picks ? 0 : pool_x_count(&desc->pool.g);
}

static double pool_flops(const op_desc *desc) {
    const conv_geometry *g = &desc->pool.g;
    const double rows = (double)conv_axis_pairs(g->narrow_h, g->wide_h, g->kh, g->sh, g->ph);
    const double columns = (double)conv_axis_pairs(g->narrow_w, g->wide_w, g->kw, g->sw, g->pw);
    return g->n * rows * columns * g->wide_c;
}

static double pool_terms(const op_desc *desc, int output) {
    (void)output;
    return (double)desc->pool.g.kh * desc->pool.g.kw;
}

static const op_field pool_fields[] = {OP_FIELD(POOL, pool, pool),      OP_FIELD(INT, pool.g, n),
                                       OP_FIELD(INT, pool.g, wide_h),   OP_FIELD(INT, pool.g, wide_w),
                                       OP_FIELD(INT, pool.g, wide_c),   OP_FIELD(INT, pool.g, narrow_h),
                                       OP_FIELD(INT, pool.g, narrow_w), OP_FIELD(INT, pool.g, kh),
                                       OP_FIELD(INT, pool.g, kw),       OP_FIELD(INT, pool.g, sh),
                                       OP_FIELD(INT, pool.g, sw),       OP_FIELD(INT, pool.g, ph),
                                       OP_FIELD(INT, pool.g, pw),       {0}};

static void pool_describe(const op_desc *desc, char *text, size_t size) {
    const conv_geometry *g = &desc->pool.g;
    snprintf(text, size, "%s %dx%dx%dx%d -> %dx%d k%dx%d s%dx%d p%dx%d", kinds[desc->pool.pool].name, g->n, g->wide_h,
             g->wide_w, g->wide_c, g->narrow_h, g->narrow_w, g->kh, g->kw, g->sh, g->sw, g->ph, g->pw);
}

static size_t pool_images(const op_desc *desc) {
    return (size_t)desc->pool.g.n;
}

static void pool_set_images(op_desc *desc, size_t images) {
    desc->pool.g.n = (int)images;
}

/* A pixel of a channel of an image; `image` counts in elements. */
typedef struct pool_place {
    size_t image;
    int y, x, c;
} pool_place;

static pool_place place_of(size_t i, int h, int w, int channels) {
    const size_t c = (size_t)channels, row = (size_t)w * c, image = (size_t)h * row;
    return (pool_place){i / image, (int)(i % image / row), (int)(i % row / c), (int)(i % c)};
}

typedef struct pool_rectangle {
    conv_range y, x;
} pool_rectangle;

static pool_rectangle window_of(const conv_geometry *g, int y, int x) {
    return (pool_rectangle){pool_window(y, g->wide_h, g->kh, g->sh, g->ph),
                            pool_window(x, g->wide_w, g->kw, g->sw, g->pw)};
}

static size_t index_of(const pool_place *p, int y, int x, int h, int w, int channels) {
    return ((p->image * (size_t)h + (size_t)y) * (size_t)w + (size_t)x) * (size_t)channels + (size_t)p->c;
}

static op_expected pool_fwd_expect(const op_values *values, int output, size_t i) {
    const pool_desc *d = &values->desc->pool;
    const pool_kind *kind = &kinds[d->pool];
    const conv_geometry *g = &d->g;
    const pool_place p = place_of(i, g->narrow_h, g->narrow_w, g->narrow_c);
    const pool_rectangle window = window_of(g, p.y, p.x);
    double m = kind->start;
    op_expected sum = {0};
    (void)output;
    for (int y = window.y.first; y < window.y.end; y++)
        for (int x = window.x.first; x < window.x.end; x++) {
            const double v = (double)op_floats(values, POOL_FWD_X)[index_of(&p, y, x, g->wide_h, g->wide_w, g->wide_c)];
            m = kind->joined(m, v);
            op_expected_add(&sum, pool_exact_scale(d) * v);
        }
    return (op_expected){pool_exact_scale(d) * m, kind->picks ? 0 : sum.magnitude};
}

/* Whether (y, x) is the largest pixel of the window: the first of equal ones, or the last NaN. */
static bool is_picked(const op_values *values, const pool_place *p, const pool_rectangle *window) {
    const conv_geometry *g = &values->desc->pool.g;
    double largest = -INFINITY;
    int at_y = window->y.first, at_x = window->x.first;
    for (int y = window->y.first; y < window->y.end; y++)
        for (int x = window->x.first; x < window->x.end; x++) {
            const double v = (double)op_floats(values, POOL_BWD_X)[index_of(p, y, x, g->wide_h, g->wide_w, g->wide_c)];
            if (v <= largest || (isnan(largest) && !isnan(v))) continue;
            largest = v;
            at_y = y;
            at_x = x;
        }
    return at_y == p->y && at_x == p->x;
}

static op_expected pool_bwd_expect(const op_values *values, int output, size_t i) {
    const pool_desc *d = &values->desc->pool;
    const conv_geometry *g = &d->g;
    const pool_place p = place_of(i, g->wide_h, g->wide_w, g->wide_c);
    const conv_range ys = pool_windows_of(p.y, g->narrow_h, g->kh, g->sh, g->ph);
    const conv_range xs = pool_windows_of(p.x, g->narrow_w, g->kw, g->sw, g->pw);
    op_expected dx = {0};
    (void)output;
    for (int y = ys.first; y < ys.end; y++)
        for (int x = xs.first; x < xs.end; x++) {
            const size_t at = index_of(&p, y, x, g->narrow_h, g->narrow_w, g->narrow_c);
            const pool_rectangle window = window_of(g, y, x);
            if (kinds[d->pool].picks && !is_picked(values, &p, &window)) continue;
            op_expected_add(&dx, pool_exact_scale(d) * (double)op_floats(values, POOL_BWD_DY)[at]);
        }
    return dx;
}

const op_kind op_kind_pool2d_fwd = {
    .name = "pool2d_fwd",
    .operand = {[POOL_FWD_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [POOL_FWD_Y] = {"y", OPERAND_OUT}},
    .count = pool_fwd_count,
    .flops = pool_flops,
    .terms = pool_terms,
    .describe = pool_describe,
    .fields = pool_fields,
    .images = pool_images,
    .set_images = pool_set_images,
    .expect = pool_fwd_expect,
};

const op_kind op_kind_pool2d_bwd = {
    .name = "pool2d_bwd",
    .operand = {[POOL_BWD_X] = {"x", OPERAND_IN, DRAW_MASK},
                [POOL_BWD_DY] = {"dy", OPERAND_IN, DRAW_NUMBERS},
                [POOL_BWD_DX] = {"dx", OPERAND_OUT}},
    .count = pool_bwd_count,
    .flops = pool_flops,
    .terms = pool_terms,
    .describe = pool_describe,
    .fields = pool_fields,
    .images = pool_images,
    .set_images = pool_set_images,
    .expect = pool_bwd_expect,
};
