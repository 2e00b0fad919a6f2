#include "data/picture_faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SHOWN 20
#define NAMES_SHOWN 3
#define NAMES_BYTES 256

bool picture_faults_begin(picture_faults *faults, const picture_list *list) {
    *faults = (picture_faults){.reasons = calloc(list->count + 1, sizeof *faults->reasons)};
    return faults->reasons != NULL;
}

bool picture_faults_add(picture_faults *faults, size_t entry, const char *reason) {
    if (faults->reasons[entry]) return true;
    faults->reasons[entry] = strdup(*reason ? reason : "it cannot be read");
    faults->count += faults->reasons[entry] != NULL;
    return faults->reasons[entry] != NULL;
}

void picture_faults_free(picture_faults *faults, const picture_list *list) {
    for (size_t i = 0; i < list->count && faults->reasons; i++) free(faults->reasons[i]);
    free(faults->reasons);
    *faults = (picture_faults){0};
}

static void show(const clae_context *context, clae_log_level level, const picture_faults *faults,
                 const picture_list *list) {
    size_t shown = 0;
    for (size_t i = 0; i < list->count && shown < MOST_SHOWN; i++) {
        if (!faults->reasons[i]) continue;
        log_line(context, level, "%s", faults->reasons[i]);
        shown++;
    }
    if (faults->count > shown) log_line(context, level, "and %zu more", faults->count - shown);
}

/* The first names, for one line. */
static void list_names(const picture_faults *faults, const picture_list *list, char text[NAMES_BYTES]) {
    size_t length = 0, shown = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->count && shown < NAMES_SHOWN && length < NAMES_BYTES; i++) {
        if (!faults->reasons[i]) continue;
        length +=
            (size_t)snprintf(text + length, NAMES_BYTES - length, "%s%.60s", shown ? ", " : "", list->entries[i].name);
        shown++;
    }
}

clae_status picture_faults_judge(const clae_context *context, const picture_faults *faults, const picture_list *list,
                                 bool skip_bad) {
    if (!faults->count) return CLAE_OK;
    if (list->count == 1) return fail(context, CLAE_ERROR_INPUT, "%s", faults->reasons[0]);
    if (faults->count == list->count) {
        show(context, CLAE_LOG_ERROR, faults, list);
        return fail(context, CLAE_ERROR_INPUT, "none of the %zu pictures of '%s' can be read", list->count, list->root);
    }
    if (skip_bad) {
        char names[NAMES_BYTES];
        list_names(faults, list, names);
        show(context, CLAE_LOG_DEBUG, faults, list);
        log_line(context, CLAE_LOG_WARNING, "%zu of the %zu pictures of '%s' cannot be read and are left out: %s%s",
                 faults->count, list->count, list->root, names, faults->count > NAMES_SHOWN ? ", ..." : "");
        return CLAE_OK;
    }
    show(context, CLAE_LOG_ERROR, faults, list);
    return fail(context, CLAE_ERROR_INPUT,
                "%zu of the %zu pictures of '%s' cannot be read: --skip-bad goes on without them", faults->count,
                list->count, list->root);
}
