#include "backend/tuning/space.h"

#include "backend/tuning/tuning.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shipped {
    const char *class, *kernel, *values;
} shipped;

static const shipped defaults[] = {
#define DEFAULTS(class, kernel, values) {class, kernel, values},
#include "backend/tuning/defaults.def"
#undef DEFAULTS
};

void tune_values_format(const tune_space *space, const int *values, char text[TUNE_TEXT_SIZE]) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < space->count && used < TUNE_TEXT_SIZE; i++)
        used += (size_t)snprintf(text + used, TUNE_TEXT_SIZE - used, "%s%s=%d", i ? " " : "", space->parameters[i].name,
                                 values[i]);
}

static size_t parameter_index(const tune_space *space, const char *name, size_t length) {
    size_t i = 0;
    while (i < space->count &&
           (strlen(space->parameters[i].name) != length || memcmp(space->parameters[i].name, name, length) != 0))
        i++;
    return i;
}

bool tune_values_parse(const tune_space *space, const char *text, int *values) {
    bool seen[TUNE_MAX_PARAMETERS] = {false};
    size_t found = 0;
    while (*text) {
        const char *equals = strchr(text, '=');
        if (!equals) return false;
        const size_t i = parameter_index(space, text, (size_t)(equals - text));
        char *end;
        const long value = strtol(equals + 1, &end, 10);
        if (i == space->count || seen[i] || end == equals + 1 || value < 1 || value > 1 << 20) return false;
        if (*end && *end != ' ') return false;
        values[i] = (int)value;
        seen[i] = true;
        found++;
        text = *end ? end + 1 : end;
    }
    return found == space->count;
}

/* The cheapest valid line, of one class or, for NULL, of any. */
static bool choose_shipped(const clae_device *device, const op_desc *desc, const tune_space *space, const char *class,
                           int *values) {
    bool found = false;
    double best = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(defaults); i++) {
        int next[TUNE_MAX_PARAMETERS];
        if (strcmp(defaults[i].kernel, space->kernel) != 0 || (class && strcmp(defaults[i].class, class) != 0))
            continue;
        if (!tune_values_parse(space, defaults[i].values, next) || !space->is_valid(device, desc, next)) continue;
        const double cost = space->cost ? space->cost(desc, next) : 0;
        if (found && cost >= best) continue;
        memcpy(values, next, space->count * sizeof *values);
        best = cost;
        found = true;
    }
    return found;
}

bool tune_ships(const clae_device *device, const op_desc *desc, const tune_space *space, int *values) {
    return choose_shipped(device, desc, space, device->tuning_class, values) ||
           choose_shipped(device, desc, space, NULL, values);
}

bool tune_choose(const clae_device *device, const op_desc *desc, const op_choice *choice, const tune_space *space,
                 int *values) {
    if (choice->space == space) {
        memcpy(values, choice->values, space->count * sizeof *values);
        return true;
    }
    const tuning_entry *entry = tuning_find(device, desc, choice->numerics);
    if (entry && strcmp(entry->impl, choice->impl->name) == 0 && tune_values_parse(space, entry->values, values) &&
        space->is_valid(device, desc, values))
        return true;
    return tune_ships(device, desc, space, values);
}
