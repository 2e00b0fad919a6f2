/* Memory. What work-items share is kept; global memory holds zeros, and what comes from there is data. */
#include "execute.h"
#include "operands.h"

static int bytes_of(const instruction *i) {
    if (has(i, MODIFIER(128))) return 16;
    if (has(i, MODIFIER(64))) return 8;
    if (has(i, MODIFIER(U16) | MODIFIER(S16))) return 2;
    return has(i, MODIFIER(U8) | MODIFIER(S8)) ? 1 : 4;
}

static void addresses(const warp *w, const operand *o, uint64_t out[LANES]) {
    uint64_t base = (uint64_t)(int64_t)(int32_t)o->offset;
    if (o->uniform >= 0 && o->uniform < UNIFORMS - 1) base += w->uniforms[o->uniform];
    EACH_LANE(lane) {
        uint64_t address = 0;
        if (o->index >= 0 && o->index < REGISTERS - 1) {
            address = w->registers[o->index][lane];
            if (o->is_wide) address |= (uint64_t)w->registers[o->index + 1][lane] << 32;
        }
        out[lane] = address * o->scale + base;
    }
}

static void note(warp *w, const instruction *i, const operand *memory, uint32_t active, bool is_store) {
    w->access.active = active;
    w->access.bytes = (uint32_t)bytes_of(i);
    w->access.is_store = is_store;
    addresses(w, memory, w->access.address);
}

/* The operand in brackets; those before it are results. */
static int memory_place(const instruction *i) {
    int k = 0;
    while (k < i->count - 1 && i->operand[k].kind != OPERAND_MEMORY) k++;
    return k;
}

static int words_of(const warp *w) {
    return w->access.bytes > 4 ? (int)w->access.bytes / 4 : 1;
}

void execute_global_load(warp *w, const instruction *i, uint32_t active) {
    const lanes zero = {0};
    note(w, i, &i->operand[memory_place(i)], active, false);
    for (int word = 0; word < words_of(w); word++)
        write_register(w, &i->operand[memory_place(i) - 1], word, active, zero, UINT32_MAX);
}

void execute_global_store(warp *w, const instruction *i, uint32_t active) {
    const int place = memory_place(i);
    lanes values;
    note(w, i, &i->operand[place], active, true);
    if (!w->on_store) return;
    operand_bits(w, &i->operand[place + 1], 0, values);
    w->on_store(w, values);
}

/* Addresses wrap at what a multiprocessor has, and may have the number of the work-group's cluster above. */
static uint8_t *shared_at(const warp *w, uint64_t address, uint32_t bytes) {
    const uint32_t place = (uint32_t)address & 0xffffff;
    return place + bytes <= w->group->bytes ? w->group->shared + place : NULL;
}

static bool *is_data_there(const warp *w, const uint8_t *at) {
    return w->group->shared_is_data + (at - w->group->shared) / 4;
}

static uint32_t part_of_word(const instruction *i, const uint8_t *at) {
    uint32_t word = 0;
    const int bytes = bytes_of(i);
    memcpy(&word, at, (size_t)(bytes < 4 ? bytes : 4));
    if (has(i, MODIFIER(S8))) return (uint32_t)(int8_t)word;
    if (has(i, MODIFIER(S16))) return (uint32_t)(int16_t)word;
    return word;
}

void execute_shared_load(warp *w, const instruction *i, uint32_t active) {
    const int place = memory_place(i);
    note(w, i, &i->operand[place], active, false);
    for (int word = 0; word < words_of(w); word++) {
        lanes values = {0};
        uint32_t is_data = 0;
        EACH_LANE(lane) {
            if (!(active >> lane & 1)) continue;
            const uint8_t *at = shared_at(w, w->access.address[lane] + 4 * (uint64_t)word, w->access.bytes < 4 ? 1 : 4);
            if (!at) continue;
            values[lane] = part_of_word(i, at);
            is_data |= (uint32_t)*is_data_there(w, at) << lane;
        }
        write_register(w, &i->operand[place - 1], word, active, values, is_data);
    }
}

void execute_shared_store(warp *w, const instruction *i, uint32_t active) {
    const int place = memory_place(i);
    const operand *source = &i->operand[place + 1];
    const uint32_t is_data = operands_are_data(w, i, place + 1);
    note(w, i, &i->operand[place], active, true);
    for (int word = 0; word < words_of(w); word++) {
        const uint32_t bytes = w->access.bytes < 4 ? w->access.bytes : 4;
        lanes values;
        operand_bits(w, source, word, values);
        EACH_LANE(lane) {
            uint8_t *at = active >> lane & 1 ? shared_at(w, w->access.address[lane] + 4 * (uint64_t)word, bytes) : NULL;
            if (!at) continue;
            memcpy(at, &values[lane], bytes);
            *is_data_there(w, at) = is_data >> lane & 1;
        }
    }
}

/* Rows of matrices, which are data: 16 bytes from each address; .4 of them by all lanes. */
void execute_matrix_load(warp *w, const instruction *i, uint32_t active) {
    const lanes zero = {0};
    const int place = memory_place(i);
    note(w, i, &i->operand[place], active, false);
    w->access.bytes = 16;
    for (int word = 0; word < 4; word++) write_register(w, &i->operand[place - 1], word, active, zero, UINT32_MAX);
}

/* From global to shared memory without a register between. */
void execute_copy(warp *w, const instruction *i, uint32_t active) {
    note(w, i, &i->operand[i->count - 1], active, false);
}

static uint8_t *stack_at(const warp *w, int lane, uint32_t bytes) {
    const uint64_t place = w->access.address[lane];
    return w->local && place + bytes <= LOCAL_BYTES ? w->local[lane] + place : NULL;
}

static void local_words(warp *w, const instruction *i, uint32_t active, bool is_store, const operand *o) {
    for (int word = 0; word < words_of(w); word++) {
        lanes values = {0};
        if (is_store) operand_bits(w, o, word, values);
        EACH_LANE(lane) {
            uint8_t *at = active >> lane & 1 ? stack_at(w, lane, 4 * (uint32_t)words_of(w)) : NULL;
            if (!at) continue;
            if (is_store)
                memcpy(at + 4 * word, &values[lane], 4);
            else
                values[lane] = part_of_word(i, at + 4 * word);
        }
        if (!is_store) write_register(w, o, word, active, values, 0);
    }
}

/* A stack of each item's own, which lies interleaved in global memory. */
static void spread_stack(warp *w) {
    EACH_LANE(lane) w->access.address[lane] = w->access.address[lane] * LANES + (uint64_t)lane * w->access.bytes;
}

void execute_local_load(warp *w, const instruction *i, uint32_t active) {
    const int place = memory_place(i);
    note(w, i, &i->operand[place], active, false);
    local_words(w, i, active, false, &i->operand[place - 1]);
    spread_stack(w);
}

void execute_local_store(warp *w, const instruction *i, uint32_t active) {
    const int place = memory_place(i);
    note(w, i, &i->operand[place], active, true);
    local_words(w, i, active, true, &i->operand[place + 1]);
    spread_stack(w);
}
