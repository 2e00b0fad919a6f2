/* The insides of inference. */
#ifndef CLAE_TRAIN_INFER_H
#define CLAE_TRAIN_INFER_H

#include "graph/plan.h"
#include "train/device_dataset.h"

#include <clae/infer.h>

typedef enum infer_kind { INFER_ENCODE, INFER_DECODE, INFER_RECONSTRUCT } infer_kind;

#define INFER_MAX_PLANS 8

struct clae_infer {
    clae_device *device;
    const clae_model *model;
    double mean, std; /* the model's when it was uploaded */
    size_t batch_size;
    network network;
    struct {
        infer_kind kind;
        bool from_float;
        plan *plan;
    } plans[INFER_MAX_PLANS]; /* made when first needed */
    size_t plan_count;
    device_dataset data; /* the images last used stay on the device */
    size_t data_first;
    buffer *losses;
    size_t loss_slots;
    float *staging; /* one batch of codes */
};

/* Uploads the weights of the model again. */
clae_status infer_update(clae_infer *infer, const clae_model *model);

/* A plan for `kind` and batch size; made and tested when there is none yet. */
clae_status infer_plan(clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size, plan **plan);

#endif
