/* Launches, cut into pieces so that none takes long. */
#include "base/numbers.h"
#include "opencl/instance.h"

#include <math.h>
#include <string.h>

/* A part of a grid. */
typedef struct grid {
    size_t first[3], global[3];
} grid;

static size_t launch_groups(const opencl_launch *launch, const grid *g, unsigned dimension) {
    return g->global[dimension] / launch->local[dimension];
}

/* A piece with fewer groups than compute units would leave some of those idle, and take as long. */
static size_t launch_pieces(const opencl_launch *launch, const grid *whole) {
    const clae_device *device = &launch->kernel.device->base;
    const double flops = device_launch_limit(&device->flops_rate), bytes = device_launch_limit(&device->bytes_rate);
    const double wanted = fmax(flops > 0 ? launch->flops / flops : 0, bytes > 0 ? launch->bytes / bytes : 0);
    if (wanted <= 1) return 1;
    double most = 1.0 / device->info.compute_units;
    for (unsigned d = 0; d < launch->dimensions; d++) most *= (double)launch_groups(launch, whole, d);
    return (size_t)fmax(fmin(ceil(wanted), most), 1);
}

/* Along the longest dimension first, and each of the parts along the others where that is not enough. */
static clae_status launch_run_pieces(opencl_launch *launch, const grid *whole, size_t pieces) {
    unsigned longest = 0;
    for (unsigned d = 1; d < launch->dimensions; d++)
        if (launch_groups(launch, whole, d) > launch_groups(launch, whole, longest)) longest = d;
    const size_t groups = launch_groups(launch, whole, longest), parts = smaller_size(pieces, groups);
    if (parts <= 1)
        return opencl_kernel_run(&launch->kernel, launch->dimensions, whole->first, whole->global, launch->local);
    const size_t step = divide_up_size(groups, parts) * launch->local[longest];
    clae_status status = CLAE_OK;
    for (size_t at = 0; at < whole->global[longest] && status == CLAE_OK; at += step) {
        grid part = *whole;
        part.first[longest] += at;
        part.global[longest] = smaller_size(step, whole->global[longest] - at);
        status = launch_run_pieces(launch, &part, divide_up_size(pieces, parts));
    }
    return status;
}

clae_status opencl_launch_run(opencl_launch *launch) {
    grid whole = {0};
    memcpy(whole.global, launch->global, sizeof whole.global);
    return launch_run_pieces(launch, &whole, launch_pieces(launch, &whole));
}

void opencl_launch_share(opencl_launch *launch, size_t runs) {
    launch->flops /= (double)runs;
    launch->bytes /= (double)runs;
}
