#include "app/run/run_warnings.h"

#include "data/dataset.h"
#include "data/pixels.h"

#include <inttypes.h>
#include <stdlib.h>

/* A loss of so many times the first epoch's is no noise. */
#define RISEN_RATIO 3
/* Of these nobody expects a good model. */
#define FEW_STEPS 200

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

clae_dataset *run_some_images(const clae_dataset *images, size_t most) {
    const size_t all = clae_dataset_get_info(images)->n, n = all < most ? all : most;
    uint32_t *numbers = malloc(n * sizeof *numbers);
    clae_dataset *some = NULL;
    for (size_t i = 0; numbers && i < n; i++) numbers[i] = (uint32_t)(i * all / n);
    if (numbers && dataset_subset(images, numbers, n, &some) != CLAE_OK) some = NULL;
    free(numbers);
    return some;
}

/* The squared error per pixel of the images' mean; false without memory. */
static bool mean_image_error(const clae_dataset *images, double *error) {
    const clae_dataset_info *info = clae_dataset_get_info(images);
    const size_t elements = info->c * info->h * info->w;
    double *sums = calloc(4 * elements, sizeof *sums), *squares = sums + elements, *values = squares + elements;
    double *first = values + elements; /* differences to it do not cancel where pixels never change */
    bool ok = sums && dataset_read_values(images, 0, first) == CLAE_OK;
    for (size_t i = 0; ok && i < info->n; i++) {
        ok = dataset_read_values(images, i, values) == CLAE_OK;
        for (size_t e = 0; ok && e < elements; e++) {
            const double change = values[e] - first[e];
            sums[e] += change;
            squares[e] += change * change;
        }
    }
    const double n = (double)info->n, unit = pixels_unit(info->is_float);
    *error = 0;
    for (size_t e = 0; ok && e < elements; e++) *error += (squares[e] - sums[e] * sums[e] / n) / n;
    *error /= (double)elements * unit * unit;
    free(sums);
    return ok;
}

void run_warn_of_model(const run_outcome *outcome) {
    const double mse = outcome->mse_per_pixel;
    const clae_log_level level = outcome->steps < FEW_STEPS ? CLAE_LOG_INFO : CLAE_LOG_WARNING;
    double error;
    if (clae_dataset_get_info(outcome->test)->n < 2) return;
    const bool is_known = mean_image_error(outcome->test, &error);
    if (is_known && error <= 0) {
        log_line(outcome->context, level, "all %zu test images are the same: they do not show what a model has learnt",
                 clae_dataset_get_info(outcome->test)->n);
        return;
    }
    if (is_known && mse >= error) {
        log_line(outcome->context, level,
                 "the model is no better than the mean of the test images (mse per pixel %.5f, of the mean %.5f): it "
                 "has collapsed, or hardly been trained",
                 mse, error);
    } else {
        run_warn_of_pca(outcome, level);
    }
    run_warn_of_activity(outcome->infer, outcome->test, level);
}
