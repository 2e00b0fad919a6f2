#include "operands.h"

static void fill(lanes out, uint32_t value) {
    EACH_LANE(lane) out[lane] = value;
}

static uint32_t uniform(const warp *w, int index) {
    return index >= UNIFORMS - 1 ? 0 : w->uniforms[index];
}

static void indexed_constant(const warp *w, const operand *o, int word, lanes out) {
    const uint8_t *bank = w->program->constant[o->uniform < CONSTANT_BANKS ? o->uniform : 0];
    EACH_LANE(lane) {
        const uint32_t place = w->registers[o->index][lane] + o->offset + 4 * (uint32_t)word;
        out[lane] = 0;
        if (place <= CONSTANT_BYTES - sizeof *out) memcpy(&out[lane], bank + place, sizeof *out);
    }
}

void operand_bits(const warp *w, const operand *o, int word, lanes out) {
    switch (o->kind) {
    case OPERAND_REGISTER:
        if (o->index + word < REGISTERS - 1)
            memcpy(out, w->registers[o->index + word], sizeof(lanes));
        else
            fill(out, 0);
        return;
    case OPERAND_UNIFORM:
        fill(out, uniform(w, o->index == UNIFORMS - 1 ? o->index : o->index + word));
        return;
    case OPERAND_VALUE:
        fill(out, word ? o->high : o->low);
        return;
    case OPERAND_CONSTANT:
        indexed_constant(w, o, word, out);
        return;
    case OPERAND_PREDICATE:
    case OPERAND_UNIFORM_PREDICATE:
    case OPERAND_MEMORY:
    case OPERAND_SPECIAL:
    case OPERAND_BARRIER:
    case OPERAND_TARGET:
    case OPERAND_PREDICATES:
        break;
    }
    fill(out, 0);
}

void operand_integer(const warp *w, const operand *o, lanes out) {
    operand_bits(w, o, 0, out);
    if (o->magnitude) EACH_LANE(lane) out[lane] = out[lane] >> 31 ? 0 - out[lane] : out[lane];
    if (o->negate) EACH_LANE(lane) out[lane] = 0 - out[lane];
    if (o->invert) EACH_LANE(lane) out[lane] = ~out[lane];
}

void operand_float(const warp *w, const operand *o, float out[LANES]) {
    lanes bits;
    operand_bits(w, o, 0, bits);
    const uint32_t kept = o->magnitude ? 0x7fffffff : UINT32_MAX, turned = o->negate ? 0x80000000 : 0;
    EACH_LANE(lane) bits[lane] = (bits[lane] & kept) ^ turned;
    memcpy(out, bits, sizeof bits);
}

void operand_long(const warp *w, const operand *o, uint64_t out[LANES]) {
    lanes low, high;
    operand_bits(w, o, 0, low);
    operand_bits(w, o, 1, high);
    EACH_LANE(lane) {
        const uint64_t value = (uint64_t)high[lane] << 32 | low[lane];
        out[lane] = o->negate ? 0 - value : o->invert ? ~value : value;
    }
}

uint32_t operand_predicate(const warp *w, const operand *o) {
    const bool is_uniform = o->kind == OPERAND_UNIFORM_PREDICATE;
    const uint32_t all = is_uniform ? w->uniform_predicates[o->index] : w->predicates[o->index];
    return o->invert ? ~all : all;
}

bool operand_is_predicate(const operand *o) {
    return o->kind == OPERAND_PREDICATE || o->kind == OPERAND_UNIFORM_PREDICATE;
}

uint32_t operand_scalar(const warp *w, const operand *o) {
    lanes all;
    operand_integer(w, o, all);
    EACH_LANE(lane) if (w->running >> lane & 1) return all[lane];
    return all[0];
}

static uint32_t is_data(const warp *w, const operand *o) {
    switch (o->kind) {
    case OPERAND_REGISTER:
    case OPERAND_MEMORY:
        return o->index >= 0 ? w->register_is_data[o->index] : 0;
    case OPERAND_UNIFORM:
        return w->uniform_is_data[o->index];
    case OPERAND_PREDICATE:
        return w->predicate_is_data[o->index];
    case OPERAND_UNIFORM_PREDICATE:
        return w->uniform_predicate_is_data[o->index];
    case OPERAND_VALUE:
    case OPERAND_CONSTANT:
    case OPERAND_SPECIAL:
    case OPERAND_BARRIER:
    case OPERAND_TARGET:
    case OPERAND_PREDICATES:
        break;
    }
    return 0;
}

uint32_t operands_are_data(const warp *w, const instruction *i, int first) {
    uint32_t any = warp_guard_is_data(w, i);
    for (int k = first; k < i->count; k++) any |= is_data(w, &i->operand[k]);
    return any;
}

void write_register(warp *w, const operand *o, int word, uint32_t active, const lanes values, uint32_t is_data) {
    const int index = o->index + word;
    if (o->kind == OPERAND_UNIFORM) {
        if (index >= UNIFORMS - 1 || !active) return;
        EACH_LANE(lane) if (active >> lane & 1) w->uniforms[index] = values[lane];
        w->uniform_is_data[index] = is_data & active ? UINT32_MAX : 0;
        return;
    }
    if (o->kind != OPERAND_REGISTER || index >= REGISTERS - 1) return;
    if (active == UINT32_MAX)
        memcpy(w->registers[index], values, sizeof(lanes));
    else
        EACH_LANE(lane) if (active >> lane & 1) w->registers[index][lane] = values[lane];
    w->register_is_data[index] = (w->register_is_data[index] & ~active) | (is_data & active);
}

void write_predicate(warp *w, const operand *o, uint32_t active, uint32_t values, uint32_t is_data) {
    const bool is_uniform = o->kind == OPERAND_UNIFORM_PREDICATE;
    if (!operand_is_predicate(o) || o->index == PREDICATES - 1) return;
    uint32_t *const all = is_uniform ? w->uniform_predicates : w->predicates;
    uint32_t *const data = is_uniform ? w->uniform_predicate_is_data : w->predicate_is_data;
    if (is_uniform && active) {
        EACH_LANE(lane) if (active >> lane & 1) all[o->index] = values >> lane & 1 ? UINT32_MAX : 0;
    } else {
        all[o->index] = (all[o->index] & ~active) | (values & active);
    }
    data[o->index] = is_uniform ? (is_data & active ? UINT32_MAX : 0) : (data[o->index] & ~active) | (is_data & active);
}
