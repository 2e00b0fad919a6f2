#include "check/op_trial.h"

#include "base/memory.h"
#include "base/philox.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static op_draw draw_of(const op_desc *desc, int operand) {
    return op_kind_of(desc->op)->operand[operand].draw;
}

static size_t operand_bytes(const op_desc *desc, int operand) {
    if (draw_of(desc, operand) == DRAW_ELEMENTS) {
        const size_t element = desc->load_batch.from_float ? sizeof(float) : 1;
        return desc->load_batch.n * desc->load_batch.image_elements * element;
    }
    if (draw_of(desc, operand) == DRAW_INDICES) return desc->load_batch.n * sizeof(uint32_t);
    return op_operand_count(desc, operand) * sizeof(float);
}

static void draw_floats(float *values, size_t count, philox_stream stream, bool positive) {
    for (size_t i = 0; i < count; i++) {
        const int number = (int)(philox_bits(stream, i) % 5u);
        values[i] = (float)(positive ? number + 1 : number - 2);
    }
}

static void draw_operand(const op_desc *desc, int operand, void *data, size_t bytes, philox_stream stream) {
    if (draw_of(desc, operand) == DRAW_INDICES) {
        uint32_t *indices = data;
        const size_t n = desc->load_batch.n;
        for (size_t i = 0; i < n; i++) indices[i] = (uint32_t)(n - 1 - i);
    } else if (draw_of(desc, operand) == DRAW_ELEMENTS && !desc->load_batch.from_float) {
        for (size_t i = 0; i < bytes; i++) ((uint8_t *)data)[i] = (uint8_t)philox_bits(stream, i);
    } else {
        draw_floats(data, bytes / sizeof(float), stream, draw_of(desc, operand) == DRAW_SQUARES);
    }
}

clae_status op_operands_draw(const clae_context *context, const op_desc *desc, uint32_t stream, op_operands *operands) {
    *operands = (op_operands){0};
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        const size_t bytes = operand_bytes(desc, k);
        if (bytes == 0) continue;
        operands->bytes[k] = bytes;
        operands->data[k] = malloc(bytes);
        if (!operands->data[k]) {
            op_operands_free(operands);
            return fail_memory(context, bytes, "the self-test");
        }
        const philox_stream numbers = {stream, PHILOX_SELFTEST, (uint32_t)k};
        draw_operand(desc, k, operands->data[k], bytes, numbers);
    }
    return CLAE_OK;
}

void op_operands_free(op_operands *operands) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) free(operands->data[k]);
    *operands = (op_operands){0};
}

static void fill_nan(float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = NAN;
}

clae_status op_trial_open(clae_device *device, const op_desc *desc, op_operands *operands, op_trial *trial) {
    *trial = (op_trial){.device = device, .desc = *desc};
    /* Steps so large that an optimiser's update outweighs what it is added to. */
    const op_kind *kind = op_kind_of(desc->op);
    if (desc->op == OP_update) trial->args.step = kind->trial_step(desc);
    trial->args.step.rates[0] *= 100;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!operands->data[k]) continue;
        buffer **to = &trial->args.operand[k].buffer;
        clae_status status = buffer_create(device, operands->bytes[k], to);
        if (status == CLAE_OK) status = buffer_upload(*to, 0, operands->data[k], operands->bytes[k]);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

clae_status op_trial_attach(op_trial *trial, const op_instance *instance, op_operands *operands) {
    buffer **workspace = &trial->args.workspace.buffer;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!operands->data[k] || op_operand_is_read(&trial->desc, k)) continue;
        fill_nan(operands->data[k], operands->bytes[k] / sizeof(float));
        const clae_status status =
            buffer_upload(trial->args.operand[k].buffer, 0, operands->data[k], operands->bytes[k]);
        if (status != CLAE_OK) return status;
    }
    if (*workspace && (*workspace)->bytes >= instance->workspace_bytes) return CLAE_OK;
    buffer_free(*workspace);
    *workspace = NULL;
    return buffer_create(trial->device, instance->workspace_bytes, workspace);
}

clae_status op_trial_fetch(const op_trial *trial, op_operands *operands) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!operands->data[k] || !op_operand_is_output(trial->desc.op, k)) continue;
        const clae_status status =
            buffer_download(trial->args.operand[k].buffer, 0, operands->data[k], operands->bytes[k]);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

void op_trial_close(op_trial *trial) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) buffer_free(trial->args.operand[k].buffer);
    buffer_free(trial->args.workspace.buffer);
    trial->args = (op_args){0};
}

double op_outputs_difference(const op_desc *desc, const op_operands *got, const op_operands *answer) {
    double worst = 0, largest = 0;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!got->data[k] || !op_operand_is_output(desc->op, k)) continue;
        const float *x = got->data[k], *y = answer->data[k];
        for (size_t i = 0; i < got->bytes[k] / sizeof(float); i++) {
            if (!isfinite(x[i])) return INFINITY;
            worst = fmax(worst, fabs((double)x[i] - y[i]));
            largest = fmax(largest, fabs((double)y[i]));
        }
    }
    return largest > 0 ? worst / largest : worst;
}

clae_status op_trial_run(clae_device *device, const op_desc *desc, const op_choice *choice, op_operands *operands) {
    op_instance *instance = NULL;
    op_trial trial = {0};
    clae_status status = choice->impl->prepare(device, desc, choice, &instance);
    if (status == CLAE_OK) status = op_trial_open(device, desc, operands, &trial);
    if (status == CLAE_OK) status = op_trial_attach(&trial, instance, operands);
    if (status == CLAE_OK) status = op_run(instance, &trial.args);
    if (status == CLAE_OK) status = op_trial_fetch(&trial, operands);
    op_trial_close(&trial);
    op_release(instance);
    return status;
}

static const op_impl *simplest_impl(const clae_device *device, op_id op) {
    const op_impl *const *impl = device->backend->impls(op);
    while (impl[1]) impl++;
    return *impl;
}

clae_status op_trial_judge(clae_device *judge, const op_desc *desc, op_operands *operands) {
    const numerics none = {0};
    const op_choice choice = {.impl = simplest_impl(judge, desc->op), .numerics = &none};
    return op_trial_run(judge, desc, &choice, operands);
}
