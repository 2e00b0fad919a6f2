/* Weights as tensors of files, and back. */
#include "graph/model.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool model_has_tensor(const layer_param *p, const char *prefix) {
    return !p->is_statistic || !*prefix;
}

static size_t count_params(const clae_model *model, const char *prefix) {
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++)
            count += model_has_tensor(&model->layers[i].param[k], prefix);
    return count;
}

void model_tensor_name(const layer *l, size_t k, const char *prefix, char name[MODEL_TENSOR_NAME_BYTES]) {
    snprintf(name, MODEL_TENSOR_NAME_BYTES, "%s%s.%s", prefix, l->name, l->param[k].name);
}

static void copy_tensor(const layer *l, size_t k, const float *flat, float *values, safetensors_tensor *tensor) {
    const layer_param *p = &l->param[k];
    param_gather(&p->layout, flat + p->offset, values);
    tensor->rank = p->rank;
    tensor->values = values;
    memcpy(tensor->shape, p->shape, sizeof p->shape);
}

clae_status model_tensors_from_flat(const clae_model *model, const float *flat, const char *prefix,
                                    model_tensors *out) {
    const size_t count = count_params(model, prefix);
    const size_t tensors_bytes = count * sizeof(safetensors_tensor), names_bytes = count * MODEL_TENSOR_NAME_BYTES;
    const size_t bytes = tensors_bytes + names_bytes + model->parameter_floats * sizeof(float);
    *out = (model_tensors){.storage = calloc(1, bytes)};
    if (!out->storage) return fail_memory(model->context, bytes, "a copy of the weights");
    out->tensors = out->storage;
    char(*names)[MODEL_TENSOR_NAME_BYTES] = (void *)((char *)out->storage + tensors_bytes);
    float *values = (void *)((char *)out->storage + tensors_bytes + names_bytes);
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) {
            const layer *l = &model->layers[i];
            if (!model_has_tensor(&l->param[k], prefix)) continue;
            model_tensor_name(l, k, prefix, names[out->count]);
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

static clae_status check_weights_finite(const clae_model *model, const char *path, const char *name,
                                        const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return fail(model->context, CLAE_ERROR_INPUT, "%s: element %zu of %s is %s; weights must be finite", path,
                        i, name, isnan(values[i]) ? "not a number" : "infinite");
    return CLAE_OK;
}

/* The tensor fits. */
static clae_status param_from_file(const clae_model *model, const layer *l, size_t k, const safetensors_file *file,
                                   const char *path, const char *prefix, float *flat) {
    char name[MODEL_TENSOR_NAME_BYTES];
    model_tensor_name(l, k, prefix, name);
    const float *values = safetensors_find(file, name)->values;
    const clae_status status = check_weights_finite(model, path, name, values, l->param[k].count);
    if (status != CLAE_OK) return status;
    param_scatter(&l->param[k].layout, values, flat + l->param[k].offset);
    return CLAE_OK;
}

clae_status model_flat_from_file(const clae_model *model, const safetensors_file *file, const char *path,
                                 const char *prefix, float *flat) {
    clae_status status = model_check_fit(model, file, path, prefix);
    for (size_t i = 0; i < model->layer_count && status == CLAE_OK; i++)
        for (size_t k = 0; k < model->layers[i].param_count && status == CLAE_OK; k++)
            if (model_has_tensor(&model->layers[i].param[k], prefix))
                status = param_from_file(model, &model->layers[i], k, file, path, prefix, flat);
    return status;
}
