/* The insides of a trainer. */
#ifndef CLAE_TRAIN_TRAINER_H
#define CLAE_TRAIN_TRAINER_H

#include "exec/runner.h"
#include "train/settings.h"

#include <clae/train.h>

/* Losses that wait on the device, of pieces of steps: so many, or those of one step where it has more. */
#define TRAINER_LOSS_SLOTS 4096

struct clae_trainer {
    clae_device *device;
    clae_model *model;
    const clae_dataset *dataset;
    clae_settings settings;
    numerics numerics; /* of the settings */
    training_update update_of_step;
    augmentation augmentation;
    runner runner;
    /* For a whole piece of a step, which is the whole batch without --micro-batch, and for the smaller one that ends an
     * epoch: NULL where none does. */
    plan *full, *last;
    plan *update;           /* what makes parameters follow their gradients */
    size_t pieces;          /* of a step of a whole batch */
    uint64_t waiting_steps; /* at most */
    float *host_losses;     /* of waiting pieces */
    uint32_t *order;    /* of the epoch under way, n */
    bool order_is_set;
    uint64_t first_waiting_step; /* step whose loss is in slot 0 */
    clae_train_position position;
};

/* The ops of a step with a whole batch, in order. */
size_t trainer_node_count(const clae_trainer *trainer);
plan_node *trainer_node(const clae_trainer *trainer, size_t index);

/* Images of the next step. */
size_t trainer_next_images(const clae_trainer *trainer);
/* What the next step is run with: each piece, which begins with the step's image `place`, and the update. Advances
 * nothing. */
plan *trainer_piece_plan(const clae_trainer *trainer, size_t place);
clae_status trainer_piece_inputs(clae_trainer *trainer, size_t place, plan_inputs *inputs);
void trainer_update_inputs(const clae_trainer *trainer, plan_inputs *inputs);
void trainer_advance(clae_trainer *trainer);
bool trainer_losses_are_full(const clae_trainer *trainer);

#endif
