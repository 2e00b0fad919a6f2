#include "cli/materials.h"

#include "data/dataset.h"

#include <string.h>

clae_status materials_open_data(materials *materials, const char *data, unsigned what) {
    clae_context *context = materials->session.context;
    clae_status status = CLAE_OK;
    if (what & MATERIALS_TRAIN) status = clae_dataset_open(context, data, CLAE_SPLIT_TRAIN, &materials->train);
    if (!status && (what & MATERIALS_TEST)) {
        status = clae_dataset_open(context, data, CLAE_SPLIT_TEST, &materials->test);
    }
    return status;
}

static clae_status check_shape(const materials *materials, const char *path, const clae_dataset *dataset) {
    return dataset ? dataset_check_shape(dataset, materials->shape, path) : CLAE_OK;
}

clae_status materials_load_model(materials *materials, const char *path) {
    clae_status status = clae_model_load(materials->session.context, path, &materials->model);
    if (status) return status;
    materials->shape = clae_model_input_shape(materials->model);
    clae_shape latent = clae_model_latent_shape(materials->model);
    materials->dims = latent.c * latent.h * latent.w;
    status = check_shape(materials, path, materials->train);
    if (!status) status = check_shape(materials, path, materials->test);
    return status;
}

clae_status materials_start_model(materials *materials, const common_args *args) {
    return clae_infer_create(materials->session.device, materials->model, &args->settings, 0, &materials->infer);
}

static void warn_same_images(materials *materials) {
    if (!materials->train || !materials->test) return;
    const clae_dataset_info *test = clae_dataset_get_info(materials->test);
    if (strcmp(test->fingerprint, clae_dataset_get_info(materials->train)->fingerprint)) return;
    session_warn_same_images(&materials->session, test);
}

clae_status materials_fit_pca(materials *materials, const common_args *args, size_t dims) {
    warn_same_images(materials);
    const size_t elements = materials->shape.c * materials->shape.h * materials->shape.w;
    if (materials->model && dims > elements) {
        console_message(materials->session.console, CLAE_LOG_INFO,
                        "PCA is left out: %zu dimensions are more than the %zu of an image", dims, elements);
        return CLAE_OK;
    }
    console_message(materials->session.console, CLAE_LOG_INFO, "fitting PCA to %zu training images",
                    clae_dataset_get_info(materials->train)->n);
    return clae_pca_fit(materials->session.device, materials->train, &args->settings, dims, &materials->pca);
}

clae_status materials_open(materials *materials, console *console, const common_args *args, const char *data,
                           unsigned what, output *out) {
    *materials = (struct materials){0};
    clae_status status = session_open(&materials->session, console, args);
    if (!status && out) status = output_choose(out, console, materials->session.context);
    if (!status) status = materials_open_data(materials, data, what);
    if (!status) status = materials_load_model(materials, args->model);
    if (!status && out) status = output_prepare(out, materials->session.context);
    if (!status) status = session_open_device(&materials->session, args);
    if (!status) status = materials_start_model(materials, args);
    if (!status && (what & MATERIALS_PCA & ~MATERIALS_TRAIN))
        status = materials_fit_pca(materials, args, materials->dims);
    return status;
}

void materials_drop_model(materials *materials) {
    clae_infer_free(materials->infer);
    clae_model_free(materials->model);
    materials->infer = NULL;
    materials->model = NULL;
}

void materials_close(materials *materials) {
    materials_drop_model(materials);
    clae_pca_free(materials->pca);
    clae_dataset_free(materials->train);
    clae_dataset_free(materials->test);
    session_close(&materials->session);
}

clae_status materials_no_memory(const materials *materials, const char *what) {
    console_message(materials->session.console, CLAE_LOG_ERROR, "there is not enough memory for %s", what);
    return CLAE_ERROR_INTERNAL;
}
