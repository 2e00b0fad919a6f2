#include "app/run/run_warnings.h"
#include "base/log_capture.h"
#include "graph/model.h"
#include "infer/infer.h"
#include "latent/pca.h"

/* A model that does what PCA does comes so near to its error. */
#define NOISE 0.1
/* Images that a PCA is fitted to, and that it is compared on. */
#define FIT_IMAGES 5000
#define COMPARED_IMAGES 1000
/* Of the training's multiply-adds. */
#define COST_SHARE 0.02

bool run_pca_is_better(double model_mse_per_pixel, double pca_mse_per_pixel) {
    return model_mse_per_pixel > (1 + NOISE) * pca_mse_per_pixel;
}

/* Forward, and backward twice as many. */
static double training_multiply_adds(const run_outcome *outcome) {
    const clae_model *model = outcome->infer->model;
    double sum = 0;
    clae_layer_info info;
    for (size_t i = 0; i < model->layer_count; i++)
        if (clae_model_get_layer(model, i, &info) == CLAE_OK) sum += (double)info.multiply_adds;
    return 3 * sum * (double)outcome->steps * (double)outcome->batch_size;
}

/* 0: none, as too few would be affordable, or a code has so many numbers that PCA loses next to nothing. */
static size_t images_to_fit(const run_outcome *outcome, size_t elements, size_t dims) {
    const size_t all = clae_dataset_get_info(outcome->train)->n, most = all < FIT_IMAGES ? all : FIT_IMAGES;
    const pca_cost cost = pca_fit_cost(elements, dims);
    const double affordable = (COST_SHARE * training_multiply_adds(outcome) - cost.fixed) / cost.per_image;
    if (2 * dims > elements) return 0;
    if (affordable >= (double)most) return most;
    return affordable >= 2 * (double)dims ? (size_t)affordable : 0;
}

/* Both errors on the same images. */
static clae_status compare(const run_outcome *outcome, const clae_dataset *train, const clae_dataset *test, size_t dims,
                           double *model_mse, double *pca_mse) {
    clae_pca *pca = NULL;
    clae_infer *infer = outcome->infer;
    clae_evaluation evaluation;
    clae_status status = clae_infer_evaluate(infer, test, &evaluation);
    *model_mse = evaluation.mse_per_pixel;
    if (status == CLAE_OK) status = clae_pca_fit(infer->device, train, &infer->settings, dims, &pca);
    if (status == CLAE_OK) status = clae_pca_evaluate(pca, dims, test, infer->std, &evaluation);
    *pca_mse = evaluation.mse_per_pixel;
    clae_pca_free(pca);
    return status;
}

void run_warn_of_pca(const run_outcome *outcome, clae_log_level level) {
    const clae_model *model = outcome->infer->model;
    const size_t dims = shape_elements(model->latent);
    const size_t n = images_to_fit(outcome, shape_elements(model->input), dims);
    if (n == 0) return;
    clae_dataset *train = run_some_images(outcome->train, n);
    clae_dataset *test = run_some_images(outcome->test, COMPARED_IMAGES);
    double model_mse = 0, pca_mse = 0;
    log_capture capture;
    log_capture_begin(&capture, outcome->context);
    const bool ok = train && test && compare(outcome, train, test, dims, &model_mse, &pca_mse) == CLAE_OK;
    log_capture_end(&capture);
    clae_dataset_free(train);
    clae_dataset_free(test);
    if (ok && run_pca_is_better(model_mse, pca_mse))
        log_line(outcome->context, level,
                 "PCA of %zu dimension%s is better than the model (mse per pixel %.5f, the model's %.5f): train longer "
                 "(--epochs), or with another --lr or --schedule",
                 dims, dims == 1 ? "" : "s", pca_mse, model_mse);
}
