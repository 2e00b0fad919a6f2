#include "cli/network.h"
#include "cli/output.h"

#include "base/memory.h"

typedef struct import_args {
    common_args common;
    clae_shape image_size;
    option_reals mean, std;
    const char *out;
} import_args;

#define ARGS import_args
static const option options[] = {
    {.name = "mean",
     .metavar = "M[,M...]",
     .kind = OPTION_KIND_REALS,
     OPTION_FIELD(mean),
     .min = -1e30,
     .max = 1e30,
     .required = true,
     .help =
         "what was subtracted from the pixels, which are from 0 to 1, before the network was trained: one number, or "
         "one of each channel, like 0.485,0.456,0.406; 0: nothing"},
    {.name = "std",
     .metavar = "S[,S...]",
     .kind = OPTION_KIND_REALS,
     OPTION_FIELD(std),
     .min = 1e-30,
     .max = 1e30,
     .required = true,
     .help = "what they were divided by then; 1: nothing"},
    OPTION_TEXT_REQUIRED(out, "out", "F.safetensors", "the model to write"),
    OPTION_IMAGE_SIZE(image_size),
};

static const output_format model_files[] = {{".safetensors", "a model"}, {0}};

static void say_written(console *console, const clae_model *model, const char *path) {
    const clae_shape image = clae_model_input_shape(model), code = clae_model_latent_shape(model);
    console_message(console, CLAE_LOG_INFO, "wrote %s: images of %zux%zux%zu, codes of %zux%zux%zu, %zu parameters",
                    path, image.c, image.h, image.w, code.c, code.h, code.w, clae_model_parameter_count(model));
}

static clae_status check_channels(const session *session, const char *option, option_reals *reals, size_t channels) {
    if (reals->count != 1 && reals->count != channels)
        return fail(session->context, CLAE_ERROR_INPUT,
                    "--%s has %zu numbers, the images have %zu channels: give one number, or one of each channel",
                    option, reals->count, channels);
    for (size_t k = reals->count; k < channels; k++) reals->values[k] = reals->values[0];
    return CLAE_OK;
}

static clae_status set_normalisation(const session *session, const import_args *args, clae_model *model) {
    const size_t channels = clae_model_input_shape(model).c;
    option_reals mean = args->mean, std = args->std;
    clae_status status = check_channels(session, "mean", &mean, channels);
    if (status == CLAE_OK) status = check_channels(session, "std", &std, channels);
    if (status == CLAE_OK) clae_model_set_normalisation(model, mean.values, std.values);
    return status;
}

static int run(console *console, const void *arguments) {
    const import_args *args = arguments;
    output out = {
        .option = "--out", .path = args->out, .formats = model_files, .inputs = {.model = args->common.model}};
    session session;
    clae_model *model = NULL;
    clae_status status = session_open(&session, console, &args->common);
    if (status == CLAE_OK) status = output_choose(&out, console, session.context);
    if (status == CLAE_OK) status = network_open(&session, &args->common, args->image_size, &model);
    if (status == CLAE_OK) status = set_normalisation(&session, args, model);
    if (status == CLAE_OK) status = clae_model_load_weights(model, args->common.model);
    if (status == CLAE_OK) status = output_prepare(&out, session.context);
    if (status == CLAE_OK) status = clae_model_save(model, out.path);
    if (status == CLAE_OK) say_written(console, model, args->out);
    clae_model_free(model);
    session_close(&session);
    return exit_code(status);
}

const command command_import = {
    .name = "import",
    .summary = "make a model of weights that PyTorch has saved",
    .description =
        "Makes a model of the weights in a .safetensors file and of the network that the options describe. It is "
        "evaluated, encoded with, or trained on like any other.\n\nThe tensors have PyTorch's names, encoder.0.weight, "
        "decoder.2.bias and so on, with the same prefix before all of them or none, and are of type F32, F16 or BF16. "
        "Every layer counts in the numbers, those without weights too. Tensors that are missing, not used or of "
        "another shape are named and refused.",
    .example = "clae import weights.safetensors --image-size 3x32x32 --encoder \"conv 32 k4 s2 p1, relu, linear 16\" "
               "--mean 0.5 --std 0.25 --out model.safetensors",
    .takes_model = true,
    .argument = "FILE",
    .argument_help = "a .safetensors file of weights: a state_dict",
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_MODEL,
    .args_size = sizeof(import_args),
    .run = run,
};
