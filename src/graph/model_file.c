/* Models as .safetensors files. */
#include "graph/model.h"

#include "base/memory.h"
#include "graph/run_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clae_status save(const clae_model *model, const char *path, const safetensors_pair *extra) {
    safetensors_pair pairs[MODEL_METADATA_PAIRS + 1];
    char *storage = NULL;
    model_tensors tensors = {0};
    clae_status status = model_metadata(model, pairs, &storage);
    if (extra) pairs[MODEL_METADATA_PAIRS] = *extra;
    if (status == CLAE_OK) status = model_tensors_from_flat(model, model->parameters, "", &tensors);
    if (status == CLAE_OK)
        status = safetensors_write(model->context, path, tensors.tensors, tensors.count, pairs,
                                   MODEL_METADATA_PAIRS + (extra != NULL));
    model_tensors_free(&tensors);
    free(storage);
    return status;
}

clae_status clae_model_save(const clae_model *model, const char *path) {
    return save(model, path, NULL);
}

clae_status model_save_of_step(const clae_model *model, const char *path, uint64_t step) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, step);
    return save(model, path, &(safetensors_pair){"step", text});
}

/* Other programs keep the metadata, and with them the checksums, of weights that they change, but write a header of
 * their own. Where the header is clae's to the byte and the data are not, the file is damaged. */
static clae_status check_data(const clae_context *context, const safetensors_file *file, const char *path) {
    if (!file->is_data_damaged) return CLAE_OK;
    if (file->has_checksums && !file->is_header_damaged) return safetensors_check_intact(context, path, file);
    log_line(context, CLAE_LOG_WARNING,
             "%s: its weights are not those of its checksum: another program has saved them, or they are damaged",
             path);
    return CLAE_OK;
}

/* What the layers promise is allocated when the file turns out to hold it. */
static clae_status fill_model(clae_model *model, const safetensors_file *file, const char *path) {
    clae_status status = model_check_fit(model, file, path, "");
    if (status == CLAE_OK) status = model_allocate_weights(model);
    if (status == CLAE_OK) status = model_flat_from_file(model, file, path, "", model->parameters);
    if (status == CLAE_OK) status = check_data(model->context, file, path);
    return status;
}

static clae_status set_normalisation(clae_model *model, model_description *description, const char *path) {
    const size_t channels = model->input.c;
    if (description->channels != 1 && description->channels != channels)
        return fail(model->context, CLAE_ERROR_INPUT, "%s: has mean and std of %zu channels for images of %zu", path,
                    description->channels, channels);
    for (size_t k = description->channels; k < channels; k++) {
        description->mean[k] = description->mean[0];
        description->std[k] = description->std[0];
    }
    clae_model_set_normalisation(model, description->mean, description->std);
    return CLAE_OK;
}

static clae_status model_of_file(clae_context *context, const safetensors_file *file, const char *path,
                                 clae_model **out) {
    model_description description;
    clae_status status = model_read_metadata(context, file, path, &description);
    if (status == CLAE_OK) status = model_from_json(context, description.layers, out);
    if (status != CLAE_OK) return status;
    status = set_normalisation(*out, &description, path);
    if (status == CLAE_OK) status = fill_model(*out, file, path);
    if (status == CLAE_OK) return CLAE_OK;
    clae_model_free(*out);
    *out = NULL;
    return status;
}

static clae_status load_model(clae_context *context, const char *path, safetensors_file *file, void *model) {
    model_strip_prefix(context, file, path);
    return model_of_file(context, file, path, model);
}

clae_status clae_model_load(clae_context *context, const char *path, clae_model **model) {
    *model = NULL;
    return run_file_load(context, path, load_model, model);
}

static clae_status weights_of_file(const clae_model *model, const safetensors_file *file, const char *path,
                                   float *flat) {
    clae_status status = model_check_format(model->context, file, path);
    if (status == CLAE_OK) status = model_flat_from_file(model, file, path, "", flat);
    if (status == CLAE_OK) status = check_data(model->context, file, path);
    return status;
}

static clae_status load_weights(clae_context *context, const char *path, safetensors_file *file, void *user) {
    clae_model *model = user;
    model_strip_prefix(context, file, path);
    const size_t bytes = model->parameter_floats * sizeof(float);
    float *flat = aligned_zeroed(bytes);
    if (!flat) return fail_memory(context, bytes, "weights");
    const clae_status status = weights_of_file(model, file, path, flat);
    if (status == CLAE_OK) memcpy(model->parameters, flat, bytes);
    free(flat);
    return status;
}

clae_status clae_model_load_weights(clae_model *model, const char *path) {
    return run_file_load(model->context, path, load_weights, model);
}
