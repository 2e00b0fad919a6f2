/* What a device does not say of itself. */
#include "opencl/device.h"
#include "opencl/source.h"

#include <stdlib.h>

/* Mesa's llvmpipe ends the loops of a work-item after 65,535 steps in all, and goes on after them. */
#define PROBE_STEPS 100000

static cl_uint expected(void) {
    cl_uint x = 1;
    for (cl_uint i = 0; i < PROBE_STEPS; i++) x = x * 1664525u + 1013904223u; /* as in probe.cl */
    return x;
}

/* Not by way of the program cache: the answer belongs to the driver as it is now. */
static cl_int make_kernel(const opencl_device *device, const char *source, cl_program *program, cl_kernel *kernel) {
    cl_int code;
    *program = clCreateProgramWithSource(device->context, 1, &source, NULL, &code);
    if (code == CL_SUCCESS) code = clBuildProgram(*program, 1, &device->id, "-cl-std=CL1.2", NULL, NULL);
    if (code == CL_SUCCESS) *kernel = clCreateKernel(*program, "probe", &code);
    return code;
}

static cl_int run_kernel(const opencl_device *device, cl_kernel kernel, cl_mem out, cl_uint *x) {
    const cl_uint steps = PROBE_STEPS;
    const size_t one = 1;
    cl_int code = clSetKernelArg(kernel, 0, sizeof out, &out);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 1, sizeof steps, &steps);
    if (code == CL_SUCCESS) code = clEnqueueNDRangeKernel(device->queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
    return code == CL_SUCCESS ? clEnqueueReadBuffer(device->queue, out, CL_TRUE, 0, sizeof *x, x, 0, NULL, NULL) : code;
}

clae_status opencl_probe_loops(const opencl_device *device, bool *end_early) {
    char *source;
    cl_program program = NULL;
    cl_kernel kernel = NULL;
    cl_mem out = NULL;
    cl_uint x = 0;
    cl_int code;
    const clae_status status = opencl_source_load(device->base.context, "probe.cl", &source);
    if (status) return status;
    code = make_kernel(device, source, &program, &kernel);
    if (code == CL_SUCCESS) out = clCreateBuffer(device->context, CL_MEM_READ_WRITE, sizeof x, NULL, &code);
    if (code == CL_SUCCESS) code = run_kernel(device, kernel, out, &x);
    *end_early = code == CL_SUCCESS && x != expected();
    if (out) clReleaseMemObject(out);
    if (kernel) clReleaseKernel(kernel);
    if (program) clReleaseProgram(program);
    free(source);
    return opencl_check(device, code, "running a first kernel", "probe.cl");
}
