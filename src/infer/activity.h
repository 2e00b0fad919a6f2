/* What the parts of a model do on images: the codes, and the channels of ReLUs that are never above 0. */
#ifndef CLAE_INFER_ACTIVITY_H
#define CLAE_INFER_ACTIVITY_H

#include "infer/infer.h"

/* A ReLU of the model. Where its output has a height and a width, a channel counts as one; otherwise a number does. */
typedef struct relu_activity {
    const layer *layer;
    bool *is_alive; /* [layer->out.c]: above 0 somewhere in some image */
    size_t dead;    /* channels that are not */
} relu_activity;

typedef struct activity {
    size_t images;
    float *codes; /* [images][latent elements] */
    relu_activity *relus;
    size_t relu_count;
} activity;

/* Runs all images of the dataset, in the plan that evaluates. CLAE_ERROR_NOT_FINITE where a code is not finite. */
clae_status infer_activity(clae_infer *infer, const clae_dataset *images, activity *out);
void activity_free(activity *activity);

#endif
