#include "opencl/device.h"

#include "opencl/mma.h"
#include "opencl/platforms.h"
#include "opencl/pocl_cache.h"
#include "opencl/program_cache.h"
#include "opencl/survey.h"
#include "opencl/trial.h"

#if CLAE_HAVE_CLBLAST
#include <clblast_c.h>
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Floats in a vector: what the device says, kept to what the kernels are written for. */
static unsigned vector_width_of(cl_device_id id) {
    cl_uint width = opencl_device_uint(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    if (width <= 1) width = opencl_device_uint(id, CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT);
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

const char *opencl_standard_options(const opencl_device *device) {
    return device->without_fma ? OPENCL_STANDARD_OPTIONS " -DNO_FMA" : OPENCL_STANDARD_OPTIONS;
}

static clae_status make_queue(opencl_device *device) {
    cl_int code;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)device->platform, 0};
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    if (code != CL_SUCCESS) {
        device->context = NULL;
        return opencl_check(device, code, "clCreateContext", "one device");
    }
    device->queue = clCreateCommandQueue(device->context, device->id, 0, &code);
    if (code != CL_SUCCESS) {
        device->queue = NULL;
        return opencl_check(device, code, "clCreateCommandQueue", "in order");
    }
    return CLAE_OK;
}

static void choose_class(opencl_device *device) {
    const clae_device_info *info = &device->base.info;
    const bool is_cpu = info->type == CLAE_DEVICE_CPU;
    device->class = is_cpu && !device->loops_end_early ? OPENCL_CLASS_CPU : OPENCL_CLASS_GPU;
    if (!device->loops_end_early) return;
    log_line(device->base.context, CLAE_LOG_WARNING,
             "OpenCL device %s (%s) ends long loops early: it gets kernels with short ones; keep batches small",
             info->id, info->name);
}

/* AMD's extension cl_amd_device_attribute_query. */
#define DEVICE_WAVEFRONT_WIDTH_AMD 0x4043

/* Names a line of src/backend/tuning/defaults.def, nothing else. */
static const char *gpu_tuning_class(cl_device_id id) {
    switch (opencl_device_uint(id, CL_DEVICE_VENDOR_ID)) {
    case 0x10de:
        return "nvidia";
    case 0x1002:
        return opencl_device_uint(id, DEVICE_WAVEFRONT_WIDTH_AMD) == 64 ? "amd-gcn" : "amd-rdna";
    case 0x8086:
        return "intel";
    default:
        return "gpu";
    }
}

static void choose_tuning_class(opencl_device *device) {
    char *class = device->base.tuning_class;
    if (device->class == OPENCL_CLASS_CPU)
        snprintf(class, sizeof device->base.tuning_class, "cpu-%u", device->vector_width);
    else
        snprintf(class, sizeof device->base.tuning_class, "%s", gpu_tuning_class(device->id));
}

/* Devices of many units are not as slow. */
static void limit_launches(clae_device *device) {
    const double units = fmax((double)device->info.compute_units / DEVICE_SLOW_UNITS, 1);
    device->flops_rate.per_ms = DEVICE_SLOW_FLOPS_PER_MS;
    device->bytes_rate.per_ms = DEVICE_SLOW_BYTES_PER_MS;
    device->call_flops = DEVICE_LAUNCH_MS * DEVICE_SLOW_FLOPS_PER_MS * units;
}

clae_status opencl_connect(clae_context *context, const clae_device_info *info, opencl_device **out) {
    *out = NULL;
    opencl_device *device = calloc(1, sizeof *device);
    if (!device) return fail_memory(context, sizeof *device, "an OpenCL device");
    device->base.backend = &backend_opencl;
    device->base.context = context;
    device->base.info = *info;
    opencl_mma_use(device, OPENCL_MMA_STAND_IN);
    clae_status status = opencl_find_device(context, info, &device->platform, &device->id);
    if (status) goto failed;
    /* To give pocl's binaries out, each kernel is compiled once more, which doubles the time that a first run takes to
     * start; later runs look programs up by their source, a second slower. */
    device->keeps_programs = opencl_is_pocl(info);
    device->vector_width = vector_width_of(device->id);
    device->max_work_group_items = opencl_device_size(device->id, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    device->local_bytes = (size_t)opencl_device_ulong(device->id, CL_DEVICE_LOCAL_MEM_SIZE);
    device->base.shares_memory = opencl_device_uint(device->id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
    if (info->type != CLAE_DEVICE_CPU) limit_launches(&device->base);
    status = make_queue(device);
    if (status) goto failed;
    device->programs = opencl_program_cache_create(context);
    if (!device->programs) {
        status = fail_memory(context, 0, "the programs of an OpenCL device");
        goto failed;
    }
    *out = device;
    return CLAE_OK;
failed:
    opencl_close(&device->base);
    return status;
}

clae_status opencl_open(clae_context *context, const clae_device_info *info, const char *variant, clae_device **out) {
    opencl_findings findings;
    opencl_device *device;
    *out = NULL;
    if (variant) return fail(context, CLAE_ERROR_INPUT, "OpenCL devices have no variants, got \"%s\"", variant);
    clae_status status = opencl_survey_try(context, info, &findings);
    if (!status) status = opencl_connect(context, info, &device);
    if (status) return status;
    device->without_fma = findings.without_fma;
    device->loops_end_early = findings.loops_end_early;
    opencl_mma_use(device, findings.mma);
    device->asm_has_underscores = findings.asm_has_underscores;
    device->mma_fails = findings.mma_fails;
    if (opencl_is_pocl(info)) {
        char *folder = opencl_pocl_cache_usual();
        pocl_start_begin(&device->start, folder);
        free(folder);
    }
    choose_class(device);
    choose_tuning_class(device);
    *out = &device->base;
    return CLAE_OK;
}

void opencl_close(clae_device *base) {
    if (!base) return;
    opencl_device *device = opencl_device_of(base);
    if (device->queue) clFinish(device->queue);
    opencl_program_cache_free(device->programs);
#if CLAE_HAVE_CLBLAST
    /* It keeps programs, and by them the context, until it is told not to. */
    CLBlastClearCache();
#endif
    if (device->queue) clReleaseCommandQueue(device->queue);
    if (device->context) clReleaseContext(device->context);
    pocl_start_end(&device->start);
    free(device);
}

clae_status opencl_start(clae_device *base) {
    opencl_device *device = opencl_device_of(base);
    return opencl_check(device, clFlush(device->queue), "clFlush", "the work so far");
}

clae_status opencl_finish(clae_device *base) {
    opencl_device *device = opencl_device_of(base);
    return opencl_check(device, clFinish(device->queue), "clFinish", "all work so far");
}
