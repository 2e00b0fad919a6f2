/* The search for one op: each implementation with its shipped values, and from the values of each the best neighbour,
 * one parameter at a time, as long as that helps. */
#include "app/measure/tune.h"

#include "app/measure/timing.h"
#include "base/memory.h"
#include "check/op_trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, MAX_VISITED = 512 };
#define ROUND_MS 6.0
/* What is slower by more in its first run is not looked at again. */
#define HOPELESS 2.5
/* Less is noise. */
#define GAIN 0.97

typedef struct candidate {
    const op_impl *impl;
    const tune_space *space; /* NULL: no values */
    int values[TUNE_MAX_PARAMETERS];
    double ms; /* infinite for what failed */
} candidate;

typedef struct search {
    const tune_request *request;
    op_operands got, answer;
    op_trial trial;
    candidate *visited;
    size_t visited_count;
    candidate best;
    size_t tried, wrong, failed;
} search;

typedef struct run_work {
    op_instance *instance;
    op_trial *trial;
} run_work;

static clae_status run_once(void *work) {
    run_work *w = work;
    return op_run(w->instance, &w->trial->args);
}

static clae_status prepare(const search *s, const candidate *c, op_instance **instance) {
    const op_choice choice = {
        .impl = c->impl, .numerics = s->request->numerics, .space = c->space, .values = c->values};
    return c->impl->prepare(s->request->device, s->request->desc, &choice, instance);
}

static clae_status time_candidate(run_work *work, candidate *c, double best_ms) {
    clae_device *device = work->trial->device;
    double ms[ROUNDS];
    unsigned count = 1;
    clae_status status = time_runs(device, run_once, work, 1, &ms[0]);
    if (status == CLAE_OK && ms[0] > HOPELESS * best_ms) {
        c->ms = ms[0];
        return CLAE_OK;
    }
    if (status == CLAE_OK) status = runs_that_fill(device, run_once, work, ROUND_MS, &count);
    for (int r = 0; r < ROUNDS && status == CLAE_OK; r++) status = time_runs(device, run_once, work, count, &ms[r]);
    if (status == CLAE_OK) c->ms = median(ms, ROUNDS);
    return status;
}

static clae_status check_and_time(search *s, candidate *c, op_instance *instance, bool *right) {
    run_work work = {instance, &s->trial};
    clae_status status = op_trial_attach(&s->trial, instance, &s->got);
    if (status == CLAE_OK) status = op_run(instance, &s->trial.args);
    if (status == CLAE_OK) status = op_trial_fetch(&s->trial, &s->got);
    if (status != CLAE_OK) return status;
    *right = op_outputs_difference(s->request->desc, &s->got, &s->answer) <= OP_TRIAL_TOLERANCE;
    return *right ? time_candidate(&work, c, s->best.impl ? s->best.ms : INFINITY) : CLAE_OK;
}

static bool is_visited(const search *s, const candidate *c) {
    for (size_t i = 0; i < s->visited_count; i++) {
        const candidate *v = &s->visited[i];
        const size_t bytes = c->space ? c->space->count * sizeof *c->values : 0;
        if (v->impl == c->impl && v->space == c->space && memcmp(v->values, c->values, bytes) == 0) return true;
    }
    return s->visited_count == MAX_VISITED;
}

/* A candidate that fails is one that loses: what it has to say is not the user's concern. */
static void try_candidate(search *s, candidate c) {
    clae_context *context = s->request->device->context;
    const clae_log_fn log = context->log;
    op_instance *instance = NULL;
    bool right = true;
    if (is_visited(s, &c)) return;
    if (s->request->progress) s->request->progress(s->request->user, s->tried, s->best.impl ? s->best.ms : 0);
    c.ms = INFINITY;
    s->tried++;
    context->log = NULL;
    clae_status status = prepare(s, &c, &instance);
    if (status == CLAE_OK) status = check_and_time(s, &c, instance, &right);
    op_release(instance);
    context->log = log;
    s->failed += status != CLAE_OK;
    s->wrong += !right;
    s->visited[s->visited_count++] = c;
    if (c.ms < INFINITY && (!s->best.impl || c.ms < GAIN * s->best.ms)) s->best = c;
}

static candidate shipped_candidate(const clae_device *device, const op_desc *desc, const op_impl *impl, bool *valid) {
    candidate c = {.impl = impl, .space = impl->space ? impl->space(device, desc) : NULL};
    *valid = !c.space || tune_ships(device, desc, c.space, c.values);
    return c;
}

static void try_impls(search *s) {
    const clae_device *device = s->request->device;
    const op_desc *desc = s->request->desc;
    for (const op_impl *const *impl = device->backend->impls(desc->op); *impl; impl++) {
        bool valid;
        if (!op_impl_can(*impl, device, desc, s->request->numerics)) continue;
        const candidate c = shipped_candidate(device, desc, *impl, &valid);
        if (valid) try_candidate(s, c);
    }
}

/* Every other value of one parameter of the best candidate. */
static void try_parameter(search *s, size_t parameter) {
    const candidate from = s->best;
    for (const int *value = from.space->parameters[parameter].candidates; *value; value++) {
        candidate c = from;
        c.values[parameter] = *value;
        if (c.space->is_valid(s->request->device, s->request->desc, c.values)) try_candidate(s, c);
    }
}

static void climb(search *s) {
    for (bool better = true; better && s->best.space;) {
        const double before_ms = s->best.ms;
        for (size_t p = 0; s->best.space && p < s->best.space->count; p++) try_parameter(s, p);
        better = s->best.ms < before_ms;
    }
}

/* The default and the best by turns: single measurements are noisy, and a choice that is no better is none. */
static clae_status compare_with_default(search *s, const candidate *standard, double *default_ms) {
    double ms[2][ROUNDS];
    op_instance *instances[2] = {NULL, NULL};
    const candidate *const both[2] = {standard, &s->best};
    clae_status status = CLAE_OK;
    for (int i = 0; i < 2 && status == CLAE_OK; i++) {
        status = prepare(s, both[i], &instances[i]);
        if (status == CLAE_OK) status = op_trial_attach(&s->trial, instances[i], &s->got);
    }
    for (int r = 0; r < ROUNDS && status == CLAE_OK; r++)
        for (int i = 0; i < 2 && status == CLAE_OK; i++) {
            run_work work = {instances[i], &s->trial};
            unsigned count = 1;
            status = runs_that_fill(s->request->device, run_once, &work, ROUND_MS, &count);
            if (status == CLAE_OK) status = time_runs(s->request->device, run_once, &work, count, &ms[i][r]);
        }
    op_release(instances[0]);
    op_release(instances[1]);
    if (status != CLAE_OK) return status;
    *default_ms = median(ms[0], ROUNDS);
    s->best.ms = median(ms[1], ROUNDS);
    if (s->best.ms < GAIN * *default_ms) return CLAE_OK;
    s->best = *standard;
    s->best.ms = *default_ms;
    return CLAE_OK;
}

/* What is taken where nothing was tuned. */
static candidate standard_candidate(const search *s) {
    const clae_device *device = s->request->device;
    bool valid;
    return shipped_candidate(device, s->request->desc, op_choose(device, s->request->desc, s->request->numerics),
                             &valid);
}

static clae_status look_for_best(search *s, tune_found *found) {
    clae_device *device = s->request->device;
    const op_desc *desc = s->request->desc;
    candidate standard = standard_candidate(s);
    try_candidate(s, standard);
    const bool works = s->best.impl != NULL;
    if (!op_is_forced(device, desc->op, s->request->numerics)) try_impls(s);
    if (!s->best.impl) {
        char text[160];
        op_describe(desc, text, sizeof text);
        return fail(device->context, CLAE_ERROR_DEVICE, "%s: no implementation is right on %s (%s)", text,
                    device->info.id, device->info.name);
    }
    climb(s);
    found->default_ms = INFINITY;
    const clae_status status = works ? compare_with_default(s, &standard, &found->default_ms) : CLAE_OK;
    if (status != CLAE_OK) return status;
    found->impl = s->best.impl;
    found->ms = s->best.ms;
    found->values[0] = '\0';
    if (s->best.space) tune_values_format(s->best.space, s->best.values, found->values);
    return CLAE_OK;
}

clae_status tune_op(const tune_request *request, tune_found *found) {
    clae_device *device = request->device;
    search s = {.request = request, .visited = malloc(MAX_VISITED * sizeof *s.visited)};
    clae_status status = s.visited ? CLAE_OK : fail_memory(device->context, MAX_VISITED * sizeof *s.visited, "tuning");
    *found = (tune_found){0};
    if (status == CLAE_OK) status = op_operands_draw(device->context, request->desc, 1, &s.answer);
    if (status == CLAE_OK) status = op_operands_draw(device->context, request->desc, 1, &s.got);
    if (status == CLAE_OK) status = op_trial_judge(request->judge, request->desc, &s.answer);
    if (status == CLAE_OK) status = op_trial_open(device, request->desc, &s.got, &s.trial);
    if (status == CLAE_OK) status = look_for_best(&s, found);
    found->tried = s.tried;
    found->wrong = s.wrong;
    found->failed = s.failed;
    op_trial_close(&s.trial);
    op_operands_free(&s.got);
    op_operands_free(&s.answer);
    free(s.visited);
    return status;
}

static clae_status time_standard(search *s, double *ms) {
    clae_context *context = s->request->device->context;
    const clae_log_fn log = context->log;
    candidate standard = standard_candidate(s);
    op_instance *instance = NULL;
    context->log = NULL; /* tune_op says what fails */
    clae_status status = prepare(s, &standard, &instance);
    if (status == CLAE_OK) status = op_trial_attach(&s->trial, instance, &s->got);
    run_work work = {instance, &s->trial};
    if (status == CLAE_OK) status = time_candidate(&work, &standard, INFINITY);
    op_release(instance);
    context->log = log;
    *ms = status == CLAE_OK ? standard.ms : INFINITY;
    return status == CLAE_ERROR_DEVICE ? CLAE_OK : status;
}

clae_status tune_op_time(const tune_request *request, double *ms) {
    clae_device *device = request->device;
    search s = {.request = request};
    clae_status status = op_operands_draw(device->context, request->desc, 1, &s.got);
    if (status == CLAE_OK) status = op_trial_open(device, request->desc, &s.got, &s.trial);
    if (status == CLAE_OK) status = time_standard(&s, ms);
    op_trial_close(&s.trial);
    op_operands_free(&s.got);
    return status;
}

bool tune_op_has_choice(const clae_device *device, const op_desc *desc, const numerics *numerics) {
    size_t count = 0;
    for (const op_impl *const *impl = device->backend->impls(desc->op); *impl; impl++) {
        if (!op_impl_can(*impl, device, desc, numerics)) continue;
        count += (*impl)->space && (*impl)->space(device, desc) ? 2 : 1;
    }
    return count > 1;
}
