/* Programs of a multiprocessor as tools/gpu_model/sass.py writes them down, and the state of the warps that run them.
 */
#ifndef CLAE_TESTS_GPU_SM_MACHINE_H
#define CLAE_TESTS_GPU_SM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LANES = 32,
    REGISTERS = 256, /* the last is always 0 */
    UNIFORMS = 64,   /* likewise */
    PREDICATES = 8,  /* the last is always true */
    BARRIERS = 16,
    SCOREBOARDS = 6,
    MOST_OPERANDS = 10,
    CONSTANT_BANKS = 5,
    CONSTANT_BYTES = 1 << 16,
    LOCAL_BYTES = 1024, /* of an item's stack */
};

typedef enum operand_kind {
    OPERAND_REGISTER,
    OPERAND_UNIFORM,
    OPERAND_PREDICATE,
    OPERAND_UNIFORM_PREDICATE,
    OPERAND_VALUE, /* known beforehand: immediates and constants */
    OPERAND_MEMORY,
    OPERAND_CONSTANT, /* with an index */
    OPERAND_SPECIAL,
    OPERAND_BARRIER,
    OPERAND_TARGET,
    OPERAND_PREDICATES, /* PR: all of them */
} operand_kind;

typedef struct operand {
    operand_kind kind;
    int index;    /* of the register, place of the target; -1 of memory: none */
    int uniform;  /* memory: a uniform register that is added, -1: none; constants: the bank */
    bool is_wide; /* memory: the register is of 64 bits */
    bool negate, invert, magnitude;
    uint32_t offset;    /* of memory and constants */
    uint32_t scale;     /* memory: of the register */
    uint32_t low, high; /* of a value */
} operand;

/* Where an instruction is carried out. */
typedef enum pipe {
    PIPE_CONTROL,
    PIPE_FMA,    /* 32 lanes of floats */
    PIPE_IMAD,   /* 16 of these */
    PIPE_ALU,    /* 16 lanes */
    PIPE_SHARED, /* memory */
    PIPE_GLOBAL,
    PIPE_SPECIAL, /* MUFU and conversions */
    PIPE_TENSOR,
    PIPE_UNIFORM,
    PIPE_BARRIER,
    PIPE_BRANCH,
    PIPE_MOVE, /* with a latency of its own: S2R, LDC */
    PIPE_DOUBLE,
} pipe;

struct warp;
struct instruction;
typedef void execute(struct warp *warp, const struct instruction *i, uint32_t active);

typedef struct instruction {
    char name[24];
    const char *unknown; /* what the emulator does not know of it; NULL: nothing */
    uint64_t modifiers;
    uint64_t address;
    pipe pipe;
    execute *execute;
    int stall, write, read, wait; /* control bits; scoreboards, 7: none */
    int guard;
    bool guard_is_negative, guard_is_uniform;
    int count;
    operand operand[MOST_OPERANDS];
} instruction;

/* Bits of `modifiers`. */
#define MODIFIERS(ITEM)                                                                                                \
    ITEM(U32)                                                                                                          \
    ITEM(S32)                                                                                                          \
    ITEM(U64) ITEM(S64) ITEM(U16) ITEM(S16) ITEM(U8) ITEM(S8) ITEM(HI) ITEM(X) ITEM(W) ITEM(L) ITEM(R) ITEM(EX)        \
        ITEM(AND) ITEM(OR) ITEM(XOR) ITEM(LT) ITEM(LE) ITEM(GT) ITEM(GE) ITEM(EQ) ITEM(NE) ITEM(LTU) ITEM(LEU)         \
            ITEM(GTU) ITEM(GEU) ITEM(EQU) ITEM(NEU) ITEM(NUM) ITEM(NAN) ITEM(64) ITEM(128) ITEM(WIDE) ITEM(MOV)        \
                ITEM(IADD) ITEM(SHL) ITEM(SX32) ITEM(RP) ITEM(RM) ITEM(RZ) ITEM(TRUNC) ITEM(FLOOR) ITEM(CEIL)          \
                    ITEM(RCP) ITEM(RSQ) ITEM(SQRT) ITEM(EX2) ITEM(LG2) ITEM(SIN) ITEM(COS) ITEM(SAT) ITEM(ANY)         \
                        ITEM(ALL) ITEM(IDX) ITEM(UP) ITEM(DOWN) ITEM(BFLY) ITEM(SYNC) ITEM(CLEAR) ITEM(PAND)
enum {
#define MODIFIER_NUMBER(NAME) MODIFIER_NUMBER_##NAME,
    MODIFIERS(MODIFIER_NUMBER) MODIFIER_COUNT
};
#define MODIFIER(NAME) ((uint64_t)1 << MODIFIER_NUMBER_##NAME)
static inline bool has(const instruction *i, uint64_t modifiers) {
    return (i->modifiers & modifiers) != 0;
}

typedef struct program {
    instruction *instructions;
    int count;
    uint8_t constant[CONSTANT_BANKS][CONSTANT_BYTES];
} program;

/* What a run is of. */
typedef struct grid {
    uint32_t local[3], groups[3];
    uint32_t shared_bytes;
} grid;

/* The memory that the items of a work-group share. */
typedef struct group {
    uint8_t *shared;
    bool *shared_is_data; /* of each 4 bytes: whether it came from global memory */
    uint32_t bytes;
    uint32_t id[3];
} group;

/* What an access to memory did, for its time. */
typedef struct access {
    uint32_t active;
    uint32_t bytes; /* of an item */
    bool is_store;
    uint64_t address[LANES];
} access;

typedef struct warp {
    const program *program;
    const grid *grid;
    group *group;
    uint32_t first_item;
    uint32_t registers[REGISTERS][LANES], uniforms[UNIFORMS], predicates[PREDICATES], uniform_predicates[PREDICATES];
    uint32_t barriers[BARRIERS];
    /* Lanes in which they depend on what was loaded from global memory. */
    uint32_t register_is_data[REGISTERS], uniform_is_data[UNIFORMS], predicate_is_data[PREDICATES],
        uniform_predicate_is_data[PREDICATES];
    /* Lanes: those that run, at `at`; others that could, at their own place; and those that wait at a barrier. */
    uint32_t alive, running, ready, waiting;
    int at, place[LANES], waits_for[LANES];
    access access; /* of the last instruction */
    uint8_t (*local)[LOCAL_BYTES];
    void (*on_store)(const struct warp *warp, const uint32_t *value); /* NULL: nobody looks */
} warp;

/* Reads a program; NULL with a line on stderr. */
bool program_read(program *program, int count);
void program_release(program *program);

/* A warp at the beginning; takes one that ran before. */
void warp_start(warp *warp, const program *program, const grid *grid, group *group, uint32_t first_item);
/* Carries one instruction out. The place it had, -1 at the end of all lanes. */
int warp_step(warp *warp);
/* Where the next instruction is, -1 at the end. */
static inline int warp_next(const warp *warp) {
    return warp->alive ? warp->at : -1;
}
/* Lanes that go on there, as far as the guard lets them. */
uint32_t warp_guarded(const warp *warp, const instruction *i);
uint32_t warp_guard_is_data(const warp *warp, const instruction *i);

/* For those who carry instructions out. */
void warp_branch(warp *warp, uint32_t taken, int target);
void warp_exit(warp *warp, uint32_t lanes);
void warp_wait(warp *warp, uint32_t lanes, int barrier);
void warp_leave(warp *warp, uint32_t lanes, int barrier);

/* Finds what is known of an instruction by its name. */
void isa_find(instruction *i);

#endif
