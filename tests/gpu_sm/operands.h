/* Reading and writing operands of instructions. */
#ifndef CLAE_TESTS_GPU_SM_OPERANDS_H
#define CLAE_TESTS_GPU_SM_OPERANDS_H

#include "machine.h"

#include <string.h>

#define EACH_LANE(lane) for (int lane = 0; lane < LANES; lane++)

typedef uint32_t lanes[LANES];

/* 32 bits of each lane, without the signs; `word`: that many above the first. */
void operand_bits(const warp *w, const operand *o, int word, lanes out);
/* With the signs of whole numbers, and of floats. */
void operand_integer(const warp *w, const operand *o, lanes out);
void operand_float(const warp *w, const operand *o, float out[LANES]);
/* 64 bits, whose sign may be turned. */
void operand_long(const warp *w, const operand *o, uint64_t out[LANES]);
uint32_t operand_predicate(const warp *w, const operand *o);
/* Where lanes are the same: that of the first one. */
uint32_t operand_scalar(const warp *w, const operand *o);
bool operand_is_predicate(const operand *o);

/* Lanes in which one of the operands from `first` on, or the guard, is data. */
uint32_t operands_are_data(const warp *w, const instruction *i, int first);

void write_register(warp *w, const operand *o, int word, uint32_t active, const lanes values, uint32_t is_data);
void write_predicate(warp *w, const operand *o, uint32_t active, uint32_t values, uint32_t is_data);

static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#endif
