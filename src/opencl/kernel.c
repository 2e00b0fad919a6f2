#include "opencl/opencl.h"
#include "opencl/program_cache.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert(sizeof(conv_geometry) == 13 * sizeof(cl_int), "conv_geometry is that of cl/conv_geometry.cl");

/* Makes the kernel if that has waited. */
static clae_status make(opencl_kernel *kernel) {
    if (kernel->kernel) return CLAE_OK;
    char name[sizeof kernel->name + 16];
    clae_status status = opencl_program_build(kernel->device, kernel->program);
    if (status != CLAE_OK) return status;
    if (kernel->program->number < 0)
        snprintf(name, sizeof name, "%s", kernel->name);
    else
        snprintf(name, sizeof name, "%s_%d", kernel->name, kernel->program->number);
    cl_int code;
    kernel->kernel = clCreateKernel(kernel->program->program, name, &code);
    if (code != CL_SUCCESS && kernel->program->is_cached) {
        status = opencl_program_rebuild(kernel->device, kernel->program);
        kernel->kernel = status == CLAE_OK ? clCreateKernel(kernel->program->program, name, &code) : NULL;
        if (status != CLAE_OK) return status;
    }
    kernel->device->kernels_made++;
    if (code == CL_SUCCESS) return CLAE_OK;
    kernel->kernel = NULL;
    return opencl_check(kernel->device, code, "clCreateKernel", name);
}

clae_status opencl_kernel_create(opencl_device *device, const char *file, const char *options, const char *name,
                                 opencl_kernel *kernel) {
    *kernel = (opencl_kernel){.device = device};
    snprintf(kernel->name, sizeof kernel->name, "%s", name);
    const clae_status status = opencl_program_get(device, file, options, &kernel->program);
    return status == CLAE_OK && kernel->program->program ? make(kernel) : status;
}

void opencl_kernel_release(opencl_kernel *kernel) {
    if (kernel->kernel) clReleaseKernel(kernel->kernel);
    memset(kernel, 0, sizeof *kernel);
}

size_t opencl_kernel_work_group_items(opencl_kernel *kernel) {
    size_t items = 0;
    if (kernel->device->names_only) return kernel->device->max_work_group_items;
    if (make(kernel) != CLAE_OK) return 1;
    const cl_int code = clGetKernelWorkGroupInfo(kernel->kernel, kernel->device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                                 sizeof items, &items, NULL);
    return code == CL_SUCCESS && items ? items : 1;
}

static cl_int set_view(cl_kernel kernel, cl_uint *index, view v) {
    cl_mem memory = v.buffer ? opencl_memory_of(v) : NULL;
    cl_ulong offset = v.buffer ? v.offset : 0;
    cl_int code = clSetKernelArg(kernel, (*index)++, sizeof memory, v.buffer ? &memory : NULL);
    return code != CL_SUCCESS ? code : clSetKernelArg(kernel, (*index)++, sizeof offset, &offset);
}

static cl_int set_arg(cl_kernel kernel, cl_uint *index, const opencl_arg *arg) {
    switch (arg->type) {
    case OPENCL_ARG_VIEW:
        return set_view(kernel, index, arg->view);
    case OPENCL_ARG_VALUE:
        return clSetKernelArg(kernel, (*index)++, arg->bytes, &arg->ulong_value); /* the widest of them */
    case OPENCL_ARG_GEOMETRY:
        return clSetKernelArg(kernel, (*index)++, sizeof *arg->geometry, arg->geometry);
    case OPENCL_ARG_TOO_LARGE:
    case OPENCL_ARG_END:
        break;
    }
    return CL_INVALID_ARG_VALUE;
}

clae_status opencl_kernel_set(opencl_kernel *kernel, const opencl_arg *args) {
    const clae_status status = make(kernel);
    if (status != CLAE_OK) return status;
    cl_uint index = 0;
    cl_int code = CL_SUCCESS;
    for (const opencl_arg *arg = args; arg->type != OPENCL_ARG_END && code == CL_SUCCESS; arg++)
        code = set_arg(kernel->kernel, &index, arg);
    return opencl_check(kernel->device, code, "clSetKernelArg", kernel->name);
}

clae_status opencl_kernel_run(opencl_kernel *kernel, unsigned dimensions, const size_t *first, const size_t *global,
                              const size_t *local) {
    cl_int code =
        clEnqueueNDRangeKernel(kernel->device->queue, kernel->kernel, dimensions, first, global, local, 0, NULL, NULL);
    return opencl_check(kernel->device, code, "clEnqueueNDRangeKernel", kernel->name);
}
