/* Programs as lines of text: stall, scoreboards, guard, name, modifiers, operands. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const modifier_names[] = {
#define MODIFIER_NAME(NAME) #NAME,
    MODIFIERS(MODIFIER_NAME)};

static uint64_t modifiers_of(char *words) {
    uint64_t all = 0;
    for (char *word = strtok(words, "."); word; word = strtok(NULL, "."))
        for (int i = 0; i < MODIFIER_COUNT; i++)
            if (strcmp(word, modifier_names[i]) == 0) all |= (uint64_t)1 << i;
    return all;
}

static uint32_t constant_word(const program *p, int bank, uint32_t offset) {
    uint32_t word = 0;
    if (bank < CONSTANT_BANKS && offset <= CONSTANT_BYTES - sizeof word)
        memcpy(&word, p->constant[bank] + offset, sizeof word);
    return word;
}

static bool read_memory(operand *o, const char *text) {
    int wide = 0;
    if (sscanf(text, "%d:%d:%u:%d:%u", &o->index, &o->uniform, &o->offset, &wide, &o->scale) != 5) return false;
    o->is_wide = wide;
    return true;
}

static bool read_constant(const program *p, operand *o, const char *text) {
    if (sscanf(text, "%d:%d:%u", &o->uniform, &o->index, &o->offset) != 3) return false;
    if (o->index >= 0) return true;
    o->kind = OPERAND_VALUE;
    o->low = constant_word(p, o->uniform, o->offset);
    o->high = constant_word(p, o->uniform, o->offset + 4);
    return true;
}

static bool read_value(operand *o, const char *text) {
    o->low = (uint32_t)strtoul(text, NULL, 10);
    o->high = o->low >> 31 ? UINT32_MAX : 0;
    return true;
}

static const char *read_signs(operand *o, const char *text) {
    for (;; text++) {
        if (*text == '-')
            o->negate = true;
        else if (*text == '~' || *text == '!')
            o->invert = true;
        else if (*text == '|')
            o->magnitude = true;
        else
            return text;
    }
}

static bool read_operand(const program *p, operand *o, const char *text) {
    static const char letters[] = "rupqimcsbtP";
    text = read_signs(o, text);
    const char *letter = strchr(letters, *text);
    if (!*text || !letter) return false;
    o->kind = (operand_kind)(letter - letters);
    o->index = o->uniform = -1;
    if (o->kind == OPERAND_MEMORY) return read_memory(o, text + 1);
    if (o->kind == OPERAND_CONSTANT) return read_constant(p, o, text + 1);
    if (o->kind == OPERAND_VALUE) return read_value(o, text + 1);
    o->index = atoi(text + 1);
    return true;
}

/* "4 7 7 0 p7 FFMA FTZ.RN 128 r1 r2 r3 -r4": the guard is !p7 or !q7 where it is negative. */
static bool read_line(const program *p, instruction *i, char *line) {
    char guard[8], modifiers[64];
    int used = 0;
    if (sscanf(line, "%d %d %d %d %7s %23s %63s %lu%n", &i->stall, &i->write, &i->read, &i->wait, guard, i->name,
               modifiers, &i->address, &used) != 8)
        return false;
    operand at = {0};
    if (!read_operand(p, &at, guard)) return false;
    i->guard = at.index;
    i->guard_is_negative = at.invert;
    i->guard_is_uniform = at.kind == OPERAND_UNIFORM_PREDICATE;
    i->modifiers = modifiers_of(modifiers);
    for (char *word = strtok(line + used, " \n"); word; word = strtok(NULL, " \n")) {
        if (i->count == MOST_OPERANDS || !read_operand(p, &i->operand[i->count++], word)) return false;
    }
    isa_find(i);
    return true;
}

bool program_read(program *p, int count) {
    static char line[1024];
    p->instructions = calloc((size_t)count + 1, sizeof *p->instructions);
    p->count = count;
    for (int i = 0; i < count && p->instructions; i++) {
        if (fgets(line, sizeof line, stdin) && read_line(p, &p->instructions[i], line)) continue;
        fprintf(stderr, "gpu_sm: instruction %d is not understood: %s\n", i, line);
        return false;
    }
    return p->instructions != NULL;
}

void program_release(program *p) {
    free(p->instructions);
}
