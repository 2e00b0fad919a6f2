#define _GNU_SOURCE /* strcasestr */
#include "opencl/platforms.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLATFORM_NOT_FOUND_KHR (-1001)
#define MOST_DEVICES 4096

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

/* A word of a list that is separated by blanks. */
static bool has_word(const char *list, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
    return false;
}

bool opencl_has_extension(cl_device_id id, const char *name) {
    size_t size = 0;
    if (clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, 0, NULL, &size) != CL_SUCCESS) return false;
    char *list = calloc(size + 1, 1);
    const bool has =
        list && clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, size, list, NULL) == CL_SUCCESS && has_word(list, name);
    free(list);
    return has;
}

/* Drivers give text of any length, padded with blanks, in any encoding. */
static void device_text(cl_device_id id, cl_device_info what, char *to, size_t size) {
    char text[1024] = "";
    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = 0;
    text_tidy(to, size, text);
}

static void platform_text(cl_platform_id id, cl_platform_info what, char *to, size_t size) {
    char text[1024] = "";
    if (clGetPlatformInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS) text[0] = 0;
    text_tidy(to, size, text);
}

static clae_device_type type_of(cl_device_id id) {
    cl_ulong type = opencl_device_ulong(id, CL_DEVICE_TYPE);
    if (type & CL_DEVICE_TYPE_GPU) return CLAE_DEVICE_GPU;
    if (type & CL_DEVICE_TYPE_CPU) return CLAE_DEVICE_CPU;
    return CLAE_DEVICE_ACCELERATOR;
}

static bool is_emulator(const clae_device_info *info) {
    static const char *const words[] = {"emulat", "simulat"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcasestr(info->name, words[i]) || strcasestr(info->platform, words[i])) return true;
    return false;
}

/* Of cl_khr_pci_bus_info, cl_amd_device_attribute_query and cl_nv_device_attribute_query. */
#define DEVICE_PCI_BUS_INFO_KHR 0x410F
#define DEVICE_BOARD_NAME_AMD 0x4038
#define DEVICE_TOPOLOGY_AMD 0x4037
#define DEVICE_PCI_BUS_ID_NV 0x4008
#define DEVICE_PCI_SLOT_ID_NV 0x4009
#define DEVICE_PCI_DOMAIN_ID_NV 0x400A

static void describe_place(cl_device_id id, clae_device_info *info) {
    cl_uint khr[4];
    struct {
        cl_uint type;
        unsigned char unused[17], bus, device, function;
    } amd;
    const size_t size = sizeof info->pci_address;
    if (clGetDeviceInfo(id, DEVICE_PCI_BUS_INFO_KHR, sizeof khr, khr, NULL) == CL_SUCCESS) {
        snprintf(info->pci_address, size, "%04x:%02x:%02x.%x", khr[0] & 0xffff, khr[1] & 0xff, khr[2] & 0xff,
                 khr[3] & 0xf);
    } else if (info->vendor_id == 0x1002 &&
               clGetDeviceInfo(id, DEVICE_TOPOLOGY_AMD, sizeof amd, &amd, NULL) == CL_SUCCESS && amd.type == 1) {
        snprintf(info->pci_address, size, "0000:%02x:%02x.%x", amd.bus, amd.device, amd.function & 0xf);
    } else if (info->vendor_id == 0x10de) {
        const cl_uint slot = opencl_device_uint(id, DEVICE_PCI_SLOT_ID_NV);
        snprintf(info->pci_address, size, "%04x:%02x:%02x.%x", opencl_device_uint(id, DEVICE_PCI_DOMAIN_ID_NV) & 0xffff,
                 opencl_device_uint(id, DEVICE_PCI_BUS_ID_NV) & 0xff, slot >> 3 & 0x1f, slot & 7);
    }
}

/* What rules a device out before anything is built on it. */
static void describe_problem(cl_device_id id, clae_device_info *info) {
    char version[256] = "";
    int major = 0, minor = 0;
    device_text(id, CL_DEVICE_VERSION, version, sizeof version);
    if (sscanf(version, "OpenCL %d.%d", &major, &minor) != 2 || major < 1 || (major == 1 && minor < 2))
        snprintf(info->problem, sizeof info->problem, "its driver has %.100s, OpenCL 1.2 is needed",
                 *version ? version : "no OpenCL version");
    else if (!opencl_device_ulong(id, CL_DEVICE_TYPE))
        snprintf(info->problem, sizeof info->problem, "its driver does not say whether it is a CPU or a GPU");
    else if (!opencl_device_uint(id, CL_DEVICE_AVAILABLE))
        snprintf(info->problem, sizeof info->problem, "its driver says that it is not available");
    else if (!opencl_device_uint(id, CL_DEVICE_COMPILER_AVAILABLE))
        snprintf(info->problem, sizeof info->problem, "its driver has no compiler");
}

static void describe(cl_platform_id platform, size_t p, cl_device_id id, size_t d, clae_device_info *info) {
    memset(info, 0, sizeof *info);
    snprintf(info->id, sizeof info->id, "%zu:%zu", p, d);
    snprintf(info->backend, sizeof info->backend, "opencl");
    info->type = type_of(id);
    device_text(id, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    device_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    device_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    platform_text(platform, CL_PLATFORM_NAME, info->platform, sizeof info->platform);
    info->vendor_id = opencl_device_uint(id, CL_DEVICE_VENDOR_ID);
    if (info->vendor_id == 0x1002) device_text(id, DEVICE_BOARD_NAME_AMD, info->board, sizeof info->board);
    info->is_emulator = is_emulator(info);
    info->memory_bytes = opencl_device_ulong(id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->largest_allocation_bytes = opencl_device_ulong(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    if (opencl_device_uint(id, CL_DEVICE_LOCAL_MEM_TYPE) == CL_LOCAL)
        info->local_memory_bytes = opencl_device_ulong(id, CL_DEVICE_LOCAL_MEM_SIZE);
    const cl_uint units = opencl_device_uint(id, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->compute_units = units ? units : 1; /* as OpenCL promises: work is divided by it */
    describe_place(id, info);
    describe_problem(id, info);
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
    if (found > MOST_DEVICES) {
        log_line(context, CLAE_LOG_DEBUG, "OpenCL platform %zu is skipped, it claims %u devices", p, (unsigned)found);
        return CLAE_OK;
    }
    *ids = calloc(found, sizeof **ids);
    if (!*ids) return fail_memory(context, found * sizeof **ids, "the list of OpenCL devices");
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, found, *ids, NULL) == CL_SUCCESS) *count = found;
    return CLAE_OK;
}

static clae_status append_platform(clae_context *context, cl_platform_id id, opencl_listing *listing) {
    cl_device_id *ids;
    cl_uint found;
    const size_t p = listing->platform_count;
    clae_status status = get_devices(context, id, p, &ids, &found);
    if (status) return status;
    opencl_platform *platform = &listing->platforms[listing->platform_count++];
    platform_text(id, CL_PLATFORM_NAME, platform->name, sizeof platform->name);
    platform_text(id, CL_PLATFORM_VERSION, platform->version, sizeof platform->version);
    platform->device_count = found;
    const size_t count = listing->device_count;
    clae_device_info *longer = realloc(listing->devices, (count + found + 1) * sizeof *longer);
    if (longer) {
        listing->devices = longer;
        listing->device_count += found;
        for (cl_uint d = 0; d < found; ++d) describe(id, p, ids[d], d, &longer[count + d]);
    } else {
        status = fail_memory(context, (count + found) * sizeof *longer, "the list of devices");
    }
    free(ids);
    return status;
}

clae_status opencl_list_here(clae_context *context, opencl_listing *listing) {
    cl_platform_id *ids;
    cl_uint found;
    *listing = (opencl_listing){0};
    clae_status status = get_platforms(context, &ids, &found);
    if (status) return status;
    listing->platforms = calloc(found + 1, sizeof *listing->platforms);
    if (!listing->platforms) status = fail_memory(context, found * sizeof *listing->platforms, "the OpenCL platforms");
    for (cl_uint p = 0; !status && p < found; ++p) status = append_platform(context, ids[p], listing);
    free(ids);
    return status;
}

void opencl_listing_release(opencl_listing *listing) {
    free(listing->devices);
    free(listing->platforms);
    *listing = (opencl_listing){0};
}

/* Platforms may have other numbers than when they were listed. */
static bool is_that(cl_device_id id, const clae_device_info *info) {
    char name[sizeof info->name];
    device_text(id, CL_DEVICE_NAME, name, sizeof name);
    return strcmp(name, info->name) == 0;
}

clae_status opencl_find_device(clae_context *context, const clae_device_info *info, cl_platform_id *platform,
                               cl_device_id *device) {
    cl_platform_id *platforms = NULL;
    cl_device_id *devices = NULL;
    cl_uint platform_count, device_count = 0;
    unsigned p, d;
    clae_status status;
    if (sscanf(info->id, "%u:%u", &p, &d) != 2)
        return fail(context, CLAE_ERROR_INTERNAL, "\"%s\" is not the id of an OpenCL device (P:D)", info->id);
    status = get_platforms(context, &platforms, &platform_count);
    if (status) goto done;
    if (p < platform_count) status = get_devices(context, platforms[p], p, &devices, &device_count);
    if (status) goto done;
    if (d >= device_count || !is_that(devices[d], info)) {
        status = fail(context, CLAE_ERROR_DEVICE, "there is no OpenCL device %s (%s) any more", info->id, info->name);
        goto done;
    }
    *platform = platforms[p];
    *device = devices[d];
done:
    free(devices);
    free(platforms);
    return status;
}
