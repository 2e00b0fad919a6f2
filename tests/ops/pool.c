#include "op_harness.h"

#include "ops/image_random.h"

/* Usual ones, and those in which windows overlap, leave pixels out, or reach over the border. */
static const conv_geometry fixed[] = {
    {2, 28, 28, 1, 14, 14, 1, 2, 2, 2, 2, 0, 0},   {2, 13, 12, 64, 7, 6, 64, 3, 3, 2, 2, 1, 1},
    {3, 9, 8, 3, 4, 4, 3, 2, 2, 2, 2, 0, 0},       {1, 7, 7, 16, 7, 7, 16, 3, 3, 1, 1, 1, 1},
    {1, 1, 1, 5, 1, 1, 5, 1, 1, 1, 1, 0, 0},       {2, 10, 11, 20, 3, 3, 20, 2, 3, 4, 5, 1, 1},
    {2, 150, 130, 2, 75, 65, 2, 2, 2, 2, 2, 0, 0},
};
enum { FIXED = sizeof fixed / sizeof *fixed };

static void random_axis(test_random *random, int longest, int *wide, int *narrow, int *k, int *s, int *p) {
    do {
        *wide = random_int(random, 1, longest);
        *k = random_int(random, 1, 5);
        *s = random_int(random, 1, random_int(random, 0, 2) ? *k : 6);
        *p = random_int(random, 0, *k / 2);
    } while (*wide + 2 * *p < *k);
    *narrow = (*wide + 2 * *p - *k) / *s + 1;
}

static conv_geometry random_geometry(test_random *random, int quick) {
    const int longest = quick ? 9 : 33;
    conv_geometry g = {.n = random_int(random, 1, 3)};
    random_axis(random, longest, &g.wide_h, &g.narrow_h, &g.kh, &g.sh, &g.ph);
    random_axis(random, longest, &g.wide_w, &g.narrow_w, &g.kw, &g.sw, &g.pw);
    g.wide_c = g.narrow_c = image_random_channels(random, quick);
    return g;
}

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    const size_t pool = index % POOL_COUNT;
    desc->pool.pool = (pool_id)pool;
    desc->pool.g = index < FIXED * POOL_COUNT ? fixed[index / POOL_COUNT] : random_geometry(random, quick);
    if (quick && desc->pool.g.wide_h > 28) desc->pool.g = fixed[2];
}

static size_t wide_count(const conv_geometry *g) {
    return (size_t)g->n * g->wide_h * g->wide_w * g->wide_c;
}

static size_t narrow_count(const conv_geometry *g) {
    return (size_t)g->n * g->narrow_h * g->narrow_w * g->narrow_c;
}

/* Of whole numbers, means are rounded too, unless a window is a power of two. */
static void bound_means(op_case *c, int operand, reference_output output) {
    const int area = c->desc.pool.g.kh * c->desc.pool.g.kw;
    if (area & (area - 1)) c->operand[operand].magnitude = output.magnitude;
}

static bool fill_fwd(op_case *c, test_random *random) {
    const pool_desc *d = &c->desc.pool;
    const double *x = case_random(c, POOL_FWD_X, wide_count(&d->g), 1, random);
    const reference_output y = case_output(c, POOL_FWD_Y, narrow_count(&d->g), d->g.kh * d->g.kw);
    reference_pool_fwd(d, x, y);
    bound_means(c, POOL_FWD_Y, y);
    return true;
}

/* Whole numbers are few: many windows have several that are the largest. */
static bool fill_bwd(op_case *c, test_random *random) {
    const pool_desc *d = &c->desc.pool;
    const size_t x_count = op_operand_count(&c->desc, POOL_BWD_X);
    const double *x = x_count ? case_random(c, POOL_BWD_X, x_count, 1, random) : NULL;
    const double *dy = case_random(c, POOL_BWD_DY, narrow_count(&d->g), 1, random);
    const reference_output dx = case_output(c, POOL_BWD_DX, wide_count(&d->g), d->g.kh * d->g.kw);
    reference_pool_bwd(d, x, dy, dx);
    bound_means(c, POOL_BWD_DX, dx);
    return true;
}

const op_suite suite_pool2d_fwd = {OP_pool2d_fwd, FIXED *POOL_COUNT, describe, fill_fwd};
const op_suite suite_pool2d_bwd = {OP_pool2d_bwd, FIXED *POOL_COUNT, describe, fill_bwd};
