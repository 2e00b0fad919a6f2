/* The implementations that numerics force: "op=impl,opencl:op=impl,0:1:op=impl". */
#include "backend/forced.h"

#include <stdio.h>
#include <string.h>

size_t forced_prefix_length(const char *item, size_t length) {
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

bool forced_find(const char *impls, const clae_device *device, op_id op, char *name, size_t size) {
    const size_t length = strlen(op_name(op));
    const char *item = impls;
    for (; item && *item; item = strchr(item, ',') ? strchr(item, ',') + 1 : NULL) {
        const size_t prefix = forced_prefix_length(item, strcspn(item, ","));
        if (prefix > 0 && !prefix_means(item, prefix, device)) continue;
        item += prefix;
        if (strncmp(item, op_name(op), length) != 0 || item[length] != '=') continue;
        const char *value = item + length + 1;
        snprintf(name, size, "%.*s", (int)strcspn(value, ","), value);
        return true;
    }
    return false;
}

bool op_is_forced(const clae_device *device, op_id op, const numerics *numerics) {
    char name[64];
    return forced_find(numerics->impls, device, op, name, sizeof name);
}

void forced_list_names(const op_impl *const *impls, char *text, size_t size) {
    size_t used = 0;
    if (size) text[0] = '\0';
    for (; *impls && used < size; impls++) {
        const int added = snprintf(text + used, size - used, "%s%s", used ? ", " : "", (*impls)->name);
        if (added < 0) return;
        used += (size_t)added;
    }
}
