#include "train/infer.h"

#include "data/dataset.h"

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
    infer->may_shrink = batch_size == 0;
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

static clae_status inputs_at(clae_infer *infer, size_t first, size_t slot, plan_inputs *inputs) {
    *inputs = (plan_inputs){.losses = infer->losses, .slot = slot};
    return device_dataset_take(&infer->data, first, inputs);
}

/* Runs a plan over n images in whole batches, the last one filled up, and copies its result out. */
static clae_status run_batches(clae_infer *infer, plan *plan, size_t n, float *out) {
    const size_t batch = plan->batch_size;
    const bool decodes = plan->y >= 0;
    const size_t elements = shape_elements(decodes ? infer->model->input : infer->model->latent);
    clae_status status = CLAE_OK;
    for (size_t first = 0; first < n && status == CLAE_OK; first += batch) {
        plan_inputs inputs;
        const size_t count = n - first < batch ? n - first : batch;
        status = inputs_at(infer, first, 0, &inputs);
        if (status == CLAE_OK) status = plan_run(plan, &inputs);
        if (status != CLAE_OK) break;
        const view result = plan_view(plan, decodes ? plan->y : plan->z);
        status = buffer_download(result.buffer, result.offset * sizeof(float), out + first * elements,
                                 count * elements * sizeof(float));
    }
    return status;
}

static void to_pixels(const clae_infer *infer, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = (float)(values[i] * infer->std + infer->mean);
}

clae_status clae_infer_encode(clae_infer *infer, const clae_dataset *images, float *codes) {
    plan *plan;
    const clae_status status = infer_begin(infer, INFER_ENCODE, images, 0, images->info.n, &plan);
    return status == CLAE_OK ? run_batches(infer, plan, images->info.n, codes) : status;
}

clae_status clae_infer_reconstruct(clae_infer *infer, const clae_dataset *images, size_t first, size_t n,
                                   float *reconstructed) {
    plan *plan;
    clae_status status = infer_begin(infer, INFER_RECONSTRUCT, images, first, n, &plan);
    if (status == CLAE_OK) status = run_batches(infer, plan, n, reconstructed);
    if (status == CLAE_OK) to_pixels(infer, reconstructed, n * shape_elements(infer->model->input));
    return status;
}

static clae_status check_codes(const clae_infer *infer, const float *codes, size_t n, size_t latent) {
    for (size_t i = 0; i < n * latent; i++)
        if (!isfinite(codes[i]))
            return fail(infer->device->context, CLAE_ERROR_INPUT, "number %zu of code %zu is not finite", i % latent,
                        i / latent);
    return CLAE_OK;
}

clae_status clae_infer_decode(clae_infer *infer, const float *codes, size_t n, float *images) {
    plan *plan;
    const size_t latent = shape_elements(infer->model->latent), elements = shape_elements(infer->model->input);
    clae_status status = check_codes(infer, codes, n, latent);
    if (status == CLAE_OK) status = infer_begin(infer, INFER_DECODE, NULL, 0, n, &plan);
    if (status != CLAE_OK) return status;
    const size_t batch = infer->batch_size;
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

/* Puts all batches into the queue and reads their losses once; *sum is that of 0.5 (g(f(x)) - x)^2. The last batch may
 * be smaller, with a plan of its own. */
static clae_status sum_losses(clae_infer *infer, plan *plan, size_t n, double *sum) {
    const size_t batch = plan->batch_size, rest = n % batch, whole = n / batch, slots = whole + (rest ? 1 : 0);
    clae_status status = CLAE_OK;
    for (size_t slot = 0; slot < slots && status == CLAE_OK; slot++) {
        plan_inputs inputs;
        if (slot == whole) status = infer_plan(infer, INFER_RECONSTRUCT, infer->data.is_float, rest, &plan);
        if (status == CLAE_OK) status = inputs_at(infer, slot * batch, slot, &inputs);
        if (status == CLAE_OK) status = plan_run(plan, &inputs);
    }
    *sum = 0;
    for (size_t slot = 0; slot < slots && status == CLAE_OK; slot++) {
        float loss;
        status = buffer_download(infer->losses, slot * sizeof loss, &loss, sizeof loss);
        *sum += (double)loss * (double)(slot < whole ? batch : rest);
    }
    return status;
}

clae_status infer_prepare_evaluation(clae_infer *infer, const clae_dataset *images) {
    plan *plan;
    clae_status status = infer_begin(infer, INFER_RECONSTRUCT, images, 0, images->info.n, &plan);
    const size_t rest = images->info.n % infer->batch_size;
    if (status == CLAE_OK && rest) status = infer_plan(infer, INFER_RECONSTRUCT, images->info.is_float, rest, &plan);
    return status;
}

clae_status clae_infer_evaluate(clae_infer *infer, const clae_dataset *images, clae_evaluation *evaluation) {
    double sum = 0;
    plan *plan;
    const size_t n = images->info.n;
    *evaluation = (clae_evaluation){0};
    clae_status status = infer_begin(infer, INFER_RECONSTRUCT, images, 0, n, &plan);
    if (status == CLAE_OK) status = sum_losses(infer, plan, n, &sum);
    if (status != CLAE_OK) return status;
    evaluation->loss = sum / (double)n;
    evaluation->mse_per_pixel =
        2.0 * evaluation->loss * infer->std * infer->std / (double)shape_elements(infer->model->input);
    evaluation->psnr_db = -10.0 * log10(evaluation->mse_per_pixel);
    return CLAE_OK;
}
