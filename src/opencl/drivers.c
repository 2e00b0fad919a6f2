#include "opencl/drivers.h"

#include "base/memory.h"
#include "base/text.h"
#include "opencl/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe_platforms(const opencl_listing *listing, char *text, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < listing->platform_count && used < size; i++) {
        const opencl_platform *p = &listing->platforms[i];
        char devices[32] = "no device";
        if (p->device_count)
            snprintf(devices, sizeof devices, "%zu device%s", p->device_count, p->device_count == 1 ? "" : "s");
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s, %s: %s", used ? "; " : "", p->name, p->version, devices);
    }
}

/* Asks the driver alone, in a helper of its own. */
static void drivers_ask(const clae_context *context, const opencl_survey *s, size_t which, driver_report *report) {
    bool *kept = calloc(s->vendors.count, sizeof *kept);
    opencl_listing listing = {0};
    char why[512];
    if (!kept) return;
    kept[which] = true;
    char *folder = opencl_vendors_folder(context, &s->vendors, kept);
    opencl_helper *helper = folder ? opencl_helper_start(context, folder, s->pocl_folder) : NULL;
    if (!helper) {
        snprintf(report->story, sizeof report->story, "it is not asked alone");
    } else if (opencl_helper_list(helper, &listing, why, sizeof why) == OPENCL_DIED) {
        report->failed = true;
        snprintf(report->story, sizeof report->story, "the process that asked it for its devices %s", why);
    } else if (listing.platform_count) {
        describe_platforms(&listing, report->story, sizeof report->story);
    } else if (opencl_helper_load(helper, s->vendors.items[which].library, why, sizeof why) != OPENCL_WORKS) {
        report->failed = true;
        snprintf(report->story, sizeof report->story, "it does not load: %s", why);
    } else {
        snprintf(report->story, sizeof report->story, "it has no platform");
    }
    opencl_listing_release(&listing);
    opencl_helper_end(helper);
    free(folder);
    free(kept);
}

clae_status opencl_drivers(clae_context *context, driver_report **list, size_t *count) {
    const opencl_survey *s;
    const clae_status status = opencl_survey_find(context, &s);
    if (status) return status;
    const size_t vendors = s->vendors.count;
    driver_report *longer = realloc(*list, (*count + vendors + 1) * sizeof *longer);
    if (!longer) return fail_memory(context, sizeof *longer, "the list of drivers");
    *list = longer;
    for (size_t i = 0; i < vendors; i++) {
        driver_report *report = &longer[(*count)++];
        *report = (driver_report){0};
        text_tidy(report->file, sizeof report->file, s->vendors.items[i].file);
        text_tidy(report->library, sizeof report->library, s->vendors.items[i].library);
        if (s->deaths && *s->deaths[i]) {
            report->failed = true;
            snprintf(report->story, sizeof report->story, "the process that asked it for its devices %s", s->deaths[i]);
        } else {
            drivers_ask(context, s, i, report);
        }
    }
    return CLAE_OK;
}
