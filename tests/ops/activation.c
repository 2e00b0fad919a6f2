#include "op_harness.h"

#include "ops/activation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KINDS = ACTIVATION_COUNT - 1, FIXED = 5 };

static const size_t fixed[FIXED] = {3 * 24 * 24 * 32, 1021, 1, 15, 16};

/* Parameters that are not the usual ones are those times a power of two: a product with x that exp magnifies is exact.
 */
static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    activation_desc *d = &desc->activation;
    const bool is_fixed = index < FIXED * KINDS;
    d->activation = (activation_id)(1 + (is_fixed ? index % KINDS : (size_t)random_int(random, 0, KINDS - 1)));
    d->count = is_fixed ? fixed[index / KINDS] : (size_t)random_int(random, 1, 5000);
    d->parameter = activation_parameter(d->activation) * (is_fixed ? 1.0f : ldexpf(1, random_int(random, -2, 0)));
    if (quick && d->count > 2000) d->count = 2000;
}

/* Numbers of all sizes but those of which exp is a denormal number, zeros of both signs, and some that are none. */
static double *random_arguments(op_case *c, int operand, size_t count, test_random *random) {
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const int kind = random_int(random, 0, 20);
        const double scale = kind < 8 ? 1 : kind < 14 ? 8 : kind < 16 ? 80 : kind == 16 ? 1e-6 : 1e-3;
        values[i] = kind == 18 ? 0.0 : kind == 19 ? -0.0 : kind == 20 ? NAN : scale * random_real(random);
        if (kind == 17) values[i] = random_int(random, 0, 1) ? 1e4 : -1e4;
    }
    return case_values(c, operand, count, values);
}

/* Of relu exactly what the definition gives. Where numbers are whole, the run is in place. */
static reference_output output_of(op_case *c, int operand, int in_place_of) {
    const reference_output output = case_output(c, operand, c->desc.activation.count, 0);
    c->operand[operand].magnitude = c->desc.activation.activation == ACTIVATION_relu ? NULL : output.magnitude;
    if (c->integers) c->operand[operand].in_place = 1 + in_place_of;
    return output;
}

static bool fill_fwd(op_case *c, test_random *random) {
    const double *x = random_arguments(c, ACTIVATION_FWD_X, c->desc.activation.count, random);
    reference_activation_fwd(&c->desc.activation, x, output_of(c, ACTIVATION_FWD_Y, ACTIVATION_FWD_X));
    return true;
}

static bool fill_bwd(op_case *c, test_random *random) {
    const activation_desc *d = &c->desc.activation;
    assert_int_equal(activation_is_from_y(d->activation), reference_activation_from_y(d->activation));
    const double *from = random_arguments(c, ACTIVATION_BWD_FROM, d->count, random);
    const double *dy = case_random(c, ACTIVATION_BWD_DY, d->count, 1, random);
    reference_activation_bwd(d, from, dy, output_of(c, ACTIVATION_BWD_DX, ACTIVATION_BWD_DY));
    return true;
}

const op_suite suite_activation_fwd = {OP_activation_fwd, FIXED *KINDS, describe, fill_fwd};
const op_suite suite_activation_bwd = {OP_activation_bwd, FIXED *KINDS, describe, fill_bwd};
