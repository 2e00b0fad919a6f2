/* Weights as tensors of files, and back. */
#include "graph/model.h"

#include "base/memory.h"
#include "ops/update.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 128
#define NAMES_SHOWN 3 /* of tensors, in a message */
#define NAMES_BYTES 256

/* Whether it is in a buffer of values, or in one of an optimiser's state, as the prefix says. */
static bool is_in(const layer_param *p, const char *prefix) {
    return !p->is_statistic || !*prefix;
}

static size_t place_of(const layer *l, size_t k, size_t index) {
    return l->param[k].offset + (l->type->place ? l->type->place(l, k, index) : index);
}

static size_t count_params(const clae_model *model, const char *prefix) {
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) count += is_in(&model->layers[i].param[k], prefix);
    return count;
}

static void name_tensor(const layer *l, size_t k, const char *prefix, char name[NAME_SIZE]) {
    snprintf(name, NAME_SIZE, "%s%s.%s", prefix, l->name, l->param[k].name);
}

static void copy_tensor(const layer *l, size_t k, const float *flat, float *values, safetensors_tensor *tensor) {
    const layer_param *p = &l->param[k];
    for (size_t i = 0; i < p->count; i++) values[i] = flat[place_of(l, k, i)];
    tensor->rank = p->rank;
    tensor->values = values;
    memcpy(tensor->shape, p->shape, sizeof p->shape);
}

clae_status model_tensors_from_flat(const clae_model *model, const float *flat, const char *prefix,
                                    model_tensors *out) {
    const size_t count = count_params(model, prefix);
    const size_t tensors_bytes = count * sizeof(safetensors_tensor), names_bytes = count * NAME_SIZE;
    const size_t bytes = tensors_bytes + names_bytes + model->parameter_floats * sizeof(float);
    *out = (model_tensors){.storage = calloc(1, bytes)};
    if (!out->storage) return fail_memory(model->context, bytes, "a copy of the weights");
    out->tensors = out->storage;
    char(*names)[NAME_SIZE] = (void *)((char *)out->storage + tensors_bytes);
    float *values = (void *)((char *)out->storage + tensors_bytes + names_bytes);
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) {
            const layer *l = &model->layers[i];
            if (!is_in(&l->param[k], prefix)) continue;
            name_tensor(l, k, prefix, names[out->count]);
            out->tensors[out->count].name = names[out->count];
            copy_tensor(l, k, flat, values, &out->tensors[out->count++]);
            values += l->param[k].count;
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
        if (strncmp(name, l->name, length) != 0 || name[length] != '.') continue;
        for (size_t k = 0; k < l->param_count; k++)
            if (strcmp(name + length + 1, l->param[k].name) == 0) return true;
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

static clae_status find_param(const clae_model *model, const layer *l, size_t k, const safetensors_file *file,
                              const char *path, const char *prefix, char name[NAME_SIZE], const float **values) {
    name_tensor(l, k, prefix, name);
    return find_tensor(model, file, path, name, l->param[k].shape, l->param[k].rank, values);
}

clae_status model_check_tensors(const clae_model *model, const safetensors_file *file, const char *path,
                                const char *prefix) {
    char name[NAME_SIZE];
    const float *values;
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) {
            const layer *l = &model->layers[i];
            if (!is_in(&l->param[k], prefix)) continue;
            const clae_status status = find_param(model, l, k, file, path, prefix, name, &values);
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

static clae_status param_from_file(const clae_model *model, const layer *l, size_t k, const safetensors_file *file,
                                   const char *path, const char *prefix, float *flat) {
    char name[NAME_SIZE];
    const float *values = NULL;
    clae_status status = find_param(model, l, k, file, path, prefix, name, &values);
    if (status == CLAE_OK) status = check_weights_finite(model, path, name, values, l->param[k].count);
    if (status != CLAE_OK) return status;
    for (size_t i = 0; i < l->param[k].count; i++) flat[place_of(l, k, i)] = values[i];
    return CLAE_OK;
}

clae_status model_flat_from_file(const clae_model *model, const safetensors_file *file, const char *path,
                                 const char *prefix, float *flat) {
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) {
            const layer *l = &model->layers[i];
            if (!is_in(&l->param[k], prefix)) continue;
            const clae_status status = param_from_file(model, l, k, file, path, prefix, flat);
            if (status != CLAE_OK) return status;
        }
    return CLAE_OK;
}
