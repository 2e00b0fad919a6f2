/* The insides of a trainer. */
#ifndef CLAE_TRAIN_TRAINER_H
#define CLAE_TRAIN_TRAINER_H

#include "exec/runner.h"
#include "train/settings.h"

#include <clae/train.h>

/* Losses that wait on the device at most. */
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
    plan *full, *last; /* for a whole batch, and for the smaller one that ends an epoch: NULL where none does */
    plan *update;      /* what makes parameters follow their gradients */
    float *host_losses; /* TRAINER_LOSS_SLOTS */
    uint32_t *order;    /* of the epoch under way, n */
    bool order_is_set;
    uint64_t first_waiting_step; /* step whose loss is in slot 0 */
    clae_train_position position;
};

/* The ops of a step with a whole batch, in order. */
size_t trainer_node_count(const clae_trainer *trainer);
plan_node *trainer_node(const clae_trainer *trainer, size_t index);

/* What the next step is run with; advances nothing. */
plan *trainer_next_plan(const clae_trainer *trainer);
clae_status trainer_next_inputs(clae_trainer *trainer, plan_inputs *inputs);
void trainer_advance(clae_trainer *trainer);

#endif
