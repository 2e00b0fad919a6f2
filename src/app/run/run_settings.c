#include "app/run/run_settings.h"

#include "app/run/run_open.h"
#include "base/files.h"

#include <stdlib.h>
#include <string.h>

static char *folder_of(const char *model) {
    if (path_is_folder(model)) return strdup(model);
    const char *slash = strrchr(model, '/');
    return !slash ? strdup(".") : strndup(model, slash > model ? (size_t)(slash - model) : 1);
}

static bool take(const clae_settings *found, unsigned groups, clae_settings *settings) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if ((row->group & groups) && setting_is_inherited(row, found, settings) && !setting_copy(row, found, settings))
            return false;
    }
    return true;
}

clae_status run_take_settings(clae_context *context, const char *model, unsigned groups, clae_settings *settings) {
    char message[RUN_MESSAGE_BYTES];
    run_checkpoint found;
    char *folder = folder_of(model);
    if (!folder) return fail_memory(context, strlen(model), "a path");
    clae_status status = run_checkpoint_find(context, folder, UINT64_MAX, &found, message, sizeof message);
    if (status == CLAE_OK && found.path && !take(&found.settings, groups, settings))
        status = fail_memory(context, sizeof *settings, "the settings of a run");
    run_checkpoint_free(&found);
    free(folder);
    return status;
}
