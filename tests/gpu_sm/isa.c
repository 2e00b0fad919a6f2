#include "execute.h"

#include <string.h>

static const struct isa_row {
    const char *name;
    pipe pipe;
    execute *execute;
} rows[] = {
#define INSTRUCTION(NAME, PIPE, FUNCTION) {#NAME, PIPE_##PIPE, execute_##FUNCTION},
#include "isa.def"
#undef INSTRUCTION
};

void isa_find(instruction *i) {
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (strcmp(rows[k].name, i->name) != 0) continue;
        i->pipe = rows[k].pipe;
        i->execute = rows[k].execute;
        if (i->execute == execute_unknown) i->unknown = i->name;
        return;
    }
    i->pipe = PIPE_ALU;
    i->execute = execute_unknown;
    i->unknown = i->name;
}
