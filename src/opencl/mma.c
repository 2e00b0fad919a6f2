#include "opencl/mma.h"

#include "base/memory.h"
#include "base/numbers.h"
#include "base/philox.h"
#include "opencl/platforms.h"
#include "opencl/program_cache.h"
#include "opencl/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPUTE_CAPABILITY_MAJOR_NV 0x4000 /* of cl_nv_device_attribute_query */
#define SUB_GROUP_SIZES_INTEL 0x4108       /* of cl_intel_required_subgroup_size */
/* 3xTF32 and floats are off by 1e-6 of the products at most, TF32 alone by 5e-4 on random numbers. */
#define TOLERANCE 1e-5
enum { VENDOR_NVIDIA = 0x10de, VENDOR_AMD = 0x1002, VENDOR_INTEL = 0x8086 };
enum { DEPTH = 8 }; /* of a product */
enum { SIZE = 16, MOST_COLUMNS = 16 };

/* As in cl/mma.cl, and what its work-groups may take. */
typedef struct mma_unit {
    const char *name;
    int warp, rows, columns;
    opencl_mma_parts parts, parts_tf32;
    op_arithmetic arithmetic, arithmetic_tf32;
    int registers; /* of an item */
    int warps;     /* that a core holds, whatever their registers; 0: as many as have registers */
    int units;     /* compute units of a core: what shares local memory */
    const char *options; /* of its programs, besides the unit */
} mma_unit;

#define LARGE_REGISTERS " -cl-intel-256-GRF-per-thread"

static const mma_unit mma_units[OPENCL_MMA_COUNT] = {
    [OPENCL_MMA_STAND_IN] = {.name = "stand-in"},
    [OPENCL_MMA_PTX] = {"PTX", 32, 16, 8, {2, 2, 3}, {1, 1, 1}, OP_3XTF32, OP_TF32, 255, 0, 1, ""},
    [OPENCL_MMA_MFMA] = {"MFMA", 64, 16, 16, {1, 1, 1}, {1, 1, 1}, OP_FLOAT32, OP_FLOAT32, 256, 0, 1, ""},
    [OPENCL_MMA_DPAS] = {"DPAS", 16, 16, 8, {2, 2, 3}, {1, 1, 1}, OP_3XTF32, OP_TF32, 176, 32, 8, LARGE_REGISTERS},
    [OPENCL_MMA_DPAS_BF16] =
        {"DPAS-BF16", 8, 8, 8, {3, 2, 3}, {2, 1, 2}, OP_3XTF32, OP_TF32, 160, 64, 16, LARGE_REGISTERS},
};

const char *opencl_mma_name(opencl_mma mma) {
    return mma_units[mma].name;
}

void opencl_mma_use(opencl_device *device, opencl_mma mma) {
    device->mma = mma;
    device->mma_layout = mma == OPENCL_MMA_STAND_IN ? OPENCL_MMA_PTX : mma;
}

opencl_mma_text opencl_mma_options(const opencl_device *device) {
    opencl_mma_text options;
    int length = snprintf(options.text, sizeof options.text, " -DMMA=%d", device->mma);
    if (device->mma == OPENCL_MMA_STAND_IN)
        snprintf(options.text + length, sizeof options.text - (size_t)length, " -DMMA_LAYOUT=%d", device->mma_layout);
    else if (device->mma == OPENCL_MMA_PTX && device->asm_has_underscores)
        snprintf(options.text + length, sizeof options.text - (size_t)length, " -DMMA_ASM=__asm__");
    else
        snprintf(options.text + length, sizeof options.text - (size_t)length, "%s", mma_units[device->mma].options);
    return options;
}

static const mma_unit *layout_of(const opencl_device *device) {
    return &mma_units[device->mma_layout];
}

int opencl_mma_warp(const opencl_device *device) {
    return layout_of(device)->warp;
}

int opencl_mma_rows(const opencl_device *device) {
    return layout_of(device)->rows;
}

int opencl_mma_columns(const opencl_device *device) {
    return layout_of(device)->columns;
}

int opencl_mma_row_elements(const opencl_device *device) {
    return layout_of(device)->rows * DEPTH / layout_of(device)->warp;
}

int opencl_mma_column_elements(const opencl_device *device) {
    return DEPTH * layout_of(device)->columns / layout_of(device)->warp;
}

int opencl_mma_sums(const opencl_device *device) {
    return layout_of(device)->rows * layout_of(device)->columns / layout_of(device)->warp;
}

int opencl_mma_registers(const opencl_device *device) {
    return layout_of(device)->registers;
}

int opencl_mma_warps(const opencl_device *device) {
    return layout_of(device)->warps;
}

int opencl_mma_cores(const opencl_device *device) {
    return larger((int)device->base.info.compute_units / layout_of(device)->units, 1);
}

opencl_mma_parts opencl_mma_parts_of(const opencl_device *device, bool tf32) {
    return tf32 ? layout_of(device)->parts_tf32 : layout_of(device)->parts;
}

size_t opencl_mma_exchange(const opencl_device *device, size_t warps, int m_tiles, int n_tiles, bool tf32) {
    if (device->mma != OPENCL_MMA_STAND_IN) return 1;
    const opencl_mma_parts parts = opencl_mma_parts_of(device, tf32);
    const int rows = opencl_mma_rows(device) * m_tiles, columns = opencl_mma_columns(device) * n_tiles;
    return warps * DEPTH * (size_t)(rows * parts.row + columns * parts.column);
}

op_arithmetic opencl_mma_arithmetic(const opencl_device *device, bool tf32) {
    return tf32 ? layout_of(device)->arithmetic_tf32 : layout_of(device)->arithmetic;
}

static bool has_mfma(cl_device_id id) {
    static const char *const names[] = {"gfx908", "gfx90a", "gfx942"};
    char name[256] = "";
    clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strstr(name, names[i])) return true;
    return false;
}

/* The smallest sub-groups of a device with matrix engines, which they are for; 0: none. */
static size_t dpas_items(cl_device_id id) {
    size_t sizes[8] = {0}, bytes = 0, least = SIZE_MAX;
    if (!opencl_has_extension(id, "cl_intel_subgroup_matrix_multiply_accumulate") ||
        clGetDeviceInfo(id, SUB_GROUP_SIZES_INTEL, sizeof sizes, sizes, &bytes) != CL_SUCCESS)
        return 0;
    for (size_t i = 0; i < ARRAY_LENGTH(sizes) && i < bytes / sizeof *sizes; i++) least = smaller_size(least, sizes[i]);
    return least;
}

static opencl_mma dpas_of(size_t items) {
    for (opencl_mma mma = OPENCL_MMA_DPAS; mma <= OPENCL_MMA_DPAS_BF16; mma++)
        if (items == (size_t)mma_units[mma].warp) return mma;
    return OPENCL_MMA_STAND_IN;
}

static opencl_mma candidate(cl_device_id id) {
    const cl_uint vendor = opencl_device_uint(id, CL_DEVICE_VENDOR_ID);
    if (vendor == VENDOR_NVIDIA && opencl_device_uint(id, COMPUTE_CAPABILITY_MAJOR_NV) >= 8) return OPENCL_MMA_PTX;
    if (vendor == VENDOR_AMD && has_mfma(id)) return OPENCL_MMA_MFMA;
    if (vendor == VENDOR_INTEL) return dpas_of(dpas_items(id));
    return OPENCL_MMA_STAND_IN;
}

typedef struct trial {
    float a[SIZE * SIZE], b[SIZE * MOST_COLUMNS], c[SIZE * MOST_COLUMNS];
    int rows, columns;
    cl_program program;
    cl_kernel kernel;
    cl_mem memory[3];
} trial;

static void draw(float *values, size_t count, uint32_t number) {
    const philox_stream stream = {0, PHILOX_SELFTEST, number};
    for (size_t i = 0; i < count; i++) values[i] = (float)(2 * philox_uniform(stream, i) - 1);
}

/* Not by way of the program cache: the answer belongs to the driver as it is now. */
static cl_int make_kernel(const opencl_device *device, const char *const sources[2], trial *t) {
    cl_int code;
    char options[128];
    snprintf(options, sizeof options, "%s%s -DLOCAL=%d", opencl_standard_options(device),
             opencl_mma_options(device).text, opencl_mma_warp(device));
    t->program = clCreateProgramWithSource(device->context, 2, (const char **)sources, NULL, &code);
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

static cl_int run_kernel(const opencl_device *device, trial *t) {
    const size_t items = (size_t)opencl_mma_warp(device);
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

/* The largest error, as a share of sum|a||b|; infinite where any result is not finite. */
static double worst_error(const trial *t) {
    double worst = 0;
    for (int i = 0; i < t->rows * t->columns; i++) {
        const float *a = t->a + i / t->columns * SIZE, *b = t->b + i % t->columns;
        double sum = 0, magnitude = 0;
        for (int k = 0; k < SIZE; k++) {
            sum += (double)a[k] * b[k * t->columns];
            magnitude += fabs((double)a[k] * b[k * t->columns]);
        }
        if (!isfinite(t->c[i])) return INFINITY;
        worst = fmax(worst, fabs(t->c[i] - sum) / magnitude);
    }
    return worst;
}

bool opencl_mma_works(const opencl_device *device) {
    const clae_context *context = device->base.context;
    trial t = {.rows = opencl_mma_rows(device), .columns = opencl_mma_columns(device)};
    char *sources[2] = {0};
    draw(t.a, ARRAY_LENGTH(t.a), 1);
    draw(t.b, ARRAY_LENGTH(t.b), 2);
    draw(t.c, ARRAY_LENGTH(t.c), 3);
    const bool has_sources = opencl_source_load(context, "prelude.cl", &sources[0]) == CLAE_OK &&
                             opencl_source_load(context, "mma_probe.cl", &sources[1]) == CLAE_OK;
    cl_int code = has_sources ? make_kernel(device, (const char *const *)sources, &t) : CL_OUT_OF_HOST_MEMORY;
    if (code == CL_SUCCESS) code = mma_make_memory(device, &t);
    if (code == CL_SUCCESS) code = run_kernel(device, &t);
    const double error = code == CL_SUCCESS ? worst_error(&t) : INFINITY;
    release_trial(&t);
    for (size_t i = 0; i < ARRAY_LENGTH(sources); i++) free(sources[i]);
    if (error <= TOLERANCE) return true;
    if (code != CL_SUCCESS)
        log_line(context, CLAE_LOG_DEBUG, "matrix units (%s): the trial failed: %s (%d)", opencl_mma_name(device->mma),
                 opencl_error_text(code), code);
    else
        log_line(context, CLAE_LOG_DEBUG, "matrix units (%s): the trial is off by %.3g, more than %g",
                 opencl_mma_name(device->mma), error, TOLERANCE);
    return false;
}

/* Compilers of OpenCL C differ in how they want inline PTX spelled: clang knows no `asm` there. */
static bool mma_works(opencl_device *device) {
    device->asm_has_underscores = false;
    if (opencl_mma_works(device)) return true;
    device->asm_has_underscores = device->mma == OPENCL_MMA_PTX;
    return device->asm_has_underscores && opencl_mma_works(device);
}

void opencl_find_mma(opencl_device *device) {
    const opencl_mma mma = candidate(device->id);
    opencl_mma_use(device, mma);
    device->mma_fails = mma != OPENCL_MMA_STAND_IN && !mma_works(device);
    if (device->mma_fails) opencl_mma_use(device, OPENCL_MMA_STAND_IN);
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
