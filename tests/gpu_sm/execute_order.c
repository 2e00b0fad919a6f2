/* What comes next, and what lanes tell each other. */
#include "execute.h"
#include "operands.h"

void execute_nop(warp *w, const instruction *i, uint32_t active) {
    (void)w, (void)i, (void)active;
}

/* Results are zeros that count as data. */
void execute_unknown(warp *w, const instruction *i, uint32_t active) {
    const lanes zero = {0};
    if (!i->count) return;
    write_register(w, &i->operand[0], 0, active, zero, UINT32_MAX);
    write_predicate(w, &i->operand[0], active, 0, UINT32_MAX);
}

static const operand *operand_of(const instruction *i, operand_kind kind) {
    for (int k = 0; k < i->count; k++)
        if (i->operand[k].kind == kind) return &i->operand[k];
    return NULL;
}

/* Predicates before what it is about narrow the lanes further. */
static uint32_t narrowed(const warp *w, const instruction *i, uint32_t active) {
    for (int k = 0; k < i->count && operand_is_predicate(&i->operand[k]); k++)
        active &= operand_predicate(w, &i->operand[k]);
    return active;
}

void execute_bra(warp *w, const instruction *i, uint32_t active) {
    const operand *target = operand_of(i, OPERAND_TARGET);
    if (target) warp_branch(w, narrowed(w, i, active), target->index);
}

void execute_bssy(warp *w, const instruction *i, uint32_t active) {
    const operand *barrier = operand_of(i, OPERAND_BARRIER);
    if (barrier) w->barriers[barrier->index] = active;
}

void execute_bsync(warp *w, const instruction *i, uint32_t active) {
    const operand *barrier = operand_of(i, OPERAND_BARRIER);
    if (barrier) warp_wait(w, active, barrier->index);
}

void execute_break(warp *w, const instruction *i, uint32_t active) {
    const operand *barrier = operand_of(i, OPERAND_BARRIER);
    if (barrier) warp_leave(w, narrowed(w, i, active), barrier->index);
}

void execute_exit(warp *w, const instruction *i, uint32_t active) {
    warp_exit(w, narrowed(w, i, active));
}

void execute_call(warp *w, const instruction *i, uint32_t active) {
    const operand *target = operand_of(i, OPERAND_TARGET);
    if (target) warp_branch(w, active, target->index);
}

/* To an address within the kernel's section. */
void execute_ret(warp *w, const instruction *i, uint32_t active) {
    const uint32_t address = operand_scalar(w, &i->operand[0]);
    for (int k = 0; k < w->program->count; k++)
        if (w->program->instructions[k].address == address) {
            warp_branch(w, active, k);
            return;
        }
    warp_exit(w, active);
}

void execute_bmov(warp *w, const instruction *i, uint32_t active) {
    const operand *to = &i->operand[0], *from = &i->operand[1];
    lanes values;
    if (to->kind == OPERAND_BARRIER) {
        w->barriers[to->index] = operand_scalar(w, from);
        return;
    }
    if (from->kind != OPERAND_BARRIER) return;
    EACH_LANE(lane) values[lane] = w->barriers[from->index];
    write_register(w, to, 0, active, values, 0);
    if (has(i, MODIFIER(CLEAR))) w->barriers[from->index] = 0;
}

/* The multiprocessor holds the warp. */
void execute_bar(warp *w, const instruction *i, uint32_t active) {
    (void)w, (void)i, (void)active;
}

static int other_lane(const instruction *i, int lane, uint32_t by, uint32_t clamp, bool *inside) {
    const int segment = (int)(clamp >> 8 & 31), least = lane & segment, most = least | ((int)clamp & 31 & ~segment);
    const int other = has(i, MODIFIER(UP))     ? lane - (int)by
                      : has(i, MODIFIER(DOWN)) ? lane + (int)by
                      : has(i, MODIFIER(BFLY)) ? lane ^ (int)by
                                               : least | ((int)by & ~segment);
    *inside = has(i, MODIFIER(UP)) ? other >= most : other <= most;
    return *inside ? other & 31 : lane;
}

/* SHFL d-predicate, d, a, lane, clamp */
void execute_shfl(warp *w, const instruction *i, uint32_t active) {
    const uint32_t is_data = operands_are_data(w, i, 2);
    lanes a, by, clamp, result;
    uint32_t all_inside = 0;
    operand_bits(w, &i->operand[2], 0, a);
    operand_integer(w, &i->operand[3], by);
    operand_integer(w, &i->operand[4], clamp);
    EACH_LANE(lane) {
        bool inside;
        result[lane] = a[other_lane(i, lane, by[lane], clamp[lane], &inside)];
        all_inside |= (uint32_t)inside << lane;
    }
    write_register(w, &i->operand[1], 0, active, result, is_data);
    write_predicate(w, &i->operand[0], active, all_inside, 0);
}

/* VOTE.ANY d, d-predicate, predicate; either result may be left out. */
void execute_vote(warp *w, const instruction *i, uint32_t active) {
    const uint32_t votes = operand_predicate(w, &i->operand[i->count - 1]) & active;
    const uint32_t is_data = operands_are_data(w, i, i->count - 1);
    const bool result = has(i, MODIFIER(ANY))   ? votes != 0
                        : has(i, MODIFIER(ALL)) ? votes == active
                                                : votes == active || !votes;
    lanes values;
    EACH_LANE(lane) values[lane] = votes;
    for (int k = 0; k < i->count - 1; k++) {
        write_register(w, &i->operand[k], 0, active, values, is_data);
        write_predicate(w, &i->operand[k], active, result ? UINT32_MAX : 0, is_data);
    }
}
