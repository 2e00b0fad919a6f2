#include "data/picture_report.h"

#include "base/memory.h"
#include "data/picture_work.h"

#include <stdlib.h>
#include <string.h>

static clae_status inspect_one(const clae_context *context, const picture_entry *entry, const picture_task *task,
                               const picture_bytes *bytes, void *user) {
    picture_info *infos = user;
    return picture_inspect(context, entry->name, bytes->data, bytes->bytes, &infos[task->entry]);
}

/* All of a picture is decoded, to a size that costs nothing. */
static clae_status decode_one(const clae_context *context, const picture_entry *entry, const picture_task *task,
                              const picture_bytes *bytes, void *user) {
    static const picture_form small = {.h = 1, .w = 1, .c = 1, .fit = CLAE_FIT_STRETCH};
    const picture_report *report = user;
    uint8_t pixel;
    if (report->faults.reasons[task->entry]) return CLAE_OK;
    return picture_decode(context, entry->name, bytes->data, bytes->bytes, &small, &pixel);
}

static void count_kind(picture_report *report, const char *format) {
    size_t k = 0;
    while (k < report->kind_count && strcmp(report->kinds[k].format, format) != 0) k++;
    if (k == PICTURE_REPORT_KINDS) return;
    if (k == report->kind_count) report->kinds[report->kind_count++] = (picture_kind){.format = format};
    report->kinds[k].count++;
}

static int by_count(const void *a, const void *b) {
    const picture_kind *left = a, *right = b;
    return left->count > right->count ? -1 : left->count < right->count;
}

static void count_picture(picture_report *report, const picture_info *info) {
    const bool is_first = report->good_count++ == 0;
    count_kind(report, info->format);
    report->bits[info->bits < PICTURE_REPORT_BITS ? info->bits : PICTURE_REPORT_BITS]++;
    report->grey_count += info->c == 1;
    report->alpha_count += info->has_alpha;
    if (is_first || info->h < report->least_h) report->least_h = info->h;
    if (is_first || info->w < report->least_w) report->least_w = info->w;
    if (info->h > report->most_h) report->most_h = info->h;
    if (info->w > report->most_w) report->most_w = info->w;
}

void picture_report_count(picture_report *report) {
    picture_report counted = {.list = report->list, .faults = report->faults, .infos = report->infos};
    for (size_t i = 0; i < report->list.count; i++)
        if (!report->faults.reasons[i]) count_picture(&counted, &report->infos[i]);
    qsort(counted.kinds, counted.kind_count, sizeof *counted.kinds, by_count);
    *report = counted;
}

static clae_status inspect(const clae_context *context, picture_report *report) {
    const size_t count = report->list.count;
    report->infos = calloc(count + 1, sizeof *report->infos);
    if (!report->infos || !picture_faults_begin(&report->faults, &report->list))
        return fail_memory(context, count * sizeof *report->infos, "pictures");
    const clae_status status =
        picture_work_all(context, "looking at pictures", &report->list, inspect_one, report->infos, &report->faults);
    if (status == CLAE_OK) picture_report_count(report);
    return status;
}

clae_status picture_report_decode(const clae_context *context, picture_report *report) {
    return picture_work_all(context, "looking at pictures", &report->list, decode_one, report, &report->faults);
}

clae_status picture_report_make(const clae_context *context, const char *path, picture_origin origin,
                                const clae_dataset_options *options, picture_report *report) {
    *report = (picture_report){0};
    const clae_status status = picture_dataset_list(context, path, origin, options, &report->list);
    return status == CLAE_OK ? inspect(context, report) : status;
}

void picture_report_free(picture_report *report) {
    picture_faults_free(&report->faults, &report->list);
    picture_list_free(&report->list);
    free(report->infos);
    *report = (picture_report){0};
}
