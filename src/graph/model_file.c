/* Models as .safetensors files. */
#include "graph/model.h"

#include "base/files.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

clae_status clae_model_save(const clae_model *model, const char *path) {
    safetensors_pair pairs[MODEL_METADATA_PAIRS];
    char *storage = NULL;
    model_tensors tensors = {0};
    clae_status status = model_metadata(model, pairs, &storage);
    if (status == CLAE_OK) status = model_tensors_from_flat(model, model->parameters, "", &tensors);
    if (status == CLAE_OK)
        status = safetensors_write(model->context, path, tensors.tensors, tensors.count, pairs, MODEL_METADATA_PAIRS);
    model_tensors_free(&tensors);
    free(storage);
    return status;
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
    clae_status status = model_check_tensors(model, file, path, "");
    if (status == CLAE_OK) status = model_check_unused(model, file, path);
    if (status == CLAE_OK) status = model_allocate_weights(model);
    if (status == CLAE_OK) status = model_flat_from_file(model, file, path, "", model->parameters);
    if (status == CLAE_OK) status = check_data(model->context, file, path);
    return status;
}

static clae_status model_of_file(clae_context *context, const safetensors_file *file, const char *path,
                                 clae_model **out) {
    model_description description;
    clae_status status = model_read_metadata(context, file, path, &description);
    if (status == CLAE_OK) status = model_from_json(context, description.layers, out);
    if (status != CLAE_OK) return status;
    clae_model_set_normalisation(*out, description.mean, description.std);
    status = fill_model(*out, file, path);
    if (status == CLAE_OK) return CLAE_OK;
    clae_model_free(*out);
    *out = NULL;
    return status;
}

clae_status clae_model_load(clae_context *context, const char *path, clae_model **model) {
    safetensors_file file = {0};
    char *resolved = NULL;
    *model = NULL;
    clae_status status = model_resolve_path(context, path, &resolved);
    if (status == CLAE_OK) status = safetensors_read(context, resolved, &file);
    if (status == CLAE_OK) status = model_of_file(context, &file, resolved, model);
    safetensors_free(&file);
    free(resolved);
    return status;
}

static clae_status weights_of_file(const clae_model *model, const safetensors_file *file, const char *path,
                                   float *flat) {
    clae_status status = model_check_format(model->context, file, path);
    if (status == CLAE_OK) status = model_check_tensors(model, file, path, "");
    if (status == CLAE_OK) status = model_check_unused(model, file, path);
    if (status == CLAE_OK) status = model_flat_from_file(model, file, path, "", flat);
    if (status == CLAE_OK) status = check_data(model->context, file, path);
    return status;
}

clae_status clae_model_load_weights(clae_model *model, const char *path) {
    safetensors_file file = {0};
    char *resolved = NULL;
    const size_t bytes = model->parameter_floats * sizeof(float);
    float *flat = aligned_zeroed(bytes);
    if (!flat) return fail_memory(model->context, bytes, "weights");
    clae_status status = model_resolve_path(model->context, path, &resolved);
    if (status == CLAE_OK) status = safetensors_read(model->context, resolved, &file);
    if (status == CLAE_OK) status = weights_of_file(model, &file, resolved, flat);
    if (status == CLAE_OK) memcpy(model->parameters, flat, bytes);
    safetensors_free(&file);
    free(resolved);
    free(flat);
    return status;
}

/* Checkpoints are numbered by steps, with leading zeros up to some length only. */
static bool is_newer(const char *name, const char *than) {
    const size_t a = strlen(name), b = strlen(than);
    return a != b ? a > b : strcmp(name, than) > 0;
}

/* The name of the last checkpoint in a folder, "" when there is none. */
static void newest_checkpoint(DIR *folder, char *name, size_t size) {
    name[0] = '\0';
    for (const struct dirent *entry; (entry = readdir(folder));) {
        const char *const dot = strrchr(entry->d_name, '.');
        if (strncmp(entry->d_name, "checkpoint-", 11) != 0 || !dot || strcmp(dot, ".safetensors") != 0) continue;
        if (is_newer(entry->d_name, name)) snprintf(name, size, "%s", entry->d_name);
    }
}

clae_status model_resolve_path(const clae_context *context, const char *path, char **file) {
    char name[256];
    if (!path_is_folder(path)) {
        *file = string_format("%s", path);
        return *file ? CLAE_OK : fail_memory(context, strlen(path), "a path");
    }
    *file = string_format("%s/model.safetensors", path);
    if (!*file) return fail_memory(context, strlen(path), "a path");
    if (path_exists(*file)) return CLAE_OK;
    free(*file);
    *file = NULL;
    DIR *folder = opendir(path);
    if (!folder) return fail(context, status_of_errno(CLAE_ERROR_INPUT), "%s: %s", path, strerror(errno));
    newest_checkpoint(folder, name, sizeof name);
    closedir(folder);
    if (!name[0]) return fail(context, CLAE_ERROR_INPUT, "%s: holds neither model.safetensors nor a checkpoint", path);
    *file = string_format("%s/%s", path, name);
    return *file ? CLAE_OK : fail_memory(context, strlen(path), "a path");
}
