/* Preloaded before the OpenCL loader: the CLAE_TEST_CL_AT-th use of the call CLAE_TEST_CL_CALL returns
 * CLAE_TEST_CL_CODE, once, or with CLAE_TEST_CL_LOST=1 like every call after it. CLAE_TEST_COUNT=1 prints how often
 * each was used. */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct shim_call {
    const char *name;
    atomic_long uses;
    struct shim_call *next;
} shim_call;

static shim_call *_Atomic calls;
static atomic_bool is_lost;

static void count(shim_call *call) {
    if (atomic_fetch_add(&call->uses, 1) != 0) return;
    call->next = calls;
    while (!atomic_compare_exchange_weak(&calls, &call->next, call)) continue;
}

static cl_int fault(shim_call *call) {
    const char *name = getenv("CLAE_TEST_CL_CALL"), *at = getenv("CLAE_TEST_CL_AT"),
               *code = getenv("CLAE_TEST_CL_CODE");
    count(call);
    if (!name || !at || !code) return CL_SUCCESS;
    if (is_lost && strncmp(call->name, "clRelease", 9) != 0) return atoi(code);
    if (strcmp(name, call->name) != 0 || call->uses != atol(at)) return CL_SUCCESS;
    is_lost = getenv("CLAE_TEST_CL_LOST") != NULL;
    static const char line[] = "failing call\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0) abort();
    return atoi(code);
}

__attribute__((destructor)) static void print_counts(void) {
    if (!getenv("CLAE_TEST_COUNT")) return;
    for (shim_call *call = calls; call; call = call->next)
        fprintf(stderr, "failing call: %s %ld\n", call->name, call->uses);
}

#define FIND(function)                                                                                                 \
    static shim_call call = {.name = #function};                                                                       \
    static __typeof__(&function) real;                                                                                 \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #function);

/* Calls that return their status. */
#define STATUS(function, parameters, arguments)                                                                        \
    CL_API_ENTRY cl_int CL_API_CALL function parameters {                                                              \
        FIND(function)                                                                                                 \
        cl_int code = fault(&call);                                                                                    \
        return code ? code : real arguments;                                                                           \
    }

/* Calls that return an object, and their status through the last argument. */
#define OBJECT(type, function, parameters, arguments)                                                                  \
    CL_API_ENTRY type CL_API_CALL function parameters {                                                                \
        FIND(function)                                                                                                 \
        cl_int code = fault(&call);                                                                                    \
        if (!code) return real arguments;                                                                              \
        if (status) *status = code;                                                                                    \
        return NULL;                                                                                                   \
    }

#define EVENTS cl_uint waits, const cl_event *list, cl_event *event
#define EVENT_ARGUMENTS waits, list, event
#define INFO(owner, kind) owner o, kind what, size_t room, void *value, size_t *bytes

STATUS(clGetPlatformIDs, (cl_uint room, cl_platform_id *ids, cl_uint *count), (room, ids, count))
STATUS(clGetPlatformInfo, (INFO(cl_platform_id, cl_platform_info)), (o, what, room, value, bytes))
STATUS(clGetDeviceIDs, (cl_platform_id p, cl_device_type type, cl_uint room, cl_device_id *ids, cl_uint *count),
       (p, type, room, ids, count))
STATUS(clGetDeviceInfo, (INFO(cl_device_id, cl_device_info)), (o, what, room, value, bytes))
STATUS(clGetProgramInfo, (INFO(cl_program, cl_program_info)), (o, what, room, value, bytes))
STATUS(clGetProgramBuildInfo, (cl_program p, INFO(cl_device_id, cl_program_build_info)),
       (p, o, what, room, value, bytes))
STATUS(clGetKernelWorkGroupInfo, (cl_kernel k, INFO(cl_device_id, cl_kernel_work_group_info)),
       (k, o, what, room, value, bytes))
STATUS(clBuildProgram,
       (cl_program p, cl_uint count, const cl_device_id *ids, const char *options,
        void(CL_CALLBACK *notify)(cl_program, void *), void *user),
       (p, count, ids, options, notify, user))
STATUS(clSetKernelArg, (cl_kernel k, cl_uint index, size_t bytes, const void *value), (k, index, bytes, value))
STATUS(clEnqueueNDRangeKernel,
       (cl_command_queue q, cl_kernel k, cl_uint rank, const size_t *offset, const size_t *global, const size_t *local,
        EVENTS),
       (q, k, rank, offset, global, local, EVENT_ARGUMENTS))
STATUS(clEnqueueReadBuffer,
       (cl_command_queue q, cl_mem b, cl_bool wait, size_t offset, size_t bytes, void *data, EVENTS),
       (q, b, wait, offset, bytes, data, EVENT_ARGUMENTS))
STATUS(clEnqueueWriteBuffer,
       (cl_command_queue q, cl_mem b, cl_bool wait, size_t offset, size_t bytes, const void *data, EVENTS),
       (q, b, wait, offset, bytes, data, EVENT_ARGUMENTS))
STATUS(clEnqueueFillBuffer,
       (cl_command_queue q, cl_mem b, const void *pattern, size_t pattern_bytes, size_t offset, size_t bytes, EVENTS),
       (q, b, pattern, pattern_bytes, offset, bytes, EVENT_ARGUMENTS))
STATUS(clEnqueueUnmapMemObject, (cl_command_queue q, cl_mem b, void *data, EVENTS), (q, b, data, EVENT_ARGUMENTS))
STATUS(clEnqueueMarkerWithWaitList, (cl_command_queue q, EVENTS), (q, EVENT_ARGUMENTS))
STATUS(clEnqueueBarrierWithWaitList, (cl_command_queue q, EVENTS), (q, EVENT_ARGUMENTS))
STATUS(clFlush, (cl_command_queue q), (q))
STATUS(clFinish, (cl_command_queue q), (q))
STATUS(clWaitForEvents, (cl_uint count, const cl_event *events), (count, events))
STATUS(clRetainProgram, (cl_program p), (p))
STATUS(clReleaseProgram, (cl_program p), (p))
STATUS(clReleaseKernel, (cl_kernel k), (k))
STATUS(clReleaseMemObject, (cl_mem b), (b))
STATUS(clReleaseEvent, (cl_event e), (e))
STATUS(clReleaseCommandQueue, (cl_command_queue q), (q))
STATUS(clReleaseContext, (cl_context c), (c))
OBJECT(cl_context, clCreateContext,
       (const cl_context_properties *properties, cl_uint count, const cl_device_id *ids,
        void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user, cl_int *status),
       (properties, count, ids, notify, user, status))
OBJECT(cl_command_queue, clCreateCommandQueue,
       (cl_context c, cl_device_id id, cl_command_queue_properties properties, cl_int *status),
       (c, id, properties, status))
OBJECT(cl_mem, clCreateBuffer, (cl_context c, cl_mem_flags flags, size_t bytes, void *host, cl_int *status),
       (c, flags, bytes, host, status))
OBJECT(cl_kernel, clCreateKernel, (cl_program p, const char *name, cl_int *status), (p, name, status))
OBJECT(cl_program, clCreateProgramWithSource,
       (cl_context c, cl_uint count, const char **texts, const size_t *bytes, cl_int *status),
       (c, count, texts, bytes, status))
OBJECT(cl_program, clCreateProgramWithBinary,
       (cl_context c, cl_uint count, const cl_device_id *ids, const size_t *bytes, const unsigned char **binaries,
        cl_int *each, cl_int *status),
       (c, count, ids, bytes, binaries, each, status))
OBJECT(void *, clEnqueueMapBuffer,
       (cl_command_queue q, cl_mem b, cl_bool wait, cl_map_flags flags, size_t offset, size_t bytes, EVENTS,
        cl_int *status),
       (q, b, wait, flags, offset, bytes, EVENT_ARGUMENTS, status))
