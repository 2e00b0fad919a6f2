#include "gpu_play.h"

#include "opencl/mma.h"
#include "opencl/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *class, *tuning_class;
    opencl_mma mma;
} with_units[] = {
    {"nvidia", "nvidia", OPENCL_MMA_PTX},
    {"amd-gcn", "amd-gcn", OPENCL_MMA_MFMA},
    {"intel-16", "intel", OPENCL_MMA_DPAS},
    {"intel-8", "intel", OPENCL_MMA_DPAS_BF16},
};

static void play_class(opencl_device *device, const char *class) {
    const char *tuning_class = class;
    opencl_mma mma = OPENCL_MMA_STAND_IN;
    for (size_t i = 0; i < sizeof with_units / sizeof *with_units; i++) {
        if (strcmp(class, with_units[i].class) != 0) continue;
        tuning_class = with_units[i].tuning_class;
        mma = with_units[i].mma;
    }
    snprintf(device->base.tuning_class, sizeof device->base.tuning_class, "%s", tuning_class);
    opencl_mma_use(device, mma);
}

/* What implementations ask a device for, as most GPUs answer. */
void play_gpu(opencl_device *device, const char *class, unsigned units) {
    play_class(device, class);
    device->names_only = true;
    device->asm_has_underscores = true; /* as clang wants it, which compiles it then */
    device->class = OPENCL_CLASS_GPU;
    device->loops_end_early = false;
    device->vector_width = 4;
    device->max_work_group_items = 1024;
    device->base.info.type = CLAE_DEVICE_GPU;
    device->base.info.compute_units = units;
    device->base.info.local_memory_bytes = device->local_bytes = 48 << 10;
}

bool gpu_write_source(const clae_context *context, const char *path, const char *head, const char *file) {
    char *prelude = NULL, *source = NULL;
    FILE *out = NULL;
    if (opencl_source_load(context, "prelude.cl", &prelude) == CLAE_OK &&
        opencl_source_load(context, file, &source) == CLAE_OK)
        out = fopen(path, "w");
    bool written = out && fprintf(out, "// %s\n%s%s", head, prelude, source) > 0;
    if (out) written = fclose(out) == 0 && written;
    free(source);
    free(prelude);
    return written;
}
