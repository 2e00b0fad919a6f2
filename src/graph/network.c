/* A model's flat buffers on a device. */
#include "graph/plan.h"

size_t network_bytes(const clae_model *model, bool training) {
    return (training ? 4 : 1) * model->parameter_floats * sizeof(float);
}

clae_status network_create(clae_device *device, const clae_model *model, bool training, network *network) {
    *network = (struct network){.device = device, .floats = model->parameter_floats};
    const size_t bytes = network->floats * sizeof(float);
    buffer **const buffers[] = {&network->parameters, &network->gradients, &network->m, &network->v};
    clae_status status = CLAE_OK;
    for (int i = 0; i < (training ? 4 : 1) && status == CLAE_OK; i++) {
        status = buffer_create(device, bytes, buffers[i]);
        if (status == CLAE_OK) status = buffer_zero(*buffers[i], 0, bytes);
    }
    if (status == CLAE_OK) status = network_upload(network, model);
    if (status != CLAE_OK) network_release(network);
    return status;
}

void network_release(network *network) {
    buffer_free(network->parameters);
    buffer_free(network->gradients);
    buffer_free(network->m);
    buffer_free(network->v);
    *network = (struct network){0};
}

clae_status network_upload(network *network, const clae_model *model) {
    return buffer_upload(network->parameters, 0, model->parameters, network->floats * sizeof(float));
}

clae_status network_download(const network *network, clae_model *model) {
    return buffer_download(network->parameters, 0, model->parameters, network->floats * sizeof(float));
}
