/* Convolutions as their definitions read, where they are looked at. */
#include "check/selftest_check.h"
#include "check/selftest_positions.h"
#include "ops/conv.h"

#include <math.h>

enum {
    MOST_CHANNELS = 8,       /* of a pixel that are looked at: others of the next one */
    MULTIPLY_ADDS = 2000000, /* of an op */
};

/* One of the outputs: channels c0 .. c0 + channels - 1 of a pixel. */
typedef struct pixel {
    size_t n;
    int y, x, c0, channels;
    double value[MOST_CHANNELS], magnitude[MOST_CHANNELS];
} pixel;

/* The input that tap k joins with an output, or -1. */
static int input_of(bool spread, int out, int k, int in_size, int stride, int pad) {
    if (!spread) {
        const int in = out * stride + k - pad;
        return in < in_size ? in : -1;
    }
    const int scaled = out + pad - k;
    return scaled >= 0 && scaled % stride == 0 && scaled / stride < in_size ? scaled / stride : -1;
}

/* Weights are stored [k][in][out] as forward has in and out. */
static void add_tap(const conv_sides *s, bool forward, const float *in, const float *weight, pixel *p) {
    const size_t of_in = forward ? (size_t)s->out_c : 1, of_out = forward ? 1 : (size_t)s->in_c;
    for (int a = 0; a < s->in_c; a++)
        for (int c = 0; c < p->channels; c++) {
            const double product = (double)in[a] * (double)weight[(size_t)a * of_in + (size_t)(p->c0 + c) * of_out];
            p->value[c] += product;
            p->magnitude[c] += fabs(product);
        }
}

static void add_taps(const selftest_trial *t, pixel *p) {
    const conv_geometry *g = &t->desc.conv.g;
    const conv_sides s = conv_sides_of(&t->desc);
    const float *in = selftest_operand(t, CONV_X), *weight = selftest_operand(t, CONV_WEIGHT);
    const bool forward = conv_is_forward(t->desc.op);
    for (int ky = 0; ky < g->kh; ky++)
        for (int kx = 0; kx < g->kw; kx++) {
            const int y = input_of(s.spread, p->y, ky, s.in_h, g->sh, g->ph);
            const int x = input_of(s.spread, p->x, kx, s.in_w, g->sw, g->pw);
            if (y < 0 || x < 0) continue;
            const size_t tap = (size_t)ky * (size_t)g->kw + (size_t)kx;
            add_tap(&s, forward,
                    in + ((p->n * (size_t)s.in_h + (size_t)y) * (size_t)s.in_w + (size_t)x) * (size_t)s.in_c,
                    weight + tap * (size_t)s.in_c * (size_t)s.out_c, p);
        }
}

static void check_pixel(selftest_check *check, const float *got, pixel *p) {
    const selftest_trial *t = check->trial;
    const conv_desc *desc = &t->desc.conv;
    const conv_sides s = conv_sides_of(&t->desc);
    const bool forward = conv_is_forward(t->desc.op), biased = forward && desc->with_bias;
    const size_t of_image = ((size_t)p->y * (size_t)s.out_w + (size_t)p->x) * (size_t)s.out_c + (size_t)p->c0;
    const size_t image = (size_t)s.out_h * (size_t)s.out_w * (size_t)s.out_c;
    const float *mask = !forward && conv_has_relu(&t->desc) ? selftest_operand(t, CONV_BWD_DATA_MASK) : NULL;
    for (int c = 0; c < p->channels; c++) {
        p->value[c] = biased ? (double)selftest_operand(t, CONV_BIAS)[p->c0 + c] : 0;
        p->magnitude[c] = fabs(p->value[c]);
    }
    add_taps(t, p);
    for (int c = 0; c < p->channels; c++) {
        const bool is_masked = mask && mask[p->n * image + of_image + (size_t)c] <= 0;
        const bool is_cut = forward && conv_has_relu(&t->desc) && p->value[c] < 0;
        selftest_check_element(check, got[of_image + (size_t)c], is_masked || is_cut ? 0 : p->value[c],
                               is_masked ? 0 : p->magnitude[c]);
    }
}

/* What is not finite is found wherever it is. */
static void check_finite(selftest_check *check, const float *got, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(got[i])) check->worst = INFINITY;
}

clae_status selftest_check_conv(selftest_check *check, int operand) {
    selftest_trial *t = check->trial;
    const conv_geometry *g = &t->desc.conv.g;
    const conv_sides s = conv_sides_of(&t->desc);
    selftest_got got;
    const clae_status status = selftest_trial_fetch(t, operand, &got);
    if (status != CLAE_OK) return status;
    const int channels = s.out_c < MOST_CHANNELS ? s.out_c : MOST_CHANNELS;
    const size_t cost = (size_t)g->kh * (size_t)g->kw * (size_t)s.in_c * (size_t)channels;
    const size_t pixels = MULTIPLY_ADDS / cost / got.count + 1;
    size_t block = 0;
    for (const selftest_part_got *part = got.part; part < got.part + got.count; part++) {
        pixel p = {.n = part->first / part->count, .channels = channels};
        check_finite(check, part->got, part->count);
        for (size_t i = 0; i < pixels; i++, block++) {
            p.y = (int)selftest_position((size_t)s.out_h, 2, block);
            p.x = (int)selftest_position((size_t)s.out_w, 3, block);
            p.c0 = (int)(block * (size_t)channels % (size_t)s.out_c);
            if (p.c0 > s.out_c - channels) p.c0 = s.out_c - channels;
            check_pixel(check, part->got, &p);
        }
    }
    return CLAE_OK;
}

/* The pixel of x that tap (ky, kx) joins with a pixel of dy; NULL where there is none. */
static const float *meeting_x(const selftest_trial *t, size_t dy_pixel, int ky, int kx) {
    const conv_geometry *g = &t->desc.conv.g;
    const bool transposed = op_is_transposed(t->desc.op);
    const int dy_h = transposed ? g->wide_h : g->narrow_h, dy_w = transposed ? g->wide_w : g->narrow_w;
    const int x_h = transposed ? g->narrow_h : g->wide_h, x_w = transposed ? g->narrow_w : g->wide_w;
    const size_t x_c = (size_t)(transposed ? g->narrow_c : g->wide_c);
    const size_t row = dy_pixel / (size_t)dy_w, n = row / (size_t)dy_h;
    const int y = input_of(transposed, (int)(row % (size_t)dy_h), ky, x_h, g->sh, g->ph);
    const int x = input_of(transposed, (int)(dy_pixel % (size_t)dy_w), kx, x_w, g->sw, g->pw);
    if (y < 0 || x < 0) return NULL;
    return selftest_operand(t, CONV_BWD_WEIGHTS_X) + ((n * (size_t)x_h + (size_t)y) * (size_t)x_w + (size_t)x) * x_c;
}

static void join(selftest_trial *t, size_t tap) {
    const int ky = (int)tap / t->desc.conv.g.kw, kx = (int)tap % t->desc.conv.g.kw;
    for (size_t i = 0; i < t->pixel_count; i++) t->joined[i] = meeting_x(t, t->pixels[i], ky, kx);
}

/* One element of dweight, of the tap for which pixels are joined. */
static void check_weight(selftest_check *check, size_t index, size_t in, size_t out, size_t out_c) {
    const selftest_trial *t = check->trial;
    const float *dy = selftest_operand(t, CONV_BWD_WEIGHTS_DY) + out;
    double value = 0, magnitude = 0;
    for (size_t i = 0; i < t->pixel_count; i++) {
        if (!t->joined[i]) continue;
        const double product = (double)t->joined[i][in] * (double)dy[t->pixels[i] * out_c];
        value += product;
        magnitude += fabs(product);
    }
    selftest_check_element(check, t->got[index], value, magnitude);
}

static void check_dbias(selftest_check *check, size_t out_c) {
    const selftest_trial *t = check->trial;
    const float *dy = selftest_operand(t, CONV_BWD_WEIGHTS_DY);
    for (size_t o = 0; o < out_c; o++) {
        double value = 0, magnitude = 0;
        for (size_t i = 0; i < t->pixel_count; i++) {
            value += (double)dy[t->pixels[i] * out_c + o];
            magnitude += fabs((double)dy[t->pixels[i] * out_c + o]);
        }
        selftest_check_element(check, t->got[o], value, magnitude);
    }
}

clae_status selftest_check_wgrad(selftest_check *check, int operand) {
    selftest_trial *t = check->trial;
    const conv_geometry *g = &t->desc.conv.g;
    const bool transposed = op_is_transposed(t->desc.op);
    const size_t in_c = (size_t)(transposed ? g->narrow_c : g->wide_c);
    const size_t out_c = (size_t)(transposed ? g->wide_c : g->narrow_c);
    const size_t count = t->place[operand].floats;
    selftest_got got; /* one part */
    const clae_status status = selftest_trial_fetch(t, operand, &got);
    if (status != CLAE_OK) return status;
    check_finite(check, t->got, count);
    if (operand == CONV_BWD_WEIGHTS_DBIAS) {
        check_dbias(check, out_c);
        return CLAE_OK;
    }
    /* An odd step, so that all channels come up. */
    const size_t most = MULTIPLY_ADDS / (t->pixel_count + 1) + 1, step = count > most ? (count / most) | 1 : 1;
    for (size_t i = 0, joined = SIZE_MAX; i < count; i += step) {
        const size_t tap = i / out_c / in_c;
        if (tap != joined) join(t, tap);
        joined = tap;
        check_weight(check, i, i / out_c % in_c, i % out_c, out_c);
    }
    return CLAE_OK;
}
