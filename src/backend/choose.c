/* Chooses the implementation of an op: the forced one, the tuned one, or the best that can be prepared. */
#include "backend/backend.h"

#include "backend/device_trust.h"
#include "backend/forced.h"
#include "backend/tuning/tuning.h"
#include "base/log_capture.h"

#include <stdio.h>
#include <string.h>

const char *op_arithmetic_name(op_arithmetic arithmetic) {
    static const char *const names[] = {"float32", "3xtf32", "tf32"};
    return names[arithmetic];
}

bool op_impl_can(const op_impl *impl, const clae_device *device, const op_desc *desc, const numerics *numerics) {
    return !(impl->mixing > 0 && numerics->no_winograd) && !device_trust_refuses(device, desc->op, impl) &&
           impl->supports(device, desc);
}

/* Those that do not suit come after all that do: slow is better than none. */
static bool is_candidate(const op_impl *impl, const clae_device *device, const op_desc *desc, const numerics *numerics,
                         bool suits) {
    return (numerics->tf32 || !impl->for_tf32) && op_impl_can(impl, device, desc, numerics) &&
           (!impl->suits || impl->suits(device, desc)) == suits;
}

/* The candidates in their order: the first, where `after` is NULL; NULL behind the last. */
static const op_impl *next_candidate(const clae_device *device, const op_desc *desc, const numerics *numerics,
                                     const op_impl *after) {
    const op_impl *const *impls = device->backend->impls(desc->op);
    bool is_behind = !after;
    for (int suits = 1; suits >= 0; suits--)
        for (size_t i = 0; impls[i]; i++) {
            if (!is_candidate(impls[i], device, desc, numerics, suits)) continue;
            if (is_behind) return impls[i];
            is_behind = impls[i] == after;
        }
    return NULL;
}

static clae_status prepare_by(clae_device *device, const op_desc *desc, const op_impl *impl, const numerics *numerics,
                              op_instance **instance) {
    const op_choice choice = {.impl = impl, .numerics = numerics};
    return impl->prepare(device, desc, &choice, instance);
}

static const op_impl *find_impl(const clae_device *device, op_id op, const char *name) {
    const op_impl *const *impl = device->backend->impls(op);
    while (*impl && strcmp((*impl)->name, name) != 0) impl++;
    return *impl;
}

static clae_status prepare_forced(clae_device *device, const op_desc *desc, const char *name, const numerics *numerics,
                                  op_instance **instance) {
    const op_impl *impl = find_impl(device, desc->op, name);
    char known[256], text[160];
    if (impl && impl->supports(device, desc)) return prepare_by(device, desc, impl, numerics, instance);
    if (impl) {
        op_describe(desc, text, sizeof text);
        return fail(device->context, CLAE_ERROR_INPUT,
                    "%s: implementation %s cannot do it on %s (%s); force another one, or none", text, name,
                    device->info.id, device->info.name);
    }
    forced_list_names(device->backend->impls(desc->op), known, sizeof known);
    return fail(device->context, CLAE_ERROR_INPUT, "%s: the %s backend has no implementation \"%s\"; it has %s",
                op_name(desc->op), device->backend->name, name, known);
}

/* NULL where the op was not tuned, or can no longer be done so. */
static const op_impl *tuned_impl(const clae_device *device, const op_desc *desc, const numerics *numerics) {
    const tuning_entry *entry = tuning_find(device, desc, numerics);
    const op_impl *impl = entry ? find_impl(device, desc->op, entry->impl) : NULL;
    return impl && op_impl_can(impl, device, desc, numerics) ? impl : NULL;
}

static clae_status prepare_best(clae_device *device, const op_desc *desc, const numerics *numerics,
                                op_instance **instance) {
    clae_status status = CLAE_ERROR_DEVICE;
    char text[160];
    op_describe(desc, text, sizeof text);
    for (const op_impl *impl = NULL; (impl = next_candidate(device, desc, numerics, impl));) {
        log_capture capture;
        log_capture_begin(&capture, device->context);
        status = prepare_by(device, desc, impl, numerics, instance);
        log_capture_end(&capture);
        if (status == CLAE_OK) {
            log_line(device->context, CLAE_LOG_DEBUG, "%s: %s", text, impl->name);
            return CLAE_OK;
        }
        /* Not of the implementation's making, and another one would compute other bits. */
        if (status == CLAE_ERROR_INTERNAL) return fail(device->context, status, "%s", capture.error);
        log_line(device->context, CLAE_LOG_WARNING, "%s: implementation %s cannot be used, trying the next: %s", text,
                 impl->name, capture.error);
    }
    return fail(device->context, status, "%s: no implementation works on %s (%s)", text, device->info.id,
                device->info.name);
}

clae_status op_prepare(clae_device *device, const op_desc *desc, const numerics *numerics, op_instance **instance) {
    char name[64];
    *instance = NULL;
    if (forced_find(numerics->impls, device, desc->op, name, sizeof name))
        return prepare_forced(device, desc, name, numerics, instance);
    const op_impl *tuned = tuned_impl(device, desc, numerics);
    const clae_status status = tuned ? prepare_by(device, desc, tuned, numerics, instance) : CLAE_ERROR_DEVICE;
    if (status == CLAE_OK || status == CLAE_ERROR_INTERNAL) return status;
    return prepare_best(device, desc, numerics, instance);
}

const op_impl *op_choose(const clae_device *device, const op_desc *desc, const numerics *numerics) {
    char name[64];
    if (forced_find(numerics->impls, device, desc->op, name, sizeof name)) return find_impl(device, desc->op, name);
    return next_candidate(device, desc, numerics, NULL);
}

bool op_can_fuse(const clae_device *device, const op_desc *desc, const op_desc *fused, const numerics *numerics) {
    const op_impl *impl = op_choose(device, desc, numerics);
    return impl && impl->supports(device, fused);
}

bool op_is_wanted(const clae_device *device, const op_desc *desc, const numerics *numerics) {
    char name[64];
    if (forced_find(numerics->impls, device, desc->op, name, sizeof name)) {
        const op_impl *forced = find_impl(device, desc->op, name);
        return !forced || forced->supports(device, desc); /* of a name that is none, op_prepare tells */
    }
    const op_impl *tuned = tuned_impl(device, desc, numerics);
    const op_impl *impl = tuned ? tuned : next_candidate(device, desc, numerics, NULL);
    return impl && (!impl->suits || impl->suits(device, desc));
}

void op_release(op_instance *instance) {
    if (instance) instance->release(instance);
}

clae_status op_run(op_instance *instance, const op_args *args) {
    return instance->run(instance, args);
}
