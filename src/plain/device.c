#include "base/memory.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_THREADS 1024

static unsigned cores(void) {
#ifdef _OPENMP
    return (unsigned)omp_get_max_threads();
#else
    return 1;
#endif
}

static unsigned threads_of(const clae_context *context) {
#ifdef _OPENMP
    const unsigned threads = context->threads ? context->threads : cores();
    return threads < MOST_THREADS ? threads : MOST_THREADS;
#else
    (void)context;
    return cores();
#endif
}

/* The value of a line "key : value" of /proc/cpuinfo; false where there is none. */
static bool cpuinfo_value(const char *key, char *text, size_t size) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return false;
    bool found = false;
    char line[256];
    while (!found && fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, strlen(key)) != 0) continue;
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(text, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        found = *text != '\0';
    }
    fclose(file);
    return found;
}

static clae_device_info device_describe(const clae_context *context, const plain_kernels *kernels) {
    clae_device_info info = {.id = "c",
                             .backend = "c",
                             .type = CLAE_DEVICE_CPU,
                             .platform = "plain C",
                             .compute_units = threads_of(context)};
    if (!cpuinfo_value("model name", info.name, sizeof(info.name))) snprintf(info.name, sizeof(info.name), "plain C");
    if (!cpuinfo_value("vendor_id", info.vendor, sizeof(info.vendor))) info.vendor[0] = '\0';
    snprintf(info.driver, sizeof(info.driver), "%s", kernels->name);
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page_bytes > 0) info.memory_bytes = (uint64_t)pages * (uint64_t)page_bytes;
    info.largest_allocation_bytes = info.memory_bytes;
    return info;
}

static clae_status list(clae_context *context, clae_device_info **infos, size_t *count) {
    clae_device_info *longer = realloc(*infos, (*count + 1) * sizeof(*longer));
    if (!longer) return fail_memory(context, (*count + 1) * sizeof(*longer), "the list of devices");
    longer[*count] = device_describe(context, plain_kernels_find(NULL));
    *infos = longer;
    *count += 1;
    return CLAE_OK;
}

static clae_status open_device(clae_context *context, const clae_device_info *info, const char *variant,
                               clae_device **out) {
    const plain_kernels *kernels = plain_kernels_find(variant);
    if (!kernels) {
        char names[64];
        plain_kernels_list(names, sizeof(names));
        return fail(context, plain_kernels_exist(variant) ? CLAE_ERROR_DEVICE : CLAE_ERROR_INPUT,
                    "c:%s: this processor and build have no such instruction set; there is %s", variant, names);
    }
    plain_device *device = calloc(1, sizeof(*device));
    const int threads = (int)threads_of(context);
    plain_share *shares = aligned_zeroed((size_t)threads * sizeof(*shares));
    if (!device || !shares) {
        free(device);
        free(shares);
        return fail_memory(context, sizeof(*device), "the plain C device");
    }
    device->base = (clae_device){.backend = &backend_plain,
                                 .context = context,
                                 .info = device_describe(context, kernels),
                                 .shares_memory = true};
    device->base.info.is_auto = info && info->is_auto;
    device->kernels = kernels;
    device->threads = threads;
    device->shares = shares;
    *out = &device->base;
    return CLAE_OK;
}

static void close_device(clae_device *device) {
    free(plain_device_of(device)->shares);
    free(device);
}

static clae_status create_buffer(clae_device *device, size_t bytes, buffer **out) {
    plain_buffer *b = calloc(1, sizeof(*b));
    const size_t rounded = (bytes / MEMORY_ALIGNMENT + 1) * MEMORY_ALIGNMENT;
    if (b && rounded > bytes) b->memory = aligned_alloc(MEMORY_ALIGNMENT, rounded);
    if (!b || !b->memory) {
        free(b);
        return fail_memory(device->context, bytes, "a buffer");
    }
    b->base = (buffer){.device = device, .bytes = bytes};
    *out = &b->base;
    return CLAE_OK;
}

static void free_buffer(buffer *b) {
    if (!b) return;
    free(((plain_buffer *)b)->memory);
    free(b);
}

static clae_status upload(buffer *b, size_t offset_bytes, const void *data, size_t bytes) {
    if (bytes) memcpy(((plain_buffer *)b)->memory + offset_bytes, data, bytes);
    return CLAE_OK;
}

static clae_status download(buffer *b, const buffer_piece *pieces, size_t count) {
    for (size_t i = 0; i < count; i++)
        memcpy(pieces[i].data, ((plain_buffer *)b)->memory + pieces[i].offset_bytes, pieces[i].bytes);
    return CLAE_OK;
}

static clae_status zero(buffer *b, size_t offset_bytes, size_t bytes) {
    memset(((plain_buffer *)b)->memory + offset_bytes, 0, bytes);
    return CLAE_OK;
}

static clae_status fill(buffer *b, size_t offset, size_t count, float value) {
    float *to = (float *)(void *)((plain_buffer *)b)->memory + offset;
    for (size_t i = 0; i < count; i++) to[i] = value;
    return CLAE_OK;
}

/* Work is done when it is put in. */
static clae_status no_wait(clae_device *device) {
    (void)device;
    return CLAE_OK;
}

const backend backend_plain = {
    .name = "c",
    .list = list,
    .open = open_device,
    .close = close_device,
    .buffer_create = create_buffer,
    .buffer_free = free_buffer,
    .upload = upload,
    .download = download,
    .zero = zero,
    .fill = fill,
    .finish = no_wait,
    .start = no_wait,
    .staging_create = plain_staging_create,
    .staging_free = plain_staging_free,
    .staging_begin = plain_staging_begin,
    .staging_upload = plain_staging_upload,
    .staging_end = plain_staging_end,
    .measure_peak = plain_measure_peak,
    .impls = plain_impls,
};
