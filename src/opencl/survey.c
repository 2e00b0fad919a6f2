#include "opencl/survey.h"

#include "base/log_capture.h"
#include "base/memory.h"
#include "opencl/pocl_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_survey(void *drivers) {
    opencl_survey *s = drivers;
    opencl_helper_end(s->helper);
    opencl_listing_release(&s->listing);
    opencl_vendors_release(&s->vendors);
    free(s->deaths);
    free(s->vendors_folder);
    free(s->pocl_folder);
    free(s->tried);
    free(s);
}

static bool start_helper(clae_context *context, opencl_survey *s) {
    if (!s->helper) s->helper = opencl_helper_start(context, s->vendors_folder, s->pocl_folder);
    return s->helper != NULL;
}

static void end_helper(opencl_survey *s) {
    opencl_helper_end(s->helper);
    s->helper = NULL;
}

/* Whether the helper gives a list. One that has died is ended. */
static bool ask_for_list(opencl_survey *s, char *why, size_t size) {
    opencl_listing_release(&s->listing);
    if (opencl_helper_list(s->helper, &s->listing, why, size) == OPENCL_WORKS) return true;
    end_helper(s);
    return false;
}

/* Asks the drivers that `kept` is true for. */
static bool ask_some(clae_context *context, opencl_survey *s, const bool *kept, char *why, size_t size) {
    end_helper(s);
    free(s->vendors_folder);
    s->vendors_folder = opencl_vendors_folder(context, &s->vendors, kept);
    snprintf(why, size, "could not be asked");
    return s->vendors_folder && start_helper(context, s) && ask_for_list(s, why, size);
}

static void warn_of_death(const clae_context *context, const opencl_vendor *vendor, const char *why) {
    log_line(context, CLAE_LOG_WARNING,
             "OpenCL driver %s (%s) is left out: the process that asked it for its devices %s; mend its package, or "
             "remove that file",
             vendor->library, vendor->file, why);
}

/* Asks each driver alone. Returns how many live, and which of them is the first that has a device. */
static size_t ask_each(clae_context *context, opencl_survey *s, bool *kept, size_t *first) {
    size_t living = 0;
    bool *alone = calloc(s->vendors.count + 1, sizeof *alone);
    *first = 0;
    for (size_t i = 0; alone && i < s->vendors.count; i++) {
        alone[i] = true;
        kept[i] = ask_some(context, s, alone, s->deaths[i], sizeof s->deaths[i]);
        alone[i] = false;
        if (!kept[i]) {
            warn_of_death(context, &s->vendors.items[i], s->deaths[i]);
            continue;
        }
        s->deaths[i][0] = '\0';
        if (!living || (s->listing.device_count && *first == 0)) *first = i;
        living++;
    }
    free(alone);
    return living;
}

/* Those who live may still die together: then one is used. */
static void ask_survivors(clae_context *context, opencl_survey *s) {
    char why[128];
    size_t first;
    bool *kept = calloc(s->vendors.count + 1, sizeof *kept);
    s->deaths = calloc(s->vendors.count + 1, sizeof *s->deaths);
    if (kept && s->deaths && ask_each(context, s, kept, &first) && !ask_some(context, s, kept, why, sizeof why)) {
        log_line(context, CLAE_LOG_WARNING, "OpenCL drivers that live alone, together %s: only %s is used", why,
                 s->vendors.items[first].library);
        for (size_t i = 0; i < s->vendors.count; i++) kept[i] = i == first;
        ask_some(context, s, kept, why, sizeof why);
    }
    if (!s->helper) opencl_listing_release(&s->listing);
    free(kept);
}

/* With another cache the helper, and later this process, has to start anew. */
static void use_pocl_folder(opencl_survey *s, char *folder) {
    end_helper(s);
    free(s->pocl_folder);
    s->pocl_folder = folder;
}

static bool lists_pocl(const opencl_survey *s) {
    for (size_t i = 0; i < s->listing.device_count; i++)
        if (opencl_is_pocl(&s->listing.devices[i])) return true;
    return false;
}

/* pocl has no device where it cannot write its cache. */
static void mend_pocl(clae_context *context, opencl_survey *s) {
    char why[128];
    if (lists_pocl(s) || !opencl_vendors_name(&s->vendors, "pocl") || opencl_pocl_cache_can_be_written()) return;
    char *folder = opencl_private_folder(context, "pocl");
    if (!folder) return;
    use_pocl_folder(s, folder);
    if (start_helper(context, s) && ask_for_list(s, why, sizeof why) && lists_pocl(s)) {
        char *usual = opencl_pocl_cache_usual();
        log_line(context, CLAE_LOG_INFO, "pocl cannot write its cache %s, and gets one of clae's own, %s",
                 usual ? usual : "as HOME is not set", folder);
        free(usual);
    }
}

static clae_status make_survey(clae_context *context, opencl_survey *s) {
    char why[128];
    s->vendors = opencl_vendors_list();
    if (!start_helper(context, s)) {
        s->in_this_process = true;
        return opencl_list_here(context, &s->listing);
    }
    if (ask_for_list(s, why, sizeof why)) {
        mend_pocl(context, s);
        return CLAE_OK;
    }
    if (s->vendors.count > 1) {
        ask_survivors(context, s);
        return CLAE_OK;
    }
    s->deaths = calloc(s->vendors.count + 1, sizeof *s->deaths);
    if (s->deaths) snprintf(s->deaths[0], sizeof s->deaths[0], "%s", why);
    const opencl_vendor unknown = {"no .icd file is known", "libOpenCL"};
    warn_of_death(context, s->vendors.count ? s->vendors.items : &unknown, why);
    return CLAE_OK;
}

static clae_status find_survey(clae_context *context, opencl_survey **survey) {
    *survey = context->drivers;
    if (*survey) return CLAE_OK;
    opencl_survey *s = calloc(1, sizeof *s);
    if (!s) return fail_memory(context, sizeof *s, "the list of OpenCL devices");
    const clae_status status = make_survey(context, s);
    if (status != CLAE_OK) {
        free_survey(s);
        return status;
    }
    *survey = s;
    context->drivers = s;
    context->drivers_free = free_survey;
    return CLAE_OK;
}

clae_status opencl_survey_find(clae_context *context, const opencl_survey **survey) {
    opencl_survey *found;
    const clae_status status = find_survey(context, &found);
    *survey = found;
    return status;
}

clae_status opencl_list(clae_context *context, clae_device_info **list, size_t *count) {
    opencl_survey *s;
    const clae_status status = find_survey(context, &s);
    const size_t found = s ? s->listing.device_count : 0;
    if (status || found == 0) return status;
    clae_device_info *longer = realloc(*list, (*count + found) * sizeof *longer);
    if (!longer) return fail_memory(context, (*count + found) * sizeof *longer, "the list of devices");
    *list = longer;
    memcpy(longer + *count, s->listing.devices, found * sizeof *longer);
    *count += found;
    return CLAE_OK;
}

static opencl_outcome try_in_helper(opencl_survey *s, opencl_tried *t) {
    const opencl_outcome outcome = opencl_helper_try(s->helper, t->id, &t->findings, t->why, sizeof t->why);
    if (outcome == OPENCL_DIED) end_helper(s);
    return outcome;
}

static opencl_outcome try_here(clae_context *context, const clae_device_info *info, opencl_tried *t) {
    log_capture capture;
    log_capture_begin(&capture, context);
    const clae_status status = opencl_try_here(context, info, &t->findings);
    log_capture_end(&capture);
    snprintf(t->why, sizeof t->why, "%s", capture.error);
    return status == CLAE_OK ? OPENCL_WORKS : OPENCL_REFUSED;
}

/* pocl dies of damaged files in its cache, and of a full disk below it. */
static opencl_outcome try_pocl(clae_context *context, opencl_survey *s, opencl_tried *t) {
    opencl_outcome outcome = OPENCL_DIED;
    char why[sizeof t->why] = "";
    for (pocl_cache_step step = POCL_CACHE_USUAL; outcome == OPENCL_DIED && step < POCL_CACHE_STEPS; step++) {
        char *folder;
        if (!opencl_pocl_cache_step(context, step, &folder, t->why, sizeof t->why)) {
            if (!*why) snprintf(why, sizeof why, "%s", t->why);
            continue;
        }
        if (folder) use_pocl_folder(s, folder);
        if (start_helper(context, s)) outcome = try_in_helper(s, t);
        if (!*why) snprintf(why, sizeof why, "%s", t->why);
    }
    if (outcome != OPENCL_DIED && s->pocl_folder) opencl_pocl_cache_explain(context, why, s->pocl_folder);
    return outcome;
}

static void try(clae_context *context, opencl_survey *s, const clae_device_info *info, opencl_tried *t) {
    if (s->in_this_process || !start_helper(context, s)) {
        t->outcome = try_here(context, info, t);
        return;
    }
    t->outcome = opencl_is_pocl(info) ? try_pocl(context, s, t) : try_in_helper(s, t);
    if (t->outcome != OPENCL_DIED) return;
    char how[128];
    snprintf(how, sizeof how, "%.*s", (int)sizeof how - 1, t->why);
    snprintf(t->why, sizeof t->why,
             "OpenCL device %s (%s) cannot be used: the process that tried a small kernel on it %s", info->id,
             info->name, *how ? how : "could not be tried");
}

static opencl_tried *find_tried(opencl_survey *s, const char *id) {
    for (size_t i = 0; i < s->tried_count; i++)
        if (strcmp(s->tried[i].id, id) == 0) return &s->tried[i];
    return NULL;
}

static const opencl_tried *tried_of(clae_context *context, opencl_survey *s, const clae_device_info *info) {
    opencl_tried *t = find_tried(s, info->id);
    if (t) return t;
    opencl_tried *longer = realloc(s->tried, (s->tried_count + 1) * sizeof *longer);
    if (!longer) return NULL;
    s->tried = longer;
    t = &longer[s->tried_count++];
    *t = (opencl_tried){0};
    snprintf(t->id, sizeof t->id, "%s", info->id);
    if (*info->problem) {
        t->outcome = OPENCL_REFUSED;
        snprintf(t->why, sizeof t->why, "OpenCL device %s (%s) cannot be used: %s", info->id, info->name,
                 info->problem);
    } else {
        try(context, s, info, t);
    }
    return t;
}

/* The loader and pocl read them when they are first called. */
static void enter_environment(const opencl_survey *s) {
    if (s->vendors_folder) {
        setenv("OCL_ICD_VENDORS", s->vendors_folder, 1);
        unsetenv("OCL_ICD_FILENAMES");
    }
    if (s->pocl_folder) setenv("POCL_CACHE_DIR", s->pocl_folder, 1);
}

clae_status opencl_survey_try(clae_context *context, const clae_device_info *info, opencl_findings *findings) {
    opencl_survey *s;
    const clae_status status = find_survey(context, &s);
    if (status) return status;
    const opencl_tried *t = tried_of(context, s, info);
    if (!t) return fail_memory(context, sizeof *t, "the trial of an OpenCL device");
    if (t->outcome != OPENCL_WORKS) return fail(context, CLAE_ERROR_DEVICE, "%s", t->why);
    *findings = t->findings;
    enter_environment(s);
    return CLAE_OK;
}

bool opencl_works(clae_context *context, clae_device_info *info) {
    opencl_survey *s;
    const opencl_tried *t = find_survey(context, &s) == CLAE_OK ? tried_of(context, s, info) : NULL;
    const bool works = t && t->outcome == OPENCL_WORKS;
    if (!works && !*info->problem)
        snprintf(info->problem, sizeof info->problem, "%.*s", (int)sizeof info->problem - 1, t ? t->why : "");
    return works;
}

bool opencl_survey_loads(clae_context *context, size_t vendor, char *why, size_t size) {
    opencl_survey *s;
    if (find_survey(context, &s) || s->in_this_process) return true;
    if ((s->deaths && *s->deaths[vendor]) || !start_helper(context, s)) return true;
    const opencl_outcome outcome = opencl_helper_load(s->helper, s->vendors.items[vendor].library, why, size);
    if (outcome == OPENCL_DIED) end_helper(s);
    return outcome == OPENCL_WORKS;
}

void opencl_settle(clae_context *context) {
    if (context->drivers) end_helper(context->drivers);
}
