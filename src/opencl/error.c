#include "opencl/opencl.h"

#include <stdio.h>
#include <string.h>

#define NAMED(code)                                                                                                    \
    case code:                                                                                                         \
        return #code

const char *opencl_error_text(cl_int code) {
    switch (code) {
        NAMED(CL_SUCCESS);
        NAMED(CL_DEVICE_NOT_FOUND);
        NAMED(CL_DEVICE_NOT_AVAILABLE);
        NAMED(CL_COMPILER_NOT_AVAILABLE);
        NAMED(CL_MEM_OBJECT_ALLOCATION_FAILURE);
        NAMED(CL_OUT_OF_RESOURCES);
        NAMED(CL_OUT_OF_HOST_MEMORY);
        NAMED(CL_PROFILING_INFO_NOT_AVAILABLE);
        NAMED(CL_MEM_COPY_OVERLAP);
        NAMED(CL_BUILD_PROGRAM_FAILURE);
        NAMED(CL_MAP_FAILURE);
        NAMED(CL_MISALIGNED_SUB_BUFFER_OFFSET);
        NAMED(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
        NAMED(CL_COMPILE_PROGRAM_FAILURE);
        NAMED(CL_LINKER_NOT_AVAILABLE);
        NAMED(CL_LINK_PROGRAM_FAILURE);
        NAMED(CL_INVALID_VALUE);
        NAMED(CL_INVALID_DEVICE_TYPE);
        NAMED(CL_INVALID_PLATFORM);
        NAMED(CL_INVALID_DEVICE);
        NAMED(CL_INVALID_CONTEXT);
        NAMED(CL_INVALID_QUEUE_PROPERTIES);
        NAMED(CL_INVALID_COMMAND_QUEUE);
        NAMED(CL_INVALID_HOST_PTR);
        NAMED(CL_INVALID_MEM_OBJECT);
        NAMED(CL_INVALID_BINARY);
        NAMED(CL_INVALID_BUILD_OPTIONS);
        NAMED(CL_INVALID_PROGRAM);
        NAMED(CL_INVALID_PROGRAM_EXECUTABLE);
        NAMED(CL_INVALID_KERNEL_NAME);
        NAMED(CL_INVALID_KERNEL_DEFINITION);
        NAMED(CL_INVALID_KERNEL);
        NAMED(CL_INVALID_ARG_INDEX);
        NAMED(CL_INVALID_ARG_VALUE);
        NAMED(CL_INVALID_ARG_SIZE);
        NAMED(CL_INVALID_KERNEL_ARGS);
        NAMED(CL_INVALID_WORK_DIMENSION);
        NAMED(CL_INVALID_WORK_GROUP_SIZE);
        NAMED(CL_INVALID_WORK_ITEM_SIZE);
        NAMED(CL_INVALID_GLOBAL_OFFSET);
        NAMED(CL_INVALID_EVENT_WAIT_LIST);
        NAMED(CL_INVALID_EVENT);
        NAMED(CL_INVALID_OPERATION);
        NAMED(CL_INVALID_BUFFER_SIZE);
        NAMED(CL_INVALID_GLOBAL_WORK_SIZE);
    case -1001:
        return "CL_PLATFORM_NOT_FOUND_KHR";
    case -9999:
        return "illegal access to memory (NVIDIA)";
    default:
        return "unknown error";
    }
}

#define MIB 1048576.0
#define CAUSE_SIZE 384
#define SHORT_SHARE 0.75 /* of the memory: with more of it in use, a failure may come from there */

static bool memory_is_short(const clae_device *device) {
    return device->info.memory_bytes &&
           (double)device->allocated_bytes > SHORT_SHARE * (double)device->info.memory_bytes;
}

static void explain_memory(const clae_device *device, char text[CAUSE_SIZE]) {
    snprintf(text, CAUSE_SIZE,
             "; clae has %.1f MiB of the device's %.1f MiB, and there is no more to be had: use a smaller batch, fewer "
             "channels or a --memory-limit, or end other programs that use the device",
             (double)device->allocated_bytes / MIB, (double)device->info.memory_bytes / MIB);
}

static const char *likely_cause(cl_int code) {
    switch (code) {
    case CL_OUT_OF_RESOURCES:
        return "; a kernel needs more registers or local memory than there are, or ran for so long that the driver's "
               "watchdog ended it";
    case CL_OUT_OF_HOST_MEMORY:
        return "; the host's memory is probably full: use a smaller batch or end other programs";
    case CL_DEVICE_NOT_AVAILABLE:
    case CL_INVALID_COMMAND_QUEUE:
    case CL_INVALID_CONTEXT:
        return "; the device was probably lost or reset by its driver: start again, what was saved is intact";
    case CL_INVALID_WORK_GROUP_SIZE:
    case CL_INVALID_WORK_ITEM_SIZE:
        return "; the work-group is larger than the device allows: force another implementation of the op";
    case -9999:
        return "; a kernel went outside its buffers: force another implementation of the op and report it";
    default:
        return "";
    }
}

/* Memory is spoken of where it is what was asked for, or nearly used up. */
static bool is_of_memory(const clae_device *device, cl_int code, const char *call) {
    if (code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_INVALID_BUFFER_SIZE) return true;
    return code == CL_OUT_OF_RESOURCES && (strcmp(call, "clCreateBuffer") == 0 || memory_is_short(device));
}

clae_status opencl_check(const opencl_device *device, cl_int code, const char *call, const char *subject) {
    char cause[CAUSE_SIZE];
    if (code == CL_SUCCESS) return CLAE_OK;
    if (is_of_memory(&device->base, code, call))
        explain_memory(&device->base, cause);
    else
        snprintf(cause, sizeof cause, "%s", likely_cause(code));
    return fail(device->base.context, CLAE_ERROR_DEVICE, "OpenCL device %s (%s): %s(%s) failed: %s (%d)%s",
                device->base.info.id, device->base.info.name, call, subject, opencl_error_text(code), code, cause);
}
