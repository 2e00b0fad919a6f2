#include "app/figures/axis.h"

#include "base/decimal.h"

#include <math.h>
#include <stdio.h>

axis axis_empty(bool log) {
    return (axis){.log = log, .low = INFINITY, .high = -INFINITY};
}

/* Beyond, differences of two values could overflow. */
#define MAX_MAGNITUDE 1e300

bool axis_can_show(const axis *a, double value) {
    return isfinite(value) && fabs(value) < MAX_MAGNITUDE && (!a->log || value > 1 / MAX_MAGNITUDE);
}

void axis_include(axis *a, double value) {
    if (!axis_can_show(a, value)) return;
    if (value < a->low) a->low = value;
    if (value > a->high) a->high = value;
}

void axis_close_range(axis *a, double margin) {
    if (a->low > a->high) {
        a->low = a->log ? 0.1 : 0;
        a->high = 1;
    }
    if (a->log) {
        double low = log10(a->low), high = log10(a->high);
        double pad = high - low > 1e-3 ? margin * (high - low) : 0.5;
        a->low = pow(10, low - pad);
        a->high = pow(10, high + pad);
        return;
    }
    double magnitude = fmax(fabs(a->low), fabs(a->high)), length = a->high - a->low;
    double pad = length > 1e-9 * magnitude ? margin * length : magnitude > 0 ? 0.5 * magnitude : 0.5;
    a->low -= pad;
    a->high += pad;
}

static void add_tick(axis *a, double value, const char *format, int decimals) {
    if (a->tick_count == AXIS_MAX_TICKS) return;
    axis_tick *tick = &a->ticks[a->tick_count++];
    tick->value = value;
    decimal_print(tick->label, sizeof tick->label, format, decimals, value);
}

static double nice_step(double rough) {
    double power = pow(10, floor(log10(rough))), digits = rough / power;
    return power * (digits < 1.5 ? 1 : digits < 3.5 ? 2 : digits < 7.5 ? 5 : 10);
}

static void linear_ticks(axis *a, double target) {
    double step = nice_step((a->high - a->low) / target);
    if (a->whole && step < 1) step = 1;
    int decimals = (int)-floor(log10(step) + 1e-9);
    double magnitude = fmax(fabs(a->low), fabs(a->high));
    bool plain = decimals <= 6 && magnitude < 1e7;
    int precision = plain ? (decimals > 0 ? decimals : 0) : (int)ceil(log10(magnitude / step)) + 1;
    for (double i = ceil(a->low / step - 1e-9); i <= a->high / step + 1e-9 && a->tick_count < AXIS_MAX_TICKS; i++)
        add_tick(a, i == 0 ? 0 : i * step, plain ? "%.*f" : "%.*g", precision);
}

static void log_ticks(axis *a, double target) {
    double decades = log10(a->high / a->low);
    if (decades < 1) {
        linear_ticks(a, target);
        return;
    }
    int stride = (int)ceil(decades / target);
    static const double digits[] = {1, 2, 5};
    size_t digit_count = decades < 0.5 * target ? 3 : 1;
    int first = (int)floor(log10(a->low)), last = (int)ceil(log10(a->high));
    for (int power = first; power <= last; power++) {
        if (power % stride != 0) continue;
        for (size_t k = 0; k < digit_count; k++) {
            double value = digits[k] * pow(10, power);
            if (value >= a->low * (1 - 1e-9) && value <= a->high * (1 + 1e-9)) add_tick(a, value, "%.*g", 6);
        }
    }
}

void axis_choose_ticks(axis *a, double target) {
    a->tick_count = 0;
    if (a->log)
        log_ticks(a, target);
    else
        linear_ticks(a, target);
}

double axis_pixel(const axis *a, double value) {
    double share = a->log ? log(value / a->low) / log(a->high / a->low) : (value - a->low) / (a->high - a->low);
    return a->start_pixel + share * (a->end_pixel - a->start_pixel);
}
