#include "cli/pictures.h"

#include "base/memory.h"

typedef struct sample_args {
    common_args common;
    const char *out;
    picture_style style;
} sample_args;

#define ARGS sample_args
static const option options[] = {
    OPTION_PICTURE,
    OPTION_GRID(style.grid, "grid", "12x3", "columns and rows of images"),
    OPTION_COUNT(style.seed, "seed", "N", "0", 0, SETTING_SEED_MAX, "of the draws"),
    OPTION_NO_INVERT(style.no_invert),
};

static int run(console *console, const void *arguments) {
    const sample_args *args = arguments;
    materials materials;
    output out = {
        .option = "--out", .path = args->out, .formats = picture_formats, .inputs = {.model = args->common.model}};
    clae_status status = materials_open(&materials, console, &args->common, MATERIALS_TRAIN, &out);
    if (!status) status = picture_samples(&materials, &args->style, &out);
    materials_close(&materials);
    return exit_code(status);
}

const command command_sample = {
    .name = "sample",
    .summary = "show new images, drawn in the latent space",
    .description = "Fits a Gaussian with diagonal covariance to the codes of the training images, draws codes from it "
                   "and decodes them.",
    .example = "clae sample run --out samples.png --seed 1",
    .takes_model = true,
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .args_size = sizeof(sample_args),
    .run = run,
};
