#include "cli/pictures.h"

#include "base/memory.h"

typedef struct reconstruct_args {
    common_args common;
    const char *out;
    picture_style style;
} reconstruct_args;

#define ARGS reconstruct_args
static const option options[] = {
    OPTION_PICTURE,
    OPTION_GRID(style.grid, "grid", "12x3", "columns and rows of each block of images"),
    OPTION_NO_INVERT(style.no_invert),
};

static int run(console *console, const void *arguments) {
    const reconstruct_args *args = arguments;
    return picture_of_tests(console, &args->common, args->out, &args->style, picture_reconstruction);
}

const command command_reconstruct = {
    .name = "reconstruct",
    .summary = "show test images and what the model and PCA make of them",
    .description = "Draws three blocks: the first test images X, their reconstructions g(f(X)) by the model, and those "
                   "by PCA of equal dimension, fitted on the training images.",
    .example = "clae reconstruct run --out reconstruction.png",
    .takes_model = true,
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .args_size = sizeof(reconstruct_args),
    .run = run,
};
