/* Times of work on a device. */
#ifndef CLAE_APP_MEASURE_TIMING_H
#define CLAE_APP_MEASURE_TIMING_H

#include "backend/backend.h"

/* Some work, put into the device's queue once. */
typedef clae_status (*work_fn)(void *work);

/* Milliseconds of one of `count` runs, until the device has finished them. */
clae_status time_runs(clae_device *device, work_fn run, void *work, unsigned count, double *ms);
/* Runs a few times to warm up, and tells how many runs fill `target_ms`. */
clae_status runs_that_fill(clae_device *device, work_fn run, void *work, double target_ms, unsigned *count);

/* Sorts the values. */
double median(double *values, size_t count);

#endif
