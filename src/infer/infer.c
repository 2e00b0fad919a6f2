#include "infer/infer.h"

#include "base/memory.h"
#include "data/dataset.h"
#include "data/pixels.h"
#include "ops/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BATCH 256
/* Of reconstructions that are on the host at once, about. */
#define EVALUATED_FLOATS ((size_t)1 << 20)
/* Sums that an image's errors go into by turns. */
#define LANES 8

static clae_status take_settings(clae_infer *infer, const clae_settings *given) {
    const clae_context *context = infer->device->context;
    const clae_settings defaults = settings_defaults(context);
    if (!settings_copy(given ? given : &defaults, &infer->settings))
        return fail_memory(context, sizeof infer->settings, "the settings");
    return settings_numerics(context, &infer->settings, &infer->numerics);
}

clae_status clae_infer_create(clae_device *device, const clae_model *model, const clae_settings *settings,
                              size_t batch_size, clae_infer **out) {
    *out = NULL;
    clae_infer *infer = calloc(1, sizeof *infer);
    if (!infer) return fail_memory(device->context, sizeof *infer, "inference");
    infer->device = device;
    infer->model = model;
    infer->runner = (runner){.device = device, .model = model};
    clae_model_get_normalisation(model, infer->mean, infer->std);
    infer->batch_size = batch_size ? batch_size : DEFAULT_BATCH;
    infer->may_shrink = batch_size == 0;
    const size_t image_bytes = shape_elements(model->input) * sizeof *infer->image;
    clae_status status = take_settings(infer, settings);
    if (status == CLAE_OK && !(infer->image = malloc(image_bytes)))
        status = fail_memory(device->context, image_bytes, "inference");
    if (status == CLAE_OK) status = params_create(device, model, NULL, &infer->runner.params);
    if (status != CLAE_OK) {
        clae_infer_free(infer);
        return status;
    }
    *out = infer;
    return CLAE_OK;
}

void clae_infer_free(clae_infer *infer) {
    if (!infer) return;
    runner_release(&infer->runner);
    settings_release(&infer->settings);
    free(infer->staging);
    free(infer->image);
    free(infer);
}

clae_status infer_update(clae_infer *infer, const clae_model *model) {
    clae_model_get_normalisation(model, infer->mean, infer->std);
    return params_upload(&infer->runner.params, model);
}

static plan_request request_of(const clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size) {
    /* For other losses, reconstructions are enough. */
    const bool evaluates = kind == INFER_EVALUATE && loss_is_of_pixels(infer->loss);
    return (plan_request){.device = infer->device,
                          .model = infer->model,
                          .batch_size = batch_size,
                          .load_batch = kind != INFER_DECODE,
                          .from_float = from_float,
                          .encode = kind != INFER_DECODE,
                          .decode = kind != INFER_ENCODE,
                          .evaluate = evaluates,
                          .loss = evaluates ? infer->loss : LOSS_mse,
                          .numerics = infer->numerics};
}

clae_status infer_plan(clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size, plan **out) {
    runner_work work = {.request = request_of(infer, kind, from_float, batch_size)};
    const clae_status status = runner_prepare(&infer->runner, &work);
    *out = work.whole;
    return status;
}

/* Of the user, or halved while all images fit into one: few sizes, so that plans serve again. */
static size_t batch_size_for(const clae_infer *infer, size_t images) {
    size_t batch_size = infer->batch_size;
    while (infer->may_shrink && batch_size / 2 >= images && images > 0) batch_size /= 2;
    return batch_size;
}

clae_status infer_begin(clae_infer *infer, infer_kind kind, const clae_dataset *images, size_t first, size_t n,
                        plan **out) {
    const size_t batch_size = batch_size_for(infer, n);
    runner_work work = {.request = request_of(infer, kind, images && images->info.is_float, batch_size),
                        .may_shrink = infer->may_shrink,
                        .images = images,
                        .first = first,
                        .n = n};
    clae_status status = CLAE_OK;
    *out = NULL;
    if (images) status = dataset_check_shape(images, infer->model->input, "the model");
    if (images && status == CLAE_OK) status = dataset_check_range(images, first, n);
    if (status == CLAE_OK) status = runner_prepare(&infer->runner, &work);
    if (status != CLAE_OK) return status;
    if (work.request.batch_size < batch_size) infer->batch_size = work.request.batch_size;
    *out = work.whole;
    return CLAE_OK;
}

clae_status infer_inputs_at(clae_infer *infer, size_t first, plan_inputs *inputs) {
    *inputs = (plan_inputs){0};
    return device_dataset_take(&infer->runner.data, first, inputs);
}

/* At least rows * floats_per_row floats in infer->staging. */
static clae_status get_staging(clae_infer *infer, size_t rows, size_t floats_per_row) {
    size_t floats, bytes;
    if (!size_multiply(rows, floats_per_row, &floats) || !size_multiply(floats, sizeof(float), &bytes))
        return fail_memory(infer->device->context, SIZE_MAX, "a batch");
    if (floats <= infer->staging_floats) return CLAE_OK;
    free(infer->staging);
    infer->staging = malloc(bytes);
    infer->staging_floats = infer->staging ? floats : 0;
    return infer->staging ? CLAE_OK : fail_memory(infer->device->context, bytes, "a batch");
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
        status = infer_inputs_at(infer, first, &inputs);
        if (status == CLAE_OK) status = plan_run(plan, &inputs);
        if (status != CLAE_OK) break;
        const view result = plan_view(plan, decodes ? plan->y : plan->z);
        status = buffer_download(result.buffer, result.offset * sizeof(float), out + first * elements,
                                 count * elements * sizeof(float));
    }
    return status;
}

static void to_pixels(const clae_infer *infer, float *values, size_t count) {
    const size_t channels = infer->model->input.c;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(values[i] * infer->std[i % channels] + infer->mean[i % channels]);
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
    const size_t batch = plan->batch_size;
    const view z = plan_view(plan, plan->z), y = plan_view(plan, plan->y);
    status = get_staging(infer, batch, latent);
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

/* What an evaluation adds up over images. */
typedef struct error_sums {
    double squares[CLAE_MAX_CHANNELS]; /* of (y - x)^2, of normalised pixels of each channel */
    double losses;                     /* where the loss is another one */
} error_sums;

static double sigmoid(double logit) {
    return 1 / (1 + exp(-logit));
}

/* An image's errors, in double and in an order of its own: the same in batches of any size. */
static clae_status add_error(clae_infer *infer, const plan *plan, const clae_dataset *images, size_t image,
                             const float *y, error_sums *sums) {
    const size_t elements = shape_elements(infer->model->input), channels = infer->model->input.c;
    const double unit = pixels_unit(images->info.is_float), *x = infer->image;
    const clae_status status = dataset_read_values(images, image, infer->image);
    if (status != CLAE_OK) return status;
    const bool adds_losses = infer->loss != LOSS_mse && plan->image_losses < 0;
    for (size_t c = 0; c < channels; c++) {
        double lanes[LANES] = {0}, squares = 0;
        for (size_t e = c, lane = 0; e < elements; e += channels, lane = (lane + 1) % LANES) {
            const double target = (x[e] / unit - infer->mean[c]) / infer->std[c];
            const double difference = (plan->has_logits ? sigmoid((double)y[e]) : (double)y[e]) - target;
            lanes[lane] += difference * difference;
            if (adds_losses) sums->losses += loss_term(infer->loss, (double)y[e], target);
        }
        for (size_t lane = 0; lane < LANES; lane++) squares += lanes[lane];
        sums->squares[c] += squares;
    }
    return CLAE_OK;
}

/* Adds the errors of the batch that begins with image `first`, whose reconstructions are at `y`. */
static clae_status add_errors(clae_infer *infer, const plan *plan, const clae_dataset *images, size_t first,
                              size_t count, error_sums *sums) {
    const view y = plan_view(plan, plan->y);
    const size_t elements = shape_elements(infer->model->input);
    const size_t most = infer->staging_floats / elements;
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < count && status == CLAE_OK; i += most) {
        const size_t rows = count - i < most ? count - i : most;
        status = buffer_download(y.buffer, (y.offset + i * elements) * sizeof(float), infer->staging,
                                 rows * elements * sizeof(float));
        for (size_t k = 0; k < rows && status == CLAE_OK; k++)
            status = add_error(infer, plan, images, first + i + k, infer->staging + k * elements, sums);
    }
    return status;
}

/* Of a loss of whole images: those of the batch. */
static clae_status add_image_losses(clae_infer *infer, const plan *plan, size_t count, error_sums *sums) {
    if (plan->image_losses < 0) return CLAE_OK;
    const view losses = plan_view(plan, plan->image_losses);
    clae_status status = get_staging(infer, count, 1);
    if (status == CLAE_OK)
        status = buffer_download(losses.buffer, losses.offset * sizeof(float), infer->staging, count * sizeof(float));
    for (size_t i = 0; i < count && status == CLAE_OK; i++) sums->losses += (double)infer->staging[i];
    return status;
}

static clae_status sum_errors(clae_infer *infer, plan *plan, const clae_dataset *images, error_sums *sums) {
    const size_t n = images->info.n, batch = plan->batch_size, elements = shape_elements(infer->model->input);
    const size_t rows = EVALUATED_FLOATS / elements + 1;
    clae_status status = get_staging(infer, rows < batch ? rows : batch, elements);
    for (size_t first = 0; first < n && status == CLAE_OK; first += batch) {
        plan_inputs inputs;
        const size_t count = n - first < batch ? n - first : batch;
        status = infer_inputs_at(infer, first, &inputs);
        if (status == CLAE_OK) status = plan_run(plan, &inputs);
        if (status == CLAE_OK) status = add_errors(infer, plan, images, first, count, sums);
        if (status == CLAE_OK) status = add_image_losses(infer, plan, count, sums);
    }
    return status;
}

clae_status infer_prepare_evaluation(clae_infer *infer, const clae_dataset *images) {
    plan *plan;
    return infer_begin(infer, INFER_EVALUATE, images, 0, images->info.n, &plan);
}

clae_status clae_infer_evaluate(clae_infer *infer, const clae_dataset *images, clae_evaluation *evaluation) {
    error_sums sums = {0};
    plan *plan;
    *evaluation = (clae_evaluation){0};
    clae_status status = infer_begin(infer, INFER_EVALUATE, images, 0, images->info.n, &plan);
    if (status == CLAE_OK) status = sum_errors(infer, plan, images, &sums);
    if (status != CLAE_OK) return status;
    double half_squares = 0, pixel_squares = 0; /* of an image, on average */
    for (size_t c = 0; c < infer->model->input.c; c++) {
        const double half_square = 0.5 * sums.squares[c] / (double)images->info.n;
        half_squares += half_square;
        pixel_squares += 2.0 * half_square * infer->std[c] * infer->std[c];
    }
    evaluation->loss = infer->loss == LOSS_mse ? half_squares : sums.losses / (double)images->info.n;
    evaluation->mse_per_pixel = pixel_squares / (double)shape_elements(infer->model->input);
    evaluation->psnr_db = -10.0 * log10(evaluation->mse_per_pixel);
    return CLAE_OK;
}
