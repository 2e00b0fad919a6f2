/* What a model file says of itself in its metadata: the format, the layers, the normalisation. */
#include "graph/model.h"

#include "base/decimal.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "clae-1"
#define FORMAT_STEM "clae-"

/* Statistics that devices can compute with in 32-bit floats. */
#define LARGEST_STATISTIC 1e30
#define SMALLEST_STD 1e-30

#define CRC_BYTES 9

static void description_crc(const char *layers, const char *mean, const char *std, char text[CRC_BYTES]) {
    const char *const values[] = {layers, mean, std};
    uint32_t crc = 0;
    for (int i = 0; i < 3; i++) crc = hash_crc32(crc, values[i], strlen(values[i]) + 1);
    snprintf(text, CRC_BYTES, "%08x", (unsigned)crc);
}

/* "0.485,0.456,0.406", DECIMAL_BYTES for each at most. */
static void numbers_write(const double *values, size_t count, char *text) {
    for (size_t k = 0; k < count; k++) {
        decimal_write(values[k], text);
        text += strlen(text);
        if (k + 1 < count) *text++ = ',';
    }
}

clae_status model_metadata(const clae_model *model, safetensors_pair pairs[MODEL_METADATA_PAIRS], char **storage) {
    char *layers = model_layers_to_json(model);
    const size_t layers_bytes = layers ? strlen(layers) + 1 : 0;
    const size_t numbers_bytes = model->input.c * DECIMAL_BYTES;
    *storage = layers ? malloc(layers_bytes + 2 * numbers_bytes + CRC_BYTES) : NULL;
    if (!*storage) {
        free(layers);
        return fail_memory(model->context, layers_bytes, "the model's metadata");
    }
    char *mean = *storage + layers_bytes, *std = mean + numbers_bytes, *crc = std + numbers_bytes;
    memcpy(*storage, layers, layers_bytes);
    free(layers);
    numbers_write(model->mean, model->input.c, mean);
    numbers_write(model->std, model->input.c, std);
    description_crc(*storage, mean, std, crc);
    pairs[0] = (safetensors_pair){"format", FORMAT};
    pairs[1] = (safetensors_pair){"layers", *storage};
    pairs[2] = (safetensors_pair){"mean", mean};
    pairs[3] = (safetensors_pair){"std", std};
    pairs[4] = (safetensors_pair){"model_crc32", crc};
    return CLAE_OK;
}

/* Programs that save tensors of a framework put its name there. */
static bool is_framework(const char *format) {
    static const char *const names[] = {"pt", "np", "tf", "flax", "mlx"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strcmp(format, names[i]) == 0) return true;
    return false;
}

static clae_status refuse_other_format(const clae_context *context, const char *format, const char *path) {
    return fail(context, CLAE_ERROR_INPUT, "%s: is of the format \"%.40s\"; this version of clae reads \"" FORMAT "\"",
                path, format);
}

clae_status model_check_format(const clae_context *context, const safetensors_file *file, const char *path) {
    const char *format = safetensors_metadata(file, "format");
    if (!format || strcmp(format, FORMAT) == 0 || strncmp(format, FORMAT_STEM, strlen(FORMAT_STEM)) != 0)
        return CLAE_OK;
    return refuse_other_format(context, format, path);
}

static clae_status check_description(const clae_context *context, const safetensors_file *file, const char *path) {
    char crc[CRC_BYTES];
    const char *kept = safetensors_metadata(file, "model_crc32");
    description_crc(safetensors_metadata(file, "layers"), safetensors_metadata(file, "mean"),
                    safetensors_metadata(file, "std"), crc);
    if (!kept || strcmp(kept, crc) == 0) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT,
                "%s: is damaged: the layers, mean and std of its metadata do not match their model_crc32", path);
}

static bool statistics_read(const char *mean, const char *std, model_description *out) {
    out->channels = value_read_reals(mean, -LARGEST_STATISTIC, LARGEST_STATISTIC, CLAE_MAX_CHANNELS, out->mean);
    return out->channels > 0 &&
           value_read_reals(std, SMALLEST_STD, LARGEST_STATISTIC, CLAE_MAX_CHANNELS, out->std) == out->channels;
}

clae_status model_read_metadata(const clae_context *context, const safetensors_file *file, const char *path,
                                model_description *out) {
    const char *mean = safetensors_metadata(file, "mean"), *std = safetensors_metadata(file, "std");
    const char *format = safetensors_metadata(file, "format");
    out->layers = safetensors_metadata(file, "layers");
    if (!out->layers)
        return fail(context, CLAE_ERROR_INPUT,
                    "%s: does not say which layers it is for; weights of other programs are taken by train --init",
                    path);
    if (format && strcmp(format, FORMAT) != 0 && !is_framework(format))
        return refuse_other_format(context, format, path);
    if (!mean || !std || !statistics_read(mean, std, out))
        return fail(context, CLAE_ERROR_INPUT, "%s: has no usable mean and std in its metadata", path);
    return check_description(context, file, path);
}
