/* The devices of all backends, and which one a specification means. */
#include "backend.h"

#include "base/memory.h"
#include "device_trust.h"
#include "tuning/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *clae_device_type_text(clae_device_type type) {
    switch (type) {
    case CLAE_DEVICE_GPU:
        return "gpu";
    case CLAE_DEVICE_ACCELERATOR:
        return "accelerator";
    default:
        return "cpu";
    }
}

static bool is_plain(const clae_device_info *info) {
    return strcmp(info->backend, backend_plain.name) == 0;
}

/* Lower is better. */
static int auto_rank(const clae_device_info *info) {
    if (is_plain(info)) return 3;
    if (info->type == CLAE_DEVICE_GPU) return 0;
    return info->type == CLAE_DEVICE_ACCELERATOR ? 1 : 2;
}

static int compare_rank(const void *a, const void *b) {
    const clae_device_info *const *x = a, *const *y = b;
    const int difference = auto_rank(*x) - auto_rank(*y);
    return difference ? difference : (*x > *y) - (*x < *y);
}

clae_status clae_device_list(clae_context *context, clae_device_info **list, size_t *count) {
    *list = NULL;
    *count = 0;
    for (const backend *const *b = backends; *b; b++) {
        const clae_status status = (*b)->list(context, list, count);
        if (status == CLAE_OK) continue;
        clae_device_list_free(*list);
        *list = NULL;
        *count = 0;
        return status;
    }
    clae_device_info *best = NULL;
    for (size_t i = 0; i < *count; i++)
        if (!best || auto_rank(&(*list)[i]) < auto_rank(best)) best = &(*list)[i];
    if (best) best->is_auto = true;
    return CLAE_OK;
}

void clae_device_list_free(clae_device_info *list) {
    free(list);
}

static const backend *backend_of(const clae_device_info *info) {
    for (const backend *const *b = backends; *b; b++)
        if (strcmp((*b)->name, info->backend) == 0) return *b;
    return NULL;
}

static clae_status open_info(clae_context *context, const clae_device_info *info, const char *variant,
                             clae_device **device) {
    const clae_status status = backend_of(info)->open(context, info, variant, device);
    if (status == CLAE_OK) (*device)->trust = NULL;
    return status;
}

/* Why `auto` ended at plain C. */
static void explain_plain(clae_context *context, size_t count) {
    if (!CLAE_HAVE_OPENCL)
        log_line(context, CLAE_LOG_WARNING, "using plain C: this build has no OpenCL");
    else if (count == 1)
        log_line(context, CLAE_LOG_WARNING,
                 "using plain C: no OpenCL device was found (install the driver's OpenCL package, or pocl)");
    else
        log_line(context, CLAE_LOG_WARNING, "using plain C: no OpenCL device could be opened");
}

static clae_status open_auto(clae_context *context, const clae_device_info *list, size_t count, clae_device **device) {
    const clae_device_info **order = malloc((count + 1) * sizeof *order);
    if (!order) return fail_memory(context, count * sizeof *order, "the list of devices");
    for (size_t i = 0; i < count; i++) order[i] = &list[i];
    qsort(order, count, sizeof *order, compare_rank);
    clae_status status = CLAE_ERROR_DEVICE;
    for (size_t i = 0; i < count && status != CLAE_OK; i++) {
        if (is_plain(order[i])) explain_plain(context, count);
        status = open_info(context, order[i], NULL, device);
        if (status != CLAE_OK)
            log_line(context, CLAE_LOG_WARNING, "%s (%s) is passed over", order[i]->id, order[i]->name);
    }
    free(order);
    return status;
}

/* Case-insensitive strstr. */
static bool contains(const char *text, const char *part) {
    const size_t length = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0) return true;
    return false;
}

static bool id_matches(const clae_device_info *info, const char *spec) {
    char id[sizeof info->id];
    snprintf(id, sizeof id, "%s", spec);
    char *dot = strchr(id, '.');
    if (dot) *dot = ':';
    return strcmp(info->id, id) == 0;
}

typedef enum match_kind { MATCH_FIRST, MATCH_ONLY } match_kind;

/* Whether the device is among those that the specification means. */
static bool matches(const clae_device_info *info, const char *spec, match_kind *kind) {
    *kind = MATCH_FIRST;
    if (strcmp(spec, "opencl") == 0) return !is_plain(info);
    if (strcmp(spec, "gpu") == 0) return info->type == CLAE_DEVICE_GPU;
    if (strcmp(spec, "cpu") == 0) return !is_plain(info) && info->type == CLAE_DEVICE_CPU;
    if (id_matches(info, spec)) return true;
    *kind = MATCH_ONLY;
    return !is_plain(info) && spec[0] && contains(info->name, spec);
}

static char *append_device(char *text, const clae_device_info *info) {
    char *longer = string_format("%s%s%s (%s)", text ? text : "", text ? ", " : "", info->id, info->name);
    free(text);
    return longer;
}

/* "0:0 (name), c (name)" of those that match, or of all where spec is NULL. */
static char *list_text(const clae_device_info *list, size_t count, const char *spec) {
    char *text = NULL;
    match_kind kind;
    for (size_t i = 0; i < count; i++)
        if (!spec || matches(&list[i], spec, &kind)) text = append_device(text, &list[i]);
    return text;
}

static clae_status open_named(clae_context *context, const clae_device_info *list, size_t count, const char *spec,
                              clae_device **device) {
    const clae_device_info *found = NULL;
    size_t found_count = 0;
    match_kind kind = MATCH_FIRST;
    for (size_t i = 0; i < count; i++) {
        match_kind this_kind;
        if (!matches(&list[i], spec, &this_kind)) continue;
        if (!found) found = &list[i], kind = this_kind;
        found_count++;
    }
    if (found && (found_count == 1 || kind == MATCH_FIRST)) return open_info(context, found, NULL, device);
    char *text = list_text(list, count, found ? spec : NULL);
    const clae_status status =
        found ? fail(context, CLAE_ERROR_INPUT, "device \"%s\" is ambiguous, it matches %s", spec, text ? text : "")
              : fail(context, CLAE_ERROR_DEVICE, "no device \"%s\"; there is %s", spec, text ? text : "none");
    free(text);
    return status;
}

static const clae_device_info *plain_info(const clae_device_info *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_plain(&list[i])) return &list[i];
    return NULL;
}

clae_status clae_device_open(clae_context *context, const char *spec, clae_device **device) {
    clae_device_info *list;
    size_t count;
    *device = NULL;
    clae_status status = impls_check(context, context->impls);
    if (status == CLAE_OK) status = clae_device_list(context, &list, &count);
    if (status != CLAE_OK) return status;
    if (!spec || strcmp(spec, "auto") == 0)
        status = open_auto(context, list, count, device);
    else if (strcmp(spec, "c") == 0 || strncmp(spec, "c:", 2) == 0)
        status = open_info(context, plain_info(list, count), spec[1] ? spec + 2 : NULL, device);
    else
        status = open_named(context, list, count, spec, device);
    clae_device_list_free(list);
    if (status == CLAE_OK) status = tuning_open(*device);
    if (status == CLAE_OK) return CLAE_OK;
    clae_device_close(*device);
    *device = NULL;
    return status;
}

clae_status device_open_judge(clae_context *context, clae_device **device) {
    clae_device_info *list = NULL;
    size_t count = 0;
    *device = NULL;
    clae_status status = backend_plain.list(context, &list, &count);
    if (status == CLAE_OK) status = open_info(context, &list[0], "baseline", device);
    clae_device_list_free(list);
    return status;
}

void clae_device_close(clae_device *device) {
    if (!device) return;
    device_trust_free(device);
    tuning_free(device->tuning);
    device->backend->close(device);
}

const clae_device_info *clae_device_get_info(const clae_device *device) {
    return &device->info;
}
