#include "app/measure/bench.h"

#include "app/measure/timing.h"
#include "base/memory.h"
#include "base/philox.h"
#include "infer/infer.h"
#include "ops/op_kind.h"
#include "train/micro_batch.h"
#include "train/trainer.h"

#include <stdlib.h>

#define MAX_ROUNDS 101
#define ROUND_MS 400.0 /* of one timing of a whole step, encode or decode */
#define OP_ROUND_MS 15.0
#define BATCHES 4 /* in the made-up dataset */

typedef struct trainer_work {
    clae_trainer *trainer;
} trainer_work;

typedef struct plan_work {
    plan *plan;
    plan_inputs inputs;
} plan_work;

typedef struct node_work {
    plan_node *node;
} node_work;

static clae_status run_trainer(void *work) {
    clae_trainer *trainer = ((trainer_work *)work)->trainer;
    const float *losses;
    size_t count;
    const clae_status status = clae_trainer_run(trainer, 1);
    if (status != CLAE_OK || !trainer_losses_are_full(trainer)) return status;
    return clae_trainer_losses(trainer, &losses, &count);
}

static clae_status run_plan(void *work) {
    plan_work *w = work;
    return plan_run(w->plan, &w->inputs);
}

static clae_status run_node(void *work) {
    plan_node *node = ((node_work *)work)->node;
    return op_run(node->instance, &node->args);
}

static clae_status make_dataset(clae_context *context, const clae_model *model, size_t n, clae_dataset **dataset) {
    const size_t count = n * shape_elements(model->input);
    uint8_t *pixels = malloc(count);
    if (!pixels) return fail_memory(context, count, "made-up images");
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)philox_bits((philox_stream){0, PHILOX_SELFTEST, 99}, i);
    const clae_status status =
        clae_dataset_from_bytes(context, pixels, n, model->input.c, model->input.h, model->input.w, dataset);
    free(pixels);
    return status;
}

static clae_status time_ops(clae_device *device, clae_trainer *trainer, unsigned rounds, bench_result *result) {
    const size_t count_all = trainer_node_count(trainer);
    double times[MAX_ROUNDS];
    result->ops = calloc(count_all, sizeof *result->ops);
    if (!result->ops) return fail_memory(device->context, count_all * sizeof *result->ops, "the benchmark");
    result->op_count = count_all;
    for (size_t i = 0; i < count_all; i++) {
        plan_node *node = trainer_node(trainer, i);
        node_work work = {node};
        unsigned count = 1;
        clae_status status = runs_that_fill(device, run_node, &work, OP_ROUND_MS, &count);
        for (unsigned r = 0; r < rounds && status == CLAE_OK; r++)
            status = time_runs(device, run_node, &work, count, &times[r]);
        if (status != CLAE_OK) return status;
        bench_op *op = &result->ops[i];
        *op = (bench_op){.layer = node->layer,
                         .op = op_name(node->desc.op),
                         .impl = node->instance->impl->name,
                         .arithmetic = node->instance->arithmetic,
                         .runs = i < trainer->full->node_count ? trainer->pieces : 1,
                         .ms = median(times, rounds)};
        if (op->arithmetic > result->arithmetic) result->arithmetic = op->arithmetic;
        op->gflops = op_flops(&node->desc) / op->ms * 1e-6;
        op->gbytes = op_bytes(&node->desc) / op->ms * 1e-6;
        op_kind_of(node->desc.op)->describe(&node->desc, op->shape, sizeof op->shape);
    }
    return CLAE_OK;
}

typedef struct rate {
    work_fn run;
    void *work;
    unsigned count;
    double ms[MAX_ROUNDS];
} rate;

/* Alternates what is measured, so that a disturbance hits all of it. */
static clae_status time_rates(clae_device *device, rate *rates, size_t rate_count, double *peaks, unsigned rounds) {
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < rate_count && status == CLAE_OK; i++)
        status = runs_that_fill(device, rates[i].run, rates[i].work, ROUND_MS, &rates[i].count);
    for (unsigned r = 0; r < rounds && status == CLAE_OK; r++) {
        status = device->backend->measure_peak(device, &peaks[r]);
        for (size_t i = 0; i < rate_count && status == CLAE_OK; i++)
            status = time_runs(device, rates[i].run, rates[i].work, rates[i].count, &rates[i].ms[r]);
    }
    return status;
}

static clae_status time_all(clae_device *device, clae_trainer *trainer, clae_infer *infer, unsigned rounds,
                            bench_result *result) {
    double peaks[MAX_ROUNDS];
    trainer_work train = {trainer};
    plan_work encode = {0}, decode = {0};
    /* If images are streamed, others will come into their place, which makes no difference here. */
    clae_status status = device_dataset_take(&trainer->runner.data, 0, &encode.inputs);
    if (status == CLAE_OK)
        status = infer_plan(infer, INFER_ENCODE, trainer->runner.data.is_float, result->micro_batch, &encode.plan);
    if (status == CLAE_OK) status = infer_plan(infer, INFER_DECODE, false, result->micro_batch, &decode.plan);
    rate rates[] = {{run_trainer, &train}, {run_plan, &encode}, {run_plan, &decode}};
    if (status == CLAE_OK) status = time_rates(device, rates, ARRAY_LENGTH(rates), peaks, rounds);
    if (status != CLAE_OK) return status;
    const double images = 1e3 * (double)result->micro_batch;
    result->step_ms = median(rates[0].ms, rounds);
    result->train_images_per_second = 1e3 * (double)result->batch_size / result->step_ms;
    result->encode_images_per_second = images / median(rates[1].ms, rounds);
    result->decode_images_per_second = images / median(rates[2].ms, rounds);
    result->peak_gflops = median(peaks, rounds);
    return time_ops(device, trainer, rounds, result);
}

clae_status bench_run(clae_device *device, clae_model *model, const clae_settings *given, unsigned rounds,
                      bench_result *result) {
    clae_dataset *dataset = NULL;
    clae_trainer *trainer = NULL;
    clae_infer *infer = NULL;
    /* A vanishing rate keeps made-up images from driving the weights anywhere. */
    clae_settings settings = *given; /* whose texts are the caller's */
    const size_t batch_size = given->batch_size;
    settings.lr = 1e-9;
    *result = (bench_result){.batch_size = batch_size, .micro_batch = micro_batch_images(given)};
    rounds = rounds == 0 ? 5 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    clae_status status = make_dataset(device->context, model, BATCHES * batch_size, &dataset);
    if (status == CLAE_OK) status = clae_trainer_create(device, model, dataset, &settings, &trainer);
    if (status == CLAE_OK) status = clae_infer_create(device, model, &settings, result->micro_batch, &infer);
    if (status == CLAE_OK) infer->runner.share = trainer->full;
    if (status == CLAE_OK) status = time_all(device, trainer, infer, rounds, result);
    if (status == CLAE_OK) result->memory_bytes = clae_trainer_memory_bytes(trainer);
    clae_infer_free(infer);
    clae_trainer_free(trainer);
    clae_dataset_free(dataset);
    if (status != CLAE_OK) bench_free(result);
    return status;
}

void bench_free(bench_result *result) {
    free(result->ops);
    *result = (bench_result){0};
}
