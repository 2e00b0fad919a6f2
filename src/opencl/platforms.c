#include "opencl/platforms.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLATFORM_NOT_FOUND_KHR (-1001)

cl_ulong opencl_device_ulong(cl_device_id id, cl_device_info what) {
    cl_ulong value = 0;
    return clGetDeviceInfo(id, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

size_t opencl_device_size(cl_device_id id, cl_device_info what) {
    size_t value = 0;
    return clGetDeviceInfo(id, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

cl_uint opencl_device_uint(cl_device_id id, cl_device_info what) {
    cl_uint value = 0;
    return clGetDeviceInfo(id, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

/* Drivers give text of any length, padded with spaces, sometimes with control characters. */
static void tidy_copy(char *to, size_t size, const char *from) {
    size_t length = 0;
    for (; *from; ++from) {
        if (isspace((unsigned char)*from) && (length == 0 || to[length - 1] == ' ')) continue;
        if (length + 1 >= size) break;
        to[length++] = iscntrl((unsigned char)*from) ? ' ' : *from;
    }
    while (length > 0 && to[length - 1] == ' ') --length;
    to[length] = 0;
}

static void device_text(cl_device_id id, cl_device_info what, char *to, size_t size) {
    char text[1024] = "";
    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = 0;
    tidy_copy(to, size, text);
}

static void platform_text(cl_platform_id id, char *to, size_t size) {
    char text[1024] = "";
    if (clGetPlatformInfo(id, CL_PLATFORM_NAME, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = 0;
    tidy_copy(to, size, text);
}

static clae_device_type type_of(cl_device_id id) {
    cl_ulong type = opencl_device_ulong(id, CL_DEVICE_TYPE);
    if (type & CL_DEVICE_TYPE_GPU) return CLAE_DEVICE_GPU;
    if (type & CL_DEVICE_TYPE_CPU) return CLAE_DEVICE_CPU;
    return CLAE_DEVICE_ACCELERATOR;
}

static void describe(cl_platform_id platform, size_t p, cl_device_id id, size_t d, clae_device_info *info) {
    memset(info, 0, sizeof *info);
    snprintf(info->id, sizeof info->id, "%zu:%zu", p, d);
    snprintf(info->backend, sizeof info->backend, "opencl");
    info->type = type_of(id);
    device_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    device_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    device_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    platform_text(platform, info->platform, sizeof info->platform);
    info->memory_bytes = opencl_device_ulong(id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->largest_allocation_bytes = opencl_device_ulong(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    if (opencl_device_uint(id, CL_DEVICE_LOCAL_MEM_TYPE) == CL_LOCAL)
        info->local_memory_bytes = opencl_device_ulong(id, CL_DEVICE_LOCAL_MEM_SIZE);
    info->compute_units = opencl_device_uint(id, CL_DEVICE_MAX_COMPUTE_UNITS);
}

/* The platforms; none at all is no error. *ids is freed by the caller. */
static clae_status get_platforms(clae_context *context, cl_platform_id **ids, cl_uint *count) {
    *ids = NULL;
    *count = 0;
    cl_uint found = 0;
    cl_int code = clGetPlatformIDs(0, NULL, &found);
    if (code == PLATFORM_NOT_FOUND_KHR || (code == CL_SUCCESS && found == 0)) return CLAE_OK;
    if (code != CL_SUCCESS) {
        log_line(context, CLAE_LOG_DEBUG, "OpenCL gives no platforms: %s (%d)", opencl_error_text(code), code);
        return CLAE_OK;
    }
    *ids = calloc(found, sizeof **ids);
    if (!*ids) return fail_memory(context, found * sizeof **ids, "the list of OpenCL platforms");
    if (clGetPlatformIDs(found, *ids, NULL) == CL_SUCCESS) *count = found;
    return CLAE_OK;
}

/* The devices of one platform; a broken platform has none. *ids is freed by the caller. */
static clae_status get_devices(clae_context *context, cl_platform_id platform, size_t p, cl_device_id **ids,
                               cl_uint *count) {
    *ids = NULL;
    *count = 0;
    cl_uint found = 0;
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &found);
    if (code == CL_DEVICE_NOT_FOUND || (code == CL_SUCCESS && found == 0)) return CLAE_OK;
    if (code != CL_SUCCESS) {
        log_line(context, CLAE_LOG_DEBUG, "OpenCL platform %zu is skipped, it gives no devices: %s (%d)", p,
                 opencl_error_text(code), code);
        return CLAE_OK;
    }
    *ids = calloc(found, sizeof **ids);
    if (!*ids) return fail_memory(context, found * sizeof **ids, "the list of OpenCL devices");
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, found, *ids, NULL) == CL_SUCCESS) *count = found;
    return CLAE_OK;
}

static clae_status append_devices(clae_context *context, cl_platform_id platform, size_t p, clae_device_info **list,
                                  size_t *count) {
    cl_device_id *ids;
    cl_uint found;
    clae_status status = get_devices(context, platform, p, &ids, &found);
    if (status || found == 0) goto done;
    clae_device_info *longer = realloc(*list, (*count + found) * sizeof **list);
    if (!longer) {
        status = fail_memory(context, (*count + found) * sizeof **list, "the list of devices");
        goto done;
    }
    *list = longer;
    for (cl_uint d = 0; d < found; ++d) describe(platform, p, ids[d], d, &longer[(*count)++]);
done:
    free(ids);
    return status;
}

clae_status opencl_list(clae_context *context, clae_device_info **list, size_t *count) {
    cl_platform_id *platforms;
    cl_uint found;
    clae_status status = get_platforms(context, &platforms, &found);
    for (cl_uint p = 0; !status && p < found; ++p) status = append_devices(context, platforms[p], p, list, count);
    free(platforms);
    return status;
}

clae_status opencl_find_device(clae_context *context, const char *id, cl_platform_id *platform, cl_device_id *device) {
    cl_platform_id *platforms = NULL;
    cl_device_id *devices = NULL;
    cl_uint platform_count, device_count = 0;
    unsigned p, d;
    clae_status status;
    if (sscanf(id, "%u:%u", &p, &d) != 2)
        return fail(context, CLAE_ERROR_INTERNAL, "\"%s\" is not the id of an OpenCL device (P:D)", id);
    status = get_platforms(context, &platforms, &platform_count);
    if (status) goto done;
    if (p < platform_count) status = get_devices(context, platforms[p], p, &devices, &device_count);
    if (status) goto done;
    if (d >= device_count) {
        status = fail(context, CLAE_ERROR_DEVICE, "there is no OpenCL device %s any more", id);
        goto done;
    }
    *platform = platforms[p];
    *device = devices[d];
done:
    free(devices);
    free(platforms);
    return status;
}
