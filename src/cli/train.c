#include "cli/output.h"
#include "cli/training.h"

#include "app/run/run_folder.h"
#include "base/files.h"
#include "base/memory.h"
#include "train/settings_json.h"

#include <stdlib.h>
#include <string.h>

typedef struct train_args {
    common_args common;
    run_options run;
    run_limits limits;
    const char *config;
} train_args;

#define ARGS train_args
static const option options[] = {
    OPTION_TEXT(run.folder, "out", "RUN", "run", "folder of the run: log.csv, loss.png, checkpoints and the model"),
    OPTION_FLAG(run.resume, "resume", 0,
                "go on with the run in the folder, with its own options; --epochs, --lr, --schedule and others that change nothing "
                "of what is behind may differ"),
    OPTION_TEXT(run.init, "init", "FILE", NULL, "start from the weights of a model or checkpoint (.safetensors)"),
    OPTION_TEXT(config, "config", "FILE", NULL,
                "take options of data, model, training and numerics from a JSON object, like {\"lr\": 0.001}; those on "
                "the command line hold"),
    OPTION_COUNT(limits.stop_step, "steps", "N", NULL, 1, 1e12,
                 "end after N steps in all, if the epochs do not end before"),
    OPTION_TEXT(limits.step_log, "log-steps", "FILE", NULL, "write a line `step,loss` for every step"),
};

/* The files that the run itself writes are not for its log of steps. */
static clae_status refuse_run_files(const session *session, const char *folder, const char *path) {
    static const char *const names[] = {RUN_LOG_NAME, RUN_PLOT_NAME, RUN_MODEL_NAME, RUN_BEST_NAME};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char *file = run_folder_path(folder, names[i]);
        bool same = file && output_is_file(path, file);
        free(file);
        if (!same) continue;
        console_usage(session->console, "--log-steps", "%s is the run's own %s: choose another file", path, names[i]);
        return CLAE_ERROR_INPUT;
    }
    return CLAE_OK;
}

static bool is_in_folder(const char *path, const char *folder) {
    const char *slash = strrchr(path, '/');
    return slash && (size_t)(slash - path) == strlen(folder) && !memcmp(path, folder, strlen(folder));
}

/* The run's folder itself is made later, when all that was asked for is known to be possible. */
static clae_status prepare_step_log(session *session, const train_args *args, const run_info *info,
                                    run_limits *limits) {
    const char *folder = args->run.folder;
    if (!limits->step_log) return CLAE_OK;
    output out = {.option = "--log-steps",
                  .path = limits->step_log,
                  .inputs = {.data = info->settings->data,
                             .test_data = info->settings->test_data,
                             .labels = info->settings->labels,
                             .model = args->run.init,
                             .file = info->checkpoint}};
    clae_status status = output_choose(&out, session->console, session->context);
    limits->step_log = out.path;
    if (!status) status = refuse_run_files(session, folder, out.path);
    if (status || (is_in_folder(out.path, folder) && !path_is_folder(folder))) return status;
    return output_prepare(&out, session->context);
}

static int train(session *session, const train_args *args, run *run) {
    training_introduce(session->console, run);
    run_info info = run_get_info(run);
    if (info.tests_on_training_images) session_warn_same_images(session, info.test);
    if (info.is_finished) {
        unsigned long long epochs = info.checkpoint_epochs;
        console_message(session->console, CLAE_LOG_INFO,
                        "%s is finished after %llu epoch%s; a larger --epochs continues it", args->run.folder, epochs,
                        epochs == 1 ? "" : "s");
        return 0;
    }
    run_limits limits = args->limits;
    clae_status status = prepare_step_log(session, args, &info, &limits);
    if (!status) status = session_open_device(session, &args->common);
    if (status) return exit_code(status);
    char *go_on = string_format("clae train --resume --out %s", args->run.folder);
    if (!go_on) return exit_code(fail_memory(session->context, strlen(args->run.folder), "a command"));
    int code = training_run(session->console, run, go_on, session->device, &limits);
    free(go_on);
    return code;
}

/* The settings of the command line, and of --config those that it does not give. */
static clae_status take_settings(const session *session, const train_args *args, clae_settings *settings) {
    if (!settings_copy(&args->common.settings, settings))
        return fail_memory(session->context, sizeof *settings, "the settings");
    const char *data = args->common.model;
    if (data && settings->data) {
        console_usage(session->console, "--data", "the images are \"%s\" already: leave one of both out", data);
        return CLAE_ERROR_INPUT;
    }
    if (data && !setting_read(settings_find("data", SETTINGS_DATA), settings, data))
        return fail(session->context, CLAE_ERROR_INPUT, "the name of the images is empty");
    return args->config ? settings_read_file(session->context, args->config, settings) : CLAE_OK;
}

static int run_command(console *console, const void *arguments) {
    const train_args *args = arguments;
    if (args->run.resume && args->run.init) {
        return console_usage(console, "--init", "starts a new run and does not go with --resume");
    }
    run_options asked = args->run;
    session session;
    run *run = NULL;
    clae_status status = session_open(&session, console, &args->common);
    if (!status) status = take_settings(&session, args, &asked.settings);
    if (!status) status = run_open(session.context, &asked, &run);
    int code = status ? exit_code(status) : train(&session, args, run);
    run_free(run);
    settings_release(&asked.settings);
    session_close(&session);
    return code;
}

const command command_train = {
    .name = "train",
    .summary = "train an autoencoder on images",
    .description =
        "Trains an autoencoder, the lecture's or another (--preset, --encoder, --model), and writes into the "
        "folder RUN: log.csv and "
        "loss.png after each epoch, a checkpoint, best.safetensors where --validation says what is best, and at the end model.safetensors, which PyTorch's "
        "load_state_dict takes. Ctrl-C, SIGTERM, SIGHUP and a closed pipe save a checkpoint and end with 128 + the "
        "signal's number; --resume goes on, to the same model, to the bit, as without the interruption. --impl, "
        "--no-winograd, --no-fusion, --no-tuning, --precision and --micro-batch are the run's own too: --resume takes them from "
        "it.\n\n"
        "Images are pictures or arrays. Pictures (PNG, JPEG and, with libvips, TIFF, WebP, GIF, BMP and more) are those "
        "of a folder and of the folders in it; those that a text file lists, one path a line; or those of a tar archive. "
        "The folders train and test (or val) are what their names say; otherwise --test-share of the pictures is for "
        "testing, always the same ones. Folders in them are labels. Decoded pictures are kept in the cache for the next "
        "time.\n\n"
        "A .npy file is an array of uint8 or uint16, which are divided by 255 or 65535, or of float32 or float64, "
        "which are used as they are: (images, height, width), or with channels after the images or last (--layout). Of a "
        ".npz file it is the array x_train or x_test, x, images, data or arr_0, the only one, or that of "
        "FILE.npz:NAME.\n\n"
        "A single file is both the training and the test images: its test loss says nothing of other images.",
    .example = "clae train photos --size 64x64\n"
               "  clae train --data mnist --out run --epochs 25\n"
               "  clae train --data images.npy --out run --encoder \"conv 32 k4 s2 p1, relu, linear 16\"\n"
               "  clae train --resume --out run --epochs 50",
    .takes_model = true,
    .model_is_optional = true,
    .argument = "D",
    .argument_help = "the images, as by --data; needed unless --resume finds them in the run",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_OF_RUN,
    .args_size = sizeof(train_args),
    .run = run_command,
};
