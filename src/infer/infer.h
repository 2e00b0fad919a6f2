/* The insides of inference. */
#ifndef CLAE_INFER_INFER_H
#define CLAE_INFER_INFER_H

#include "graph/plan.h"
#include "exec/device_dataset.h"

#include <clae/infer.h>

typedef enum infer_kind { INFER_ENCODE, INFER_DECODE, INFER_RECONSTRUCT } infer_kind;

#define INFER_MAX_PLANS 8

struct clae_infer {
    clae_device *device;
    const clae_model *model;
    double mean, std; /* the model's when it was uploaded */
    size_t batch_size;
    bool may_shrink; /* the batch size is not the user's */
    bool is_said;    /* how much memory is planned */
    loss_id loss;    /* that evaluation says; mse unless it is set */
    const plan *share;
    params params;
    struct {
        infer_kind kind;
        bool from_float;
        plan *plan;
    } plans[INFER_MAX_PLANS]; /* made when first needed */
    size_t plan_count;
    device_dataset data; /* the images last used, if they are not streamed */
    size_t data_first;
    float *staging; /* of the host: codes to decode, images to evaluate */
    size_t staging_floats;
    double *image; /* of the host: one that is evaluated */
};

/* Uploads the weights of the model again. */
clae_status infer_update(clae_infer *infer, const clae_model *model);

/* Lets plans use the buffers of one that runs at other times and outlives them, where they are large enough. */
void infer_share(clae_infer *infer, const plan *share);

/* Gets all that clae_infer_evaluate needs, so that a lack of memory shows at once. */
clae_status infer_prepare_evaluation(clae_infer *infer, const clae_dataset *images);

/* Gets what is needed to work on images first .. first + n - 1, which may be NULL, in batches of infer->batch_size: the
 * plan and the images. */
clae_status infer_begin(clae_infer *infer, infer_kind kind, const clae_dataset *images, size_t first, size_t n,
                        plan **plan);

/* A plan for `kind` and batch size; made and tested when there is none yet. */
clae_status infer_plan(clae_infer *infer, infer_kind kind, bool from_float, size_t batch_size, plan **plan);

#endif
