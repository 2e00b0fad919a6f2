#include "exec/runner.h"

#include "base/log_capture.h"
#include "check/selftest.h"
#include "data/dataset.h"

#include <string.h>

static bool is_same_plan(const plan_request *a, const plan_request *b) {
    return a->batch_size == b->batch_size && a->load_batch == b->load_batch && a->from_float == b->from_float &&
           a->encode == b->encode && a->decode == b->decode && a->backward == b->backward && a->update == b->update &&
           a->accumulates == b->accumulates && a->evaluate == b->evaluate && a->loss == b->loss &&
           a->augmentation == b->augmentation;
}

static plan *find_plan(const runner *r, const plan_request *request) {
    for (size_t i = 0; i < r->plan_count; i++)
        if (is_same_plan(&r->plans[i].request, request)) return r->plans[i].plan;
    return NULL;
}

/* The first plan stays as long as the others. */
static const plan *shared_plan(const runner *r) {
    return !r->share && r->plan_count ? r->plans[0].plan : r->share;
}

static void drop_plans(runner *r, size_t kept) {
    while (r->plan_count > kept) plan_free(r->plans[--r->plan_count].plan);
    if (r->ready_count > kept) r->ready_count = kept;
}

static clae_status add_plan(runner *r, const plan_request *request, plan **out) {
    if ((*out = find_plan(r, request))) return CLAE_OK;
    const clae_status status = plan_prepare(request, out);
    if (status != CLAE_OK) return status;
    memory_need_add_plan(&r->need, *out, shared_plan(r));
    r->plans[r->plan_count++] = (runner_plan){*request, *out};
    return CLAE_OK;
}

static clae_status add_plans(runner *r, runner_work *work, size_t batch_size) {
    plan_request request = work->request;
    request.batch_size = batch_size;
    request.accumulates = r->update && r->update->accumulates;
    clae_status status = add_plan(r, &request, &work->whole);
    if (!r->update || status != CLAE_OK) return status;
    plan_request update = plan_request_of_update(r->device, r->model, r->update);
    update.numerics = work->request.numerics;
    status = add_plan(r, &update, &work->update);
    request.batch_size = work->n % batch_size;
    return status == CLAE_OK && request.batch_size ? add_plan(r, &request, &work->last) : status;
}

/* What does not depend on the batch size. */
static memory_need fixed_need(const runner *r, const runner_work *work) {
    memory_need need = {.spared = r->update ? memory_spared_bytes(r->device) : 0};
    for (size_t i = 0; !r->params.values && i < params_buffer_count(r->update); i++)
        memory_need_add(&need, &need.weights, params_buffer_bytes(r->model, i));
    if (!r->losses) memory_need_add(&need, &need.losses, work->loss_slots * sizeof(float));
    return need;
}

/* Whether the images are on the device, in batches of that size. */
static bool is_in_place(const runner *r, const runner_work *work, size_t batch_size) {
    const device_dataset *data = &r->data;
    return data->indices && data->layout.n == work->n && data->first == work->first &&
           data->layout.batch_size == batch_size && strcmp(data->fingerprint, work->images->info.fingerprint) == 0;
}

static void plan_images(runner *r, const runner_work *work, size_t batch_size, bool least) {
    r->layout = (dataset_layout){.n = work->n,
                                 .image_bytes = dataset_image_bytes(&work->images->info),
                                 .batch_size = batch_size,
                                 .fills_up = !r->update};
    const uint64_t left = device_memory_left_bytes(r->device);
    const uint64_t needed = memory_need_total(&r->need) + memory_spared_bytes(r->device);
    dataset_layout_choose(&r->layout, r->device, least || left < needed ? 0 : left - needed);
    dataset_layout_add_need(&r->layout, &r->need);
}

/* Images get what room there is, or as little as they can do with. */
static clae_status plan_batches(runner *r, runner_work *work, size_t batch_size, bool least) {
    drop_plans(r, r->ready_count);
    r->need = fixed_need(r, work);
    r->layout = (dataset_layout){0};
    work->whole = work->last = work->update = NULL;
    const clae_status status = add_plans(r, work, batch_size);
    if (status == CLAE_OK && work->images && !is_in_place(r, work, batch_size)) plan_images(r, work, batch_size, least);
    return status;
}

typedef struct planning {
    runner *runner;
    runner_work *work;
    training_update in_pieces; /* of a work that trains: the same in pieces */
} planning;

static clae_status plan_least(void *user, size_t batch_size, memory_need *need) {
    const planning *p = user;
    const clae_status status = plan_batches(p->runner, p->work, batch_size, true);
    *need = p->runner->need;
    return status;
}

static clae_status plan_pieces(void *user, size_t batch_size, memory_need *need) {
    planning *p = user;
    runner *r = p->runner;
    const training_update *update = r->update;
    r->update = &p->in_pieces;
    const clae_status status = plan_least(user, batch_size, need);
    drop_plans(r, r->ready_count); /* which are of this update */
    r->update = update;
    return status;
}

static clae_status refuse(runner *r, runner_work *work) {
    planning planning = {.runner = r, .work = work};
    if (r->update) planning.in_pieces = *r->update;
    planning.in_pieces.accumulates = true;
    return memory_need_refuse(r->device, &(memory_refusal){.batch_size = work->request.batch_size,
                                                           .step_images = work->step_images,
                                                           .has_uneven_pieces = work->step_images >= work->n,
                                                           .need = r->need,
                                                           .plan = plan_least,
                                                           .plan_pieces = plan_pieces,
                                                           .user = &planning});
}

static clae_status plan_what_fits(runner *r, runner_work *work) {
    for (size_t *batch_size = &work->request.batch_size;; *batch_size /= 2) {
        if (work->images && !is_in_place(r, work, *batch_size)) device_dataset_release(&r->data);
        const clae_status status = plan_batches(r, work, *batch_size, false);
        if (status != CLAE_OK || memory_need_fits(r->device, &r->need)) return status;
        if (work->may_shrink && *batch_size > 1) continue;
        return refuse(r, work);
    }
}

static clae_status test_plans(const runner *r, bool *refused) {
    clae_status status = CLAE_OK;
    *refused = false;
    for (size_t i = r->ready_count; i < r->plan_count && status == CLAE_OK; i++) {
        bool is_refused;
        status = selftest_plan(r->plans[i].plan, shared_plan(r), &is_refused);
        *refused = *refused || is_refused;
    }
    return status;
}

/* Once, and not beside training, whose memory is most of it. */
static void log_need(runner *r) {
    const clae_log_level level = r->is_logged || r->share ? CLAE_LOG_DEBUG : CLAE_LOG_INFO;
    memory_need need = r->need;
    if (r->plan_count == r->ready_count) return;
    if (r->params.values) need.weights = r->params.values->bytes;
    memory_need_log(r->device, level, &need);
    dataset_layout_log(&r->layout, r->device, level);
    r->is_logged = true;
}

static clae_status allocate_plans(runner *r) {
    clae_status status = CLAE_OK;
    for (size_t i = r->ready_count; i < r->plan_count && status == CLAE_OK; i++) {
        status = plan_allocate(r->plans[i].plan, &r->params, i || r->share ? shared_plan(r) : NULL);
        if (status == CLAE_OK) r->ready_count++;
    }
    return status;
}

static clae_status place_images(runner *r, const runner_work *work) {
    if (!work->images) return CLAE_OK;
    if (is_in_place(r, work, work->request.batch_size))
        return device_dataset_replace(&r->data, work->images, work->first);
    return device_dataset_create(r->device, work->images, work->first, &r->layout, &r->data);
}

static clae_status allocate(runner *r, const runner_work *work) {
    clae_status status = CLAE_OK;
    if (!r->params.values) status = params_create(r->device, r->model, r->update, &r->params);
    if (status == CLAE_OK) status = allocate_plans(r);
    if (status == CLAE_OK && work->loss_slots && !r->losses)
        status = buffer_create(r->device, work->loss_slots * sizeof(float), &r->losses);
    /* Last, as they can do with little. */
    if (status == CLAE_OK) status = place_images(r, work);
    return status;
}

/* Memory that the driver refuses although the device has it: less may do, where the batch size is not the user's. What
 * was there before stays. */
static clae_status allocate_or_halve(runner *r, runner_work *work, bool *is_halved) {
    const size_t ready = r->ready_count;
    size_t *batch_size = &work->request.batch_size;
    if (!work->may_shrink || *batch_size == 1) return allocate(r, work);
    log_capture capture;
    log_capture_begin(&capture, r->device->context);
    const clae_status status = allocate(r, work);
    log_capture_end(&capture);
    *is_halved = status == CLAE_ERROR_DEVICE;
    if (!*is_halved) {
        if (status != CLAE_OK) log_line(r->device->context, CLAE_LOG_ERROR, "%s", capture.error);
        return status;
    }
    drop_plans(r, ready);
    device_dataset_release(&r->data);
    *batch_size /= 2;
    log_line(r->device->context, CLAE_LOG_WARNING, "batches are of %zu images, half as many: %s", *batch_size,
             capture.error);
    return CLAE_OK;
}

clae_status runner_plan_work(runner *r, runner_work *work) {
    return plan_batches(r, work, work->request.batch_size, true);
}

clae_status runner_prepare(runner *r, runner_work *work) {
    bool again = true;
    clae_status status = CLAE_OK;
    if (r->plan_count + RUNNER_WORK_PLANS > RUNNER_MOST_PLANS) drop_plans(r, RUNNER_MOST_PLANS - RUNNER_WORK_PLANS);
    /* Where an implementation is refused, the next one may need more memory. */
    while (again && status == CLAE_OK) {
        status = plan_what_fits(r, work);
        if (status == CLAE_OK) log_need(r);
        if (status == CLAE_OK) status = test_plans(r, &again);
        if (status == CLAE_OK && !again) status = allocate_or_halve(r, work, &again);
    }
    if (status == CLAE_OK) return CLAE_OK;
    drop_plans(r, r->ready_count);
    work->whole = work->last = work->update = NULL;
    return status;
}

void runner_release(runner *r) {
    drop_plans(r, 0);
    device_dataset_release(&r->data);
    buffer_free(r->losses);
    params_release(&r->params);
    *r = (runner){0};
}
