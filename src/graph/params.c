#include "graph/params.h"

size_t params_buffer_count(const training_update *update) {
    return update ? 2 + update_state_count(update->optimiser) + update->averages + update->accumulates : 1;
}

size_t params_buffer_bytes(const clae_model *model, size_t index) {
    return (index == 0 ? model->parameter_floats : model->trained_floats) * sizeof(float);
}

static void params_list(params *p, const training_update *update, buffer **buffers[PARAMS_MAX_BUFFERS]) {
    const size_t states = update ? update_state_count(update->optimiser) : 0;
    size_t count = 0;
    buffers[count++] = &p->values;
    if (!update) return;
    buffers[count++] = &p->gradients;
    for (size_t k = 0; k < states; k++) buffers[count++] = &p->state[k];
    if (update->averages) buffers[count++] = &p->average;
    if (update->accumulates) buffers[count++] = &p->gradient_sum;
}

clae_status params_create(clae_device *device, const clae_model *model, const training_update *update, params *p) {
    *p = (params){.device = device, .floats = model->parameter_floats, .trained_floats = model->trained_floats};
    const size_t count = params_buffer_count(update);
    buffer **buffers[PARAMS_MAX_BUFFERS];
    clae_status status = CLAE_OK;
    params_list(p, update, buffers);
    for (size_t i = 0; i < count && status == CLAE_OK; i++)
        status = buffer_create(device, params_buffer_bytes(model, i), buffers[i]);
    if (status == CLAE_OK) status = params_upload(p, model);
    /* What is not uploaded. */
    for (size_t i = 0; i < count && status == CLAE_OK; i++)
        if (*buffers[i] != p->values && *buffers[i] != p->average)
            status = buffer_zero(*buffers[i], 0, params_buffer_bytes(model, i));
    if (status != CLAE_OK) params_release(p);
    return status;
}

void params_release(params *p) {
    buffer_free(p->values);
    buffer_free(p->average);
    buffer_free(p->gradients);
    buffer_free(p->gradient_sum);
    for (int k = 0; k < UPDATE_MAX_STATES; k++) buffer_free(p->state[k]);
    *p = (params){0};
}

clae_status params_upload(params *p, const clae_model *model) {
    const clae_status status = buffer_upload(p->values, 0, model->parameters, p->floats * sizeof(float));
    if (status != CLAE_OK || !p->average) return status;
    return buffer_upload(p->average, 0, model->parameters, p->trained_floats * sizeof(float));
}

clae_status params_download(const params *p, clae_model *model) {
    const clae_status status = buffer_download(p->values, 0, model->parameters, p->floats * sizeof(float));
    if (status != CLAE_OK || !p->average) return status;
    return buffer_download(p->average, 0, model->parameters, p->trained_floats * sizeof(float));
}
