#include "cli/materials.h"

#include "app/run/run_settings.h"
#include "data/dataset.h"
#include "train/settings_data.h"

#include <string.h>

/* What is not given, a model says: pictures become of its size and channels. Arrays heed the layout alone. */
static clae_status choose_options(const materials *materials, clae_dataset_options *options) {
    const clae_status status = settings_dataset_options(materials->session.context, &materials->settings, options);
    if (status || !materials->model) return status;
    const clae_shape shape = materials->shape;
    if (!options->h) {
        options->h = shape.h;
        options->w = shape.w;
    }
    if (!options->c && (shape.c == 1 || shape.c == 3)) options->c = shape.c;
    return status;
}

static clae_status check_shapes(const materials *materials, const char *taker) {
    clae_status status = CLAE_OK;
    if (materials->train) status = dataset_check_shape(materials->train, materials->shape, taker);
    if (!status && materials->test) status = dataset_check_shape(materials->test, materials->shape, taker);
    return status;
}

clae_status materials_open_data(materials *materials, unsigned what) {
    clae_context *context = materials->session.context;
    clae_dataset_options options;
    if (!(what & (MATERIALS_TRAIN | MATERIALS_TEST))) return CLAE_OK;
    if (!materials->settings.data) {
        console_message(
            materials->session.console, CLAE_LOG_ERROR,
            "--data D is missing (images, like a folder of pictures): the model is of no run that has them");
        return CLAE_ERROR_INPUT;
    }
    clae_status status = choose_options(materials, &options);
    if (!status && (what & MATERIALS_TRAIN))
        status = settings_open_split(context, &materials->settings, &options, CLAE_SPLIT_TRAIN, &materials->train);
    if (!status && (what & MATERIALS_TEST))
        status = settings_open_split(context, &materials->settings, &options, CLAE_SPLIT_TEST, &materials->test);
    return !status && materials->model ? check_shapes(materials, "the model") : status;
}

clae_status materials_load_model(materials *materials, const char *path) {
    clae_status status = clae_model_load(materials->session.context, path, &materials->model);
    if (status) return status;
    materials->shape = clae_model_input_shape(materials->model);
    clae_shape latent = clae_model_latent_shape(materials->model);
    materials->dims = latent.c * latent.h * latent.w;
    return check_shapes(materials, path);
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

clae_status materials_open_session(materials *materials, console *console, const common_args *args) {
    *materials = (struct materials){0};
    clae_status status = session_open(&materials->session, console, args);
    if (!status && !settings_copy(&args->settings, &materials->settings))
        status = materials_no_memory(materials, "the settings");
    return status;
}

clae_status materials_open(materials *materials, console *console, const common_args *args, unsigned what,
                           output *out) {
    clae_status status = materials_open_session(materials, console, args);
    clae_context *context = materials->session.context;
    if (!status && what) status = run_take_settings(context, args->model, SETTINGS_DATA, &materials->settings);
    if (!status && out) {
        out->inputs.data = what ? materials->settings.data : NULL;
        out->inputs.test_data = what ? materials->settings.test_data : NULL;
        out->inputs.labels = what ? materials->settings.labels : NULL;
        status = output_choose(out, console, context);
    }
    if (!status) status = materials_load_model(materials, args->model);
    if (!status) status = materials_open_data(materials, what);
    if (!status && out) status = output_prepare(out, context);
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
    settings_release(&materials->settings);
    session_close(&materials->session);
}

clae_status materials_no_memory(const materials *materials, const char *what) {
    console_message(materials->session.console, CLAE_LOG_ERROR, "there is not enough memory for %s", what);
    return CLAE_ERROR_INTERNAL;
}
