/* Several programs built as one: where each costs much, beside its kernels, and where the sources' names are known. */
#include "base/clock.h"
#include "base/memory.h"
#include "opencl/program_cache.h"
#include "opencl/source.h"

#include <stdlib.h>

static bool waits(const opencl_device *device, const opencl_program *program) {
    return !program->program && opencl_source_is_embedded(device->base.context, program->file);
}

/* Oldest first, as numbers are then the same in each run, and a cache of the implementation finds its entry. */
static size_t list_waiting(const opencl_device *device, opencl_program ***list) {
    size_t count = 0, next;
    for (opencl_program *p = opencl_program_cache_first(device->programs); p; p = p->next) count += waits(device, p);
    *list = count ? malloc(count * sizeof **list) : NULL;
    next = count;
    for (opencl_program *p = opencl_program_cache_first(device->programs); p && *list; p = p->next)
        if (waits(device, p)) (*list)[--next] = p;
    return *list ? count : 0;
}

static char *join_sources(const clae_context *context, opencl_program *const *list, size_t count) {
    char *prelude = NULL, *text = NULL;
    size_t bytes;
    if (opencl_source_load(context, "prelude.cl", &prelude) != CLAE_OK) return NULL;
    FILE *out = open_memstream(&text, &bytes);
    clae_status status = out ? CLAE_OK : CLAE_ERROR_INTERNAL;
    if (out) fputs(prelude, out);
    for (size_t i = 0; i < count && status == CLAE_OK; i++)
        status = opencl_source_write_numbered(context, list[i]->file, list[i]->options, (int)i, out);
    free(prelude);
    if (out && fclose(out) == 0 && status == CLAE_OK) return text;
    free(text);
    return NULL;
}

static cl_program build_text(const opencl_device *device, const char *text) {
    cl_int code;
    cl_program program = clCreateProgramWithSource(device->context, 1, &text, NULL, &code);
    if (code != CL_SUCCESS) return NULL;
    if (clBuildProgram(program, 1, &device->id, opencl_standard_options(device), NULL, NULL) == CL_SUCCESS)
        return program;
    clReleaseProgram(program);
    return NULL;
}

void opencl_program_build_batch(opencl_device *device) {
    const clae_context *context = device->base.context;
    const double start_ms = clock_ms();
    opencl_program **list;
    const size_t count = list_waiting(device, &list);
    char *text = count > 1 ? join_sources(context, list, count) : NULL;
    cl_program program = text ? build_text(device, text) : NULL;
    for (size_t i = 0; i < count && program; i++) {
        if (clRetainProgram(program) != CL_SUCCESS) continue; /* it is built when it is needed */
        list[i]->program = program;
        list[i]->number = (int)i;
        log_line(context, CLAE_LOG_DEBUG, "kernels %s %s %s: built", list[i]->file, opencl_standard_options(device),
                 list[i]->options);
    }
    if (program)
        log_line(context, CLAE_LOG_DEBUG, "%zu kernel files were built as one program, in %.0f ms", count,
                 clock_ms() - start_ms);
    else if (count > 1)
        log_line(context, CLAE_LOG_DEBUG, "%zu kernel files cannot be built as one program", count);
    if (program) clReleaseProgram(program);
    free(text);
    free(list);
}
