/* Models as .safetensors files. */
#include "graph/model.h"

#include "base/decimal.h"
#include "base/files.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64

static void tensor_of_layer(const layer *l, const float *flat, const char *prefix, safetensors_tensor pair[2],
                            char names[2][NAME_SIZE], float *values) {
    const char *const parts[] = {"weight", "bias"};
    for (int i = 0; i < 2; i++) snprintf(names[i], NAME_SIZE, "%s%s.%s", prefix, l->name, parts[i]);
    for (size_t k = 0; k < l->weight_count; k++)
        values[k] = flat[l->weight_offset + l->type->weight_from_pytorch(l, k)];
    memcpy(values + l->weight_count, flat + l->bias_offset, l->bias_count * sizeof(float));
    pair[0] = (safetensors_tensor){.name = names[0], .rank = 4, .values = values};
    l->type->pytorch_shape(l, pair[0].shape);
    pair[1] =
        (safetensors_tensor){.name = names[1], .rank = 1, .shape = {l->bias_count}, .values = values + l->weight_count};
}

clae_status model_tensors_from_flat(const clae_model *model, const float *flat, const char *prefix,
                                    model_tensors *out) {
    const size_t tensors_bytes = 2 * model->layer_count * sizeof(safetensors_tensor);
    const size_t names_bytes = 2 * model->layer_count * NAME_SIZE;
    const size_t bytes = tensors_bytes + names_bytes + model->parameter_floats * sizeof(float);
    *out = (model_tensors){.storage = malloc(bytes)};
    if (!out->storage) return fail_memory(model->context, bytes, "a copy of the weights");
    out->tensors = out->storage;
    char(*names)[NAME_SIZE] = (void *)((char *)out->storage + tensors_bytes);
    float *values = (void *)((char *)out->storage + tensors_bytes + names_bytes);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        if (!l->type->has_parameters) continue;
        tensor_of_layer(l, flat, prefix, &out->tensors[out->count], &names[out->count], values);
        values += l->weight_count + l->bias_count;
        out->count += 2;
    }
    return CLAE_OK;
}

void model_tensors_free(model_tensors *tensors) {
    free(tensors->storage);
    *tensors = (model_tensors){0};
}

static void shape_text(const size_t *shape, size_t rank, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i ? "x" : "", shape[i]);
}

static clae_status find_tensor(const clae_model *model, const safetensors_file *file, const char *path,
                               const char *name, const size_t *shape, size_t rank, const float **values) {
    const safetensors_tensor *tensor = safetensors_find(file, name);
    if (!tensor) return fail(model->context, CLAE_ERROR_INPUT, "%s: has no tensor %s", path, name);
    if (tensor->rank != rank || memcmp(tensor->shape, shape, rank * sizeof *shape) != 0) {
        char is[96], wanted[96];
        shape_text(tensor->shape, tensor->rank, is, sizeof is);
        shape_text(shape, rank, wanted, sizeof wanted);
        return fail(model->context, CLAE_ERROR_INPUT, "%s: %s is %s, this model needs %s", path, name, is, wanted);
    }
    *values = tensor->values;
    return CLAE_OK;
}

static clae_status layer_from_file(const clae_model *model, const layer *l, const safetensors_file *file,
                                   const char *path, const char *prefix, float *flat) {
    char name[NAME_SIZE];
    size_t shape[4];
    const float *values;
    l->type->pytorch_shape(l, shape);
    snprintf(name, sizeof name, "%s%s.weight", prefix, l->name);
    clae_status status = find_tensor(model, file, path, name, shape, 4, &values);
    if (status != CLAE_OK) return status;
    for (size_t k = 0; k < l->weight_count; k++)
        flat[l->weight_offset + l->type->weight_from_pytorch(l, k)] = values[k];
    snprintf(name, sizeof name, "%s%s.bias", prefix, l->name);
    status = find_tensor(model, file, path, name, &l->bias_count, 1, &values);
    if (status == CLAE_OK) memcpy(flat + l->bias_offset, values, l->bias_count * sizeof(float));
    return status;
}

clae_status model_flat_from_file(const clae_model *model, const safetensors_file *file, const char *path,
                                 const char *prefix, float *flat) {
    for (size_t i = 0; i < model->layer_count; i++) {
        if (!model->layers[i].type->has_parameters) continue;
        const clae_status status = layer_from_file(model, &model->layers[i], file, path, prefix, flat);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

clae_status model_metadata(const clae_model *model, safetensors_pair pairs[MODEL_METADATA_PAIRS], char **storage) {
    char *layers = model_layers_to_json(model);
    const size_t layers_bytes = layers ? strlen(layers) + 1 : 0;
    *storage = layers ? malloc(layers_bytes + 2 * DECIMAL_BYTES) : NULL;
    if (!*storage) {
        free(layers);
        return fail_memory(model->context, layers_bytes, "the model's metadata");
    }
    char *mean = *storage + layers_bytes, *std = mean + DECIMAL_BYTES;
    memcpy(*storage, layers, layers_bytes);
    decimal_write(model->mean, mean);
    decimal_write(model->std, std);
    free(layers);
    pairs[0] = (safetensors_pair){"format", "clae-1"};
    pairs[1] = (safetensors_pair){"layers", *storage};
    pairs[2] = (safetensors_pair){"mean", mean};
    pairs[3] = (safetensors_pair){"std", std};
    return CLAE_OK;
}

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

static bool read_number(const safetensors_file *file, const char *key, double *number) {
    const char *text = safetensors_metadata(file, key);
    return text && decimal_read(text, number);
}

static clae_status model_of_file(clae_context *context, const safetensors_file *file, const char *path,
                                 clae_model **out) {
    const char *layers = safetensors_metadata(file, "layers");
    double mean, std;
    if (!layers)
        return fail(context, CLAE_ERROR_INPUT,
                    "%s: does not say which layers it is for; weights of other programs are taken by train --init",
                    path);
    if (!read_number(file, "mean", &mean) || !read_number(file, "std", &std) || std <= 0)
        return fail(context, CLAE_ERROR_INPUT, "%s: has no usable mean and std in its metadata", path);
    clae_status status = model_from_json(context, layers, out);
    if (status != CLAE_OK) return status;
    clae_model_set_normalisation(*out, mean, std);
    status = model_flat_from_file(*out, file, path, "", (*out)->parameters);
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

clae_status clae_model_load_weights(clae_model *model, const char *path) {
    safetensors_file file = {0};
    char *resolved = NULL;
    const size_t bytes = model->parameter_floats * sizeof(float);
    float *flat = aligned_zeroed(bytes);
    if (!flat) return fail_memory(model->context, bytes, "weights");
    clae_status status = model_resolve_path(model->context, path, &resolved);
    if (status == CLAE_OK) status = safetensors_read(model->context, resolved, &file);
    if (status == CLAE_OK) status = model_flat_from_file(model, &file, resolved, "", flat);
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
    if (*file && path_exists(*file)) return CLAE_OK;
    free(*file);
    *file = NULL;
    DIR *folder = opendir(path);
    if (!folder) return fail(context, CLAE_ERROR_INPUT, "%s: %s", path, strerror(errno));
    newest_checkpoint(folder, name, sizeof name);
    closedir(folder);
    if (!name[0]) return fail(context, CLAE_ERROR_INPUT, "%s: holds neither model.safetensors nor a checkpoint", path);
    *file = string_format("%s/%s", path, name);
    return *file ? CLAE_OK : fail_memory(context, strlen(path), "a path");
}
