#include "app/measure/tune.h"

#include "base/clock.h"
#include "base/memory.h"
#include "exec/runner.h"
#include "ops/loss.h"
#include "train/micro_batch.h"
#include "train/optimiser.h"
#include "train/settings.h"

#include <stdlib.h>
#include <string.h>

typedef struct job {
    op_desc desc;
    char key[OP_KEY_SIZE], text[160];
    double ms; /* of what is taken now */
} job;

typedef struct tuner {
    clae_device *device, *judge;
    const tune_options *options;
    numerics numerics;
    job *jobs;
    size_t count, index;
} tuner;

static bool is_listed(const tuner *t, const char *key) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->jobs[i].key, key) == 0) return true;
    return false;
}

static int costliest_first(const void *a, const void *b) {
    const job *x = a, *y = b;
    return x->ms != y->ms ? (x->ms < y->ms) - (x->ms > y->ms) : strcmp(x->key, y->key);
}

static void list_jobs(tuner *t, const plan *plan) {
    for (size_t i = 0; i < plan->node_count; i++) {
        job next = {.desc = plan->nodes[i].desc};
        op_key(&next.desc, next.key);
        op_describe(&next.desc, next.text, sizeof next.text);
        if (is_listed(t, next.key) || !tune_op_has_choice(t->device, &next.desc, &t->numerics)) continue;
        t->jobs[t->count++] = next;
    }
}

/* The ops of a training step, as they are fused when nothing is tuned. */
static clae_status find_jobs(tuner *t, const clae_model *model) {
    const training_update update = optimiser_update_of(t->options->settings);
    runner runner = {.device = t->device, .model = model, .update = &update};
    runner_work work = {.request =
                            plan_request_of_training(t->device, model, micro_batch_images(t->options->settings))};
    work.request.numerics = t->numerics;
    work.request.loss = loss_find(t->options->settings->loss);
    clae_status status = runner_plan_work(&runner, &work);
    const size_t bytes = status == CLAE_OK ? (work.whole->node_count + work.update->node_count) * sizeof *t->jobs : 0;
    t->jobs = status == CLAE_OK ? malloc(bytes) : NULL;
    if (status == CLAE_OK && !t->jobs) status = fail_memory(t->device->context, bytes, "tuning");
    if (status == CLAE_OK) {
        list_jobs(t, work.whole);
        list_jobs(t, work.update);
    }
    runner_release(&runner);
    return status;
}

static void tell_progress(void *user, size_t tried, double best_ms) {
    const tuner *t = user;
    const tune_options *o = t->options;
    if (o->progress) o->progress(o->user, t->index, t->count, t->jobs[t->index].text, tried, best_ms);
}

static void report(const tuner *t, const tuning_entry *known, const tune_found *found) {
    const tune_result result = {.index = t->index,
                                .count = t->count,
                                .op = t->jobs[t->index].text,
                                .was_known = known != NULL,
                                .impl = known ? known->impl : found->impl->name,
                                .values = known ? known->values : found->values,
                                .ms = known ? known->ms : found->ms,
                                .default_ms = known ? 0 : found->default_ms,
                                .tried = known ? 0 : found->tried,
                                .wrong = known ? 0 : found->wrong,
                                .failed = known ? 0 : found->failed};
    if (t->options->report) t->options->report(t->options->user, &result);
}

static clae_status tune_job(tuner *t) {
    const op_desc *desc = &t->jobs[t->index].desc;
    const tune_request request = {t->device, t->judge, &t->numerics, desc, tell_progress, t};
    tune_found found;
    clae_status status = tune_op(&request, &found);
    if (status == CLAE_OK) status = tuning_set(t->device, desc, &t->numerics, found.impl->name, found.values, found.ms);
    if (status == CLAE_OK) status = tuning_save(t->device);
    if (status == CLAE_OK) report(t, NULL, &found);
    return status;
}

static const tuning_entry *known_entry(const tuner *t, size_t index) {
    return t->options->again ? NULL : tuning_find_exactly(t->device, &t->jobs[index].desc, &t->numerics);
}

/* By measured times: FLOPs do not tell how slow a kernel is. */
static clae_status order_jobs(tuner *t) {
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < t->count && status == CLAE_OK; i++) {
        const tuning_entry *known = known_entry(t, i);
        const tune_request request = {.device = t->device, .numerics = &t->numerics, .desc = &t->jobs[i].desc};
        if (known)
            t->jobs[i].ms = known->ms;
        else
            status = tune_op_time(&request, &t->jobs[i].ms);
    }
    qsort(t->jobs, t->count, sizeof *t->jobs, costliest_first);
    return status;
}

static clae_status tune_jobs(tuner *t, size_t *left) {
    const double end_ms = clock_ms() + 1e3 * t->options->budget_s;
    clae_status status = CLAE_OK;
    *left = 0;
    for (t->index = 0; t->index < t->count && status == CLAE_OK; t->index++) {
        const tuning_entry *known = known_entry(t, t->index);
        if (known)
            report(t, known, NULL);
        else if (clock_ms() < end_ms)
            status = tune_job(t);
        else
            ++*left;
    }
    return status;
}

clae_status tune_run(clae_device *device, clae_model *model, const tune_options *options, size_t *left) {
    tuner t = {.device = device, .options = options};
    clae_status status = micro_batch_check(device->context, options->settings, SIZE_MAX);
    if (status == CLAE_OK) status = settings_numerics(device->context, options->settings, &t.numerics);
    if (status == CLAE_OK) status = find_jobs(&t, model);
    if (status == CLAE_OK) status = device_open_judge(device->context, &t.judge);
    if (status == CLAE_OK) status = order_jobs(&t);
    if (status == CLAE_OK) status = tune_jobs(&t, left);
    clae_device_close(t.judge);
    free(t.jobs);
    return status;
}
