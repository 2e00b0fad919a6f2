/* What runs plans on images: parameters, plans and images on a device. All that a work needs is planned, compared with
 * what the device has, and tested before any of it is allocated. */
#ifndef CLAE_EXEC_RUNNER_H
#define CLAE_EXEC_RUNNER_H

#include "exec/device_dataset.h"

/* Those of one work, which take the place of others beyond the last number. */
#define RUNNER_WORK_PLANS 3
#define RUNNER_MOST_PLANS 12

typedef struct runner_plan {
    plan_request request;
    plan *plan;
} runner_plan;

/* Device and model are set, the rest is zero at first. */
typedef struct runner {
    clae_device *device;
    const clae_model *model;
    const training_update *update; /* NULL: it does not train */
    /* A plan that runs at other times and outlives the runner: its buffers are used where they are large enough. NULL:
     * those of the runner's first plan. */
    const plan *share;
    params params; /* made by the first work, unless they are there */
    runner_plan plans[RUNNER_MOST_PLANS];
    size_t plan_count, ready_count; /* the first ones are allocated */
    device_dataset data;            /* the images of the last work that had some */
    dataset_layout layout;          /* that is planned for them */
    buffer *losses;
    memory_need need; /* of the last work, without what was there */
    bool is_logged;
} runner;

/* What is to be run. In training a smaller batch, or piece of one, that ends the images has a plan of its own, otherwise
 * it is filled up. */
typedef struct runner_work {
    plan_request request;       /* of a whole batch, or of the pieces in which it runs */
    size_t step_images;         /* of a step of training, which may run in pieces of fewer; 0: as many as at once */
    bool may_shrink;            /* the batch size is not the user's: it is halved until all fits */
    const clae_dataset *images; /* of the shape of the model; NULL: none are placed */
    size_t first, n;            /* of them */
    size_t loss_slots;
    plan *whole, *last, *update; /* what it gets, owned by the runner; NULL where the work has no such plan */
} runner_work;

/* Plans a work and allocates nothing on the device: the plans can be looked at until the next work. */
clae_status runner_plan_work(runner *runner, runner_work *work);
/* Gets all that a work needs. CLAE_ERROR_DEVICE with the largest batch size that fits, or with a kernel that is wrong
 * and has no other in its place. */
clae_status runner_prepare(runner *runner, runner_work *work);
void runner_release(runner *runner);

#endif
