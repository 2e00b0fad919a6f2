#include "train/trainer.h"

#include "base/memory.h"
#include "base/philox.h"
#include "data/dataset.h"
#include "graph/selftest.h"

#include <math.h>
#include <stdlib.h>

static clae_status fill_options(const clae_context *context, const clae_train_options *given, size_t n,
                                clae_train_options *options) {
    *options = given ? *given : (clae_train_options){0};
    if (options->batch_size == 0) options->batch_size = 100;
    if (options->lr == 0) options->lr = 1e-3;
    if (options->batch_size > n)
        return fail(context, CLAE_ERROR_INPUT, "batch size %zu, the dataset has %zu images", options->batch_size, n);
    if (!(options->lr > 0) || !isfinite(options->lr))
        return fail(context, CLAE_ERROR_INPUT, "learning rate %g, must be positive", options->lr);
    return CLAE_OK;
}

static clae_status make_plan(clae_trainer *t, size_t batch_size, plan *share, plan **plan) {
    const plan_request request = {
        .device = t->device,
        .model = t->model,
        .network = &t->network,
        .batch_size = batch_size,
        .load_batch = true,
        .from_float = t->data.is_float,
        .encode = true,
        .decode = true,
        .loss = true,
        .backward = true,
        .share = share,
    };
    const clae_status status = plan_create(&request, plan);
    return status == CLAE_OK ? selftest_plan(*plan, NULL, NULL) : status;
}

static clae_status make_plans(clae_trainer *t) {
    const size_t batch = t->options.batch_size, rest = t->data.n % batch;
    clae_status status = make_plan(t, batch, NULL, &t->full);
    if (status == CLAE_OK && rest) status = make_plan(t, rest, t->full, &t->last);
    t->position.steps_per_epoch = t->data.n / batch + (rest ? 1 : 0);
    return status;
}

static clae_status make_host_arrays(clae_trainer *t) {
    const size_t bytes = t->data.n * sizeof *t->order + TRAINER_LOSS_SLOTS * sizeof *t->host_losses;
    t->order = malloc(t->data.n * sizeof *t->order);
    t->host_losses = malloc(TRAINER_LOSS_SLOTS * sizeof *t->host_losses);
    return t->order && t->host_losses ? CLAE_OK : fail_memory(t->device->context, bytes, "the trainer");
}

clae_status clae_trainer_create(clae_device *device, clae_model *model, const clae_dataset *dataset,
                                const clae_train_options *options, clae_trainer **out) {
    *out = NULL;
    clae_trainer *t = calloc(1, sizeof *t);
    if (!t) return fail_memory(device->context, sizeof *t, "the trainer");
    t->device = device;
    t->model = model;
    clae_status status = dataset_check_shape(model, dataset);
    if (status == CLAE_OK) status = fill_options(device->context, options, dataset->info.n, &t->options);
    if (status == CLAE_OK) clae_model_set_normalisation(model, dataset->info.mean, dataset->info.std);
    if (status == CLAE_OK) status = network_create(device, model, true, &t->network);
    if (status == CLAE_OK) status = device_dataset_create(device, dataset, 0, dataset->info.n, 0, &t->data);
    if (status == CLAE_OK) status = buffer_create(device, TRAINER_LOSS_SLOTS * sizeof(float), &t->losses);
    if (status == CLAE_OK) status = make_host_arrays(t);
    if (status == CLAE_OK) status = make_plans(t);
    if (status != CLAE_OK) {
        clae_trainer_free(t);
        return status;
    }
    *out = t;
    return CLAE_OK;
}

void clae_trainer_free(clae_trainer *trainer) {
    if (!trainer) return;
    plan_free(trainer->last);
    plan_free(trainer->full);
    buffer_free(trainer->losses);
    device_dataset_release(&trainer->data);
    network_release(&trainer->network);
    free(trainer->order);
    free(trainer->host_losses);
    free(trainer);
}

static clae_status upload_order(clae_trainer *t) {
    if (t->order_is_uploaded || t->options.no_shuffle) return CLAE_OK;
    philox_permutation((philox_stream){t->options.seed, PHILOX_SHUFFLE, (uint32_t)t->position.epoch}, t->order,
                       t->data.n);
    const clae_status status = buffer_upload(t->data.indices, 0, t->order, t->data.n * sizeof *t->order);
    t->order_is_uploaded = status == CLAE_OK;
    return status;
}

static double learning_rate(const clae_train_options *options, uint64_t step) {
    if (options->cosine_steps == 0) return options->lr;
    const double progress = fmin((double)step / (double)options->cosine_steps, 1.0);
    return 0.5 * options->lr * (1.0 + cos(acos(-1.0) * progress));
}

plan *trainer_next_plan(const clae_trainer *trainer) {
    return trainer->position.images + trainer->options.batch_size <= trainer->data.n ? trainer->full : trainer->last;
}

clae_status trainer_next_inputs(clae_trainer *t, plan_inputs *inputs) {
    const double step = (double)t->position.step + 1;
    const double correction1 = 1.0 - pow(0.9, step), correction2 = 1.0 - pow(0.999, step);
    *inputs = (plan_inputs){
        .elements = t->data.elements,
        .indices = t->data.indices,
        .losses = t->losses,
        .first = t->position.images,
        .slot = t->position.step - t->first_waiting_step,
        .step_size = (float)(learning_rate(&t->options, t->position.step) / correction1),
        .sqrt_correction2 = (float)sqrt(correction2),
    };
    return upload_order(t);
}

void trainer_advance(clae_trainer *t) {
    t->position.images += trainer_next_plan(t)->batch_size;
    t->position.step++;
    if (t->position.images < t->data.n) return;
    t->position.images = 0;
    t->position.epoch++;
    t->order_is_uploaded = false;
}

static bool is_store_full(const clae_trainer *t) {
    return t->position.step - t->first_waiting_step >= TRAINER_LOSS_SLOTS;
}

clae_status clae_trainer_run(clae_trainer *t, uint64_t steps) {
    if (steps && is_store_full(t))
        return fail(t->device->context, CLAE_ERROR_INPUT, "the losses of %d steps wait: they must be fetched first",
                    TRAINER_LOSS_SLOTS);
    for (uint64_t i = 0; i < steps && !is_store_full(t); i++) {
        plan_inputs inputs;
        clae_status status = trainer_next_inputs(t, &inputs);
        if (status == CLAE_OK) status = plan_run(trainer_next_plan(t), &inputs);
        if (status != CLAE_OK) return status;
        trainer_advance(t);
        if (t->position.images == 0) break;
    }
    return CLAE_OK;
}

clae_status clae_trainer_losses(clae_trainer *t, const float **losses, size_t *count) {
    *losses = t->host_losses;
    *count = (size_t)(t->position.step - t->first_waiting_step);
    const clae_status status = buffer_download(t->losses, 0, t->host_losses, *count * sizeof(float));
    if (status != CLAE_OK) return status;
    const uint64_t first = t->first_waiting_step;
    t->first_waiting_step = t->position.step;
    for (size_t i = 0; i < *count; i++)
        if (!isfinite(t->host_losses[i]))
            return fail(t->device->context, CLAE_ERROR_NOT_FINITE,
                        "the loss of step %llu is not finite: training has diverged; try a learning rate below %g",
                        (unsigned long long)(first + i + 1), t->options.lr);
    return CLAE_OK;
}

clae_train_position clae_trainer_position(const clae_trainer *trainer) {
    return trainer->position;
}

clae_status clae_trainer_update_model(clae_trainer *trainer) {
    return network_download(&trainer->network, trainer->model);
}

uint64_t clae_trainer_memory_bytes(const clae_trainer *t) {
    const plan *const last = t->last;
    const buffer *const buffers[] = {t->network.parameters,
                                     t->network.gradients,
                                     t->network.m,
                                     t->network.v,
                                     t->data.elements,
                                     t->data.indices,
                                     t->losses,
                                     t->full->arena,
                                     t->full->workspace,
                                     last && last->owns_arena ? last->arena : NULL,
                                     last && last->owns_workspace ? last->workspace : NULL};
    uint64_t bytes = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++) bytes += buffers[i] ? buffers[i]->bytes : 0;
    return bytes;
}
