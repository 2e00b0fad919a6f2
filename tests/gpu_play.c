#include "gpu_play.h"

#include "opencl/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What implementations ask a device for, as most GPUs answer. */
void play_gpu(opencl_device *device, const char *class, unsigned units) {
    snprintf(device->base.tuning_class, sizeof device->base.tuning_class, "%s", class);
    device->names_only = true;
    device->mma = strcmp(class, "nvidia") == 0    ? OPENCL_MMA_PTX
                  : strcmp(class, "amd-gcn") == 0 ? OPENCL_MMA_MFMA
                                                  : OPENCL_MMA_STAND_IN;
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
