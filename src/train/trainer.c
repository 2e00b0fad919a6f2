#include "train/trainer.h"

#include "base/memory.h"
#include "base/philox.h"
#include "ops/loss.h"
#include "data/dataset.h"
#include "train/optimiser.h"
#include "check/selftest.h"

#include <math.h>
#include <stdlib.h>

static clae_status take_settings(clae_trainer *t, const clae_settings *given) {
    const clae_settings defaults = settings_defaults(t->device->context);
    const size_t n = t->dataset->info.n;
    if (!settings_copy(given ? given : &defaults, &t->settings))
        return fail_memory(t->device->context, sizeof t->settings, "the settings");
    t->optimiser = optimiser_of(&t->settings);
    const clae_status status = optimiser_check(t->device->context, &t->settings);
    if (status != CLAE_OK) return status;
    if (t->settings.batch_size > n)
        return fail(t->device->context, CLAE_ERROR_INPUT,
                    "batch size %llu, the dataset has %zu images: it can be %zu at most",
                    (unsigned long long)t->settings.batch_size, n, n);
    return CLAE_OK;
}

/* The plans for batches of one size and for the smaller batch that ends an epoch, *last: NULL where none does. */
static clae_status prepare_plans(const clae_trainer *t, size_t batch_size, plan **full, plan **last) {
    plan_request request = plan_request_of_training(t->device, t->model, batch_size);
    request.loss = loss_find(t->settings.loss);
    request.from_float = t->dataset->info.is_float;
    *full = *last = NULL;
    clae_status status = plan_prepare(&request, full);
    request.batch_size = t->dataset->info.n % batch_size;
    if (status == CLAE_OK && request.batch_size) status = plan_prepare(&request, last);
    return status;
}

static memory_need need_of(const clae_trainer *t, const plan *full, const plan *last) {
    memory_need need = {.spared = memory_spared_bytes(t->device)};
    for (size_t i = 0; i < params_buffer_count(&t->optimiser); i++)
        memory_need_add(&need, &need.weights, params_buffer_bytes(t->model, i));
    memory_need_add(&need, &need.losses, TRAINER_LOSS_SLOTS * sizeof(float));
    memory_need_add_plan(&need, full, NULL);
    if (last) memory_need_add_plan(&need, last, full);
    memory_need_add_plan(&need, t->update, full);
    return need;
}

static dataset_layout choose_layout(const clae_trainer *t, size_t batch_size, uint64_t room_bytes) {
    dataset_layout layout = {
        .n = t->dataset->info.n, .image_bytes = dataset_image_bytes(&t->dataset->info), .batch_size = batch_size};
    dataset_layout_choose(&layout, t->device, room_bytes);
    return layout;
}

/* The least that batches of another size need. */
static clae_status plan_need(void *trainer, size_t batch_size, memory_need *need) {
    const clae_trainer *t = trainer;
    const dataset_layout layout = choose_layout(t, batch_size, 0);
    plan *full, *last;
    const clae_status status = prepare_plans(t, batch_size, &full, &last);
    if (status == CLAE_OK) {
        *need = need_of(t, full, last);
        dataset_layout_add_need(&layout, need);
    }
    plan_free(last);
    plan_free(full);
    return status;
}

/* Plans everything, and allocates nothing on the device. */
static clae_status plan_memory(clae_trainer *t, dataset_layout *layout) {
    clae_status status = prepare_plans(t, t->settings.batch_size, &t->full, &t->last);
    const plan_request update = plan_request_of_update(t->device, t->model, &t->optimiser);
    if (status == CLAE_OK) status = plan_prepare(&update, &t->update);
    if (status != CLAE_OK) return status;
    t->position.steps_per_epoch = t->dataset->info.n / t->settings.batch_size + (t->last ? 1 : 0);
    t->need = need_of(t, t->full, t->last);
    const uint64_t left = device_memory_left_bytes(t->device);
    const uint64_t needed = memory_need_total(&t->need) + t->need.spared;
    *layout = choose_layout(t, t->settings.batch_size, left > needed ? left - needed : 0);
    dataset_layout_add_need(layout, &t->need);
    if (!memory_need_fits(t->device, &t->need))
        return memory_need_refuse(t->device, t->settings.batch_size, &t->need, plan_need, t);
    memory_need_log(t->device, CLAE_LOG_INFO, &t->need);
    dataset_layout_log(layout, t->device, CLAE_LOG_INFO);
    return CLAE_OK;
}

static void free_plans(clae_trainer *t) {
    plan_free(t->update);
    plan_free(t->last);
    plan_free(t->full);
    t->update = t->last = t->full = NULL;
}

static clae_status test_plans(const clae_trainer *t, bool *refused) {
    const plan *const plans[] = {t->full, t->update, t->last};
    clae_status status = CLAE_OK;
    *refused = false;
    for (size_t i = 0; i < ARRAY_LENGTH(plans) && status == CLAE_OK; i++) {
        bool of_plan = false;
        if (plans[i]) status = selftest_plan(plans[i], NULL, &of_plan);
        *refused = *refused || of_plan;
    }
    return status;
}

/* Plans until no implementation is refused: the next one may need more memory. */
static clae_status plan_and_test(clae_trainer *t, dataset_layout *layout) {
    bool refused = true;
    clae_status status = CLAE_OK;
    while (refused && status == CLAE_OK) {
        free_plans(t);
        status = plan_memory(t, layout);
        if (status == CLAE_OK) status = test_plans(t, &refused);
    }
    return status;
}

static clae_status allocate(clae_trainer *t, const dataset_layout *layout) {
    clae_status status = params_create(t->device, t->model, &t->optimiser, &t->params);
    if (status == CLAE_OK) status = plan_allocate(t->full, &t->params, NULL);
    if (status == CLAE_OK && t->last) status = plan_allocate(t->last, &t->params, t->full);
    if (status == CLAE_OK) status = plan_allocate(t->update, &t->params, t->full);
    if (status == CLAE_OK) status = device_dataset_create(t->device, t->dataset, 0, layout, &t->data);
    if (status == CLAE_OK) status = buffer_create(t->device, TRAINER_LOSS_SLOTS * sizeof(float), &t->losses);
    return status;
}

static clae_status make_host_arrays(clae_trainer *t) {
    const size_t n = t->dataset->info.n;
    const size_t bytes = n * sizeof *t->order + TRAINER_LOSS_SLOTS * sizeof *t->host_losses;
    t->order = malloc(n * sizeof *t->order);
    t->host_losses = malloc(TRAINER_LOSS_SLOTS * sizeof *t->host_losses);
    return t->order && t->host_losses ? CLAE_OK : fail_memory(t->device->context, bytes, "the trainer");
}

clae_status clae_trainer_create(clae_device *device, clae_model *model, const clae_dataset *dataset,
                                const clae_settings *settings, clae_trainer **out) {
    *out = NULL;
    clae_trainer *t = calloc(1, sizeof *t);
    if (!t) return fail_memory(device->context, sizeof *t, "the trainer");
    t->device = device;
    t->model = model;
    t->dataset = dataset;
    dataset_layout layout;
    clae_status status = dataset_check_shape(dataset, model->input, "the model");
    if (status == CLAE_OK) status = take_settings(t, settings);
    if (status == CLAE_OK) clae_model_set_normalisation(model, dataset->info.mean, dataset->info.std);
    if (status == CLAE_OK) status = plan_and_test(t, &layout);
    if (status == CLAE_OK) status = allocate(t, &layout);
    if (status == CLAE_OK) status = make_host_arrays(t);
    if (status != CLAE_OK) {
        clae_trainer_free(t);
        return status;
    }
    *out = t;
    return CLAE_OK;
}

void clae_trainer_free(clae_trainer *trainer) {
    if (!trainer) return;
    free_plans(trainer);
    buffer_free(trainer->losses);
    device_dataset_release(&trainer->data);
    params_release(&trainer->params);
    settings_release(&trainer->settings);
    free(trainer->order);
    free(trainer->host_losses);
    free(trainer);
}

static clae_status set_order(clae_trainer *t) {
    if (t->order_is_set || t->settings.no_shuffle) return CLAE_OK;
    philox_permutation((philox_stream){t->settings.seed, PHILOX_SHUFFLE, (uint32_t)t->position.epoch}, t->order,
                       t->data.layout.n);
    const clae_status status = device_dataset_set_order(&t->data, t->order);
    t->order_is_set = status == CLAE_OK;
    return status;
}

size_t trainer_node_count(const clae_trainer *t) {
    return t->full->node_count + t->update->node_count;
}

plan_node *trainer_node(const clae_trainer *t, size_t index) {
    return index < t->full->node_count ? &t->full->nodes[index] : &t->update->nodes[index - t->full->node_count];
}

plan *trainer_next_plan(const clae_trainer *trainer) {
    return trainer->position.images + trainer->settings.batch_size <= trainer->data.layout.n ? trainer->full
                                                                                             : trainer->last;
}

clae_status trainer_next_inputs(clae_trainer *t, plan_inputs *inputs) {
    *inputs = (plan_inputs){.losses = t->losses,
                            .step = {.slot = t->position.step - t->first_waiting_step,
                                     .seed = t->settings.seed,
                                     .number = t->position.step}};
    optimiser_rates(&t->settings, t->position.step, inputs->step.rates);
    const clae_status status = set_order(t);
    return status == CLAE_OK ? device_dataset_take(&t->data, t->position.images, inputs) : status;
}

void trainer_advance(clae_trainer *t) {
    t->position.images += trainer_next_plan(t)->batch_size;
    t->position.step++;
    if (t->position.images < t->data.layout.n) return;
    t->position.images = 0;
    t->position.epoch++;
    t->order_is_set = false;
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
        if (status == CLAE_OK) status = plan_run(t->update, &inputs);
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
                        (unsigned long long)(first + i + 1), t->settings.lr);
    return CLAE_OK;
}

clae_train_position clae_trainer_position(const clae_trainer *trainer) {
    return trainer->position;
}

clae_status clae_trainer_update_model(clae_trainer *trainer) {
    return params_download(&trainer->params, trainer->model);
}

uint64_t clae_trainer_memory_bytes(const clae_trainer *trainer) {
    return memory_need_total(&trainer->need);
}
