#include "cli/materials.h"

#include "base/memory.h"
#include "data/npy_array.h"

#include <stdlib.h>
#include <string.h>

typedef struct encode_args {
    common_args common;
    const char *out, *split;
} encode_args;

#define ARGS encode_args
static const option options[] = {
    OPTION_TEXT_REQUIRED(out, "out", "CODES.npy",
                         "the file to write, - is standard output: float32 of shape (images, numbers of a code)"),
    OPTION_CHOICE(split, "split", "train|test", "test", "the images to encode"),
};

static clae_status encode(const materials *materials, const clae_dataset *images, const char *path) {
    size_t n = clae_dataset_get_info(images)->n;
    float *codes = malloc(n * materials->dims * sizeof *codes);
    if (!codes) return materials_no_memory(materials, "the codes");
    clae_status status = clae_infer_encode(materials->infer, images, codes);
    npy_array array = {.rank = 2, .shape = {n, materials->dims}, .values = codes};
    if (!status) status = npy_write(materials->session.context, path, &array);
    if (!status) {
        console_message(materials->session.console, CLAE_LOG_INFO, "wrote %zu codes of %zu numbers to %s", n,
                        materials->dims, path);
    }
    free(codes);
    return status;
}

static int run(console *console, const void *arguments) {
    const encode_args *args = arguments;
    bool train = !strcmp(args->split, "train");
    materials materials;
    output out = {
        .option = "--out", .path = args->out, .formats = output_arrays, .inputs = {.model = args->common.model}};
    clae_status status =
        materials_open(&materials, console, &args->common, train ? MATERIALS_TRAIN : MATERIALS_TEST, &out);
    if (!status) status = encode(&materials, train ? materials.train : materials.test, out.path);
    materials_close(&materials);
    return exit_code(status);
}

const command command_encode = {
    .name = "encode",
    .summary = "write the codes of images to a .npy file",
    .description =
        "Writes the codes f(x) of all training or test images x, in their order, as a NumPy file. Where a code "
        "has a height and a width, its numbers come in the order height, width, channels.",
    .example = "clae encode run --out codes.npy",
    .takes_model = true,
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .args_size = sizeof(encode_args),
    .run = run,
};
