/* The activations, each by its definition. */
#include "reference/reference.h"

#include <math.h>

typedef struct point {
    double value, magnitude;
} point;

static const double root_of_half = 0.70710678118654752440, root_of_two_pi = 2.50662827463100050242;

static point exactly(double value) {
    return (point){value, fabs(value)};
}

static double reference_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static point relu_of(double x, double a) {
    (void)a;
    return exactly(x < 0 ? 0 : x);
}
static point relu_slope(double y, double a) {
    (void)a;
    return exactly(y <= 0 ? 0 : 1);
}

static point leaky_relu_of(double x, double a) {
    return exactly(x < 0 ? a * x : x);
}
static point leaky_relu_slope(double y, double a) {
    return exactly(y <= 0 ? a : 1);
}

static point tanh_of(double x, double a) {
    (void)a;
    return exactly(tanh(x));
}
static point tanh_slope(double y, double a) {
    (void)a;
    return exactly(1 - y * y);
}

static point sigmoid_of(double x, double a) {
    (void)a;
    return exactly(reference_sigmoid(x));
}
static point sigmoid_slope(double y, double a) {
    (void)a;
    return exactly(y - y * y);
}

static point silu_of(double x, double a) {
    (void)a;
    return exactly(x * reference_sigmoid(x));
}
static point silu_slope(double x, double a) {
    (void)a;
    const double s = reference_sigmoid(x), more = x * s * reference_sigmoid(-x);
    return (point){s + more, fabs(s) + fabs(more)};
}

/* The normal distribution function: 1 and erf are summed. */
static point normal(double x) {
    return (point){0.5 * erfc(-x * root_of_half), 0.5 + 0.5 * fabs(erf(x * root_of_half))};
}
static point gelu_of(double x, double a) {
    (void)a;
    const point p = normal(x);
    return (point){x * p.value, fabs(x) * p.magnitude};
}
static point gelu_slope(double x, double a) {
    (void)a;
    const point p = normal(x);
    const double more = x * exp(-x * x / 2) / root_of_two_pi;
    return (point){p.value + more, p.magnitude + fabs(more)};
}

static point softplus_of(double x, double a) {
    return exactly(a * x > 20 ? x : log1p(exp(a * x)) / a);
}
static point softplus_slope(double x, double a) {
    return exactly(a * x > 20 ? 1 : reference_sigmoid(a * x));
}

typedef struct reference_kind {
    point (*of)(double x, double a), (*slope)(double from, double a);
    bool from_y, selects; /* selects: a derivative of 0 gives 0 for any dy */
} reference_kind;

static const reference_kind kinds[ACTIVATION_COUNT] = {
    [ACTIVATION_relu] = {relu_of, relu_slope, .from_y = true, .selects = true},
    [ACTIVATION_leaky_relu] = {leaky_relu_of, leaky_relu_slope, .from_y = true},
    [ACTIVATION_tanh] = {tanh_of, tanh_slope, .from_y = true},
    [ACTIVATION_sigmoid] = {sigmoid_of, sigmoid_slope, .from_y = true},
    [ACTIVATION_silu] = {silu_of, silu_slope},
    [ACTIVATION_gelu] = {gelu_of, gelu_slope},
    [ACTIVATION_softplus] = {softplus_of, softplus_slope},
};

bool reference_activation_from_y(activation_id activation) {
    return kinds[activation].from_y;
}

void reference_activation_fwd(const activation_desc *d, const double *x, reference_output y) {
    for (size_t i = 0; i < d->count; i++) {
        const point p = kinds[d->activation].of(x[i], (double)d->parameter);
        y.value[i] = p.value;
        y.magnitude[i] = p.magnitude;
    }
}

void reference_activation_bwd(const activation_desc *d, const double *from, const double *dy, reference_output dx) {
    for (size_t i = 0; i < d->count; i++) {
        const reference_kind *kind = &kinds[d->activation];
        const point p = kind->slope(from[i], (double)d->parameter);
        dx.value[i] = kind->selects && p.value == 0 ? 0 : dy[i] * p.value;
        dx.magnitude[i] = fabs(dy[i]) * p.magnitude;
    }
}
