/* Weights as tensors of files, and back. */
#include "graph/model.h"

#include "base/memory.h"
#include "ops/update.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64
#define NAMES_SHOWN 3 /* of tensors, in a message */
#define NAMES_BYTES 256

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

/* The name without the prefix of an optimiser's state. */
static const char *without_prefix(const char *name) {
    char prefix[UPDATE_PREFIX_BYTES];
    for (int optimiser = 0; optimiser < OPTIMISER_COUNT; optimiser++)
        for (size_t k = 0; k < update_state_count((optimiser_id)optimiser); k++) {
            update_state_prefix((optimiser_id)optimiser, k, prefix);
            if (strncmp(name, prefix, strlen(prefix)) == 0) return name + strlen(prefix);
        }
    return name;
}

/* Whether a layer has the tensor of this name, or an optimiser has one for it. */
static bool is_used(const clae_model *model, const char *name) {
    name = without_prefix(name);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        const size_t length = strlen(l->name);
        if (l->type->has_parameters && strncmp(name, l->name, length) == 0 &&
            (strcmp(name + length, ".weight") == 0 || strcmp(name + length, ".bias") == 0))
            return true;
    }
    return false;
}

/* "a, b, c and 5 more": the tensors that the model does not use, and how many they are. */
static size_t unused_text(const clae_model *model, const safetensors_file *file, char *text, size_t size) {
    size_t count = 0, used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < file->tensor_count; i++) {
        const char *name = file->tensors[i].name;
        if (is_used(model, name)) continue;
        if (count++ < NAMES_SHOWN)
            used += (size_t)snprintf(text + used, size - used, "%s%.60s", count > 1 ? ", " : "", name);
    }
    if (count > NAMES_SHOWN) snprintf(text + used, size - used, " and %zu more", count - NAMES_SHOWN);
    return count;
}

clae_status model_check_unused(const clae_model *model, const safetensors_file *file, const char *path) {
    char names[NAMES_BYTES];
    if (unused_text(model, file, names, sizeof names) == 0) return CLAE_OK;
    return fail(model->context, CLAE_ERROR_INPUT,
                "%s: has tensors that this model does not use (%s): it is of another network", path, names);
}

static clae_status refuse_missing(const clae_model *model, const safetensors_file *file, const char *path,
                                  const char *name) {
    char names[NAMES_BYTES];
    const size_t unused = unused_text(model, file, names, sizeof names);
    return fail(model->context, CLAE_ERROR_INPUT, "%s: has no tensor %s%s%s", path, name, unused ? "; it has " : "",
                names);
}

static clae_status find_tensor(const clae_model *model, const safetensors_file *file, const char *path,
                               const char *name, const size_t *shape, size_t rank, const float **values) {
    const safetensors_tensor *tensor = safetensors_find(file, name);
    if (!tensor) return refuse_missing(model, file, path, name);
    if (tensor->rank != rank || memcmp(tensor->shape, shape, rank * sizeof *shape) != 0) {
        char is[96], wanted[96];
        shape_text(tensor->shape, tensor->rank, is, sizeof is);
        shape_text(shape, rank, wanted, sizeof wanted);
        return fail(model->context, CLAE_ERROR_INPUT, "%s: %s is %s, this model needs %s", path, name, is, wanted);
    }
    if (!tensor->values)
        return fail(model->context, CLAE_ERROR_INPUT,
                    "%s: %s is of type %s, F32 is needed: convert the weights (tensor.float() in PyTorch)", path, name,
                    tensor->type);
    *values = tensor->values;
    return CLAE_OK;
}

/* The tensors of a layer in a file: weight and bias. */
static clae_status find_layer(const clae_model *model, const layer *l, const safetensors_file *file, const char *path,
                              const char *prefix, char names[2][NAME_SIZE], const float *values[2]) {
    size_t shape[4];
    l->type->pytorch_shape(l, shape);
    snprintf(names[0], NAME_SIZE, "%s%s.weight", prefix, l->name);
    snprintf(names[1], NAME_SIZE, "%s%s.bias", prefix, l->name);
    const clae_status status = find_tensor(model, file, path, names[0], shape, 4, &values[0]);
    if (status != CLAE_OK) return status;
    return find_tensor(model, file, path, names[1], &l->bias_count, 1, &values[1]);
}

clae_status model_check_tensors(const clae_model *model, const safetensors_file *file, const char *path,
                                const char *prefix) {
    char names[2][NAME_SIZE];
    const float *values[2];
    for (size_t i = 0; i < model->layer_count; i++) {
        if (!model->layers[i].type->has_parameters) continue;
        const clae_status status = find_layer(model, &model->layers[i], file, path, prefix, names, values);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

static clae_status check_weights_finite(const clae_model *model, const char *path, const char *name,
                                        const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return fail(model->context, CLAE_ERROR_INPUT, "%s: element %zu of %s is %s; weights must be finite", path,
                        i, name, isnan(values[i]) ? "not a number" : "infinite");
    return CLAE_OK;
}

static clae_status layer_from_file(const clae_model *model, const layer *l, const safetensors_file *file,
                                   const char *path, const char *prefix, float *flat) {
    char names[2][NAME_SIZE];
    const float *values[2];
    clae_status status = find_layer(model, l, file, path, prefix, names, values);
    if (status == CLAE_OK) status = check_weights_finite(model, path, names[0], values[0], l->weight_count);
    if (status == CLAE_OK) status = check_weights_finite(model, path, names[1], values[1], l->bias_count);
    if (status != CLAE_OK) return status;
    for (size_t k = 0; k < l->weight_count; k++)
        flat[l->weight_offset + l->type->weight_from_pytorch(l, k)] = values[0][k];
    memcpy(flat + l->bias_offset, values[1], l->bias_count * sizeof(float));
    return CLAE_OK;
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
