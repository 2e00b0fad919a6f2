/* Where the tensors of the arena lie. */
#include "base/memory.h"
#include "graph/plan.h"

#include <stdlib.h>

typedef struct life {
    int tensor;
    size_t first, last;    /* nodes */
    size_t offset, floats; /* floats are rounded up to whole cache lines */
} life;

static size_t collect_lives(const plan_builder *builder, life *lives) {
    size_t count = 0;
    for (size_t t = 0; t < builder->tensor_count; t++) {
        const plan_tensor *tensor = &builder->tensors[t];
        if (tensor->kind != TENSOR_ARENA) continue;
        life l = {.tensor = (int)t, .first = builder->node_count};
        bool used = false;
        for (size_t i = 0; i < builder->node_count; i++)
            for (int k = 0; k < OP_MAX_OPERANDS; k++) {
                if (builder->nodes[i].operand[k] != (int)t) continue;
                if (i < l.first) l.first = i;
                l.last = i;
                used = true;
            }
        if (!used) continue;
        if (tensor->is_input) l.first = 0;
        if (tensor->is_output) l.last = builder->node_count;
        const size_t line = MEMORY_ALIGNMENT / sizeof(float);
        l.floats = (tensor->count + line - 1) / line * line;
        lives[count++] = l;
    }
    return count;
}

static int larger_first(const void *a, const void *b) {
    const life *x = a, *y = b;
    if (x->floats != y->floats) return x->floats < y->floats ? 1 : -1;
    return x->tensor - y->tensor;
}

/* The lowest place where `lives[index]` overlaps none of those before it that live at the same time. */
static size_t lowest_place(const life *lives, size_t index) {
    const life *l = &lives[index];
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < index; i++) {
            const life *other = &lives[i];
            const bool same_time = other->first <= l->last && l->first <= other->last;
            const bool same_place = offset < other->offset + other->floats && other->offset < offset + l->floats;
            if (!same_time || !same_place) continue;
            offset = other->offset + other->floats;
            moved = true;
        }
    }
    return offset;
}

clae_status plan_place_tensors(const clae_context *context, plan_builder *builder, size_t *arena_floats) {
    const size_t bytes = (builder->tensor_count + 1) * sizeof(life);
    life *lives = malloc(bytes);
    if (!lives) return fail_memory(context, bytes, "the plan");
    const size_t count = collect_lives(builder, lives);
    qsort(lives, count, sizeof *lives, larger_first);
    *arena_floats = 0;
    for (size_t i = 0; i < count; i++) {
        lives[i].offset = lowest_place(lives, i);
        builder->tensors[lives[i].tensor].offset = lives[i].offset;
        const size_t end = lives[i].offset + lives[i].floats;
        if (end > *arena_floats) *arena_floats = end;
    }
    free(lives);
    return CLAE_OK;
}
