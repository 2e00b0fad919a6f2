#include "op_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKSPACE = LAYOUT_MAX_BUFFERS - 1, ALIGNMENT = 64, GUARD = 4 * ALIGNMENT };

static size_t round_up(size_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void fill_words(uint8_t *bytes, size_t size, uint32_t word) {
    for (size_t i = 0; i + sizeof word <= size; i += sizeof word) memcpy(bytes + i, &word, sizeof word);
}

/* Not a number, and another one at each place, so that a copied one is seen too. */
static void fill_guards(uint8_t *bytes, size_t size, int where) {
    for (size_t i = 0; i + sizeof(uint32_t) <= size; i += sizeof(uint32_t)) {
        const uint32_t word = 0x7fc00000 | (uint32_t)((i / sizeof word * 2654435761u + where * 40503u) >> 3 & 0x3fffff);
        memcpy(bytes + i, &word, sizeof word);
    }
}

/* Appends a place to a buffer, a guard band on both sides. */
static op_place place(op_layout *layout, int where, size_t bytes, test_random *random) {
    op_place p = {.buffer = where, .bytes = bytes};
    p.offset_bytes = layout->bytes[where] + GUARD + (size_t)ALIGNMENT * random_int(random, 0, 3);
    layout->bytes[where] = p.offset_bytes + round_up(bytes) + GUARD;
    return p;
}

static void place_operands(op_layout *layout, size_t workspace_bytes, test_random *random) {
    const bool together = random_int(random, 0, 1);
    for (int i = 0; i < OP_MAX_OPERANDS; i++) {
        const op_operand *o = &layout->c->operand[i];
        if (!o->count)
            layout->operand[i].buffer = -1;
        else if (o->in_place)
            layout->operand[i] = layout->operand[o->in_place - 1];
        else
            layout->operand[i] = place(layout, together ? 0 : i, o->count * o->element_bytes, random);
    }
    layout->workspace.buffer = -1;
    if (workspace_bytes) layout->workspace = place(layout, WORKSPACE, workspace_bytes, random);
}

bool op_layout_create(op_layout *layout, clae_device *device, const op_case *c, size_t workspace_bytes,
                      test_random *random) {
    memset(layout, 0, sizeof *layout);
    layout->c = c;
    place_operands(layout, workspace_bytes, random);
    for (int i = 0; i < LAYOUT_MAX_BUFFERS; i++) {
        if (!layout->bytes[i]) continue;
        if (buffer_create(device, layout->bytes[i], &layout->buffers[i]) != CLAE_OK) return false;
        layout->before[i] = malloc(layout->bytes[i]);
        layout->after[i] = malloc(layout->bytes[i]);
        if (!layout->before[i] || !layout->after[i]) return false;
        fill_guards(layout->before[i], layout->bytes[i], i);
    }
    for (int i = 0; i < OP_MAX_OPERANDS; i++) {
        const op_place *p = &layout->operand[i];
        if (p->buffer >= 0 && c->operand[i].before)
            memcpy(layout->before[p->buffer] + p->offset_bytes, c->operand[i].before, p->bytes);
    }
    return true;
}

void op_layout_free(op_layout *layout) {
    for (int i = 0; i < LAYOUT_MAX_BUFFERS; i++) {
        buffer_free(layout->buffers[i]);
        free(layout->before[i]);
        free(layout->after[i]);
    }
    memset(layout, 0, sizeof *layout);
}

bool op_layout_upload(op_layout *layout, uint32_t poison) {
    const op_place *w = &layout->workspace;
    if (w->buffer >= 0) fill_words(layout->before[WORKSPACE] + w->offset_bytes, w->bytes, poison);
    for (int i = 0; i < LAYOUT_MAX_BUFFERS; i++)
        if (layout->bytes[i] && buffer_upload(layout->buffers[i], 0, layout->before[i], layout->bytes[i]) != CLAE_OK)
            return false;
    return true;
}

bool op_layout_download(op_layout *layout) {
    for (int i = 0; i < LAYOUT_MAX_BUFFERS; i++)
        if (layout->bytes[i] && buffer_download(layout->buffers[i], 0, layout->after[i], layout->bytes[i]) != CLAE_OK)
            return false;
    return true;
}

static view view_of(const op_layout *layout, const op_place *p, size_t element_bytes) {
    if (p->buffer < 0) return (view){0};
    return (view){layout->buffers[p->buffer], p->offset_bytes / element_bytes};
}

void op_layout_views(const op_layout *layout, op_args *args) {
    for (int i = 0; i < OP_MAX_OPERANDS; i++)
        args->operand[i] = view_of(layout, &layout->operand[i],
                                   layout->c->operand[i].count ? layout->c->operand[i].element_bytes : sizeof(float));
    args->workspace = view_of(layout, &layout->workspace, sizeof(float));
}

const float *op_layout_result(const op_layout *layout, int operand) {
    const op_place *p = &layout->operand[operand];
    return (const float *)(layout->after[p->buffer] + p->offset_bytes);
}

/* The operand, or -1, that may change this byte; WORKSPACE for the workspace. */
static int writer_of(const op_layout *layout, int where, size_t byte) {
    const op_place *w = &layout->workspace;
    if (where == WORKSPACE && byte >= w->offset_bytes && byte < w->offset_bytes + w->bytes) return WORKSPACE;
    for (int i = 0; i < OP_MAX_OPERANDS; i++) {
        const op_place *p = &layout->operand[i];
        if (p->buffer == where && layout->c->operand[i].expected && byte >= p->offset_bytes &&
            byte < p->offset_bytes + p->bytes)
            return i;
    }
    return -1;
}

static int nearest_operand(const op_layout *layout, int where, size_t byte) {
    for (int i = 0; i < OP_MAX_OPERANDS; i++) {
        const op_place *p = &layout->operand[i];
        if (p->buffer == where && byte < p->offset_bytes + round_up(p->bytes) + GUARD) return i;
    }
    return WORKSPACE;
}

bool op_layout_damage(const op_layout *layout, char *text, size_t size) {
    for (int i = 0; i < LAYOUT_MAX_BUFFERS; i++) {
        if (!layout->bytes[i]) continue;
        for (size_t byte = 0; byte < layout->bytes[i]; byte++) {
            if (layout->before[i][byte] == layout->after[i][byte] || writer_of(layout, i, byte) >= 0) continue;
            int near = nearest_operand(layout, i, byte);
            const op_place *p = near == WORKSPACE ? &layout->workspace : &layout->operand[near];
            snprintf(text, size, "wrote where it must not: byte %lld of operand %d, which has %zu bytes%s",
                     (long long)byte - (long long)p->offset_bytes, near, p->bytes,
                     near == WORKSPACE ? " (the workspace)" : "");
            return true;
        }
    }
    return false;
}

static uint64_t hash_bytes(uint64_t hash, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

uint64_t op_layout_hash(const op_layout *layout) {
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < WORKSPACE; i++)
        if (layout->bytes[i]) hash = hash_bytes(hash, layout->after[i], layout->bytes[i]);
    return hash;
}

uint64_t op_layout_result_hash(const op_layout *layout) {
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < OP_MAX_OPERANDS; i++)
        if (layout->c->operand[i].expected)
            hash = hash_bytes(hash, (const uint8_t *)op_layout_result(layout, i), layout->operand[i].bytes);
    return hash;
}
