#include "app/measure/timing.h"

#include "base/clock.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

clae_status time_runs(clae_device *device, work_fn run, void *work, unsigned count, double *ms) {
    const double start = clock_ms();
    clae_status status = CLAE_OK;
    for (unsigned i = 0; i < count && status == CLAE_OK; i++) status = run(work);
    if (status == CLAE_OK) status = device_finish(device);
    *ms = (clock_ms() - start) / count;
    return status;
}

clae_status runs_that_fill(clae_device *device, work_fn run, void *work, double target_ms, unsigned *count) {
    double ms = 0;
    clae_status status = time_runs(device, run, work, 1, &ms);
    if (status == CLAE_OK) status = time_runs(device, run, work, 2, &ms);
    const double wanted = ms > 0 ? target_ms / ms : 1;
    *count = wanted < 1 ? 1 : wanted > 4000 ? 4000 : (unsigned)wanted;
    return status;
}
