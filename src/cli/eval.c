#include "cli/materials.h"

#include "app/run/run_warnings.h"
#include "base/memory.h"
#include "cli/json.h"

#include <jansson.h>
#include <stdio.h>

typedef struct eval_args {
    common_args common;
    bool json;
} eval_args;

#define ARGS eval_args
static const option options[] = {
    OPTION_FLAG(json, "json", 0, "print one JSON object"),
};

static clae_status evaluate(const materials *materials, clae_evaluation *model, clae_evaluation *pca) {
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS];
    clae_model_get_normalisation(materials->model, mean, std);
    clae_status status = clae_infer_evaluate(materials->infer, materials->test, model);
    if (status || !materials->pca) return status;
    return clae_pca_evaluate(materials->pca, materials->dims, materials->test, std, pca);
}

/* null where there is no PCA. */
static json_t *real_of_pca(const materials *materials, double value) {
    return materials->pca ? json_real(value) : json_null();
}

static clae_status print_json(const materials *materials, const clae_evaluation *model, const clae_evaluation *pca) {
    json_t *object = json_pack(
        "{s:s, s:I, s:I, s:f, s:f, s:f, s:o, s:o}", "device", clae_device_get_info(materials->session.device)->id,
        "images", (json_int_t)clae_dataset_get_info(materials->test)->n, "latent_dim", (json_int_t)materials->dims,
        "loss", model->loss, "mse_per_pixel", model->mse_per_pixel, "psnr_db", model->psnr_db, "pca_loss",
        real_of_pca(materials, pca->loss), "pca_mse_per_pixel", real_of_pca(materials, pca->mse_per_pixel));
    return json_print(materials->session.console, object);
}

static void print_row(const materials *materials, const char *name, int digits, double model, double pca) {
    printf("%-28s %11.*f", name, digits, model);
    if (materials->pca) {
        printf(" %11.*f\n", digits, pca);
    } else {
        printf(" %11s\n", "-");
    }
}

static void print_table(const materials *materials, const clae_evaluation *model, const clae_evaluation *pca) {
    printf("%zu test images, d = %zu\n\n", clae_dataset_get_info(materials->test)->n, materials->dims);
    printf("                             autoencoder         PCA\n");
    print_row(materials, "loss per image", 4, model->loss, pca->loss);
    print_row(materials, "mean squared error per pixel", 6, model->mse_per_pixel, pca->mse_per_pixel);
    print_row(materials, "PSNR (dB)", 2, model->psnr_db, pca->psnr_db);
}

static int run(console *console, const void *arguments) {
    const eval_args *args = arguments;
    materials materials;
    clae_evaluation model, pca = {0};
    clae_status status = materials_open(&materials, console, &args->common, MATERIALS_TEST | MATERIALS_PCA, NULL);
    if (!status) status = evaluate(&materials, &model, &pca);
    if (!status) run_warn_of_activity(materials.infer, materials.test, CLAE_LOG_INFO);
    if (!status && materials.pca && run_pca_is_better(model.mse_per_pixel, pca.mse_per_pixel))
        console_message(console, CLAE_LOG_INFO,
                        "PCA of as many dimensions is better than the model: train longer, or "
                        "with another network, --lr or --schedule");
    if (!status && args->json) {
        status = print_json(&materials, &model, &pca);
    } else if (!status) {
        print_table(&materials, &model, &pca);
    }
    materials_close(&materials);
    return exit_code(status);
}

const command command_eval = {
    .name = "eval",
    .summary = "measure a model's errors on the test images, beside PCA's",
    .description =
        "Prints the errors of reconstructing the test images: the loss (half the squared error of normalised "
        "pixels, summed over an image), the mean squared error of pixels in [0,1], and the PSNR; the same for "
        "PCA of equal dimension, fitted on the training images. A code of more numbers than an image has no PCA beside "
        "it. A single file is both the training and the test images.",
    .example = "clae eval run --json",
    .takes_model = true,
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .args_size = sizeof(eval_args),
    .run = run,
};
