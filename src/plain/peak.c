#include "base/clock.h"
#include "plain/plain.h"

#include <stdlib.h>

#define LONG_ENOUGH_MS 30.0

/* One share of the work for each thread; floating-point operations of all. */
static double run_all(const plain_device *device, size_t rounds, float *results) {
    double flops = 0;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(device->threads) reduction(+ : flops)
#endif
    for (int thread = 0; thread < device->threads; thread++)
        flops += device->kernels->peak(rounds, 0.999f, 0.001f, &results[thread]);
    return flops;
}

clae_status plain_measure_peak(clae_device *base, double *gflops) {
    const plain_device *device = plain_device_of(base);
    float *results = calloc((size_t)device->threads, sizeof *results);
    *gflops = 0;
    if (!results) return fail_memory(base->context, (size_t)device->threads * sizeof *results, "the peak");
    for (size_t rounds = 1 << 14;; rounds *= 2) {
        const double start = clock_ms(), flops = run_all(device, rounds, results), ms = clock_ms() - start;
        if (ms < LONG_ENOUGH_MS) continue;
        *gflops = flops / ms * 1e-6;
        break;
    }
    free(results);
    return CLAE_OK;
}
