#include "cli/data_report.h"

#include "train/settings_data.h"

#include <stdlib.h>
#include <string.h>

#define SCALED_SIDE 64 /* of images that are looked at where pictures differ in size */

static bool differ_in_size(const picture_report *pictures) {
    return pictures->least_h != pictures->most_h || pictures->least_w != pictures->most_w;
}

static clae_status look_at_pictures(const session *session, const char *path, picture_origin origin,
                                    clae_dataset_options *options, data_report *report) {
    report->has_pictures = true;
    const clae_status status = picture_report_make(session->context, path, origin, options, &report->pictures);
    if (status == CLAE_OK && options->h == 0 && differ_in_size(&report->pictures))
        options->h = options->w = report->scaled_to = SCALED_SIDE;
    options->skip_bad = true;
    return status;
}

static clae_status open_images(const session *session, const clae_settings *settings, clae_dataset_options *options,
                               data_report *report) {
    clae_status status = CLAE_OK;
    for (int split = 0; split < DATA_SPLITS && status == CLAE_OK; split++) {
        status = settings_open_split(session->context, settings, options, (clae_split)split, &report->images[split]);
        if (status == CLAE_OK) settings_test_like(settings, clae_dataset_get_info(report->images[split]), options);
        if (status == CLAE_OK) status = dataset_facts_make(report->images[split], &report->facts[split]);
    }
    if (status == CLAE_OK)
        report->is_one = strcmp(clae_dataset_get_info(report->images[CLAE_SPLIT_TRAIN])->fingerprint,
                                clae_dataset_get_info(report->images[CLAE_SPLIT_TEST])->fingerprint) == 0;
    return status;
}

clae_status data_report_make(const session *session, const clae_settings *settings, data_report *report) {
    clae_dataset_options options;
    picture_origin origin;
    char *path = NULL;
    *report = (data_report){.name = settings->data};
    clae_status status = settings_dataset_options(session->context, settings, &options);
    if (status == CLAE_OK) status = dataset_find(session->context, settings->data, CLAE_SPLIT_TRAIN, &path);
    if (status == CLAE_OK && dataset_has_pictures(session->context, path, &origin))
        status = look_at_pictures(session, path, origin, &options, report);
    free(path);
    return status == CLAE_OK ? open_images(session, settings, &options, report) : status;
}

void data_report_free(data_report *report) {
    for (int split = 0; split < DATA_SPLITS; split++) {
        dataset_facts_free(&report->facts[split]);
        clae_dataset_free(report->images[split]);
    }
    picture_report_free(&report->pictures);
    *report = (data_report){0};
}

size_t *data_report_label_counts(const data_report *report, clae_split split) {
    const clae_dataset *images = report->images[split];
    const size_t count = clae_dataset_label_count(images);
    size_t *counts = calloc(count + 1, sizeof *counts);
    for (size_t i = 0; counts && i < clae_dataset_get_info(images)->n; i++) {
        const uint32_t label = clae_dataset_label(images, i);
        if (label < count) counts[label]++;
    }
    return counts;
}
