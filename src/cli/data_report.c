#include "cli/data_report.h"

#include "data/image_format.h"
#include "train/settings_data.h"

#include <stdlib.h>
#include <string.h>

#define SCALED_SIDE 64 /* of images that are looked at where pictures differ in size */

static bool differ_in_size(const picture_report *pictures) {
    return pictures->least_h != pictures->most_h || pictures->least_w != pictures->most_w;
}

/* What is opened, and how. */
typedef struct data_source {
    const session *session;
    const clae_settings *settings;
    char *path;
    bool has_pictures;
    picture_origin origin;
    clae_dataset_options options;
} data_source;

static clae_status look_at_pictures(data_source *source, data_report *report) {
    clae_dataset_options *options = &source->options;
    const clae_status status =
        picture_report_make(source->session->context, source->path, source->origin, options, &report->pictures);
    if (status == CLAE_OK && options->h == 0 && differ_in_size(&report->pictures))
        options->h = options->w = report->scaled_to = SCALED_SIDE;
    options->skip_bad = true;
    return status;
}

/* Whether both splits are known to be the same images before they are read. */
static clae_status find_same(const data_source *source, data_report *report) {
    const picture_list *list = &report->pictures.list;
    clae_context *context = source->session->context;
    char *test;
    if (source->settings->test_data) return CLAE_OK;
    if (source->has_pictures) {
        report->is_one = list->count && list->entries[0].in_train && list->entries[0].in_test;
        return CLAE_OK;
    }
    const clae_status status = dataset_find(context, report->name, CLAE_SPLIT_TEST, &test);
    report->is_one =
        status == CLAE_OK && strcmp(test, source->path) == 0 && !image_file_has_splits(context, source->path);
    free(test);
    return status;
}

static clae_status open_split(const data_source *source, clae_split split, data_report *report) {
    const picture_findings found = {&report->pictures.faults, report->pictures.list.count};
    const char *test_data = source->settings->test_data;
    clae_dataset **images = &report->images[split];
    clae_context *context = source->session->context;
    clae_dataset_options options = source->options;
    clae_status status;
    if (test_data) options.test_share = -1;
    if (source->has_pictures && (split == CLAE_SPLIT_TRAIN || !test_data))
        status = picture_dataset_open(context, source->path, source->origin, split, &options, &found, images);
    else
        status = settings_open_split(context, source->settings, &options, split, images);
    return status == CLAE_OK ? dataset_facts_make(*images, &report->facts[split]) : status;
}

static clae_status open_images(data_source *source, data_report *report) {
    clae_status status = find_same(source, report);
    if (status == CLAE_OK) status = open_split(source, CLAE_SPLIT_TRAIN, report);
    if (status != CLAE_OK) return status;
    if (report->is_one) {
        report->images[CLAE_SPLIT_TEST] = report->images[CLAE_SPLIT_TRAIN];
        report->facts[CLAE_SPLIT_TEST] = report->facts[CLAE_SPLIT_TRAIN];
        return CLAE_OK;
    }
    settings_test_like(source->settings, clae_dataset_get_info(report->images[CLAE_SPLIT_TRAIN]), &source->options);
    status = open_split(source, CLAE_SPLIT_TEST, report);
    if (status == CLAE_OK)
        report->is_one = strcmp(clae_dataset_get_info(report->images[CLAE_SPLIT_TRAIN])->fingerprint,
                                clae_dataset_get_info(report->images[CLAE_SPLIT_TEST])->fingerprint) == 0;
    return status;
}

/* What was decoded by an earlier command does not tell which pictures it left out. */
static clae_status count_pictures(const data_source *source, data_report *report) {
    picture_report *pictures = &report->pictures;
    size_t images = clae_dataset_get_info(report->images[CLAE_SPLIT_TRAIN])->n;
    if (!report->is_one && !source->settings->test_data)
        images += clae_dataset_get_info(report->images[CLAE_SPLIT_TEST])->n;
    clae_status status = CLAE_OK;
    if (images + pictures->faults.count != pictures->list.count)
        status = picture_report_decode(source->session->context, pictures);
    picture_report_count(pictures);
    return status;
}

clae_status data_report_make(const session *session, const clae_settings *settings, data_report *report) {
    data_source source = {.session = session, .settings = settings};
    *report = (data_report){.name = settings->data};
    clae_status status = settings_dataset_options(session->context, settings, &source.options);
    if (status == CLAE_OK) status = dataset_find(session->context, settings->data, CLAE_SPLIT_TRAIN, &source.path);
    if (status == CLAE_OK)
        source.has_pictures = report->has_pictures =
            dataset_has_pictures(session->context, source.path, &source.origin);
    if (status == CLAE_OK && source.has_pictures) status = look_at_pictures(&source, report);
    if (status == CLAE_OK) status = open_images(&source, report);
    if (status == CLAE_OK && source.has_pictures) status = count_pictures(&source, report);
    free(source.path);
    return status;
}

void data_report_free(data_report *report) {
    const bool is_twice = report->images[CLAE_SPLIT_TRAIN] == report->images[CLAE_SPLIT_TEST];
    for (int split = 0; split < (is_twice ? 1 : DATA_SPLITS); split++) {
        dataset_facts_free(&report->facts[split]);
        clae_dataset_free(report->images[split]);
    }
    picture_report_free(&report->pictures);
    *report = (data_report){0};
}

static int compare_labels(const void *a, const void *b) {
    const data_label *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static bool has_names(const clae_dataset *images) {
    return clae_dataset_label_count(images) && clae_dataset_label_name(images, 0);
}

/* The rows of the training images' labels in the order of their names, to be freed. */
static data_label **sorted_labels(data_label *labels, size_t count) {
    data_label **sorted = malloc((count + 1) * sizeof *sorted);
    for (size_t i = 0; sorted && i < count; i++) sorted[i] = &labels[i];
    if (sorted) qsort(sorted, count, sizeof *sorted, compare_labels);
    return sorted;
}

/* rows[label]: that of each label of the test images, of which new ones follow the `count` of the training images. */
static bool join_labels(const data_report *report, data_label *labels, size_t *count, data_label **rows) {
    const clae_dataset *train = report->images[CLAE_SPLIT_TRAIN], *test = report->images[CLAE_SPLIT_TEST];
    const size_t trained = *count, tested = clae_dataset_label_count(test);
    const bool by_name = has_names(train) && has_names(test);
    data_label **sorted = by_name ? sorted_labels(labels, trained) : NULL;
    if (by_name && !sorted) return false;
    for (size_t i = 0; i < tested; i++) {
        data_label key = {.name = clae_dataset_label_name(test, (uint32_t)i), .number = (uint32_t)i}, *wanted = &key;
        data_label **found = by_name ? bsearch(&wanted, sorted, trained, sizeof *sorted, compare_labels) : NULL;
        rows[i] = found ? *found : !by_name && i < trained ? &labels[i] : NULL;
        if (rows[i]) continue;
        rows[i] = &labels[(*count)++];
        *rows[i] = key;
    }
    free(sorted);
    return true;
}

static size_t drop_absent(data_label *labels, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (labels[i].counts[CLAE_SPLIT_TRAIN] || labels[i].counts[CLAE_SPLIT_TEST]) labels[kept++] = labels[i];
    return kept;
}

data_label *data_report_labels(const data_report *report, size_t *count) {
    const clae_dataset *train = report->images[CLAE_SPLIT_TRAIN], *test = report->images[CLAE_SPLIT_TEST];
    const size_t trained = clae_dataset_label_count(train), tested = clae_dataset_label_count(test);
    data_label *labels = calloc(trained + tested + 1, sizeof *labels), **rows = calloc(tested + 1, sizeof *rows);
    *count = trained;
    for (size_t i = 0; labels && i < trained; i++)
        labels[i] = (data_label){.name = clae_dataset_label_name(train, (uint32_t)i), .number = (uint32_t)i};
    if (!labels || !rows || !join_labels(report, labels, count, rows)) {
        free(labels);
        free(rows);
        return NULL;
    }
    for (size_t i = 0; i < clae_dataset_get_info(train)->n; i++) {
        const uint32_t label = clae_dataset_label(train, i);
        if (label < trained) labels[label].counts[CLAE_SPLIT_TRAIN]++;
    }
    for (size_t i = 0; i < clae_dataset_get_info(test)->n; i++) {
        const uint32_t label = clae_dataset_label(test, i);
        if (label < tested) rows[label]->counts[CLAE_SPLIT_TEST]++;
    }
    free(rows);
    *count = drop_absent(labels, *count);
    return labels;
}
