#include "data/picture_faults.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SHOWN 20

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

clae_status picture_faults_judge(const clae_context *context, const picture_faults *faults, const picture_list *list,
                                 bool skip_bad) {
    if (!faults->count) return CLAE_OK;
    if (list->count == 1) return fail(context, CLAE_ERROR_INPUT, "%s", faults->reasons[0]);
    if (faults->count == list->count) {
        show(context, CLAE_LOG_ERROR, faults, list);
        return fail(context, CLAE_ERROR_INPUT, "none of the %zu pictures of '%s' can be read", list->count, list->root);
    }
    if (skip_bad) {
        show(context, CLAE_LOG_DEBUG, faults, list);
        log_line(context, CLAE_LOG_WARNING, "%zu of the %zu pictures of '%s' cannot be read and are left out",
                 faults->count, list->count, list->root);
        return CLAE_OK;
    }
    show(context, CLAE_LOG_ERROR, faults, list);
    return fail(context, CLAE_ERROR_INPUT,
                "%zu of the %zu pictures of '%s' cannot be read: --skip-bad goes on without them", faults->count,
                list->count, list->root);
}
