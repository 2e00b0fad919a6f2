/* The insides of inference. */
#ifndef CLAE_INFER_INFER_H
#define CLAE_INFER_INFER_H

#include "exec/runner.h"
#include "train/settings.h"

#include <clae/infer.h>

typedef enum infer_kind { INFER_ENCODE, INFER_DECODE, INFER_RECONSTRUCT, INFER_EVALUATE } infer_kind;

struct clae_infer {
    clae_device *device;
    const clae_model *model;
    clae_settings settings;
    numerics numerics; /* of the settings */
    runner runner;
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS]; /* the model's when it was uploaded */
    size_t batch_size;
    bool may_shrink; /* the batch size is not the user's */
    loss_id loss;    /* that evaluation says; mse unless it is set */
    float *staging; /* of the host: codes to decode, images to evaluate */
    size_t staging_floats;
    double *image; /* of the host: one that is evaluated */
};

/* Uploads the weights of the model again. */
clae_status infer_update(clae_infer *infer, const clae_model *model);

/* Gets all that clae_infer_evaluate needs, so that a lack of memory shows at once. */
clae_status infer_prepare_evaluation(clae_infer *infer, const clae_dataset *images);

/* Gets the plan, in batches of infer->batch_size, smaller where there are fewer images, and the images first .. first + n
 * - 1. */
clae_status infer_begin(clae_infer *infer, infer_kind kind, const clae_dataset *images, size_t first, size_t n,
                        plan **plan);
/* Says where the plan finds the batch that begins with image `first` of those. */
clae_status infer_inputs_at(clae_infer *infer, size_t first, plan_inputs *inputs);

/* A plan for `kind` and batch size; made and tested when there is none yet. */
clae_status infer_plan(clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size, plan **plan);

#endif
