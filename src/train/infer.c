#include "train/infer.h"

#include "data/dataset.h"
#include "graph/selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BATCH 256

clae_status clae_infer_create(clae_device *device, const clae_model *model, size_t batch_size, clae_infer **out) {
    *out = NULL;
    clae_infer *infer = calloc(1, sizeof *infer);
    if (!infer) return fail_memory(device->context, sizeof *infer, "inference");
    infer->device = device;
    infer->model = model;
    infer->mean = model->mean;
    infer->std = model->std;
    infer->batch_size = batch_size ? batch_size : DEFAULT_BATCH;
    const size_t code_bytes = shape_elements(model->latent) * sizeof(float);
    clae_status status = network_create(device, model, false, &infer->network);
    if (status == CLAE_OK) {
        infer->staging = calloc(infer->batch_size, code_bytes);
        if (!infer->staging) status = fail_memory(device->context, infer->batch_size * code_bytes, "a batch of codes");
    }
    if (status != CLAE_OK) {
        clae_infer_free(infer);
        return status;
    }
    *out = infer;
    return CLAE_OK;
}

void clae_infer_free(clae_infer *infer) {
    if (!infer) return;
    for (size_t i = infer->plan_count; i-- > 0;) plan_free(infer->plans[i].plan);
    buffer_free(infer->losses);
    device_dataset_release(&infer->data);
    network_release(&infer->network);
    free(infer->staging);
    free(infer);
}

clae_status infer_update(clae_infer *infer, const clae_model *model) {
    infer->mean = model->mean;
    infer->std = model->std;
    return network_upload(&infer->network, model);
}

/* Plans beyond the table's size take the place of the last one. */
static size_t place_for_plan(clae_infer *infer) {
    if (infer->plan_count < INFER_MAX_PLANS) return infer->plan_count++;
    plan_free(infer->plans[INFER_MAX_PLANS - 1].plan);
    return INFER_MAX_PLANS - 1;
}

clae_status infer_plan(clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size, plan **out) {
    for (size_t i = 0; i < infer->plan_count; i++)
        if (infer->plans[i].kind == kind && infer->plans[i].from_float == from_float &&
            infer->plans[i].plan->batch_size == batch_size) {
            *out = infer->plans[i].plan;
            return CLAE_OK;
        }
    const plan_request request = {
        .device = infer->device,
        .model = infer->model,
        .network = &infer->network,
        .batch_size = batch_size,
        .load_batch = kind != INFER_DECODE,
        .from_float = from_float,
        .encode = kind != INFER_DECODE,
        .decode = kind != INFER_ENCODE,
        .loss = kind == INFER_RECONSTRUCT,
    };
    clae_status status = plan_create(&request, out);
    if (status == CLAE_OK) status = selftest_plan(*out, NULL, NULL);
    if (status != CLAE_OK) {
        plan_free(*out);
        *out = NULL;
        return status;
    }
    const size_t place = place_for_plan(infer);
    infer->plans[place].kind = kind;
    infer->plans[place].from_float = from_float;
    infer->plans[place].plan = *out;
    return CLAE_OK;
}

/* Puts images first .. first + n - 1 and one loss for each batch on the device, unless they are there. */
static clae_status place_images(clae_infer *infer, const clae_dataset *images, size_t first, size_t n) {
    const size_t slots = n / infer->batch_size + 1;
    clae_status status = dataset_check_shape(infer->model, images);
    if (status == CLAE_OK && slots > infer->loss_slots) {
        buffer_free(infer->losses);
        infer->loss_slots = 0;
        status = buffer_create(infer->device, slots * sizeof(float), &infer->losses);
        if (status == CLAE_OK) infer->loss_slots = slots;
    }
    if (status != CLAE_OK) return status;
    if (infer->data.n == n && infer->data_first == first &&
        strcmp(infer->data.fingerprint, images->info.fingerprint) == 0)
        return CLAE_OK;
    device_dataset_release(&infer->data);
    infer->data_first = first;
    return device_dataset_create(infer->device, images, first, n, infer->batch_size, &infer->data);
}

static plan_inputs inputs_at(const clae_infer *infer, size_t first, size_t slot) {
    return (plan_inputs){.elements = infer->data.elements,
                         .indices = infer->data.indices,
                         .losses = infer->losses,
                         .first = first,
                         .slot = slot};
}

/* Runs a plan over n images in whole batches, the last one filled up, and copies its result out. */
static clae_status run_batches(clae_infer *infer, infer_kind kind, size_t n, float *out) {
    plan *plan = NULL;
    const size_t batch = infer->batch_size;
    const size_t elements = shape_elements(kind == INFER_ENCODE ? infer->model->latent : infer->model->input);
    clae_status status = infer_plan(infer, kind, infer->data.is_float, batch, &plan);
    for (size_t first = 0; first < n && status == CLAE_OK; first += batch) {
        const plan_inputs inputs = inputs_at(infer, first, 0);
        const size_t count = n - first < batch ? n - first : batch;
        status = plan_run(plan, &inputs);
        if (status != CLAE_OK) break;
        const view result = plan_view(plan, kind == INFER_ENCODE ? plan->z : plan->y);
        status = buffer_download(result.buffer, result.offset * sizeof(float), out + first * elements,
                                 count * elements * sizeof(float));
    }
    return status;
}

static void to_pixels(const clae_infer *infer, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = (float)(values[i] * infer->std + infer->mean);
}

clae_status clae_infer_encode(clae_infer *infer, const clae_dataset *images, float *codes) {
    const clae_status status = place_images(infer, images, 0, images->info.n);
    return status == CLAE_OK ? run_batches(infer, INFER_ENCODE, images->info.n, codes) : status;
}

clae_status clae_infer_reconstruct(clae_infer *infer, const clae_dataset *images, size_t first, size_t n,
                                   float *reconstructed) {
    clae_status status = place_images(infer, images, first, n);
    if (status == CLAE_OK) status = run_batches(infer, INFER_RECONSTRUCT, n, reconstructed);
    if (status == CLAE_OK) to_pixels(infer, reconstructed, n * shape_elements(infer->model->input));
    return status;
}

clae_status clae_infer_decode(clae_infer *infer, const float *codes, size_t n, float *images) {
    plan *plan = NULL;
    const size_t batch = infer->batch_size, latent = shape_elements(infer->model->latent);
    const size_t elements = shape_elements(infer->model->input);
    clae_status status = infer_plan(infer, INFER_DECODE, false, batch, &plan);
    if (status != CLAE_OK) return status;
    const view z = plan_view(plan, plan->z), y = plan_view(plan, plan->y);
    for (size_t first = 0; first < n && status == CLAE_OK; first += batch) {
        const size_t count = n - first < batch ? n - first : batch;
        memset(infer->staging, 0, batch * latent * sizeof(float));
        memcpy(infer->staging, codes + first * latent, count * latent * sizeof(float));
        status = buffer_upload(z.buffer, z.offset * sizeof(float), infer->staging, batch * latent * sizeof(float));
        if (status == CLAE_OK) status = plan_run(plan, &(plan_inputs){0});
        if (status == CLAE_OK)
            status = buffer_download(y.buffer, y.offset * sizeof(float), images + first * elements,
                                     count * elements * sizeof(float));
    }
    if (status == CLAE_OK) to_pixels(infer, images, n * elements);
    return status;
}

/* Puts all batches into the queue and reads their losses once; *sum is that of 0.5 (g(f(x)) - x)^2. */
static clae_status sum_losses(clae_infer *infer, size_t n, double *sum) {
    const size_t batch = infer->batch_size, rest = n % batch, whole = n / batch;
    plan *plan = NULL;
    clae_status status = CLAE_OK;
    for (size_t slot = 0; slot < whole + (rest ? 1 : 0) && status == CLAE_OK; slot++) {
        const plan_inputs inputs = inputs_at(infer, slot * batch, slot);
        status = infer_plan(infer, INFER_RECONSTRUCT, infer->data.is_float, slot < whole ? batch : rest, &plan);
        if (status == CLAE_OK) status = plan_run(plan, &inputs);
    }
    *sum = 0;
    for (size_t slot = 0; slot < whole + (rest ? 1 : 0) && status == CLAE_OK; slot++) {
        float loss;
        status = buffer_download(infer->losses, slot * sizeof loss, &loss, sizeof loss);
        *sum += (double)loss * (double)(slot < whole ? batch : rest);
    }
    return status;
}

clae_status clae_infer_evaluate(clae_infer *infer, const clae_dataset *images, clae_evaluation *evaluation) {
    double sum = 0;
    const size_t n = images->info.n;
    *evaluation = (clae_evaluation){0};
    clae_status status = place_images(infer, images, 0, n);
    if (status == CLAE_OK) status = sum_losses(infer, n, &sum);
    if (status != CLAE_OK) return status;
    evaluation->loss = sum / (double)n;
    evaluation->mse_per_pixel =
        2.0 * evaluation->loss * infer->std * infer->std / (double)shape_elements(infer->model->input);
    evaluation->psnr_db = -10.0 * log10(evaluation->mse_per_pixel);
    return CLAE_OK;
}
