#include "exec/memory_need.h"

#include "base/decimal.h"
#include "base/log_capture.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The share of a device's memory that is left to others. */
#define SPARED_SHARE 32
/* What a batch size is looked for with; interpolation finds it with a few, as needs grow nearly linearly. */
#define MOST_PLANS 32
#define TEXT_BYTES 32
#define PARTS_BYTES 160
#define ADVICE_BYTES 128
#define MIB 1048576.0

uint64_t memory_spared_bytes(const clae_device *device) {
    return device_memory_bytes(device) / SPARED_SHARE;
}

void memory_need_add(memory_need *need, uint64_t *part, uint64_t bytes) {
    *part += bytes;
    if (bytes > need->largest_buffer) need->largest_buffer = bytes;
}

void memory_need_add_plan(memory_need *need, const plan *plan, const struct plan *share) {
    if (!share || share->arena_bytes < plan->arena_bytes) memory_need_add(need, &need->activations, plan->arena_bytes);
    if (!share || share->workspace_bytes < plan->workspace_bytes)
        memory_need_add(need, &need->workspace, plan->workspace_bytes);
}

uint64_t memory_need_total(const memory_need *need) {
    return need->weights + need->activations + need->workspace + need->images + need->losses;
}

/* What is left of the device's memory when something is spared. */
static uint64_t room_for(const clae_device *device, const memory_need *need) {
    const uint64_t left = device_memory_left_bytes(device);
    return left > need->spared ? left - need->spared : 0;
}

/* Of the memory that is left or of the largest buffer, whichever is the scarcer; up to 1 it fits. */
static double share_of(const clae_device *device, const memory_need *need) {
    const double total = (double)memory_need_total(need) / (double)room_for(device, need);
    return fmax(total, (double)need->largest_buffer / (double)device_largest_buffer_bytes(device));
}

bool memory_need_fits(const clae_device *device, const memory_need *need) {
    return memory_need_total(need) <= room_for(device, need) &&
           need->largest_buffer <= device_largest_buffer_bytes(device);
}

static const char *size_text(uint64_t bytes, char text[TEXT_BYTES]) {
    const double mib = (double)bytes / MIB;
    if (mib < 10240)
        decimal_print(text, TEXT_BYTES, "%.1f MiB", mib);
    else
        decimal_print(text, TEXT_BYTES, "%.1f GiB", mib / 1024);
    return text;
}

static const char *parts_text(const memory_need *need, char text[PARTS_BYTES]) {
    const struct {
        const char *name;
        uint64_t bytes;
    } parts[] = {{"activations", need->activations},
                 {"workspace", need->workspace},
                 {"images", need->images},
                 {"weights", need->weights}};
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        if (parts[i].bytes)
            used += (size_t)decimal_print(text + used, PARTS_BYTES - used, "%s%s %.1f", used ? ", " : "", parts[i].name,
                                     (double)parts[i].bytes / MIB);
    return text;
}

void memory_need_log(const clae_device *device, clae_log_level level, const memory_need *need) {
    char total[TEXT_BYTES], parts[PARTS_BYTES], has[TEXT_BYTES] = "memory of unknown size";
    const uint64_t bytes = device_memory_bytes(device);
    if (bytes != UINT64_MAX) size_text(bytes, has);
    log_line(device->context, level, "memory: %s planned on %s (%s) of %s", size_text(memory_need_total(need), total),
             device->info.id, parts_text(need, parts), has);
}

/* A size that fits and one that does not close in on the largest that fits; 0 where 1 does not. */
static clae_status find_largest(const clae_device *device, const memory_refusal *refusal, size_t *largest) {
    const memory_need *need = &refusal->need;
    const memory_need without_images = {.weights = need->weights, .losses = need->losses, .spared = need->spared};
    size_t low = 0, high = refusal->batch_size;
    double low_share = share_of(device, &without_images), high_share = share_of(device, need);
    *largest = 0;
    if (!(low_share < 1)) return CLAE_OK;
    for (int i = 1; i <= MOST_PLANS && high - low > 1; i++) {
        const double part = i % 3 ? (1 - low_share) / (high_share - low_share) : 0.5;
        size_t guess = low + (size_t)(part * (double)(high - low));
        if (guess <= low) guess = low + 1;
        if (guess >= high) guess = high - 1;
        memory_need smaller = {0};
        const clae_status status = refusal->plan(refusal->user, guess, &smaller);
        if (status != CLAE_OK) return status;
        const double share = share_of(device, &smaller);
        if (memory_need_fits(device, &smaller))
            low = guess, low_share = share;
        else
            high = guess, high_share = share;
    }
    *largest = low;
    return CLAE_OK;
}

/* Some networks cannot be trained on pieces that are too small, which fit no more than those that are too large. */
static clae_status try_pieces(const clae_device *device, const memory_refusal *refusal, size_t images, bool *fit) {
    memory_need need = {0};
    log_capture capture;
    log_capture_begin(&capture, device->context);
    const clae_status status = refusal->plan_pieces(refusal->user, images, &need);
    log_capture_end(&capture);
    *fit = status == CLAE_OK && memory_need_fits(device, &need);
    if (status == CLAE_OK || status == CLAE_ERROR_INPUT) return CLAE_OK;
    return fail(device->context, status, "%s", capture.error);
}

/* The largest pieces of a step, of up to `most` images, that fit beside the sum of their gradients; 0: none. */
static clae_status find_pieces(const clae_device *device, const memory_refusal *refusal, size_t most, size_t *images) {
    clae_status status = CLAE_OK;
    bool fit = false;
    int tries = 0;
    size_t guess = most;
    for (; guess && tries < MOST_PLANS && status == CLAE_OK; guess -= refusal->has_uneven_pieces ? guess / 16 + 1 : 1) {
        if (!refusal->has_uneven_pieces && refusal->step_images % guess != 0) continue;
        tries++;
        status = try_pieces(device, refusal, guess, &fit);
        if (fit) break;
    }
    *images = fit ? guess : 0;
    return status;
}

/* What would fit. */
static clae_status find_advice(const clae_device *device, const memory_refusal *refusal, char text[ADVICE_BYTES]) {
    const bool in_pieces = refusal->batch_size < refusal->step_images;
    const char *what = in_pieces ? "micro-batch" : "batch size";
    size_t largest, pieces = 0;
    clae_status status = find_largest(device, refusal, &largest);
    if (status == CLAE_OK && refusal->step_images) status = find_pieces(device, refusal, largest, &pieces);
    if (in_pieces) largest = pieces;
    if (!largest)
        snprintf(text, ADVICE_BYTES, "not even a %s of 1 fits", what);
    else if (in_pieces || !pieces)
        snprintf(text, ADVICE_BYTES, "the largest %s that fits is %zu", what, largest);
    else
        snprintf(text, ADVICE_BYTES, "the largest %s that fits is %zu, or %zu with --micro-batch %zu", what, largest,
                 refusal->batch_size, pieces);
    return status;
}

clae_status memory_need_refuse(const clae_device *device, const memory_refusal *refusal) {
    const memory_need *need = &refusal->need;
    const char *what = refusal->batch_size < refusal->step_images ? "micro-batch" : "batch size";
    char advice[ADVICE_BYTES], needed[TEXT_BYTES], limit[TEXT_BYTES], parts[PARTS_BYTES];
    const clae_status status = find_advice(device, refusal, advice);
    if (status != CLAE_OK) return status;
    const uint64_t room = room_for(device, need), most = device_largest_buffer_bytes(device);
    if (memory_need_total(need) > room)
        return fail(device->context, CLAE_ERROR_DEVICE, "%s %zu needs %s (%s), %s (%s) has %s for it: %s", what,
                    refusal->batch_size, size_text(memory_need_total(need), needed), parts_text(need, parts),
                    device->info.id, device->info.name, size_text(room, limit), advice);
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s %zu needs %s in one piece, %s (%s) allocates %s at most at once: %s", what, refusal->batch_size,
                size_text(need->largest_buffer, needed), device->info.id, device->info.name, size_text(most, limit),
                advice);
}
