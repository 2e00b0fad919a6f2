/* The op table, and what follows from its rows. */
#include "ops/activation.h"
#include "ops/loss.h"
#include "ops/op_kind.h"
#include "ops/pool.h"
#include "ops/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const op_kind *const kinds[OP_COUNT] = {
#define OP(stem) [OP_##stem] = &op_kind_##stem,
#include "ops/ops.def"
#undef OP
};

const op_kind *op_kind_of(op_id op) {
    return kinds[op];
}

activation_id op_activation(const op_desc *desc) {
    const size_t offset = kinds[desc->op]->activated.activation;
    return offset ? *(const activation_id *)((const char *)desc + offset) : ACTIVATION_NONE;
}

bool op_has_relu_at_most(const op_desc *desc) {
    return activation_is_relu_at_most(op_activation(desc));
}

const char *op_name(op_id op) {
    return op < OP_COUNT ? kinds[op]->name : "unknown op";
}

op_id op_from_name(const char *name, size_t length) {
    for (int op = 0; op < OP_COUNT; op++)
        if (strlen(kinds[op]->name) == length && memcmp(kinds[op]->name, name, length) == 0) return (op_id)op;
    return OP_COUNT;
}

clae_status op_values_share(const clae_context *context, const char *what, op_values *values) {
    const op_kind *kind = kinds[values->desc->op];
    values->shared = NULL;
    if (!kind->shared) return CLAE_OK;
    const size_t bytes = kind->shared(values->desc) * sizeof *values->shared;
    values->shared = malloc(bytes);
    if (!values->shared) return fail_memory(context, bytes, what);
    kind->share(values, values->shared);
    return CLAE_OK;
}

void op_values_free(op_values *values) {
    free(values->shared);
    values->shared = NULL;
}

static op_use use_of(op_id op, int operand) {
    return operand < 0 || operand >= OP_MAX_OPERANDS ? OPERAND_NONE : kinds[op]->operand[operand].use;
}

size_t op_operand_count(const op_desc *desc, int operand) {
    return use_of(desc->op, operand) == OPERAND_NONE ? 0 : kinds[desc->op]->count(desc, operand);
}

bool op_operand_is_output(op_id op, int operand) {
    const op_use use = use_of(op, operand);
    return use == OPERAND_OUT || use == OPERAND_INOUT;
}

bool op_operand_is_read(const op_desc *desc, int operand) {
    const op_kind *kind = kinds[desc->op];
    const op_use use = use_of(desc->op, operand);
    if (use == OPERAND_OUT) return kind->accumulates && kind->accumulates(desc);
    return use == OPERAND_IN || use == OPERAND_INOUT;
}

double op_flops(const op_desc *desc) {
    return kinds[desc->op]->flops(desc);
}

double op_bytes(const op_desc *desc) {
    const op_kind *kind = kinds[desc->op];
    double bytes = kind->more_bytes ? kind->more_bytes(desc) : 0;
    for (int k = 0; k < OP_MAX_OPERANDS; k++)
        bytes += (use_of(desc->op, k) == OPERAND_INOUT ? 2.0 : 1.0) * (double)sizeof(float) *
                 (double)op_operand_count(desc, k);
    return bytes;
}

double op_terms(const op_desc *desc, int output) {
    const op_kind *kind = kinds[desc->op];
    return kind->terms ? kind->terms(desc, output) : 1;
}

static const char *field_name(const op_field *field, const void *value) {
    switch (field->type) {
    case OP_FIELD_ACTIVATION:
        return activation_name(*(const activation_id *)value);
    case OP_FIELD_POOL:
        return pool_kind_of(*(const pool_id *)value)->name;
    case OP_FIELD_LOSS:
        return loss_name(*(const loss_id *)value);
    case OP_FIELD_OPTIMISER:
        return update_kind_of(*(const optimiser_id *)value)->name;
    case OP_FIELD_INT:
    case OP_FIELD_SIZE:
    case OP_FIELD_FLAG:
        break;
    }
    return NULL;
}

static size_t field_number(const op_field *field, const void *value) {
    if (field->type == OP_FIELD_INT) return (size_t)(*(const int *)value);
    return field->type == OP_FIELD_SIZE ? *(const size_t *)value : *(const bool *)value;
}

void op_key(const op_desc *desc, char key[OP_KEY_SIZE]) {
    size_t used = (size_t)snprintf(key, OP_KEY_SIZE, "%s", op_name(desc->op));
    for (const op_field *field = kinds[desc->op]->fields; field->name && used < OP_KEY_SIZE; field++) {
        const void *value = (const char *)desc + field->offset;
        const char *name = field_name(field, value);
        used += (size_t)(name ? snprintf(key + used, OP_KEY_SIZE - used, " %s=%s", field->name, name)
                              : snprintf(key + used, OP_KEY_SIZE - used, " %s=%zu", field->name,
                                         field_number(field, value)));
    }
}

void op_describe(const op_desc *desc, char *text, size_t size) {
    const int used = snprintf(text, size, "%s ", op_name(desc->op));
    if (used > 0 && (size_t)used < size) kinds[desc->op]->describe(desc, text + used, size - (size_t)used);
}
