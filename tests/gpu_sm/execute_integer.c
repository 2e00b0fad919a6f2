/* Whole numbers and bits. */
#include "execute.h"
#include "operands.h"

/* Predicates that stand between the result and the first source: what is carried out. */
static int carries_out(const instruction *i) {
    int count = 0;
    while (1 + count < i->count && operand_is_predicate(&i->operand[1 + count])) count++;
    return count;
}

/* The predicates at the end: what is carried in, by lane. */
static void carries_in(const warp *w, const instruction *i, int first, lanes out) {
    memset(out, 0, sizeof(lanes));
    for (int k = first; k < i->count; k++) {
        const uint32_t carry = operand_is_predicate(&i->operand[k]) ? operand_predicate(w, &i->operand[k]) : 0;
        EACH_LANE(lane) out[lane] += carry >> lane & 1;
    }
}

static void write_long(warp *w, const instruction *i, uint32_t active, const uint64_t values[LANES], uint32_t is_data) {
    lanes low, high;
    EACH_LANE(lane) {
        low[lane] = (uint32_t)values[lane];
        high[lane] = (uint32_t)(values[lane] >> 32);
    }
    write_register(w, &i->operand[0], 0, active, low, is_data);
    write_register(w, &i->operand[0], 1, active, high, is_data);
}

static uint64_t product(const instruction *i, uint32_t a, uint32_t b) {
    if (has(i, MODIFIER(U32))) return (uint64_t)a * b;
    return (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
}

/* a b + c, of which c is of 64 bits where the product is. */
static void imad_wide(warp *w, const instruction *i, uint32_t active, const operand *source, uint32_t is_data) {
    lanes a, b, carry, high;
    uint64_t c[LANES];
    uint32_t over = 0;
    operand_integer(w, &source[0], a);
    operand_integer(w, &source[1], b);
    operand_long(w, &source[2], c);
    carries_in(w, i, (int)(source - i->operand) + 3, carry);
    EACH_LANE(lane) {
        const uint64_t whole = product(i, a[lane], b[lane]) + (has(i, MODIFIER(X)) ? carry[lane] : 0);
        c[lane] += whole;
        over |= (uint32_t)(c[lane] < whole) << lane;
        high[lane] = (uint32_t)(c[lane] >> 32);
    }
    if (has(i, MODIFIER(HI)))
        write_register(w, &i->operand[0], 0, active, high, is_data);
    else
        write_long(w, i, active, c, is_data);
    if (source > i->operand + 1) write_predicate(w, &i->operand[1], active, over, is_data);
}

void execute_imad(warp *w, const instruction *i, uint32_t active) {
    const int out = carries_out(i);
    const operand *source = i->operand + 1 + out;
    const uint32_t is_data = operands_are_data(w, i, 1 + out);
    lanes a, b, c, carry;
    if (has(i, MODIFIER(WIDE) | MODIFIER(HI))) {
        imad_wide(w, i, active, source, is_data);
        return;
    }
    operand_integer(w, &source[0], a);
    operand_integer(w, &source[1], b);
    operand_integer(w, &source[2], c);
    carries_in(w, i, (int)(source - i->operand) + 3, carry);
    EACH_LANE(lane) c[lane] += a[lane] * b[lane] + (has(i, MODIFIER(X)) ? carry[lane] : 0);
    write_register(w, &i->operand[0], 0, active, c, is_data);
}

/* A summand as the adder gets it: what is negated is inverted, and one more is carried. */
static void add_summand(const warp *w, const operand *o, uint64_t sum[LANES]) {
    operand plain = *o;
    lanes value;
    plain.negate = plain.invert = false;
    operand_integer(w, &plain, value);
    EACH_LANE(lane) sum[lane] += (o->negate || o->invert ? ~value[lane] : value[lane]) + (uint64_t)o->negate;
}

void execute_iadd3(warp *w, const instruction *i, uint32_t active) {
    const int out = carries_out(i);
    const operand *source = i->operand + 1 + out;
    const uint32_t is_data = operands_are_data(w, i, 1 + out);
    uint64_t sum[LANES] = {0};
    lanes carry, low;
    uint32_t over[2] = {0};
    for (int k = 0; k < 3; k++) add_summand(w, &source[k], sum);
    carries_in(w, i, out + 4, carry);
    EACH_LANE(lane) {
        sum[lane] += has(i, MODIFIER(X)) ? carry[lane] : 0;
        low[lane] = (uint32_t)sum[lane];
        over[0] |= (uint32_t)(sum[lane] >> 32 >= 1) << lane;
        over[1] |= (uint32_t)(sum[lane] >> 32 >= 2) << lane;
    }
    write_register(w, &i->operand[0], 0, active, low, is_data);
    for (int k = 0; k < out && k < 2; k++) write_predicate(w, &i->operand[1 + k], active, over[k], is_data);
}

void execute_viadd(warp *w, const instruction *i, uint32_t active) {
    lanes a, b;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], b);
    EACH_LANE(lane) a[lane] += b[lane];
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

/* The upper part of a shifted pair: a's, or that of a's sign. */
static void shifted_high(const warp *w, const instruction *i, const operand *source, unsigned shift, lanes out) {
    lanes a, above;
    operand_integer(w, &source[0], a);
    if (has(i, MODIFIER(SX32)))
        EACH_LANE(lane) above[lane] = a[lane] >> 31 ? UINT32_MAX : 0;
    else
        operand_integer(w, &source[2], above);
    EACH_LANE(lane) out[lane] = (uint32_t)(((uint64_t)above[lane] << 32 | a[lane]) << shift >> 32);
}

/* LEA d, a, b, shift; LEA.HI d, a, b, above, shift; of SX32 there is no `above`. */
void execute_lea(warp *w, const instruction *i, uint32_t active) {
    const int out = carries_out(i);
    const operand *source = i->operand + 1 + out;
    const bool is_high = has(i, MODIFIER(HI)), has_above = is_high && !has(i, MODIFIER(SX32));
    const uint32_t is_data = operands_are_data(w, i, 1 + out);
    const int last = has_above ? 3 : 2;
    const unsigned shift = source + last < i->operand + i->count ? source[last].low & 31 : 0;
    uint64_t sum[LANES] = {0};
    lanes shifted, carry, low;
    uint32_t over = 0;
    if (is_high) {
        shifted_high(w, i, source, shift, shifted);
    } else {
        operand_integer(w, &source[0], shifted);
        EACH_LANE(lane) shifted[lane] <<= shift;
    }
    add_summand(w, &source[1], sum);
    carries_in(w, i, (int)(source - i->operand) + last + 1, carry);
    EACH_LANE(lane) {
        sum[lane] += shifted[lane] + (uint64_t)(has(i, MODIFIER(X)) ? carry[lane] : 0);
        low[lane] = (uint32_t)sum[lane];
        over |= (uint32_t)(sum[lane] >> 32 >= 1) << lane;
    }
    write_register(w, &i->operand[0], 0, active, low, is_data);
    if (out) write_predicate(w, &i->operand[1], active, over, is_data);
}

static uint32_t by_table(uint32_t table, uint32_t a, uint32_t b, uint32_t c) {
    uint32_t result = 0;
    for (uint32_t k = 0; k < 8; k++)
        if (table >> k & 1) result |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
    return result;
}

void execute_lop3(warp *w, const instruction *i, uint32_t active) {
    const bool to_predicate = operand_is_predicate(&i->operand[0]);
    const operand *target = i->operand + to_predicate, *source = target + 1;
    const uint32_t is_data = operands_are_data(w, i, to_predicate + 1);
    lanes a, b, c;
    uint32_t any = 0;
    operand_integer(w, &source[0], a);
    operand_integer(w, &source[1], b);
    operand_integer(w, &source[2], c);
    EACH_LANE(lane) {
        c[lane] = by_table(source[3].low, a[lane], b[lane], c[lane]);
        any |= (uint32_t)(c[lane] != 0) << lane;
    }
    write_register(w, target, 0, active, c, is_data);
    if (to_predicate) write_predicate(w, &i->operand[0], active, any, is_data);
}

void execute_plop3(warp *w, const instruction *i, uint32_t active) {
    uint32_t source[3];
    const uint32_t is_data = operands_are_data(w, i, 2);
    for (int k = 0; k < 3; k++) source[k] = operand_predicate(w, &i->operand[2 + k]);
    for (int k = 0; k < 2 && 5 + k < i->count; k++)
        write_predicate(w, &i->operand[k], active, by_table(i->operand[5 + k].low, source[0], source[1], source[2]),
                        is_data);
}

static uint32_t funnel(const instruction *i, uint32_t low, uint32_t by, uint32_t high) {
    const bool is_long = has(i, MODIFIER(U64) | MODIFIER(S64));
    const uint32_t width = is_long ? 64 : 32;
    const uint32_t n = has(i, MODIFIER(W)) ? by % width : by > width ? width : by;
    const uint64_t pair = (uint64_t)high << 32 | low;
    uint64_t result;
    if (has(i, MODIFIER(L))) {
        result = n >= 64 ? 0 : pair << n;
    } else if (has(i, MODIFIER(S32) | MODIFIER(S64))) {
        result = (uint64_t)((int64_t)pair >> (n > 63 ? 63 : n));
    } else {
        result = n >= 64 ? 0 : pair >> n;
    }
    return has(i, MODIFIER(HI)) ? (uint32_t)(result >> 32) : (uint32_t)result;
}

void execute_shf(warp *w, const instruction *i, uint32_t active) {
    lanes low, by, high;
    operand_integer(w, &i->operand[1], low);
    operand_integer(w, &i->operand[2], by);
    operand_integer(w, &i->operand[3], high);
    EACH_LANE(lane) low[lane] = funnel(i, low[lane], by[lane], high[lane]);
    write_register(w, &i->operand[0], 0, active, low, operands_are_data(w, i, 1));
}

/* With what the lower 32 bits gave, `below`, where there are some. */
static bool compare(const instruction *i, uint32_t a, uint32_t b, bool below) {
    const bool is_signed = !has(i, MODIFIER(U32)), is_upper = has(i, MODIFIER(EX));
    const bool equal = a == b, less = is_signed ? (int32_t)a < (int32_t)b : a < b;
    if (has(i, MODIFIER(EQ))) return equal && (!is_upper || below);
    if (has(i, MODIFIER(NE))) return !equal || (is_upper && below);
    if (is_upper && equal) return below;
    if (has(i, MODIFIER(LT))) return less;
    if (has(i, MODIFIER(LE))) return less || equal;
    if (has(i, MODIFIER(GT))) return !less && !equal;
    return !less;
}

static uint32_t combine(const instruction *i, uint32_t a, uint32_t b) {
    return has(i, MODIFIER(OR)) ? a | b : has(i, MODIFIER(XOR)) ? a ^ b : a & b;
}

void execute_isetp(warp *w, const instruction *i, uint32_t active) {
    const uint32_t is_data = operands_are_data(w, i, 2);
    const uint32_t with = i->count > 4 ? operand_predicate(w, &i->operand[4]) : UINT32_MAX;
    const uint32_t below = i->count > 5 ? operand_predicate(w, &i->operand[5]) : 0;
    uint32_t result = 0;
    lanes a, b;
    operand_integer(w, &i->operand[2], a);
    operand_integer(w, &i->operand[3], b);
    EACH_LANE(lane) result |= (uint32_t)compare(i, a[lane], b[lane], below >> lane & 1) << lane;
    write_predicate(w, &i->operand[0], active, combine(i, result, with), is_data);
    write_predicate(w, &i->operand[1], active, combine(i, ~result, with), is_data);
}

void execute_sel(warp *w, const instruction *i, uint32_t active) {
    const uint32_t first = operand_predicate(w, &i->operand[3]);
    lanes a, b;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], b);
    EACH_LANE(lane) a[lane] = first >> lane & 1 ? a[lane] : b[lane];
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

static uint32_t permuted(uint32_t a, uint32_t selector, uint32_t c) {
    const uint64_t bytes = (uint64_t)c << 32 | a;
    uint32_t result = 0;
    for (unsigned k = 0; k < 4; k++) {
        const unsigned which = selector >> (4 * k) & 15;
        uint32_t byte = (uint32_t)(bytes >> (8 * (which & 7))) & 0xff;
        if (which & 8) byte = byte & 0x80 ? 0xff : 0;
        result |= byte << (8 * k);
    }
    return result;
}

void execute_prmt(warp *w, const instruction *i, uint32_t active) {
    lanes a, selector, c;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], selector);
    operand_integer(w, &i->operand[3], c);
    EACH_LANE(lane) a[lane] = permuted(a[lane], selector[lane], c[lane]);
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_sgxt(warp *w, const instruction *i, uint32_t active) {
    lanes a, bits;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], bits);
    EACH_LANE(lane) {
        const uint32_t n = bits[lane] > 31 ? 32 : bits[lane];
        const uint32_t kept = n == 32 ? UINT32_MAX : ((uint32_t)1 << n) - 1;
        const bool is_negative = !has(i, MODIFIER(U32)) && n > 0 && a[lane] >> (n - 1) & 1;
        a[lane] = is_negative ? a[lane] | ~kept : a[lane] & kept;
    }
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_iabs(warp *w, const instruction *i, uint32_t active) {
    lanes a;
    operand_integer(w, &i->operand[1], a);
    EACH_LANE(lane) a[lane] = a[lane] >> 31 ? 0 - a[lane] : a[lane];
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

/* The smaller one where the last predicate is true, otherwise the larger one. */
static void choose_end(const warp *w, const instruction *i, lanes a, const lanes b, int predicate) {
    const uint32_t least = operand_predicate(w, &i->operand[predicate]);
    EACH_LANE(lane) {
        const bool less = has(i, MODIFIER(U32)) ? a[lane] < b[lane] : (int32_t)a[lane] < (int32_t)b[lane];
        if (less != (least >> lane & 1)) a[lane] = b[lane];
    }
}

void execute_minmax(warp *w, const instruction *i, uint32_t active) {
    lanes a, b;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], b);
    choose_end(w, i, a, b, 3);
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_add_minmax(warp *w, const instruction *i, uint32_t active) {
    lanes a, b, c;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], b);
    operand_integer(w, &i->operand[3], c);
    EACH_LANE(lane) a[lane] += b[lane];
    choose_end(w, i, a, c, 4);
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_mov(warp *w, const instruction *i, uint32_t active) {
    lanes a;
    operand_integer(w, &i->operand[1], a);
    if (i->operand[0].kind == OPERAND_UNIFORM) EACH_LANE(lane) a[lane] = operand_scalar(w, &i->operand[1]);
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_bmsk(warp *w, const instruction *i, uint32_t active) {
    lanes a, b;
    operand_integer(w, &i->operand[1], a);
    operand_integer(w, &i->operand[2], b);
    EACH_LANE(lane) {
        const uint32_t from = a[lane] & 31, n = b[lane] > 31 ? 32 : b[lane];
        a[lane] = (n == 32 ? UINT32_MAX : ((uint32_t)1 << n) - 1) << from;
    }
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_popc(warp *w, const instruction *i, uint32_t active) {
    lanes a;
    operand_integer(w, &i->operand[1], a);
    EACH_LANE(lane) a[lane] = (uint32_t)__builtin_popcount(a[lane]);
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

void execute_flo(warp *w, const instruction *i, uint32_t active) {
    lanes a;
    operand_integer(w, &i->operand[1], a);
    EACH_LANE(lane) a[lane] = a[lane] ? 31 - (uint32_t)__builtin_clz(a[lane]) : UINT32_MAX;
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}

/* P2R d, PR, a, mask: a's other bits stay. */
void execute_p2r(warp *w, const instruction *i, uint32_t active) {
    const uint32_t mask = i->count > 3 ? i->operand[3].low : 0x7f;
    lanes a;
    uint32_t is_data = operands_are_data(w, i, 2);
    operand_integer(w, &i->operand[2], a);
    for (int k = 0; k < PREDICATES - 1; k++) {
        if (!(mask >> k & 1)) continue;
        is_data |= w->predicate_is_data[k];
        EACH_LANE(lane) a[lane] = (a[lane] & ~((uint32_t)1 << k)) | (w->predicates[k] >> lane & 1) << k;
    }
    write_register(w, &i->operand[0], 0, active, a, is_data);
}

void execute_r2p(warp *w, const instruction *i, uint32_t active) {
    const uint32_t mask = i->operand[2].low;
    const uint32_t is_data = operands_are_data(w, i, 1);
    lanes a;
    operand_integer(w, &i->operand[1], a);
    for (int k = 0; k < PREDICATES - 1; k++) {
        uint32_t values = 0;
        if (!(mask >> k & 1)) continue;
        EACH_LANE(lane) values |= (a[lane] >> k & 1) << lane;
        w->predicates[k] = (w->predicates[k] & ~active) | (values & active);
        w->predicate_is_data[k] = (w->predicate_is_data[k] & ~active) | (is_data & active);
    }
}

/* Numbered as sass.py does: items' places 0 to 2, groups' 3 to 5, the lane 6; all else is 0. */
void execute_s2r(warp *w, const instruction *i, uint32_t active) {
    const uint32_t *local = w->grid->local;
    const int which = i->operand[1].index;
    lanes a;
    EACH_LANE(lane) {
        const uint32_t item = w->first_item + (uint32_t)lane;
        const uint32_t place[] = {item % local[0], item / local[0] % local[1], item / local[0] / local[1]};
        a[lane] = which < 3 ? place[which] : which < 6 ? w->group->id[which - 3] : which == 6 ? (uint32_t)lane : 0;
    }
    write_register(w, &i->operand[0], 0, active, a, 0);
}

void execute_cs2r(warp *w, const instruction *i, uint32_t active) {
    const lanes zero = {0};
    write_register(w, &i->operand[0], 0, active, zero, 0);
    if (!has(i, MODIFIER(U32) | MODIFIER(S32))) write_register(w, &i->operand[0], 1, active, zero, 0);
}

void execute_ldc(warp *w, const instruction *i, uint32_t active) {
    const int words = has(i, MODIFIER(128)) ? 4 : has(i, MODIFIER(64)) ? 2 : 1;
    const uint32_t is_data = operands_are_data(w, i, 1);
    lanes a;
    for (int word = 0; word < words; word++) {
        operand_bits(w, &i->operand[1], word, a);
        write_register(w, &i->operand[0], word, active, a, is_data);
    }
}

/* HFMA2 d, -RZ, RZ, high, low: how compilers write a constant where the other pipes are busy. */
void execute_halves(warp *w, const instruction *i, uint32_t active) {
    lanes a;
    operand_bits(w, &i->operand[i->count - 1], 0, a);
    write_register(w, &i->operand[0], 0, active, a, operands_are_data(w, i, 1));
}
