/* The functions of plain C's formulas against the C library's in double precision. */
#include "plain/kernels/functions.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

/* Between one of the floats that are looked at and the next; odd, so that all last bits occur. */
enum { STRIDE = 509 };

static double ulp_of(double value) {
    int exponent;
    frexp(value, &exponent);
    return ldexp(1, (exponent < -125 ? -125 : exponent) - FLT_MANT_DIG);
}

static void check(const char *name, float (*function)(float), double (*truth)(double), float first, double bound) {
    double worst = 0;
    float worst_at = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += STRIDE) {
        const float x = float_of_bits((uint32_t)bits), got = function(x);
        if (!(x >= first)) continue;
        const double expected = truth((double)x);
        const bool overflows = expected > (double)FLT_MAX;
        const double error =
            overflows ? (got == INFINITY ? 0 : INFINITY) : fabs((double)got - expected) / ulp_of(expected);
        if (error > worst) worst = error, worst_at = x;
    }
    print_message("%s: %.3f units in the last place, at %a\n", name, worst, (double)worst_at);
    assert_true(worst <= bound);
    assert_true(isnan(function(NAN)));
}

static void exp_is_near(void **state) {
    (void)state;
    check("exp", plain_exp, exp, -INFINITY, PLAIN_EXP_ULP);
}

static void log1p_is_near(void **state) {
    (void)state;
    check("log1p", plain_log1p, log1p, 0, PLAIN_LOG1P_ULP);
}

static void tanh_is_near(void **state) {
    (void)state;
    check("tanh", plain_tanh, tanh, -INFINITY, PLAIN_TANH_ULP);
}

static void erf_is_near(void **state) {
    (void)state;
    check("erf", plain_erf, erf, -INFINITY, PLAIN_ERF_ULP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_near),
        cmocka_unit_test(log1p_is_near),
        cmocka_unit_test(tanh_is_near),
        cmocka_unit_test(erf_is_near),
    };
    return cmocka_run_group_tests_name("functions", tests, NULL, NULL);
}
