#include "app/run/run_warnings.h"

#include "base/log_capture.h"
#include "data/dataset.h"
#include "data/pixels.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* A loss of so many times the first epoch's is no noise. */
#define RISEN_RATIO 3
/* Images of which codes are looked at. */
#define MOST_CODES 1000
/* Of the largest deviation among the numbers of a code. */
#define LEAST_DEVIATION 1e-4

void run_warn_of_epoch(const clae_context *context, const run_log *log) {
    if (log->count < 2) return;
    const run_log_row *first = &log->rows[0], *last = &log->rows[log->count - 1], *before = last - 1;
    const double most = RISEN_RATIO * first->train_loss;
    if (last->train_loss <= most || before->train_loss > most) return;
    log_line(context, CLAE_LOG_WARNING,
             "the loss of epoch %" PRIu64 ", %.3g, is far above that of epoch %" PRIu64
             ", %.3g: training diverges; try a smaller --lr, or --clip-norm",
             last->epoch, last->train_loss, first->epoch, first->train_loss);
}

/* The squared error per pixel of the images' mean; false without memory. */
static bool mean_image_error(const clae_dataset *images, double *error) {
    const clae_dataset_info *info = clae_dataset_get_info(images);
    const size_t elements = info->c * info->h * info->w;
    double *sums = calloc(3 * elements, sizeof *sums), *squares = sums + elements, *values = squares + elements;
    bool ok = sums != NULL;
    for (size_t i = 0; ok && i < info->n; i++) {
        ok = dataset_read_values(images, i, values) == CLAE_OK;
        for (size_t e = 0; ok && e < elements; e++) {
            sums[e] += values[e];
            squares[e] += values[e] * values[e];
        }
    }
    const double n = (double)info->n, unit = pixels_unit(info->is_float);
    *error = 0;
    for (size_t e = 0; ok && e < elements; e++) *error += (squares[e] - sums[e] * sums[e] / n) / n;
    *error /= (double)elements * unit * unit;
    free(sums);
    return ok;
}

/* How many numbers of the codes hardly differ between images. */
static size_t count_same(const float *codes, size_t n, size_t dims) {
    double *deviations = calloc(dims, sizeof *deviations), largest = 0;
    size_t count = 0;
    for (size_t d = 0; deviations && d < dims; d++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) sum += (double)codes[i * dims + d];
        for (size_t i = 0; i < n; i++) squares += pow((double)codes[i * dims + d] - sum / (double)n, 2);
        deviations[d] = sqrt(squares / (double)n);
        largest = fmax(largest, deviations[d]);
    }
    for (size_t d = 0; deviations && d < dims; d++) count += deviations[d] <= LEAST_DEVIATION * largest;
    free(deviations);
    return count;
}

static void warn_of_codes(clae_context *context, clae_infer *infer, const clae_model *model,
                          const clae_dataset *images) {
    const clae_shape code = clae_model_latent_shape(model);
    const size_t dims = code.c * code.h * code.w, all = clae_dataset_get_info(images)->n;
    const size_t n = all < MOST_CODES ? all : MOST_CODES;
    uint32_t *first = malloc(n * sizeof *first);
    float *codes = malloc(n * dims * sizeof *codes);
    clae_dataset *some = NULL;
    for (size_t i = 0; first && i < n; i++) first[i] = (uint32_t)i;
    log_capture capture;
    log_capture_begin(&capture, context);
    const bool ok = n > 1 && first && codes && dataset_subset(images, first, n, &some) == CLAE_OK &&
                    clae_infer_encode(infer, some, codes) == CLAE_OK;
    log_capture_end(&capture);
    const size_t same = ok ? count_same(codes, n, dims) : 0;
    if (same)
        log_line(context, CLAE_LOG_INFO, "%zu of the %zu numbers of a code are the same for all images", same, dims);
    clae_dataset_free(some);
    free(codes);
    free(first);
}

void run_warn_of_model(clae_context *context, clae_infer *infer, const clae_model *model, const clae_dataset *images,
                       double mse_per_pixel) {
    double error;
    if (clae_dataset_get_info(images)->n > 1 && mean_image_error(images, &error) && mse_per_pixel >= error)
        log_line(
            context, CLAE_LOG_INFO,
            "the model is no better than the mean of the test images (mse per pixel %.5f, of the mean %.5f): it has "
            "collapsed, or hardly been trained",
            mse_per_pixel, error);
    warn_of_codes(context, infer, model, images);
}
