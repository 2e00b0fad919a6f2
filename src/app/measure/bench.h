/* How fast a device trains, encodes and decodes, and where the time of a step goes. */
#ifndef CLAE_APP_MEASURE_BENCH_H
#define CLAE_APP_MEASURE_BENCH_H

#include "backend/backend.h"

#include <clae/device.h>
#include <clae/model.h>
#include <clae/settings.h>

typedef struct bench_op {
    const char *layer;     /* owned by the model */
    const char *op, *impl; /* static */
    op_arithmetic arithmetic;
    char shape[160]; /* as op_describe has it */
    size_t runs;    /* in a step: as many as it has pieces, but for the update */
    double ms;      /* of one run, median */
    double gflops;  /* 1e9 floating-point operations a second */
    double gbytes;  /* 1e9 bytes a second, of those that must be moved */
} bench_op;

typedef struct bench_result {
    size_t batch_size, micro_batch; /* images of a step, and of the pieces in which it runs */
    op_arithmetic arithmetic;                                                           /* the coarsest of the ops' */
    double train_images_per_second, encode_images_per_second, decode_images_per_second; /* medians of the rounds */
    double peak_gflops;    /* fused multiply-adds on registers, median of a run before each round */
    double step_ms;        /* of a whole training step */
    uint64_t memory_bytes; /* device memory for training */
    bench_op *ops;
    size_t op_count;
} bench_result;

/* Trains on made-up images, by the settings but for the learning rate: `model` stays as it is, apart from its
 * normalisation. rounds: 0 means 5. */
clae_status bench_run(clae_device *device, clae_model *model, const clae_settings *settings, unsigned rounds,
                      bench_result *result);
void bench_free(bench_result *result);

#endif
