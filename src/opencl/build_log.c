#include "opencl/build_log.h"

#include "base/files.h"
#include "base/memory.h"
#include "opencl/vendors.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_LOG_BYTES ((size_t)64 << 10)

static char *log_path(const clae_context *context) {
    const clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    if (context->cache_dir && folder_create(&quiet, context->cache_dir) == CLAE_OK)
        return string_format("%s/build.log", context->cache_dir);
    char *folder = opencl_private_folder(context, "logs"), *path = NULL;
    if (folder) path = string_format("%s/build.log", folder);
    free(folder);
    return path;
}

void opencl_build_log_write(const opencl_device *device, cl_program program, const char *heading, char **path) {
    const clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    size_t bytes = 0;
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    if (bytes > LARGEST_LOG_BYTES << 8) bytes = 0;
    char *text = calloc(bytes + 1, 1);
    if (text && bytes) clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, bytes, text, NULL);
    size_t length = text ? strlen(text) : 0;
    if (length > LARGEST_LOG_BYTES) length = LARGEST_LOG_BYTES;
    const file_part parts[] = {{heading, strlen(heading)}, {"\n", 1}, {text, length}, {"\n", 1}};
    *path = log_path(device->base.context);
    if (*path && file_write_atomic(&quiet, *path, parts, ARRAY_LENGTH(parts)) != CLAE_OK) {
        free(*path);
        *path = NULL;
    }
    free(text);
}
