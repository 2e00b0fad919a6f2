/* Device memory that is planned before any of it is allocated. */
#ifndef CLAE_EXEC_MEMORY_NEED_H
#define CLAE_EXEC_MEMORY_NEED_H

#include "graph/plan.h"

typedef struct memory_need {
    uint64_t weights; /* bytes, all of them; in training with gradients and Adam's m and v */
    uint64_t activations, workspace;
    uint64_t images; /* and the indices by which they are taken */
    uint64_t losses;
    uint64_t spared; /* left free for what comes later */
    uint64_t largest_buffer;
} memory_need;

/* What is left to others, such as the driver, a screen and what comes later. */
uint64_t memory_spared_bytes(const clae_device *device);

/* Adds a buffer to one of the parts. */
void memory_need_add(memory_need *need, uint64_t *part, uint64_t bytes);
/* Adds what a prepared plan allocates when it may share the buffers of another, which may be NULL. */
void memory_need_add_plan(memory_need *need, const plan *plan, const struct plan *share);

uint64_t memory_need_total(const memory_need *need);
/* Whether it and what is spared fit into what is left of the device's memory, and each buffer is one that the device
 * allocates. */
bool memory_need_fits(const clae_device *device, const memory_need *need);

/* "memory: 37.6 MiB planned on 0:0 (activations 23.0, ...) of 23.4 GiB" */
void memory_need_log(const clae_device *device, clae_log_level level, const memory_need *need);

/* The least that a batch size needs; allocates nothing on the device. */
typedef clae_status (*memory_need_fn)(void *user, size_t batch_size, memory_need *need);

/* What does not fit. */
typedef struct memory_refusal {
    size_t batch_size;  /* images that run at once */
    size_t step_images; /* of a step of training, which may run in pieces; 0: no such step */
    bool has_uneven_pieces; /* they need not divide it: the step has all images */
    memory_need need;
    memory_need_fn plan, plan_pieces; /* as it was planned, and of a step in pieces */
    void *user;
} memory_refusal;

/* CLAE_ERROR_DEVICE with what is needed, the limit, and the largest batch size and pieces that fit, for which smaller
 * ones are planned; or the failure of a plan. */
clae_status memory_need_refuse(const clae_device *device, const memory_refusal *refusal);

#endif
