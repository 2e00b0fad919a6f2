#include "cli/materials.h"

#include "base/memory.h"
#include "data/npy_array.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct decode_args {
    common_args common;
    const char *codes, *out;
} decode_args;

#define ARGS decode_args
static const option options[] = {
    OPTION_TEXT_REQUIRED(codes, "codes", "CODES.npy", "the codes: float32 of shape (images, numbers of a code)"),
    OPTION_TEXT_REQUIRED(
        out, "out", "IMAGES.npy",
        "the file to write, - is standard output: float32 of shape (images, height, width), 1.0 is white"),
};

static clae_status check_codes(const materials *materials, const char *path, const npy_array *codes) {
    if (codes->rank == 2 && codes->shape[0] > 0 && codes->shape[1] == materials->dims) return CLAE_OK;
    char shape[200] = "";
    int used = 0;
    for (size_t i = 0; i < codes->rank; i++) {
        used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%zu", i ? ", " : "", codes->shape[i]);
    }
    console_usage(materials->session.console, "--codes", "expected an array of shape (images, %zu), %s is (%s)",
                  materials->dims, path, shape);
    return CLAE_ERROR_INPUT;
}

static clae_status decode(const materials *materials, const npy_array *codes, const char *path) {
    const clae_shape *shape = &materials->shape;
    size_t n = codes->shape[0], size;
    size_t factors[] = {n, shape->h, shape->w, shape->c, sizeof(float)};
    float *images = size_product(factors, ARRAY_LENGTH(factors), &size) ? malloc(size) : NULL;
    if (!images) return materials_no_memory(materials, "the images");
    clae_status status = clae_infer_decode(materials->infer, codes->values, n, images);
    npy_array array = {.rank = shape->c == 1 ? 3 : 4, .shape = {n, shape->h, shape->w, shape->c}, .values = images};
    if (!status) status = npy_write(materials->session.context, path, &array);
    if (!status) {
        console_message(materials->session.console, CLAE_LOG_INFO, "wrote %zu images of %zux%zu to %s", n, shape->h,
                        shape->w, path);
    }
    free(images);
    return status;
}

static int run(console *console, const void *arguments) {
    const decode_args *args = arguments;
    materials materials;
    npy_array codes = {0};
    output out = {.option = "--out",
                  .path = args->out,
                  .formats = output_arrays,
                  .inputs = {.model = args->common.model, .file = args->codes}};
    clae_status status = materials_open(&materials, console, &args->common, 0, &out);
    if (!status) status = npy_read(materials.session.context, args->codes, &codes);
    if (!status) status = check_codes(&materials, args->codes, &codes);
    if (!status) status = decode(&materials, &codes, out.path);
    free(codes.values);
    materials_close(&materials);
    return exit_code(status);
}

const command command_decode = {
    .name = "decode",
    .summary = "write the images of codes to a .npy file",
    .description =
        "Writes the images g(z) of the codes z, in their order, as a NumPy file; those of several channels have "
        "the shape (images, height, width, channels). Codes with a height and a width are in the order height, "
        "width, channels, as `clae encode` writes them.",
    .example = "clae decode run --codes codes.npy --out images.npy",
    .takes_model = true,
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .args_size = sizeof(decode_args),
    .run = run,
};
