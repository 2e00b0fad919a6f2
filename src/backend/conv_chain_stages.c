/* conv_chain stage by stage, on any backend; without Winograd's algorithm, whose errors would need other bounds. */
#include "backend/conv_chain_stages.h"

#include "base/context.h"
#include "base/numbers.h"
#include "ops/conv_chain.h"

#include <stdlib.h>

typedef struct conv_chain_stages_instance {
    op_instance base;
    op_instance *stage[CONV_CHAIN_STAGES];
} conv_chain_stages_instance;

static clae_status conv_chain_stages_run(op_instance *instance, const op_args *args) {
    const conv_chain_stages_instance *self = (const conv_chain_stages_instance *)instance;
    clae_status status = CLAE_OK;
    for (int k = 0; k < instance->desc.conv_chain.count && !status; k++) {
        op_args own = {.workspace = args->workspace, .step = args->step};
        for (int i = CONV_X; i <= CONV_Y; i++) own.operand[i] = args->operand[conv_chain_operand(k, i)];
        status = op_run(self->stage[k], &own);
    }
    return status;
}

static void conv_chain_stages_release(op_instance *instance) {
    if (!instance) return;
    for (int k = 0; k < CONV_CHAIN_STAGES; k++) op_release(((conv_chain_stages_instance *)instance)->stage[k]);
    free(instance);
}

static clae_status conv_chain_stages_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                             op_instance **instance) {
    conv_chain_stages_instance *self = calloc(1, sizeof *self);
    *instance = NULL;
    if (!self) return fail_memory(device->context, sizeof *self, "a chain of convolutions");
    self->base = (op_instance){.impl = choice->impl,
                               .device = device,
                               .desc = *desc,
                               .run = conv_chain_stages_run,
                               .release = conv_chain_stages_release};
    numerics own = *choice->numerics;
    own.no_winograd = true;
    clae_status status = CLAE_OK;
    for (int k = 0; k < desc->conv_chain.count && !status; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        status = op_prepare(device, &stage, &own, &self->stage[k]);
        if (status) break;
        self->base.workspace_bytes = larger_size(self->base.workspace_bytes, self->stage[k]->workspace_bytes);
        if (self->stage[k]->arithmetic > self->base.arithmetic) self->base.arithmetic = self->stage[k]->arithmetic;
    }
    if (status)
        conv_chain_stages_release(&self->base);
    else
        *instance = &self->base;
    return status;
}

/* Nothing is gained by it: convolutions that are ops of their own are better measured and tested. */
static bool conv_chain_stages_suits(const clae_device *device, const op_desc *desc) {
    (void)device, (void)desc;
    return false;
}

static bool conv_chain_stages_supports(const clae_device *device, const op_desc *desc) {
    (void)device, (void)desc;
    return true;
}

const op_impl conv_chain_stages = {.name = "stages",
                                   .suits = conv_chain_stages_suits,
                                   .supports = conv_chain_stages_supports,
                                   .prepare = conv_chain_stages_prepare};
