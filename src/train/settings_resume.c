/* What a run may be resumed with. */
#include "train/settings.h"

#include "base/memory.h"
#include "data/image_format.h"

#include <stdlib.h>
#include <string.h>

/* "--seed 0", "no --no-shuffle", "--precision fp32". */
static char *resume_text(const setting *row, const clae_settings *settings) {
    char number[DECIMAL_BYTES];
    const char *text = setting_text(row, settings, number);
    if (row->kind == CLAE_SETTING_FLAG) return string_format("%s--%s", *text == '1' ? "" : "no ", row->name);
    if (!text) return string_format("no --%s", row->name);
    return string_format("--%s %s", row->name, text);
}

/* "--seed 0, --lr 0.001" of the rows whose bit is in `set`. */
static char *resume_list(const clae_settings *settings, uint64_t set) {
    char *list = NULL;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (!(set >> i & 1)) continue;
        char *text = resume_text(&settings_table[i], settings);
        char *longer = string_format("%s%s%s", list ? list : "", list ? ", " : "", text ? text : "?");
        free(text);
        free(list);
        list = longer;
    }
    return list;
}

/* The rows of this rule that are given and differ. */
static uint64_t resume_differences(const clae_settings *stored, const clae_settings *settings, settings_resume rule) {
    uint64_t different = 0;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (row->resume == rule && setting_is_given(row, settings) && !setting_is_same(row, stored, settings))
            different |= (uint64_t)1 << i;
    }
    return different;
}

static clae_status refuse_to_resume(const clae_context *context, const char *folder, const clae_settings *stored,
                                    const clae_settings *settings, uint64_t different) {
    char *theirs = resume_list(stored, different), *ours = resume_list(settings, different);
    fail(context, CLAE_ERROR_INPUT,
         "%s was started with %s and cannot go on with %s; leave these options out to resume it", folder,
         theirs ? theirs : "other options", ours ? ours : "these");
    free(theirs);
    free(ours);
    return CLAE_ERROR_INPUT;
}

static void warn_of_changes(const clae_context *context, const char *folder, const clae_settings *stored,
                            const clae_settings *settings, uint64_t different) {
    char *theirs = resume_list(stored, different), *ours = resume_list(settings, different);
    log_line(context, CLAE_LOG_WARNING,
             "%s was trained with %s so far: with %s the numbers differ a little from here on from those without",
             folder, theirs ? theirs : "other options", ours ? ours : "these");
    free(theirs);
    free(ours);
}

void settings_say_changes(const clae_context *context, const char *folder, const clae_settings *stored,
                          const clae_settings *settings) {
    const uint64_t different = resume_differences(stored, settings, SETTING_LATER);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (!(different >> i & 1)) continue;
        char *before = resume_text(&settings_table[i], stored), *now = resume_text(&settings_table[i], settings);
        log_line(context, CLAE_LOG_INFO, "%s goes on with %s; it had %s", folder, now ? now : "another setting",
                 before ? before : "another one");
        free(before);
        free(now);
    }
}

bool settings_say_network(const clae_settings *settings) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        if (settings_table[i].resume == SETTING_NETWORK && setting_is_given(&settings_table[i], settings)) return true;
    return false;
}

bool settings_are_of_same_run(const clae_settings *a, const clae_settings *b) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        if (settings_table[i].resume == SETTING_SAME && !setting_is_same(&settings_table[i], a, b)) return false;
    return true;
}

/* A run keeps absolute paths. */
static bool is_same_data(const clae_settings *stored, const clae_settings *settings) {
    if (!stored->data || !settings->data) return true;
    char *path = image_path_absolute(settings->data);
    const bool is_same = !strcmp(stored->data, settings->data) || (path && !strcmp(stored->data, path));
    free(path);
    return is_same;
}

bool setting_is_inherited(const setting *row, const clae_settings *stored, const clae_settings *settings) {
    if (setting_is_given(row, settings)) return false;
    const bool is_of_data =
        row == settings_find("test-data", SETTINGS_DATA) || row == settings_find("labels", SETTINGS_DATA);
    return !is_of_data || is_same_data(stored, settings);
}

clae_status settings_merge(const clae_context *context, const char *folder, const clae_settings *stored,
                           clae_settings *settings) {
    const uint64_t refused = resume_differences(stored, settings, SETTING_SAME);
    const uint64_t changed = resume_differences(stored, settings, SETTING_WARNS);
    const bool has_network = settings_say_network(settings);
    if (refused) return refuse_to_resume(context, folder, stored, settings, refused);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (has_network && row->resume == SETTING_NETWORK) continue;
        if (setting_is_inherited(row, stored, settings) && !setting_copy(row, stored, settings))
            return fail_memory(context, strlen(row->name), "the settings");
    }
    if (changed) warn_of_changes(context, folder, stored, settings, changed);
    return CLAE_OK;
}
