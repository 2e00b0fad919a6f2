/* The devices of all backends: listed and opened. */
#include "backend/backend.h"

#include "base/log_capture.h"
#include "base/memory.h"
#include "device/device_match.h"
#include "backend/device_trust.h"
#include "backend/tuning/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *clae_device_type_text(clae_device_type type) {
    switch (type) {
    case CLAE_DEVICE_GPU:
        return "gpu";
    case CLAE_DEVICE_ACCELERATOR:
        return "accelerator";
    case CLAE_DEVICE_CPU:
        break;
    }
    return "cpu";
}

static void settle(clae_context *context) {
    for (const backend *const *b = backends; *b; b++)
        if ((*b)->settle) (*b)->settle(context);
}

static const backend *backend_of(const clae_device_info *info) {
    for (const backend *const *b = backends; *b; b++)
        if (strcmp((*b)->name, info->backend) == 0) return *b;
    return NULL;
}

static clae_status list_all(clae_context *context, clae_device_info **list, size_t *count) {
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
    return CLAE_OK;
}

/* Those that a specification means, in a fresh list. */
static clae_status match(clae_context *context, const clae_device_info *list, size_t count, const char *spec,
                         const clae_device_info ***order, size_t *found, device_match *kind) {
    *order = malloc((count + 1) * sizeof **order);
    if (!*order) return fail_memory(context, count * sizeof **order, "the list of devices");
    *kind = devices_match(list, count, spec, *order, found);
    return CLAE_OK;
}

static clae_status mark_auto(clae_context *context, clae_device_info *list, size_t count) {
    const clae_device_info **order;
    size_t found;
    device_match kind = DEVICE_MATCH_ONE;
    const clae_status status = match(context, list, count, "auto", &order, &found, &kind);
    for (size_t i = 0; !status && i < found; i++) {
        clae_device_info *info = &list[order[i] - list];
        const backend *b = backend_of(info);
        info->is_auto = !b->works || b->works(context, info);
        if (info->is_auto) break;
    }
    free(order);
    return status;
}

clae_status clae_device_list(clae_context *context, clae_device_info **list, size_t *count) {
    clae_status status = list_all(context, list, count);
    if (!status) status = mark_auto(context, *list, *count);
    settle(context);
    return status;
}

void clae_device_list_free(clae_device_info *list) {
    free(list);
}

clae_status drivers_list(clae_context *context, driver_report **list, size_t *count) {
    clae_status status = CLAE_OK;
    *list = NULL;
    *count = 0;
    for (const backend *const *b = backends; *b && !status; b++)
        if ((*b)->drivers) status = (*b)->drivers(context, list, count);
    settle(context);
    return status;
}

static bool hint(clae_context *context, const clae_device_info *list, size_t count) {
    bool any = false;
    for (const backend *const *b = backends; *b; b++)
        if ((*b)->hint) any = (*b)->hint(context, list, count) || any;
    return any;
}

bool devices_hint(clae_context *context, const clae_device_info *list, size_t count) {
    const bool any = hint(context, list, count);
    settle(context);
    return any;
}

static clae_status open_info(clae_context *context, const clae_device_info *info, const char *variant,
                             clae_device **device) {
    const clae_status status = backend_of(info)->open(context, info, variant, device);
    if (status == CLAE_OK) (*device)->trust = NULL;
    return status;
}

/* Opens the first that works. Why others do not is a warning. */
static clae_status open_first(clae_context *context, const clae_device_info *const *order, size_t count,
                              clae_device **device) {
    clae_status status = CLAE_ERROR_DEVICE;
    for (size_t i = 0; i + 1 < count; i++) {
        log_capture capture;
        log_capture_begin(&capture, context);
        status = open_info(context, order[i], NULL, device);
        log_capture_end(&capture);
        if (status == CLAE_OK) return CLAE_OK;
        log_line(context, CLAE_LOG_WARNING, "%s; it is passed over", capture.error);
    }
    return count ? open_info(context, order[count - 1], NULL, device) : status;
}

static char *append_device(char *text, const clae_device_info *info) {
    char *longer =
        string_format("%s%s%s (%s, %s)", text ? text : "", text ? ", " : "", info->id, info->name, info->platform);
    free(text);
    return longer;
}

static clae_status fail_missing(clae_context *context, const clae_device_info *list, size_t count, const char *spec) {
    char *text = NULL;
    for (size_t i = 0; i < count; i++) text = append_device(text, &list[i]);
    hint(context, list, count);
    const clae_status status = fail(context, CLAE_ERROR_DEVICE, "no device \"%s\"; there is %s%s", spec,
                                    text ? text : "none", CLAE_HAVE_OPENCL ? "" : " (this build has no OpenCL)");
    free(text);
    return status;
}

/* One of several of the same name. */
static clae_status choose_one(clae_context *context, const clae_device_info *const *order, size_t count,
                              const char *spec, const clae_device_info **chosen) {
    char *text = NULL;
    clae_status status = CLAE_OK;
    *chosen = count == 1 ? order[0] : devices_same_card(order, count);
    if (count == 1) return CLAE_OK;
    for (size_t i = 0; i < count; i++) text = append_device(text, order[i]);
    if (*chosen)
        log_line(context, CLAE_LOG_INFO,
                 "device \"%s\" matches %s: one card, which is taken by its vendor's platform %s", spec,
                 text ? text : "several", (*chosen)->platform);
    else
        status = fail(context, CLAE_ERROR_INPUT, "device \"%s\" is ambiguous, it matches %s; give a number", spec,
                      text ? text : "several");
    free(text);
    return status;
}

static clae_status open_spec(clae_context *context, const clae_device_info *list, size_t count, const char *spec,
                             clae_device **device) {
    const clae_device_info **order, *one;
    size_t found;
    device_match kind = DEVICE_MATCH_ONE;
    clae_status status = match(context, list, count, spec, &order, &found, &kind);
    if (status) return status;
    if (found == 0)
        status = fail_missing(context, list, count, spec);
    else if (kind == DEVICE_MATCH_KIND)
        status = open_first(context, order, found, device);
    else if ((status = choose_one(context, order, found, spec, &one)) == CLAE_OK)
        status = open_info(context, one, NULL, device);
    free(order);
    return status;
}

static clae_status open_auto(clae_context *context, const clae_device_info *list, size_t count, clae_device **device) {
    bool has_gpu = false;
    for (size_t i = 0; i < count; i++) has_gpu = has_gpu || device_is_gpu(&list[i]);
    if (!has_gpu) hint(context, list, count);
    const clae_status status = open_spec(context, list, count, "auto", device);
    if (status == CLAE_OK) (*device)->info.is_auto = true;
    return status;
}

/* Of OpenCL not even the loader is called. */
static clae_status open_plain(clae_context *context, const char *variant, clae_device **device) {
    clae_device_info *list = NULL;
    size_t count = 0;
    clae_status status = backend_plain.list(context, &list, &count);
    if (status == CLAE_OK) status = open_info(context, &list[0], variant, device);
    clae_device_list_free(list);
    return status;
}

static clae_status open_listed(clae_context *context, const char *spec, clae_device **device) {
    clae_device_info *list;
    size_t count;
    clae_status status = list_all(context, &list, &count);
    if (status == CLAE_OK && strcmp(spec, "auto") == 0)
        status = open_auto(context, list, count, device);
    else if (status == CLAE_OK)
        status = open_spec(context, list, count, spec, device);
    settle(context);
    clae_device_list_free(list);
    return status;
}

clae_status clae_device_open(clae_context *context, const char *spec, clae_device **device) {
    if (!spec) spec = "auto";
    *device = NULL;
    clae_status status;
    if (strcmp(spec, "c") == 0 || strncmp(spec, "c:", 2) == 0)
        status = open_plain(context, spec[1] ? spec + 2 : NULL, device);
    else
        status = open_listed(context, spec, device);
    if (status == CLAE_OK) status = tuning_open(*device);
    if (status == CLAE_OK) return CLAE_OK;
    clae_device_close(*device);
    *device = NULL;
    return status;
}

clae_status device_open_judge(clae_context *context, clae_device **device) {
    *device = NULL;
    return open_plain(context, "baseline", device);
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
