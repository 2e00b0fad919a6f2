#include "opencl/mma.h"

#include "base/memory.h"
#include "base/philox.h"
#include "opencl/platforms.h"
#include "opencl/program_cache.h"
#include "opencl/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPUTE_CAPABILITY_MAJOR_NV 0x4000 /* of cl_nv_device_attribute_query */
/* 3xTF32 and floats are off by 1e-6 of the products at most, TF32 alone by 5e-4 on random numbers. */
#define TOLERANCE 1e-5
enum { VENDOR_NVIDIA = 0x10de, VENDOR_AMD = 0x1002, SIZE = 16, MOST_COLUMNS = 16 };

const char *opencl_mma_name(opencl_mma mma) {
    static const char *const names[] = {"stand-in", "PTX", "MFMA"};
    return names[mma];
}

const char *opencl_mma_options(const opencl_device *device, opencl_mma mma) {
    static const char *const options[] = {" -DMMA=0", " -DMMA=1", " -DMMA=2"};
    return mma == OPENCL_MMA_PTX && device->asm_has_underscores ? " -DMMA=1 -DMMA_ASM=__asm__" : options[mma];
}

int opencl_mma_warp(opencl_mma mma) {
    return mma == OPENCL_MMA_MFMA ? 64 : 32;
}

int opencl_mma_columns(opencl_mma mma) {
    return mma == OPENCL_MMA_MFMA ? 16 : 8;
}

int opencl_mma_parts(opencl_mma mma, bool tf32) {
    return mma == OPENCL_MMA_MFMA || tf32 ? 1 : 2;
}

size_t opencl_mma_exchange(opencl_mma mma, size_t warps, int m_tiles, int n_tiles, bool tf32) {
    if (mma != OPENCL_MMA_STAND_IN) return 1;
    const size_t lines = (size_t)(16 * m_tiles + opencl_mma_columns(mma) * n_tiles);
    return warps * (size_t)opencl_mma_parts(mma, tf32) * 8 * lines;
}

op_arithmetic opencl_mma_arithmetic(const opencl_device *device, bool tf32) {
    if (device->mma == OPENCL_MMA_MFMA) return OP_FLOAT32;
    return tf32 ? OP_TF32 : OP_3XTF32;
}

static bool has_mfma(cl_device_id id) {
    static const char *const names[] = {"gfx908", "gfx90a", "gfx942"};
    char name[256] = "";
    clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
    return false;
}

static opencl_mma candidate(cl_device_id id) {
    const cl_uint vendor = opencl_device_uint(id, CL_DEVICE_VENDOR_ID);
    if (vendor == VENDOR_NVIDIA && opencl_device_uint(id, COMPUTE_CAPABILITY_MAJOR_NV) >= 8) return OPENCL_MMA_PTX;
    if (vendor == VENDOR_AMD && has_mfma(id)) return OPENCL_MMA_MFMA;
    return OPENCL_MMA_STAND_IN;
}

typedef struct trial {
    float a[SIZE * SIZE], b[SIZE * MOST_COLUMNS], c[SIZE * MOST_COLUMNS];
    int columns;
    cl_program program;
    cl_kernel kernel;
    cl_mem memory[3];
} trial;

static void draw(float *values, size_t count, uint32_t number) {
    const philox_stream stream = {0, PHILOX_SELFTEST, number};
    for (size_t i = 0; i < count; i++) values[i] = (float)(2 * philox_uniform(stream, i) - 1);
}

/* Not by way of the program cache: the answer belongs to the driver as it is now. */
static cl_int make_kernel(const opencl_device *device, opencl_mma mma, const char *source, trial *t) {
    cl_int code;
    char options[96];
    snprintf(options, sizeof options, "%s%s -DLOCAL=%d", opencl_standard_options(device),
             opencl_mma_options(device, mma), opencl_mma_warp(mma));
    t->program = clCreateProgramWithSource(device->context, 1, &source, NULL, &code);
    if (code == CL_SUCCESS) code = clBuildProgram(t->program, 1, &device->id, options, NULL, NULL);
    if (code == CL_SUCCESS) t->kernel = clCreateKernel(t->program, "mma_probe", &code);
    return code;
}

static cl_int mma_make_memory(const opencl_device *device, trial *t) {
    float *const values[] = {t->a, t->b, t->c};
    const size_t bytes[] = {sizeof t->a, sizeof t->b, sizeof t->c};
    cl_int code = CL_SUCCESS;
    for (cl_uint i = 0; i < ARRAY_LENGTH(values) && code == CL_SUCCESS; i++) {
        t->memory[i] =
            clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes[i], values[i], &code);
        if (code == CL_SUCCESS) code = clSetKernelArg(t->kernel, i, sizeof t->memory[i], &t->memory[i]);
    }
    return code;
}

static cl_int run_kernel(const opencl_device *device, opencl_mma mma, trial *t) {
    const size_t items = (size_t)opencl_mma_warp(mma);
    const cl_int code = clEnqueueNDRangeKernel(device->queue, t->kernel, 1, NULL, &items, &items, 0, NULL, NULL);
    if (code != CL_SUCCESS) return code;
    return clEnqueueReadBuffer(device->queue, t->memory[2], CL_TRUE, 0, sizeof t->c, t->c, 0, NULL, NULL);
}

static void release_trial(trial *t) {
    for (size_t i = 0; i < ARRAY_LENGTH(t->memory); i++)
        if (t->memory[i]) clReleaseMemObject(t->memory[i]);
    if (t->kernel) clReleaseKernel(t->kernel);
    if (t->program) clReleaseProgram(t->program);
}

/* The largest error, as a share of sum|a||b|. */
static double worst_error(const trial *t) {
    double worst = 0;
    for (int i = 0; i < SIZE * t->columns; i++) {
        const float *a = t->a + i / t->columns * SIZE, *b = t->b + i % t->columns;
        double sum = 0, magnitude = 0;
        for (int k = 0; k < SIZE; k++) {
            sum += (double)a[k] * b[k * t->columns];
            magnitude += fabs((double)a[k] * b[k * t->columns]);
        }
        const double error = fabs(t->c[i] - sum) / magnitude;
        if (!(error <= worst)) worst = error;
    }
    return worst;
}

bool opencl_mma_works(const opencl_device *device, opencl_mma mma) {
    const clae_context *context = device->base.context;
    trial t = {.columns = opencl_mma_columns(mma)};
    char *source;
    draw(t.a, ARRAY_LENGTH(t.a), 1);
    draw(t.b, ARRAY_LENGTH(t.b), 2);
    draw(t.c, ARRAY_LENGTH(t.c), 3);
    if (opencl_source_load(context, "mma_probe.cl", &source) != CLAE_OK) return false;
    cl_int code = make_kernel(device, mma, source, &t);
    if (code == CL_SUCCESS) code = mma_make_memory(device, &t);
    if (code == CL_SUCCESS) code = run_kernel(device, mma, &t);
    const double error = code == CL_SUCCESS ? worst_error(&t) : INFINITY;
    release_trial(&t);
    free(source);
    if (error <= TOLERANCE) return true;
    if (code != CL_SUCCESS)
        log_line(context, CLAE_LOG_DEBUG, "matrix units (%s): the trial failed: %s (%d)", opencl_mma_name(mma),
                 opencl_error_text(code), code);
    else
        log_line(context, CLAE_LOG_DEBUG, "matrix units (%s): the trial is off by %.3g, more than %g",
                 opencl_mma_name(mma), error, TOLERANCE);
    return false;
}

/* Compilers of OpenCL C differ in how they want inline PTX spelled: clang knows no `asm` there. */
static bool mma_works(opencl_device *device, opencl_mma mma) {
    device->asm_has_underscores = false;
    if (opencl_mma_works(device, mma)) return true;
    device->asm_has_underscores = mma == OPENCL_MMA_PTX;
    return device->asm_has_underscores && opencl_mma_works(device, mma);
}

void opencl_find_mma(opencl_device *device) {
    const opencl_mma mma = candidate(device->id);
    const bool works = mma == OPENCL_MMA_STAND_IN || mma_works(device, mma);
    device->mma_fails = !works;
    device->mma = works ? mma : OPENCL_MMA_STAND_IN;
    log_line(device->base.context, CLAE_LOG_DEBUG, "implementation mma multiplies by %s",
             device->mma == OPENCL_MMA_STAND_IN ? "plain C, in place of matrix units" : opencl_mma_name(device->mma));
}

void opencl_mma_miss(opencl_device *device, const op_choice *choice) {
    const bool asks = choice->numerics->tf32 || strcmp(choice->impl->name, "mma") == 0;
    if (!asks || !device->mma_fails || device->mma_is_missed) return;
    device->mma_is_missed = true;
    log_line(device->base.context, CLAE_LOG_WARNING,
             "OpenCL device %s (%s) should have matrix units, but they do not work with its driver: products are made "
             "without them",
             device->base.info.id, device->base.info.name);
}
