#include "opencl/trial.h"

#include "base/memory.h"
#include "opencl/build_log.h"
#include "opencl/device.h"
#include "opencl/mma.h"
#include "opencl/program_cache.h"
#include "opencl/source.h"

#include <stdio.h>
#include <stdlib.h>

enum { FLOATS = 16, MOST_ITEMS = 8, GROUP = 2, THREE = 3, FIVE = 5, SCALE = 2 };

/* Mesa's llvmpipe ends the loops of a work-item after 65,535 steps in all, and goes on after them. */
#define PROBE_STEPS 100000

typedef struct trial {
    opencl_device *device;
    char *prelude, *source;
    char options[96];
    size_t items;
    cl_program program;
    bool built;
} trial;

static cl_uint expected_probe(void) {
    cl_uint x = 1;
    for (cl_uint i = 0; i < PROBE_STEPS; i++) x = x * 1664525u + 1013904223u; /* as in probe.cl */
    return x;
}

/* As in trial.cl, of in[i] = i and bytes that are i too. */
static float expected_trial(int item, int items) {
    float sum = 0;
    for (int i = 0; i < FLOATS; i++) sum += (float)(2 * i + i);
    const float other = sum + (float)(items - 1 - item);
    return (float)GROUP * ((float)(SCALE * THREE) + other + 3 - FIVE);
}

static cl_int build(trial *t) {
    const char *texts[] = {t->prelude, t->source};
    cl_int code;
    if (t->program) clReleaseProgram(t->program);
    t->program = clCreateProgramWithSource(t->device->context, 2, texts, NULL, &code);
    if (code != CL_SUCCESS) t->program = NULL;
    if (code == CL_SUCCESS) code = clBuildProgram(t->program, 1, &t->device->id, t->options, NULL, NULL);
    t->built = code == CL_SUCCESS;
    return code;
}

static void choose_options(trial *t) {
    snprintf(t->options, sizeof t->options, "%s -DLOCAL=%zu -DVEC=1", opencl_standard_options(t->device), t->items);
}

static clae_status report_failure(const trial *t, cl_int code) {
    const clae_device_info *info = &t->device->base.info;
    char *path = NULL;
    if (t->program && !t->built) opencl_build_log_write(t->device, t->program, "trial.cl", &path);
    const clae_status status =
        fail(t->device->base.context, CLAE_ERROR_DEVICE,
             "OpenCL device %s (%s) cannot %s a small kernel: %s (%d)%s%s; mend or update its driver", info->id,
             info->name, t->built ? "run" : "build", opencl_error_text(code), code,
             path ? ", the compiler's log is in " : "", path ? path : "");
    free(path);
    return status;
}

typedef struct numbers {
    cl_int three, five;
} numbers;

static cl_int set_arguments(cl_kernel kernel, cl_mem in, cl_mem out) {
    const cl_ulong start = 0;
    const numbers n = {THREE, FIVE};
    const cl_float scale = SCALE;
    cl_int code = clSetKernelArg(kernel, 0, sizeof in, &in);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 1, sizeof start, &start);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 2, sizeof out, &out);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 3, sizeof start, &start);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 4, sizeof n, &n);
    return code == CL_SUCCESS ? clSetKernelArg(kernel, 5, sizeof scale, &scale) : code;
}

/* Enqueues one work-group, number `group` of a larger grid, and reads `bytes` of its output. */
static cl_int run_and_read(const opencl_device *device, cl_kernel kernel, size_t group, size_t items, cl_mem out,
                           size_t bytes, void *result) {
    const size_t first = group * items;
    const cl_int code = clEnqueueNDRangeKernel(device->queue, kernel, 1, &first, &items, &items, 0, NULL, NULL);
    if (code != CL_SUCCESS) return code;
    return clEnqueueReadBuffer(device->queue, out, CL_TRUE, 0, bytes, result, 0, NULL, NULL);
}

static cl_int run_trial(const trial *t, float *result) {
    float in[FLOATS + FLOATS / 4];
    cl_mem in_memory = NULL, out_memory = NULL;
    cl_int code;
    for (int i = 0; i < FLOATS; i++) in[i] = (float)i;
    for (int i = 0; i < FLOATS; i++) ((unsigned char *)(in + FLOATS))[i] = (unsigned char)i;
    cl_kernel kernel = clCreateKernel(t->program, "trial", &code);
    if (code != CL_SUCCESS) return code;
    in_memory = clCreateBuffer(t->device->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof in, in, &code);
    if (code == CL_SUCCESS)
        out_memory = clCreateBuffer(t->device->context, CL_MEM_READ_WRITE, MOST_ITEMS * sizeof *result, NULL, &code);
    if (code == CL_SUCCESS) code = set_arguments(kernel, in_memory, out_memory);
    if (code == CL_SUCCESS)
        code = run_and_read(t->device, kernel, GROUP, t->items, out_memory, t->items * sizeof *result, result);
    if (out_memory) clReleaseMemObject(out_memory);
    if (in_memory) clReleaseMemObject(in_memory);
    clReleaseKernel(kernel);
    return code;
}

static cl_int run_probe(const trial *t, bool *end_early) {
    const cl_uint steps = PROBE_STEPS;
    cl_uint x = 0;
    cl_int code;
    cl_mem out = NULL;
    cl_kernel kernel = clCreateKernel(t->program, "probe", &code);
    if (code != CL_SUCCESS) return code;
    out = clCreateBuffer(t->device->context, CL_MEM_READ_WRITE, sizeof x, NULL, &code);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 0, sizeof out, &out);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 1, sizeof steps, &steps);
    if (code == CL_SUCCESS) code = run_and_read(t->device, kernel, 0, 1, out, sizeof x, &x);
    if (out) clReleaseMemObject(out);
    clReleaseKernel(kernel);
    *end_early = code == CL_SUCCESS && x != expected_probe();
    return code;
}

static clae_status check_result(const trial *t, const float *result) {
    const clae_device_info *info = &t->device->base.info;
    for (int i = 0; i < (int)t->items; i++) {
        const float expected = expected_trial(i, (int)t->items);
        if (result[i] == expected) continue;
        return fail(t->device->base.context, CLAE_ERROR_DEVICE,
                    "OpenCL device %s (%s) computes wrongly: a small kernel gives %g in place of %g; mend or update "
                    "its driver",
                    info->id, info->name, result[i], expected);
    }
    return CLAE_OK;
}

static cl_int build_and_run(trial *t, bool without_fma, float *result) {
    t->device->without_fma = without_fma;
    choose_options(t);
    const cl_int code = build(t);
    return code == CL_SUCCESS ? run_trial(t, result) : code;
}

/* Where neither works, the log is that of the kernel as it is. */
static clae_status trial_run(trial *t) {
    opencl_device *device = t->device;
    float result[MOST_ITEMS] = {0};
    cl_int code = build_and_run(t, false, result);
    if (code != CL_SUCCESS && build_and_run(t, true, result) == CL_SUCCESS)
        code = CL_SUCCESS;
    else if (code != CL_SUCCESS)
        code = build_and_run(t, false, result);
    if (code != CL_SUCCESS) return report_failure(t, code);
    if (device->without_fma)
        log_line(device->base.context, CLAE_LOG_DEBUG,
                 "OpenCL device %s has no fma: a product and a sum take its place", device->base.info.id);
    return check_result(t, result);
}

/* Not by way of the program cache: the answer belongs to the driver as it is now. */
static clae_status try_device(opencl_device *device, opencl_findings *findings) {
    trial t = {.device = device};
    *findings = (opencl_findings){0};
    t.items = device->max_work_group_items < MOST_ITEMS ? device->max_work_group_items : MOST_ITEMS;
    if (t.items == 0) t.items = 1;
    clae_status status = opencl_source_load(device->base.context, "prelude.cl", &t.prelude);
    if (!status) status = opencl_source_load(device->base.context, "trial.cl", &t.source);
    if (!status) status = trial_run(&t);
    if (!status && device->base.info.type == CLAE_DEVICE_CPU)
        status = opencl_check(device, run_probe(&t, &findings->loops_end_early), "running a first kernel", "probe.cl");
    findings->without_fma = device->without_fma;
    if (!status) opencl_find_mma(device);
    findings->mma = device->mma;
    findings->asm_has_underscores = device->asm_has_underscores;
    findings->mma_fails = device->mma_fails;
    if (t.program) clReleaseProgram(t.program);
    free(t.source);
    free(t.prelude);
    return status;
}

clae_status opencl_try_here(clae_context *context, const clae_device_info *info, opencl_findings *findings) {
    opencl_device *device;
    clae_status status = opencl_connect(context, info, &device);
    if (status) return status;
    status = try_device(device, findings);
    opencl_close(&device->base);
    return status;
}
