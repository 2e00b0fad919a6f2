/* The plans of inference, and the memory that they and the images get. */
#include "infer/infer.h"

#include "data/dataset.h"
#include "check/selftest.h"

#include <string.h>

/* What is to be done, and what it takes. */
typedef struct infer_work {
    clae_infer *infer;
    infer_kind kind;
    size_t batch_size;
    bool from_float;
    const clae_dataset *images; /* NULL: none are placed */
    size_t first, n;
    dataset_layout layout;
    plan *prepared; /* one that is not kept yet */
    memory_need need;
} infer_work;

void infer_share(clae_infer *infer, const plan *share) {
    infer->share = share;
}

/* The first plan stays as long as the others. */
static const plan *shared_plan(const clae_infer *infer) {
    return !infer->share && infer->plan_count ? infer->plans[0].plan : infer->share;
}

static plan *find_plan(const infer_work *work, size_t batch_size) {
    const clae_infer *infer = work->infer;
    for (size_t i = 0; i < infer->plan_count; i++)
        if (infer->plans[i].kind == work->kind && infer->plans[i].from_float == work->from_float &&
            infer->plans[i].plan->batch_size == batch_size)
            return infer->plans[i].plan;
    return NULL;
}

static clae_status prepare_plan(infer_work *work, size_t batch_size) {
    const infer_kind kind = work->kind;
    const plan_request request = {
        .device = work->infer->device,
        .model = work->infer->model,
        .batch_size = batch_size,
        .load_batch = kind != INFER_DECODE,
        .from_float = work->from_float,
        .encode = kind != INFER_DECODE,
        .decode = kind != INFER_ENCODE,
    };
    return plan_prepare(&request, &work->prepared);
}

static void drop_plan(infer_work *work) {
    plan_free(work->prepared);
    work->prepared = NULL;
}

/* Plans beyond the table's size take the place of the last one. */
static size_t place_for_plan(clae_infer *infer) {
    if (infer->plan_count < INFER_MAX_PLANS) return infer->plan_count++;
    plan_free(infer->plans[INFER_MAX_PLANS - 1].plan);
    return INFER_MAX_PLANS - 1;
}

/* Allocates the prepared plan, if there is one. */
static clae_status keep_plan(infer_work *work) {
    clae_infer *infer = work->infer;
    if (!work->prepared) return CLAE_OK;
    const clae_status status = plan_allocate(work->prepared, &infer->params, shared_plan(infer));
    if (status != CLAE_OK) {
        drop_plan(work);
        return status;
    }
    const size_t place = place_for_plan(infer);
    infer->plans[place].kind = work->kind;
    infer->plans[place].from_float = work->from_float;
    infer->plans[place].plan = work->prepared;
    work->prepared = NULL;
    return CLAE_OK;
}

/* Whether the images are on the device, in batches of the present size. */
static bool is_in_place(const infer_work *work) {
    const device_dataset *data = &work->infer->data;
    return data->indices && data->layout.n == work->n && work->infer->data_first == work->first &&
           data->layout.batch_size == work->infer->batch_size &&
           strcmp(data->fingerprint, work->images->info.fingerprint) == 0;
}

static void plan_images(infer_work *work, size_t batch_size, uint64_t room_bytes) {
    work->layout = (dataset_layout){.n = work->n,
                                    .image_bytes = dataset_image_bytes(&work->images->info),
                                    .batch_size = batch_size,
                                    .fills_up = true};
    dataset_layout_choose(&work->layout, work->infer->device, room_bytes);
    dataset_layout_add_need(&work->layout, &work->need);
}

/* Plans a batch size, and allocates nothing. Images get what room there is, or as little as they can do with. */
static clae_status plan_work(infer_work *work, size_t batch_size, bool least) {
    const clae_infer *infer = work->infer;
    work->need = (memory_need){0};
    if (!find_plan(work, batch_size)) {
        const clae_status status = prepare_plan(work, batch_size);
        if (status != CLAE_OK) return status;
        memory_need_add_plan(&work->need, work->prepared, shared_plan(infer));
    }
    if (!work->images) return CLAE_OK;
    const uint64_t left = device_memory_left_bytes(infer->device), needed = memory_need_total(&work->need);
    if (!is_in_place(work)) plan_images(work, batch_size, least || left < needed ? 0 : left - needed);
    return CLAE_OK;
}

static clae_status plan_least(void *user, size_t batch_size, memory_need *need) {
    infer_work *work = user;
    const clae_status status = plan_work(work, batch_size, true);
    drop_plan(work);
    *need = work->need;
    return status;
}

static clae_status plan_or_refuse(infer_work *work) {
    const clae_device *device = work->infer->device;
    const size_t batch_size = work->batch_size;
    const clae_status status = plan_work(work, batch_size, false);
    if (status != CLAE_OK || memory_need_fits(device, &work->need)) return status;
    const memory_need need = work->need;
    drop_plan(work);
    return memory_need_refuse(device, batch_size, &need, plan_least, work);
}

/* Halves the batch size until what is needed fits, if that size is not the user's. */
static clae_status fit_batch_size(infer_work *work) {
    clae_infer *infer = work->infer;
    clae_status status = CLAE_OK;
    for (;; infer->batch_size /= 2) {
        if (work->images && !is_in_place(work)) device_dataset_release(&infer->data);
        if (!infer->may_shrink || infer->batch_size == 1) {
            work->batch_size = infer->batch_size;
            return plan_or_refuse(work);
        }
        status = plan_work(work, infer->batch_size, false);
        if (status != CLAE_OK || memory_need_fits(infer->device, &work->need)) return status;
        drop_plan(work);
    }
}

/* Plans, by one of the above, until no implementation is refused. */
static clae_status plan_and_test(infer_work *work, clae_status (*plan_it)(infer_work *work)) {
    bool refused = true;
    clae_status status = CLAE_OK;
    while (refused && status == CLAE_OK) {
        drop_plan(work);
        refused = false;
        status = plan_it(work);
        if (status == CLAE_OK && work->prepared)
            status = selftest_plan(work->prepared, shared_plan(work->infer), &refused);
    }
    if (status != CLAE_OK) drop_plan(work);
    return status;
}

static clae_status place_images(const infer_work *work) {
    clae_infer *infer = work->infer;
    if (!work->images) return CLAE_OK;
    if (is_in_place(work)) return device_dataset_replace(&infer->data, work->images, work->first);
    infer->data_first = work->first;
    return device_dataset_create(infer->device, work->images, work->first, &work->layout, &infer->data);
}

/* Once, and not beside training, whose memory is most of it. */
static void say_need(infer_work *work) {
    clae_infer *infer = work->infer;
    const clae_log_level level = infer->is_said || infer->share ? CLAE_LOG_DEBUG : CLAE_LOG_INFO;
    if (!work->prepared) return;
    work->need.weights = infer->params.values->bytes;
    memory_need_log(infer->device, level, &work->need);
    dataset_layout_log(&work->layout, infer->device, level);
    infer->is_said = true;
}

clae_status infer_plan(clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size, plan **out) {
    infer_work work = {.infer = infer, .kind = kind, .batch_size = batch_size, .from_float = from_float};
    clae_status status = plan_and_test(&work, plan_or_refuse);
    if (status == CLAE_OK) status = keep_plan(&work);
    *out = status == CLAE_OK ? find_plan(&work, batch_size) : NULL;
    return status;
}

clae_status infer_begin(clae_infer *infer, infer_kind kind, const clae_dataset *images, size_t first, size_t n,
                        plan **out) {
    infer_work work = {.infer = infer, .kind = kind, .images = images, .first = first, .n = n};
    clae_status status = CLAE_OK;
    *out = NULL;
    if (images) {
        work.from_float = images->info.is_float;
        status = dataset_check_shape(images, infer->model->input, "the model");
        if (status == CLAE_OK) status = dataset_check_range(images, first, n);
    }
    if (status == CLAE_OK) status = plan_and_test(&work, fit_batch_size);
    if (status != CLAE_OK) return status;
    say_need(&work);
    status = keep_plan(&work);
    if (status == CLAE_OK) status = place_images(&work);
    *out = find_plan(&work, infer->batch_size);
    return status;
}
