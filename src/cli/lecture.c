#include "cli/pictures.h"
#include "cli/training.h"

#include "base/decimal.h"
#include "base/files.h"
#include "base/memory.h"
#include "app/figures/grid.h"
#include "app/run/run_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_NAME "errors.csv"

typedef struct lecture_args {
    common_args common;
    const char *out;
    option_list dims;
    bool no_invert;
} lecture_args;

#define ARGS lecture_args
static const option options[] = {
    OPTION_TEXT_REQUIRED(out, "out", "DIR", "the folder for pictures, the table and the trained models"),
    OPTION_LIST(dims, "dims", "LIST", "2,8,16,32", 1, 784, "latent dimensions"),
    OPTION_NO_INVERT(no_invert),
};

static const command_setting settings[] = {
    {.name = "data", .required = true},
    {.name = "limit-train", .help = "use the first N training images; default: all"},
    {.name = "preset"},
    {.name = "channels"},
    {.name = "epochs", .help = "passes over the training images, for each dimension"},
    {.name = "batch-size"},
    {.name = "lr"},
    {.name = "seed", .help = "of weights, shuffling, pairs and draws"},
};

typedef struct errors {
    unsigned dims;
    clae_evaluation model, pca;
    bool has_pca; /* an image has as many elements */
} errors;

typedef struct lecture {
    const lecture_args *args;
    materials materials;
    size_t pca_dims;
    errors rows[OPTION_LIST_MAX];
} lecture;

/* Trains one model, or goes on where an earlier call stopped; gives the exit code. */
static int train_model(lecture *lecture, unsigned dims, const char *folder) {
    session *session = &lecture->materials.session;
    run_options run_options = {.folder = folder,
                               .settings = lecture->args->common.settings}; /* whose texts are the command's */
    run_options.settings.latent_dim = dims;
    run_options.settings.given |= settings_bits(SETTINGS_OF_RUN & ~SETTINGS_NUMERICS);
    run *run;
    clae_status status = run_folder_is_used(session->context, folder, &run_options.resume);
    if (!status) status = run_open(session->context, &run_options, &run);
    if (status) return exit_code(status);
    int code = 0;
    const run_info info = run_get_info(run);
    if (info.checkpoint_epochs > info.settings->epochs) {
        code = console_usage(session->console, "--epochs",
                             "%s was trained for %llu epochs already: ask for as many, or choose another --out", folder,
                             (unsigned long long)info.checkpoint_epochs);
    } else if (info.is_finished) {
        console_message(session->console, CLAE_LOG_INFO, "d = %u: %s is trained already", dims, folder);
    } else {
        console_message(session->console, CLAE_LOG_INFO, "d = %u: training into %s", dims, folder);
        training_introduce(session->console, run);
        run_limits limits = {0};
        code = training_run(session->console, run, "the same command", session->device, &limits);
    }
    run_free(run);
    return code;
}

typedef clae_status (*picture_fn)(const materials *materials, const picture_style *style, const output *out);

static clae_status draw(const lecture *lecture, picture_fn picture, const char *name, option_grid grid) {
    const materials *materials = &lecture->materials;
    picture_style style = {
        .grid = grid, .no_invert = lecture->args->no_invert, .seed = lecture->args->common.settings.seed};
    char *path = string_format("%s/%s-d%zu.png", lecture->args->out, name, materials->dims);
    if (!path) return materials_no_memory(materials, "a path");
    clae_status status = picture(materials, &style, &(output){.path = path});
    free(path);
    return status;
}

/* Without PCA where an image has fewer elements than a code. */
static clae_status show_model(lecture *lecture, const char *folder, errors *row) {
    materials *materials = &lecture->materials;
    clae_pca *const pca = materials->pca;
    clae_status status = materials_load_model(materials, folder);
    if (materials->dims > lecture->pca_dims) materials->pca = NULL;
    if (!status) status = materials_start_model(materials, &lecture->args->common);
    if (!status) status = draw(lecture, picture_reconstruction, "reconstruction", (option_grid){12, 3});
    if (!status) status = draw(lecture, picture_interpolation, "interpolation", (option_grid){12, 6});
    if (!status) status = draw(lecture, picture_samples, "samples", (option_grid){12, 3});
    if (!status) status = clae_infer_evaluate(materials->infer, materials->test, &row->model);
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS];
    if (materials->model) clae_model_get_normalisation(materials->model, mean, std);
    row->has_pca = materials->pca != NULL;
    if (!status && row->has_pca)
        status = clae_pca_evaluate(materials->pca, materials->dims, materials->test, std, &row->pca);
    materials_drop_model(materials);
    materials->pca = pca;
    return status;
}

/* Of as many dimensions as the largest code has, or an image. */
static clae_status fit_pca(lecture *lecture) {
    const lecture_args *args = lecture->args;
    const clae_dataset_info *info = clae_dataset_get_info(lecture->materials.train);
    const size_t elements = info->c * info->h * info->w;
    size_t most = 0;
    for (size_t i = 0; i < args->dims.count; i++) most = args->dims.values[i] > most ? args->dims.values[i] : most;
    if (most > elements)
        console_message(lecture->materials.session.console, CLAE_LOG_INFO,
                        "PCA is left out of more dimensions than the %zu numbers of an image", elements);
    lecture->pca_dims = most < elements ? most : elements;
    return materials_fit_pca(&lecture->materials, &args->common, lecture->pca_dims);
}

static clae_status open_lecture(lecture *lecture, console *console) {
    const lecture_args *args = lecture->args;
    materials *materials = &lecture->materials;
    clae_status status = materials_open_session(materials, console, &args->common);
    if (!status) status = materials_open_data(materials, MATERIALS_TRAIN | MATERIALS_TEST);
    if (status) return status;
    status = grid_check_channels(materials->session.context, clae_dataset_get_info(materials->train)->c);
    if (status) return status;
    clae_dataset_limit(materials->train, args->common.settings.limit_train);
    status = output_prepare_folder(materials->session.context, args->out, TABLE_NAME);
    if (!status) status = session_open_device(&materials->session, &args->common);
    if (!status) status = fit_pca(lecture);
    return status;
}

static int train_and_show(lecture *lecture, size_t index) {
    errors *row = &lecture->rows[index];
    row->dims = lecture->args->dims.values[index];
    char *folder = string_format("%s/d%u", lecture->args->out, row->dims);
    if (!folder) return exit_code(materials_no_memory(&lecture->materials, "a path"));
    int code = train_model(lecture, row->dims, folder);
    if (!code) code = exit_code(show_model(lecture, folder, row));
    free(folder);
    return code;
}

/* Below it PCA's error, of as many dimensions as an image has numbers, is rounding alone. */
#define LEAST_ERROR 1e-10

static void print_table(const lecture *lecture) {
    printf("      mean squared error per pixel    PSNR (dB)\n");
    printf("   d    autoencoder          PCA   autoencoder    PCA   error as a share of PCA's\n");
    for (size_t i = 0; i < lecture->args->dims.count; i++) {
        const errors *row = &lecture->rows[i];
        if (!row->has_pca) {
            printf("%4u    %11.6f  %11s   %11.2f %6s   -\n", row->dims, row->model.mse_per_pixel, "-",
                   row->model.psnr_db, "-");
            continue;
        }
        char share[32] = "-";
        if (row->pca.mse_per_pixel > LEAST_ERROR)
            snprintf(share, sizeof share, "%.0f%%", 100 * row->model.mse_per_pixel / row->pca.mse_per_pixel);
        printf("%4u    %11.6f  %11.6f   %11.2f %6.2f   %s\n", row->dims, row->model.mse_per_pixel,
               row->pca.mse_per_pixel, row->model.psnr_db, row->pca.psnr_db, share);
    }
}

static clae_status write_table(const lecture *lecture) {
    char *path = string_format("%s/" TABLE_NAME, lecture->args->out), *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    clae_status status = CLAE_OK;
    if (!path || !stream) status = materials_no_memory(&lecture->materials, "the table");
    if (stream) {
        const decimal_scope scope = decimal_begin();
        fprintf(stream, "latent_dim,loss,mse_per_pixel,psnr_db,pca_loss,pca_mse_per_pixel,pca_psnr_db\n");
        for (size_t i = 0; i < lecture->args->dims.count; i++) {
            const errors *row = &lecture->rows[i];
            fprintf(stream, "%u,%.6f,%.6f,%.3f", row->dims, row->model.loss, row->model.mse_per_pixel,
                    row->model.psnr_db);
            if (row->has_pca) {
                fprintf(stream, ",%.6f,%.6f,%.3f\n", row->pca.loss, row->pca.mse_per_pixel, row->pca.psnr_db);
            } else {
                fputs(",,,\n", stream);
            }
        }
        decimal_end(scope);
        fclose(stream);
    }
    file_part part = {text, text ? strlen(text) : 0};
    if (!status) status = file_write_atomic(lecture->materials.session.context, path, &part, 1);
    if (!status) console_message(lecture->materials.session.console, CLAE_LOG_INFO, "wrote %s", path);
    free(text);
    free(path);
    return status;
}

static int run_lecture(console *console, const void *arguments) {
    lecture lecture = {.args = arguments};
    int code = exit_code(open_lecture(&lecture, console));
    for (size_t i = 0; !code && i < lecture.args->dims.count; i++) code = train_and_show(&lecture, i);
    if (!code) code = exit_code(write_table(&lecture));
    if (!code) print_table(&lecture);
    materials_close(&lecture.materials);
    return code;
}

const command command_lecture = {
    .name = "lecture",
    .summary = "train for several dimensions and make all figures of the lecture",
    .description = "Trains the autoencoder for each latent dimension d into DIR/dN, and draws reconstructions, "
                   "interpolations and samples of each into DIR. Prints a table of errors beside PCA's, which is in "
                   "DIR/errors.csv too. What is trained already is not trained again: after an interruption the same "
                   "command goes on.",
    .example = "clae lecture --data mnist --out lecture --dims 2,8,32",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .settings = settings,
    .setting_count = ARRAY_LENGTH(settings),
    .args_size = sizeof(lecture_args),
    .run = run_lecture,
};
