#include "cli/pictures.h"

#include "base/memory.h"

typedef struct interpolate_args {
    common_args common;
    const char *out;
    picture_style style;
} interpolate_args;

#define ARGS interpolate_args
static const option options[] = {
    OPTION_PICTURE,
    OPTION_GRID(style.grid, "grid", "12x6", "steps between two images, and pairs of images"),
    OPTION_COUNT(style.seed, "seed", "N", "0", 0, SETTING_SEED_MAX, "chooses the pairs"),
    OPTION_NO_INVERT(style.no_invert),
};

static int run(console *console, const void *arguments) {
    const interpolate_args *args = arguments;
    return picture_of_tests(console, &args->common, args->out, &args->style, picture_interpolation);
}

const command command_interpolate = {
    .name = "interpolate",
    .summary = "show steps from one test image to another through the latent space",
    .description =
        "Draws, for random pairs of test images x and x', the images g((1 - a) f(x) + a f(x')) with a from 0 "
        "to 1, by the model and by PCA of equal dimension.",
    .example = "clae interpolate run --out interpolation.png --seed 3",
    .takes_model = true,
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .args_size = sizeof(interpolate_args),
    .run = run,
};
