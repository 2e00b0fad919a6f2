#include "train/trainer.h"

#include "base/memory.h"
#include "base/numbers.h"
#include "base/philox.h"
#include "data/dataset.h"
#include "ops/loss.h"
#include "train/augmentation.h"
#include "train/micro_batch.h"
#include "train/optimiser.h"

#include <math.h>
#include <stdlib.h>

static clae_status take_settings(clae_trainer *t, const clae_settings *given) {
    const clae_settings defaults = settings_defaults(t->device->context);
    const size_t n = t->dataset->info.n;
    if (!settings_copy(given ? given : &defaults, &t->settings))
        return fail_memory(t->device->context, sizeof t->settings, "the settings");
    optimiser_complete(&t->settings);
    clae_status status = settings_numerics(t->device->context, &t->settings, &t->numerics);
    if (status == CLAE_OK) status = optimiser_check(t->device->context, &t->settings);
    if (status == CLAE_OK) status = micro_batch_check(t->device->context, &t->settings, n);
    if (status != CLAE_OK || t->settings.batch_size <= n) return status;
    log_line(t->device->context, CLAE_LOG_INFO, "batches of %zu, not %llu: there are no more training images", n,
             (unsigned long long)t->settings.batch_size);
    t->settings.batch_size = n;
    return CLAE_OK;
}

static clae_status check_pixels(const clae_trainer *t) {
    const size_t elements = shape_elements(t->model->input);
    double *values = malloc(elements * sizeof *values);
    clae_status status = values ? CLAE_OK : fail_memory(t->device->context, elements * sizeof *values, "an image");
    for (size_t i = 0; i < t->dataset->info.n && status == CLAE_OK; i++) {
        status = dataset_read_values(t->dataset, i, values);
        for (size_t e = 0; e < elements && status == CLAE_OK; e++)
            if (!(values[e] >= 0 && values[e] <= 1))
                status = fail(t->device->context, CLAE_ERROR_INPUT,
                              "loss %s: needs pixels from 0 to 1, and image %zu of %s has %g", t->settings.loss, i + 1,
                              t->dataset->info.source, values[e]);
    }
    free(values);
    return status;
}

/* What a loss asks of images and network. */
static clae_status check_loss(const clae_trainer *t) {
    const loss_id loss = loss_find(t->settings.loss);
    if (loss_is_of_logits(loss) && !model_ends_in_sigmoid(t->model))
        return fail(t->device->context, CLAE_ERROR_INPUT,
                    "loss %s: is of pixels from 0 to 1, so that the decoder must end in sigmoid", t->settings.loss);
    return loss_is_of_pixels(loss) && t->dataset->info.is_float ? check_pixels(t) : CLAE_OK;
}

static void set_normalisation(clae_trainer *t) {
    static const double zero[CLAE_MAX_CHANNELS];
    const clae_dataset_info *info = &t->dataset->info;
    if (loss_is_of_pixels(loss_find(t->settings.loss))) {
        clae_model_set_normalisation(t->model, zero, zero); /* whose deviations count as 1 */
        return;
    }
    for (size_t k = 0; k < info->c; k++)
        if (!(info->std[k] > 0))
            log_line(t->device->context, CLAE_LOG_INFO,
                     "all pixels of channel %zu of %s are the same: its deviation is taken as 1", k, info->source);
    clae_model_set_normalisation(t->model, info->mean, info->std);
}

static size_t loss_slots(const clae_trainer *t) {
    return t->pieces * (size_t)t->waiting_steps;
}

/* Plans, parameters, the images and the slots of losses. */
static clae_status prepare(clae_trainer *t) {
    const size_t n = t->dataset->info.n, batch_size = t->settings.batch_size;
    const size_t piece = micro_batch_images(&t->settings);
    t->update_of_step = optimiser_update_of(&t->settings);
    t->pieces = divide_up_size(batch_size, piece);
    t->waiting_steps = t->pieces < TRAINER_LOSS_SLOTS ? TRAINER_LOSS_SLOTS / t->pieces : 1;
    t->runner = (runner){.device = t->device, .model = t->model, .update = &t->update_of_step};
    runner_work work = {.request = plan_request_of_training(t->device, t->model, piece),
                        .step_images = batch_size,
                        .images = t->dataset,
                        .n = n,
                        .loss_slots = loss_slots(t)};
    work.request.loss = loss_find(t->settings.loss);
    work.request.from_float = t->dataset->info.is_float;
    work.request.numerics = t->numerics;
    if (augmentation_of(&t->settings, &t->augmentation)) work.request.augmentation = &t->augmentation;
    const clae_status status = runner_prepare(&t->runner, &work);
    t->full = work.whole;
    t->last = work.last;
    t->update = work.update;
    t->position.steps_per_epoch = n / batch_size + (n % batch_size ? 1 : 0);
    return status;
}

static clae_status make_host_arrays(clae_trainer *t) {
    const size_t n = t->dataset->info.n;
    const size_t bytes = n * sizeof *t->order + loss_slots(t) * sizeof *t->host_losses;
    t->order = malloc(n * sizeof *t->order);
    t->host_losses = malloc(loss_slots(t) * sizeof *t->host_losses);
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
    clae_status status = dataset_check_shape(dataset, model->input, "the model");
    if (status == CLAE_OK) status = take_settings(t, settings);
    if (status == CLAE_OK) status = augmentation_check(device->context, &t->settings, model->input);
    if (status == CLAE_OK) status = check_loss(t);
    if (status == CLAE_OK) set_normalisation(t);
    if (status == CLAE_OK) status = prepare(t);
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
    runner_release(&trainer->runner);
    settings_release(&trainer->settings);
    free(trainer->order);
    free(trainer->host_losses);
    free(trainer);
}

static clae_status set_order(clae_trainer *t) {
    if (t->order_is_set || t->settings.no_shuffle) return CLAE_OK;
    philox_permutation((philox_stream){t->settings.seed, PHILOX_SHUFFLE, (uint32_t)t->position.epoch}, t->order,
                       t->runner.data.layout.n);
    const clae_status status = device_dataset_set_order(&t->runner.data, t->order);
    t->order_is_set = status == CLAE_OK;
    return status;
}

size_t trainer_node_count(const clae_trainer *t) {
    return t->full->node_count + t->update->node_count;
}

plan_node *trainer_node(const clae_trainer *t, size_t index) {
    return index < t->full->node_count ? &t->full->nodes[index] : &t->update->nodes[index - t->full->node_count];
}

size_t trainer_next_images(const clae_trainer *t) {
    const size_t left = t->runner.data.layout.n - (size_t)t->position.images;
    return left < t->settings.batch_size ? left : (size_t)t->settings.batch_size;
}

plan *trainer_piece_plan(const clae_trainer *t, size_t place) {
    return place + t->full->batch_size <= trainer_next_images(t) ? t->full : t->last;
}

clae_status trainer_piece_inputs(clae_trainer *t, size_t place, plan_inputs *inputs) {
    const size_t step = (size_t)(t->position.step - t->first_waiting_step);
    const double images = (double)trainer_piece_plan(t, place)->batch_size;
    *inputs = (plan_inputs){.losses = t->runner.losses,
                            .step = {.slot = step * t->pieces + place / t->full->batch_size,
                                     .seed = t->settings.seed,
                                     .number = t->position.step,
                                     .place = place,
                                     .image = t->position.epoch * t->dataset->info.n + t->position.images + place,
                                     .keep = place ? 1 : 0, /* of the gradients so far */
                                     .more = (float)(images / (double)trainer_next_images(t))}};
    const clae_status status = set_order(t);
    return status == CLAE_OK ? device_dataset_take(&t->runner.data, t->position.images + place, inputs) : status;
}

/* Less at first, so that the first weights do not weigh on. */
static double average_keeps(const clae_settings *settings, uint64_t updates) {
    return fmin(settings->ema, (1 + (double)updates) / (10 + (double)updates));
}

void trainer_update_inputs(const clae_trainer *t, plan_inputs *inputs) {
    *inputs = (plan_inputs){.step.keep = (float)average_keeps(&t->settings, t->position.step + 1)};
    inputs->step.more = 1 - inputs->step.keep;
    optimiser_rates(&t->settings, t->position.step, inputs->step.rates);
}

void trainer_advance(clae_trainer *t) {
    t->position.images += trainer_next_images(t);
    t->position.step++;
    if (t->position.images < t->runner.data.layout.n) return;
    t->position.images = 0;
    t->position.epoch++;
    t->order_is_set = false;
}

bool trainer_losses_are_full(const clae_trainer *t) {
    return t->position.step - t->first_waiting_step >= t->waiting_steps;
}

static clae_status run_step(clae_trainer *t) {
    const size_t images = trainer_next_images(t);
    plan_inputs inputs;
    for (size_t place = 0; place < images; place += t->full->batch_size) {
        clae_status status = trainer_piece_inputs(t, place, &inputs);
        if (status == CLAE_OK) status = plan_run(trainer_piece_plan(t, place), &inputs);
        if (status != CLAE_OK) return status;
    }
    trainer_update_inputs(t, &inputs);
    const clae_status status = plan_run(t->update, &inputs);
    /* Some drivers begin with nothing before they are told to. */
    return status == CLAE_OK ? device_start(t->device) : status;
}

clae_status clae_trainer_run(clae_trainer *t, uint64_t steps) {
    if (steps && trainer_losses_are_full(t))
        return fail(t->device->context, CLAE_ERROR_INPUT, "the losses of %llu steps wait: they must be fetched first",
                    (unsigned long long)t->waiting_steps);
    for (uint64_t i = 0; i < steps && !trainer_losses_are_full(t); i++) {
        const clae_status status = run_step(t);
        if (status != CLAE_OK) return status;
        trainer_advance(t);
        if (t->position.images == 0) break;
    }
    return CLAE_OK;
}

/* Of a step, from those of its pieces: means over their images. */
static float loss_of_step(const clae_trainer *t, uint64_t step, const float *losses) {
    const size_t n = t->runner.data.layout.n, batch = (size_t)t->settings.batch_size, piece = t->full->batch_size;
    const size_t first = (size_t)(step % t->position.steps_per_epoch) * batch;
    const size_t images = n - first < batch ? n - first : batch;
    double loss = 0;
    for (size_t place = 0; place < images; place += piece) {
        const size_t count = images - place < piece ? images - place : piece;
        loss += (double)count / (double)images * (double)losses[place / piece];
    }
    return (float)loss;
}

clae_status clae_trainer_losses(clae_trainer *t, const float **losses, size_t *count) {
    const uint64_t first = t->first_waiting_step;
    *losses = t->host_losses;
    *count = (size_t)(t->position.step - first);
    const size_t bytes = *count * t->pieces * sizeof(float);
    const clae_status status = buffer_download(t->runner.losses, 0, t->host_losses, bytes);
    if (status != CLAE_OK) return status;
    t->first_waiting_step = t->position.step;
    for (size_t i = 0; i < *count; i++)
        t->host_losses[i] = loss_of_step(t, first + i, t->host_losses + i * t->pieces);
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
    return params_download(&trainer->runner.params, trainer->model);
}

uint64_t clae_trainer_memory_bytes(const clae_trainer *trainer) {
    return memory_need_total(&trainer->runner.need);
}
