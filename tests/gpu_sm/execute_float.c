/* Floats. What hardware approximates is rounded correctly here; modes of rounding are those that divisions rest on. */
#include "execute.h"
#include "operands.h"

#include <math.h>

static void write_float(warp *w, const instruction *i, uint32_t active, float values[LANES]) {
    lanes bits;
    if (has(i, MODIFIER(SAT))) EACH_LANE(lane) values[lane] = fminf(fmaxf(values[lane], 0), 1);
    memcpy(bits, values, sizeof bits);
    write_register(w, &i->operand[0], 0, active, bits, operands_are_data(w, i, 1));
}

void execute_ffma(warp *w, const instruction *i, uint32_t active) {
    float a[LANES], b[LANES], c[LANES];
    operand_float(w, &i->operand[1], a);
    operand_float(w, &i->operand[2], b);
    operand_float(w, &i->operand[3], c);
    EACH_LANE(lane) c[lane] = (float)((double)a[lane] * b[lane] + c[lane]);
    write_float(w, i, active, c);
}

void execute_fadd(warp *w, const instruction *i, uint32_t active) {
    float a[LANES], b[LANES];
    operand_float(w, &i->operand[1], a);
    operand_float(w, &i->operand[2], b);
    EACH_LANE(lane) a[lane] += b[lane];
    write_float(w, i, active, a);
}

void execute_fmul(warp *w, const instruction *i, uint32_t active) {
    float a[LANES], b[LANES];
    operand_float(w, &i->operand[1], a);
    operand_float(w, &i->operand[2], b);
    EACH_LANE(lane) a[lane] *= b[lane];
    write_float(w, i, active, a);
}

void execute_fsel(warp *w, const instruction *i, uint32_t active) {
    const uint32_t first = operand_predicate(w, &i->operand[3]);
    float a[LANES], b[LANES];
    operand_float(w, &i->operand[1], a);
    operand_float(w, &i->operand[2], b);
    EACH_LANE(lane) a[lane] = first >> lane & 1 ? a[lane] : b[lane];
    write_float(w, i, active, a);
}

/* Those of a U are true where one is not a number. */
static bool compare_floats(const instruction *i, float a, float b) {
    const bool unordered = isnan(a) || isnan(b);
    if (has(i, MODIFIER(NUM))) return !unordered;
    if (has(i, MODIFIER(NAN))) return unordered;
    if (has(i, MODIFIER(LT) | MODIFIER(LTU))) return unordered ? has(i, MODIFIER(LTU)) : a < b;
    if (has(i, MODIFIER(LE) | MODIFIER(LEU))) return unordered ? has(i, MODIFIER(LEU)) : a <= b;
    if (has(i, MODIFIER(GT) | MODIFIER(GTU))) return unordered ? has(i, MODIFIER(GTU)) : a > b;
    if (has(i, MODIFIER(GE) | MODIFIER(GEU))) return unordered ? has(i, MODIFIER(GEU)) : a >= b;
    if (has(i, MODIFIER(EQ) | MODIFIER(EQU))) return unordered ? has(i, MODIFIER(EQU)) : a == b;
    return unordered ? has(i, MODIFIER(NEU)) : a != b;
}

void execute_fsetp(warp *w, const instruction *i, uint32_t active) {
    const uint32_t with = i->count > 4 ? operand_predicate(w, &i->operand[4]) : UINT32_MAX;
    const uint32_t is_data = operands_are_data(w, i, 2);
    float a[LANES], b[LANES];
    uint32_t result = 0, other;
    operand_float(w, &i->operand[2], a);
    operand_float(w, &i->operand[3], b);
    EACH_LANE(lane) result |= (uint32_t)compare_floats(i, a[lane], b[lane]) << lane;
    other = ~result;
    if (has(i, MODIFIER(OR)))
        result |= with, other |= with;
    else if (has(i, MODIFIER(XOR)))
        result ^= with, other ^= with;
    else
        result &= with, other &= with;
    write_predicate(w, &i->operand[0], active, result, is_data);
    write_predicate(w, &i->operand[1], active, other, is_data);
}

void execute_fmnmx(warp *w, const instruction *i, uint32_t active) {
    const uint32_t least = operand_predicate(w, &i->operand[3]);
    float a[LANES], b[LANES];
    operand_float(w, &i->operand[1], a);
    operand_float(w, &i->operand[2], b);
    EACH_LANE(lane) a[lane] = least >> lane & 1 ? fminf(a[lane], b[lane]) : fmaxf(a[lane], b[lane]);
    write_float(w, i, active, a);
}

static float special(const instruction *i, float x) {
    if (has(i, MODIFIER(RCP))) return 1 / x;
    if (has(i, MODIFIER(RSQ))) return (float)(1 / sqrt((double)x));
    if (has(i, MODIFIER(SQRT))) return sqrtf(x);
    if (has(i, MODIFIER(EX2))) return exp2f(x);
    if (has(i, MODIFIER(LG2))) return log2f(x);
    if (has(i, MODIFIER(SIN))) return sinf(x);
    if (has(i, MODIFIER(COS))) return cosf(x);
    return 0;
}

void execute_mufu(warp *w, const instruction *i, uint32_t active) {
    float a[LANES];
    operand_float(w, &i->operand[1], a);
    EACH_LANE(lane) a[lane] = special(i, a[lane]);
    write_float(w, i, active, a);
}

static float rounded(const instruction *i, long double exact) {
    const float nearest = (float)exact;
    if (has(i, MODIFIER(RP)) && (long double)nearest < exact) return nextafterf(nearest, INFINITY);
    if (has(i, MODIFIER(RM)) && (long double)nearest > exact) return nextafterf(nearest, -INFINITY);
    if (has(i, MODIFIER(RZ)) && fabsl((long double)nearest) > fabsl(exact)) return nextafterf(nearest, 0);
    return nearest;
}

void execute_i2f(warp *w, const instruction *i, uint32_t active) {
    const operand *source = &i->operand[i->count - 1];
    float result[LANES];
    uint64_t a[LANES];
    operand_long(w, source, a);
    EACH_LANE(lane) {
        const uint64_t x = a[lane];
        const long double exact = has(i, MODIFIER(U64))   ? (long double)x
                                  : has(i, MODIFIER(S64)) ? (long double)(int64_t)x
                                  : has(i, MODIFIER(U32)) ? (long double)(uint32_t)x
                                  : has(i, MODIFIER(U16)) ? (long double)(uint16_t)x
                                  : has(i, MODIFIER(S16)) ? (long double)(int16_t)x
                                  : has(i, MODIFIER(U8))  ? (long double)(uint8_t)x
                                  : has(i, MODIFIER(S8))  ? (long double)(int8_t)x
                                                          : (long double)(int32_t)x;
        result[lane] = rounded(i, exact);
    }
    write_float(w, i, active, result);
}

static float whole(const instruction *i, float x) {
    if (has(i, MODIFIER(TRUNC))) return truncf(x);
    if (has(i, MODIFIER(FLOOR))) return floorf(x);
    if (has(i, MODIFIER(CEIL))) return ceilf(x);
    return nearbyintf(x);
}

/* What is out of range becomes the end of it. */
static uint64_t to_integer(const instruction *i, float x) {
    const bool is_unsigned = has(i, MODIFIER(U32) | MODIFIER(U64)), is_long = has(i, MODIFIER(U64) | MODIFIER(S64));
    const float limit = is_long ? 0x1p63f : 0x1p31f, value = whole(i, x);
    if (isnan(x)) return 0;
    if (is_unsigned && value <= 0) return 0;
    if (is_unsigned) return value >= 2 * limit ? (is_long ? UINT64_MAX : UINT32_MAX) : (uint64_t)value;
    if (value >= limit) return is_long ? INT64_MAX : INT32_MAX;
    return value < -limit ? (uint64_t)(is_long ? INT64_MIN : INT32_MIN) : (uint64_t)(int64_t)value;
}

void execute_f2i(warp *w, const instruction *i, uint32_t active) {
    const uint32_t is_data = operands_are_data(w, i, 1);
    float a[LANES];
    lanes low, high;
    operand_float(w, &i->operand[1], a);
    EACH_LANE(lane) {
        const uint64_t value = to_integer(i, a[lane]);
        low[lane] = (uint32_t)value;
        high[lane] = (uint32_t)(value >> 32);
    }
    write_register(w, &i->operand[0], 0, active, low, is_data);
    if (has(i, MODIFIER(U64) | MODIFIER(S64))) write_register(w, &i->operand[0], 1, active, high, is_data);
}

void execute_frnd(warp *w, const instruction *i, uint32_t active) {
    float a[LANES];
    operand_float(w, &i->operand[1], a);
    EACH_LANE(lane) a[lane] = whole(i, a[lane]);
    write_float(w, i, active, a);
}

/* Whether a division takes the long way: seldom, for numbers that have to do with each other. */
void execute_fchk(warp *w, const instruction *i, uint32_t active) {
    write_predicate(w, &i->operand[0], active, 0, 0);
}

/* Products by a whole warp: what is in the registers does not matter. */
void execute_tensor(warp *w, const instruction *i, uint32_t active) {
    const lanes zero = {0};
    for (int word = 0; word < 4; word++) write_register(w, &i->operand[0], word, active, zero, UINT32_MAX);
}
