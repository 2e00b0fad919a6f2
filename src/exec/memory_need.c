#include "exec/memory_need.h"

#include "base/decimal.h"
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
static clae_status find_largest(const clae_device *device, size_t refused, const memory_need *need, memory_need_fn plan,
                                void *user, size_t *largest) {
    const memory_need without_images = {.weights = need->weights, .losses = need->losses, .spared = need->spared};
    size_t low = 0, high = refused;
    double low_share = share_of(device, &without_images), high_share = share_of(device, need);
    *largest = 0;
    if (!(low_share < 1)) return CLAE_OK;
    for (int i = 1; i <= MOST_PLANS && high - low > 1; i++) {
        const double part = i % 3 ? (1 - low_share) / (high_share - low_share) : 0.5;
        size_t guess = low + (size_t)(part * (double)(high - low));
        if (guess <= low) guess = low + 1;
        if (guess >= high) guess = high - 1;
        memory_need smaller = {0};
        const clae_status status = plan(user, guess, &smaller);
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

clae_status memory_need_refuse(const clae_device *device, size_t batch_size, const memory_need *need,
                               memory_need_fn plan, void *user) {
    char advice[64] = "not even a batch size of 1 fits", needed[TEXT_BYTES], limit[TEXT_BYTES], parts[PARTS_BYTES];
    size_t largest;
    const clae_status status = find_largest(device, batch_size, need, plan, user, &largest);
    if (status != CLAE_OK) return status;
    if (largest) snprintf(advice, sizeof advice, "the largest batch size that fits is %zu", largest);
    const uint64_t room = room_for(device, need), most = device_largest_buffer_bytes(device);
    if (memory_need_total(need) > room)
        return fail(device->context, CLAE_ERROR_DEVICE, "batch size %zu needs %s (%s), %s (%s) has %s for it: %s",
                    batch_size, size_text(memory_need_total(need), needed), parts_text(need, parts), device->info.id,
                    device->info.name, size_text(room, limit), advice);
    return fail(device->context, CLAE_ERROR_DEVICE,
                "batch size %zu needs %s in one piece, %s (%s) allocates %s at most at once: %s", batch_size,
                size_text(need->largest_buffer, needed), device->info.id, device->info.name, size_text(most, limit),
                advice);
}
