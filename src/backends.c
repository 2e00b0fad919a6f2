/* The table of backends, and what is the same for all of them: choosing implementations, and shorthands. */
#include "backend.h"

#include "base/log_capture.h"
#include "device_trust.h"
#include "tuning/tuning.h"

#include <stdio.h>
#include <string.h>

const backend *const backends[] = {
#if CLAE_HAVE_OPENCL
    &backend_opencl,
#endif
    &backend_plain,
    NULL,
};

const char *op_arithmetic_name(op_arithmetic arithmetic) {
    static const char *const names[] = {"float32", "3xtf32", "tf32"};
    return names[arithmetic];
}

/* The length of "opencl:" or "0:1:" before "op=impl"; 0 where no device is named. */
static size_t prefix_length(const char *item, size_t length) {
    const char *equals = memchr(item, '=', length);
    size_t colon = equals ? (size_t)(equals - item) : length;
    while (colon > 0 && item[colon - 1] != ':') colon--;
    return colon;
}

static bool prefix_means(const char *item, size_t length, const clae_device *device) {
    const char *const names[] = {device->backend->name, device->info.id};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length - 1 && memcmp(names[i], item, length - 1) == 0) return true;
    return false;
}

/* Finds "op=impl" in the context's list, for all devices or for this one; true with the implementation's name when the
 * op is there. */
static bool forced_impl(const clae_device *device, op_id op, char *name, size_t size) {
    const size_t length = strlen(op_name(op));
    const char *item = device->context->impls;
    for (; item && *item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL) {
        const size_t prefix = prefix_length(item, strcspn(item, ","));
        if (prefix > 0 && !prefix_means(item, prefix, device)) continue;
        item += prefix;
        if (strncmp(item, op_name(op), length) != 0 || item[length] != '=') continue;
        const char *value = item + length + 1;
        snprintf(name, size, "%.*s", (int)strcspn(value, ","), value);
        return true;
    }
    return false;
}

bool op_is_forced(const clae_device *device, op_id op) {
    char name[64];
    return forced_impl(device, op, name, sizeof name);
}

static void list_impls(const op_impl *const *impls, char *text, size_t size) {
    size_t used = 0;
    if (size) text[0] = '\0';
    for (; *impls && used < size; impls++) {
        const int added = snprintf(text + used, size - used, "%s%s", used ? ", " : "", (*impls)->name);
        if (added < 0) return;
        used += (size_t)added;
    }
}

bool op_impl_can(const op_impl *impl, const clae_device *device, const op_desc *desc) {
    return !(impl->mixing > 0 && device->context->no_winograd) && !device_trust_refuses(device, impl) &&
           impl->supports(device, desc);
}

static bool is_candidate(const op_impl *impl, const clae_device *device, const op_desc *desc) {
    return (!impl->suits || impl->suits(device, desc)) && op_impl_can(impl, device, desc);
}

static const op_impl *find_impl(const clae_device *device, op_id op, const char *name) {
    const op_impl *const *impl = device->backend->impls(op);
    while (*impl && strcmp((*impl)->name, name) != 0) impl++;
    return *impl;
}

static clae_status prepare_forced(clae_device *device, const op_desc *desc, const char *name, op_instance **instance) {
    const op_impl *impl = find_impl(device, desc->op, name);
    char known[256], text[160];
    if (impl && impl->supports(device, desc)) return impl->prepare(device, desc, instance);
    if (impl) {
        op_describe(desc, text, sizeof text);
        return fail(device->context, CLAE_ERROR_INPUT,
                    "%s: implementation %s cannot do it on %s (%s); force another one, or none", text, name,
                    device->info.id, device->info.name);
    }
    list_impls(device->backend->impls(desc->op), known, sizeof known);
    return fail(device->context, CLAE_ERROR_INPUT, "%s: the %s backend has no implementation \"%s\"; it has %s",
                op_name(desc->op), device->backend->name, name, known);
}

/* NULL where the op was not tuned, or can no longer be done so. */
static const op_impl *tuned_impl(const clae_device *device, const op_desc *desc) {
    const tuning_entry *entry = device->tuning ? tuning_find(device->tuning, desc) : NULL;
    const op_impl *impl = entry ? find_impl(device, desc->op, entry->impl) : NULL;
    return impl && op_impl_can(impl, device, desc) ? impl : NULL;
}

static clae_status prepare_best(clae_device *device, const op_desc *desc, op_instance **instance) {
    clae_status status = CLAE_ERROR_DEVICE;
    char text[160];
    op_describe(desc, text, sizeof text);
    for (const op_impl *const *impl = device->backend->impls(desc->op); *impl; impl++) {
        if (!is_candidate(*impl, device, desc)) continue;
        log_capture capture;
        log_capture_begin(&capture, device->context);
        status = (*impl)->prepare(device, desc, instance);
        log_capture_end(&capture);
        if (status == CLAE_OK) {
            log_line(device->context, CLAE_LOG_DEBUG, "%s: %s", text, (*impl)->name);
            return CLAE_OK;
        }
        log_line(device->context, CLAE_LOG_WARNING, "%s: implementation %s cannot be used, trying the next: %s", text,
                 (*impl)->name, capture.error);
    }
    return fail(device->context, status, "%s: no implementation works on %s (%s)", text, device->info.id,
                device->info.name);
}

clae_status op_prepare(clae_device *device, const op_desc *desc, const char *forced_name, op_instance **instance) {
    char name[64];
    *instance = NULL;
    if (forced_name) return prepare_forced(device, desc, forced_name, instance);
    if (forced_impl(device, desc->op, name, sizeof name)) return prepare_forced(device, desc, name, instance);
    const op_impl *tuned = tuned_impl(device, desc);
    if (tuned && tuned->prepare(device, desc, instance) == CLAE_OK) return CLAE_OK;
    return prepare_best(device, desc, instance);
}

const op_impl *op_choose(const clae_device *device, const op_desc *desc) {
    const op_impl *const *impl = device->backend->impls(desc->op);
    char name[64];
    if (forced_impl(device, desc->op, name, sizeof name)) return find_impl(device, desc->op, name);
    while (*impl && !is_candidate(*impl, device, desc)) impl++;
    return *impl;
}

bool op_can_fuse(const clae_device *device, const op_desc *desc, const op_desc *fused) {
    const op_impl *impl = op_choose(device, desc);
    return impl && impl->supports(device, fused);
}

void op_release(op_instance *instance) {
    if (instance) instance->release(instance);
}

clae_status op_run(op_instance *instance, const op_args *args) {
    return instance->run(instance, args);
}

static const char *const device_prefixes = "the name of a backend or a device's number, like opencl: or 0:1:";

static bool prefix_is_possible(const char *item, size_t length) {
    for (const backend *const *b = backends; *b; b++)
        if (strlen((*b)->name) == length - 1 && memcmp((*b)->name, item, length - 1) == 0) return true;
    return strspn(item, "0123456789:") >= length;
}

static clae_status check_item(const clae_context *context, const char *item, size_t length) {
    const size_t prefix = prefix_length(item, length);
    if (prefix > 0 && !prefix_is_possible(item, prefix))
        return fail(context, CLAE_ERROR_INPUT, "\"%.*s\" begins with \"%.*s\", which is not %s", (int)length, item,
                    (int)prefix, item, device_prefixes);
    item += prefix;
    length -= prefix;
    const char *equals = memchr(item, '=', length);
    const size_t op_length = equals ? (size_t)(equals - item) : length;
    const op_id op = op_from_name(item, op_length);
    if (!equals || op == OP_COUNT)
        return fail(context, CLAE_ERROR_INPUT, "\"%.*s\" is not OP=IMPLEMENTATION with an op such as conv2d_fwd",
                    (int)length, item);
    const size_t value_length = length - op_length - 1;
    char known[512] = "";
    for (const backend *const *b = backends; *b; b++) {
        char some[160];
        for (const op_impl *const *impl = (*b)->impls(op); *impl; impl++)
            if (strlen((*impl)->name) == value_length && memcmp((*impl)->name, equals + 1, value_length) == 0)
                return CLAE_OK;
        list_impls((*b)->impls(op), some, sizeof some);
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s: %s", used ? "; " : "", (*b)->name, some);
    }
    return fail(context, CLAE_ERROR_INPUT, "%s has no implementation \"%.*s\" (%s)", op_name(op), (int)value_length,
                equals + 1, known);
}

clae_status impls_check(const clae_context *context, const char *impls) {
    while (impls && *impls) {
        const size_t length = strcspn(impls, ",");
        const clae_status status = check_item(context, impls, length);
        if (status != CLAE_OK) return status;
        impls += length + (impls[length] == ',');
    }
    return CLAE_OK;
}

clae_status buffer_create(clae_device *device, size_t bytes, buffer **out) {
    *out = NULL;
    const clae_status status = device->backend->buffer_create(device, bytes ? bytes : 1, out);
    if (status == CLAE_OK) device->allocated_bytes += (*out)->bytes;
    return status;
}

void buffer_free(buffer *buffer) {
    if (!buffer) return;
    buffer->device->allocated_bytes -= buffer->bytes;
    buffer->device->backend->buffer_free(buffer);
}

clae_status buffer_upload(buffer *buffer, size_t offset_bytes, const void *data, size_t bytes) {
    return bytes ? buffer->device->backend->upload(buffer, offset_bytes, data, bytes) : CLAE_OK;
}

clae_status buffer_download(buffer *buffer, size_t offset_bytes, void *data, size_t bytes) {
    return bytes ? buffer->device->backend->download(buffer, offset_bytes, data, bytes) : CLAE_OK;
}

clae_status buffer_zero(buffer *buffer, size_t offset_bytes, size_t bytes) {
    return bytes ? buffer->device->backend->zero(buffer, offset_bytes, bytes) : CLAE_OK;
}

clae_status buffer_fill(buffer *buffer, size_t offset, size_t count, float value) {
    return count ? buffer->device->backend->fill(buffer, offset, count, value) : CLAE_OK;
}

clae_status device_finish(clae_device *device) {
    return device->backend->finish(device);
}

clae_status staging_create(clae_device *device, size_t bytes, staging **out) {
    *out = NULL;
    return device->backend->staging_create(device, bytes ? bytes : 1, out);
}

void staging_free(staging *staging) {
    if (staging) staging->device->backend->staging_free(staging);
}

clae_status staging_begin(staging *staging) {
    return staging->device->backend->staging_begin(staging);
}

clae_status staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer) {
    return bytes ? staging->device->backend->staging_upload(staging, offset_bytes, bytes, buffer) : CLAE_OK;
}

clae_status staging_end(staging *staging) {
    return staging->device->backend->staging_end(staging);
}

/* The share of the memory that is left to the system and to other programs by a device that has no memory of its own:
 * drivers give the whole machine's as theirs, and what takes all of it makes the machine swap, or has the program
 * ended.
 */
#define SHARED_SPARED_SHARE 8

uint64_t device_memory_bytes(const clae_device *device) {
    const uint64_t all = device->info.memory_bytes, limit = device->context->memory_limit_bytes;
    const uint64_t has = device->shares_memory ? all - all / SHARED_SPARED_SHARE : all;
    if (has == 0 && limit == 0) return UINT64_MAX;
    return has == 0 || (limit && limit < has) ? limit : has;
}

uint64_t device_memory_left_bytes(const clae_device *device) {
    const uint64_t bytes = device_memory_bytes(device);
    if (bytes == UINT64_MAX) return bytes;
    return bytes > device->allocated_bytes ? bytes - device->allocated_bytes : 0;
}

uint64_t device_largest_buffer_bytes(const clae_device *device) {
    return device->info.largest_allocation_bytes ? device->info.largest_allocation_bytes : UINT64_MAX;
}
