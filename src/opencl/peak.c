#include "base/clock.h"
#include "opencl/device.h"
#include "opencl/instance.h"

#include <stdio.h>

#define CHAINS 12 /* as in peak.cl */
#define LONG_ENOUGH_MS 30.0

/* What fills the device: on a CPU a few items of whole vectors for each core, elsewhere many of them. */
typedef struct peak_shape {
    unsigned vector;
    size_t local, items;
} peak_shape;

static peak_shape shape_for(const opencl_device *device) {
    const size_t units = device->base.info.compute_units;
    if (device->class == OPENCL_CLASS_CPU) return (peak_shape){device->vector_width, 1, 4 * units};
    const size_t local = opencl_group_items(device, 256);
    return (peak_shape){1, local, 16 * units * local};
}

static clae_status time_launch(opencl_device *device, opencl_launch *launch, buffer *out, unsigned rounds, double *ms) {
    clae_status status = opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view((view){out, 0}), arg_float(0.999f),
                                                                        arg_float(0.001f), arg_uint((size_t)rounds)));
    const double start = clock_ms();
    if (status == CLAE_OK) status = opencl_launch_run(launch);
    if (status == CLAE_OK) status = device_finish(&device->base);
    *ms = clock_ms() - start;
    return status;
}

clae_status opencl_measure_peak(clae_device *base, double *gflops) {
    opencl_device *device = opencl_device_of(base);
    const peak_shape shape = shape_for(device);
    opencl_launch launch = {0};
    buffer *out = NULL;
    char options[32];
    double ms = 0;
    *gflops = 0;
    snprintf(options, sizeof options, "-DVEC=%u", shape.vector);
    clae_status status = opencl_launch_create(device, "peak.cl", options, "peak", shape.local, &launch);
    if (status == CLAE_OK) status = buffer_create(base, shape.items * shape.vector * sizeof(float), &out);
    launch.dimensions = 1;
    launch.global[0] = shape.items / shape.local * launch.local[0];
    /* Some drivers compile a kernel when it is run first. */
    if (status == CLAE_OK) status = time_launch(device, &launch, out, 1, &ms);
    for (unsigned rounds = 1024; status == CLAE_OK; rounds *= 2) {
        status = time_launch(device, &launch, out, rounds, &ms);
        if (ms < LONG_ENOUGH_MS && rounds < 1u << 24) continue;
        *gflops = 2.0 * CHAINS * rounds * shape.vector * (double)launch.global[0] / ms * 1e-6;
        break;
    }
    buffer_free(out);
    opencl_kernel_release(&launch.kernel);
    return status;
}
