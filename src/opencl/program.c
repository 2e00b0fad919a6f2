#include "base/files.h"
#include "base/memory.h"
#include "opencl/build_log.h"
#include "opencl/program_cache.h"
#include "opencl/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_VERSION 1

/* All that is needed to make one program. */
typedef struct recipe {
    opencl_device *device;
    const char *file;
    char *prelude, *source, *options, *key;
} recipe;

static uint64_t text_hash(const char *text) {
    return hash_fnv1a(HASH_FNV1A_START, text, strlen(text));
}

static char *make_key(const recipe *r) {
    const clae_device_info *info = &r->device->base.info;
    char version[256] = "";
    clGetPlatformInfo(r->device->platform, CL_PLATFORM_VERSION, sizeof version - 1, version, NULL);
    return string_format("clae kernel %d\nfile %s\nprelude %016" PRIx64 " %zu\nsource %016" PRIx64 " %zu\noptions %s\n"
                         "device %s\nvendor %s\ndriver %s\nplatform %s %s\n",
                         KEY_VERSION, r->file, text_hash(r->prelude), strlen(r->prelude), text_hash(r->source),
                         strlen(r->source), r->options, info->name, info->vendor, info->driver, info->platform,
                         version);
}

static void recipe_release(recipe *r) {
    free(r->prelude);
    free(r->source);
    free(r->options);
    free(r->key);
}

static clae_status recipe_make(opencl_device *device, const char *file, const char *options, recipe *r) {
    const clae_context *context = device->base.context;
    *r = (recipe){.device = device, .file = file};
    clae_status status = opencl_source_load(context, "prelude.cl", &r->prelude);
    if (!status) status = opencl_source_load(context, file, &r->source);
    if (status) goto failed;
    r->options = string_format("%s %s", opencl_standard_options(device), options);
    if (r->options) r->key = make_key(r);
    if (r->key) return CLAE_OK;
    status = fail_memory(context, strlen(r->source), "a kernel");
failed:
    recipe_release(r);
    return status;
}

static clae_status report_build_failure(const recipe *r, cl_program program, cl_int code) {
    opencl_device *device = r->device;
    char *path;
    /* Of many that fail, the first tells enough. */
    if (device->build_failures++ > 0) {
        log_line(device->base.context, CLAE_LOG_DEBUG, "kernels %s %s: not built either: %s (%d)", r->file, r->options,
                 opencl_error_text(code), code);
        return CLAE_ERROR_DEVICE;
    }
    opencl_build_log_write(device, program, r->key, &path);
    clae_status status =
        fail(device->base.context, CLAE_ERROR_DEVICE,
             "OpenCL device %s (%s) could not build %s: %s (%d); options \"%s\"; the compiler's log %s %s",
             device->base.info.id, device->base.info.name, r->file, opencl_error_text(code), code, r->options,
             path ? "is in" : "could not be written to", path ? path : "a file");
    free(path);
    return status;
}

/* NULL when the entry on disk is of no use. */
static cl_program load_program(const recipe *r) {
    opencl_device *device = r->device;
    const clae_context *context = device->base.context;
    unsigned char *binary;
    size_t bytes;
    if (r->device->keeps_programs) return NULL;
    if (!opencl_program_cache_read(device->programs, context, r->key, &binary, &bytes)) return NULL;
    cl_int code, loaded = CL_SUCCESS;
    cl_program program = clCreateProgramWithBinary(device->context, 1, &device->id, &bytes,
                                                   (const unsigned char **)&binary, &loaded, &code);
    free(binary);
    if (code == CL_SUCCESS && loaded == CL_SUCCESS)
        code = clBuildProgram(program, 1, &device->id, r->options, NULL, NULL);
    if (code == CL_SUCCESS && loaded == CL_SUCCESS) {
        log_line(context, CLAE_LOG_DEBUG, "kernels %s %s: taken from the cache", r->file, r->options);
        return program;
    }
    log_line(context, CLAE_LOG_DEBUG, "kernels %s %s: the driver refuses the cached binary", r->file, r->options);
    if (program) clReleaseProgram(program);
    return NULL;
}

static void keep_program(const recipe *r, cl_program program) {
    size_t bytes = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) != CL_SUCCESS || bytes == 0)
        return;
    unsigned char *binary = malloc(bytes);
    if (binary && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS)
        opencl_program_cache_write(r->device->programs, r->device->base.context, r->key, binary, bytes);
    free(binary);
}

static clae_status build_program(const recipe *r, cl_program *out) {
    opencl_device *device = r->device;
    const char *texts[] = {r->prelude, r->source};
    cl_int code;
    cl_program program = clCreateProgramWithSource(device->context, 2, texts, NULL, &code);
    if (code != CL_SUCCESS) return opencl_check(device, code, "clCreateProgramWithSource", r->file);
    code = clBuildProgram(program, 1, &device->id, r->options, NULL, NULL);
    if (code != CL_SUCCESS) {
        clae_status status = report_build_failure(r, program, code);
        clReleaseProgram(program);
        return status;
    }
    log_line(device->base.context, CLAE_LOG_DEBUG, "kernels %s %s: built", r->file, r->options);
    if (!device->keeps_programs && opencl_program_cache_folder(device->programs)) keep_program(r, program);
    *out = program;
    return CLAE_OK;
}

static clae_status build_alone(opencl_device *device, opencl_program *program) {
    recipe r;
    clae_status status = recipe_make(device, program->file, program->options, &r);
    if (status) return status;
    program->program = load_program(&r);
    program->is_cached = program->program != NULL;
    if (!program->program) status = build_program(&r, &program->program);
    recipe_release(&r);
    return status;
}

clae_status opencl_program_rebuild(opencl_device *device, opencl_program *program) {
    recipe r;
    clae_status status = recipe_make(device, program->file, program->options, &r);
    if (status) return status;
    log_line(device->base.context, CLAE_LOG_DEBUG, "kernels %s %s: the cached binary lacks one of them", r.file,
             r.options);
    opencl_program_cache_remove(device->programs, r.key);
    if (program->program) clReleaseProgram(program->program);
    program->program = NULL;
    program->is_cached = false;
    status = build_program(&r, &program->program);
    recipe_release(&r);
    return status;
}

clae_status opencl_program_build(opencl_device *device, opencl_program *program) {
    if (!program->program && device->keeps_programs) opencl_program_build_batch(device);
    return program->program ? CLAE_OK : build_alone(device, program);
}

clae_status opencl_program_get(opencl_device *device, const char *file, const char *options, opencl_program **program) {
    const clae_context *context = device->base.context;
    opencl_program *p = opencl_program_cache_find(device->programs, file, options);
    if (!p) p = opencl_program_cache_add(device->programs, file, options);
    *program = p;
    if (!p) return fail_memory(context, sizeof *p, "a program");
    if (p->program || device->names_only || (device->keeps_programs && opencl_source_is_embedded(context, file)))
        return CLAE_OK;
    return build_alone(device, p);
}
