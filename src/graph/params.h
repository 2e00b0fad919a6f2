/* A model's flat buffers on a device: values, gradients, and the states of an optimiser. */
#ifndef CLAE_GRAPH_PARAMS_H
#define CLAE_GRAPH_PARAMS_H

#include "backend/backend.h"
#include "graph/model.h"
#include "ops/update.h"

typedef struct params {
    clae_device *device;
    size_t floats, trained_floats; /* of the values, and of the others */
    buffer *values;
    buffer *average;                              /* of the trained values over steps; NULL unless asked for */
    buffer *gradients, *state[UPDATE_MAX_STATES]; /* NULL unless made for training, or where the optimiser has none */
    buffer *gradient_sum;                         /* over the pieces of a step; NULL unless asked for */
} params;

/* What is done with gradients in a step. */
typedef struct training_update {
    optimiser_id optimiser;
    double clip_norm; /* of all gradients together, at most; 0: any */
    bool averages;    /* keeps an average of the values */
    bool accumulates; /* gradients are summed over the pieces of a step */
} training_update;

#define PARAMS_MAX_BUFFERS (4 + UPDATE_MAX_STATES)

/* Its buffers: values, and in training gradients, states, average, sum of gradients. `update` NULL: not for training. */
size_t params_buffer_count(const training_update *update);
size_t params_buffer_bytes(const clae_model *model, size_t index);
clae_status params_create(clae_device *device, const clae_model *model, const training_update *update, params *params);
void params_release(params *params);
/* The model has the average where there is one; uploading begins it. */
clae_status params_upload(params *params, const clae_model *model);
clae_status params_download(const params *params, clae_model *model);

#endif
