/* The report of `clae data`, as text and as JSON. */
#include "cli/data_report.h"

#include "base/text.h"
#include "cli/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LABELS_SHOWN 40
#define BROKEN_SHOWN 20
#define LABEL_TEXT_BYTES 80

static const clae_dataset_info *info_of(const data_report *report, clae_split split) {
    return clae_dataset_get_info(report->images[split]);
}

static clae_status no_memory(const session *session) {
    return fail_memory(session->context, 0, "the report");
}

/* ---- text */

static void print_numbers(const char *title, const double *numbers, size_t count) {
    printf("%-12s", title);
    for (size_t k = 0; k < count; k++) printf(" %.4f", numbers[k]);
    putchar('\n');
}

static void print_pictures(const picture_report *pictures) {
    printf("%-12s %zu", "pictures", pictures->list.count);
    for (size_t i = 0; i < pictures->kind_count; i++)
        printf("%s%zu %s", i ? ", " : ": ", pictures->kinds[i].count, pictures->kinds[i].format);
    printf("\n%-12s %zu grey, %zu in colours, %zu with alpha\n", "", pictures->grey_count,
           pictures->good_count - pictures->grey_count, pictures->alpha_count);
    printf("%-12s", "bits");
    for (size_t bits = 0, shown = 0; bits <= PICTURE_REPORT_BITS; bits++)
        if (pictures->bits[bits]) printf("%s%zu of %zu", shown++ ? ", " : " ", pictures->bits[bits], bits);
    printf("\n%-12s %zux%zu", "sizes", pictures->least_h, pictures->least_w);
    if (pictures->least_h != pictures->most_h || pictures->least_w != pictures->most_w)
        printf(" to %zux%zu", pictures->most_h, pictures->most_w);
    printf("\n%-12s %zu\n", "other files", pictures->list.other_count);
    printf("%-12s %zu\n", "broken", pictures->faults.count);
    for (size_t i = 0, shown = 0; i < pictures->list.count && shown < BROKEN_SHOWN; i++) {
        char *reason = pictures->faults.reasons[i] ? text_sanitised(pictures->faults.reasons[i]) : NULL;
        if (!pictures->faults.reasons[i]) continue;
        printf("             %s\n", reason ? reason : "");
        free(reason);
        shown++;
    }
    if (pictures->faults.count > BROKEN_SHOWN)
        printf("             and %zu more\n", pictures->faults.count - BROKEN_SHOWN);
}

static void print_images(const data_report *report) {
    const clae_dataset_info *train = info_of(report, CLAE_SPLIT_TRAIN), *test = info_of(report, CLAE_SPLIT_TEST);
    const dataset_facts *facts = report->facts;
    if (report->is_one)
        printf("%-12s %zu, for training and testing alike\n", "images", train->n);
    else
        printf("%-12s %zu for training, %zu for testing\n", "images", train->n, test->n);
    printf("%-12s %zux%zu, %zu channel%s, %s%s\n", "size", train->h, train->w, train->c, train->c == 1 ? "" : "s",
           train->is_float ? "floats" : "bytes",
           report->scaled_to ? " (pictures of several sizes, scaled for this report: --size HxW chooses)" : "");
    printf("%-12s %.4g to %.4g\n", "range", facts[CLAE_SPLIT_TRAIN].least, facts[CLAE_SPLIT_TRAIN].most);
    print_numbers("mean", train->mean, train->c);
    print_numbers("deviation", train->std, train->c);
    printf("%-12s %zu of training", "duplicates", dataset_facts_copies(&facts[CLAE_SPLIT_TRAIN]));
    if (!report->is_one)
        printf(", %zu of testing; %zu for testing are among those for training",
               dataset_facts_copies(&facts[CLAE_SPLIT_TEST]),
               dataset_facts_shared(&facts[CLAE_SPLIT_TEST], &facts[CLAE_SPLIT_TRAIN]));
    putchar('\n');
}

static void label_text(const data_label *label, char *text, size_t bytes) {
    if (label->name)
        text_tidy(text, bytes, label->name);
    else
        snprintf(text, bytes, "%" PRIu32, label->number);
}

static clae_status print_labels(const session *session, const data_report *report) {
    size_t count;
    data_label *labels = data_report_labels(report, &count);
    if (!labels) return no_memory(session);
    if (count)
        printf("%-12s %zu\n", "labels", count);
    else
        printf("%-12s none\n", "labels");
    for (size_t i = 0; i < count && i < LABELS_SHOWN; i++) {
        char text[LABEL_TEXT_BYTES];
        label_text(&labels[i], text, sizeof text);
        printf("%12s %7zu", "", labels[i].counts[CLAE_SPLIT_TRAIN]);
        if (!report->is_one) printf(" %7zu", labels[i].counts[CLAE_SPLIT_TEST]);
        printf("  %s\n", text);
    }
    if (count > LABELS_SHOWN) printf("             and %zu more\n", count - LABELS_SHOWN);
    free(labels);
    return CLAE_OK;
}

clae_status data_print_text(const session *session, const data_report *report) {
    if (report->has_pictures) print_pictures(&report->pictures);
    print_images(report);
    return print_labels(session, report);
}

/* ---- JSON */

static json_t *json_size(size_t value) {
    return json_integer((json_int_t)value);
}

static json_t *json_text(const char *text) {
    char tidy[1024];
    text_tidy(tidy, sizeof tidy, text);
    return json_string(tidy);
}

static json_t *json_numbers(const double *numbers, size_t count) {
    json_t *array = json_array();
    for (size_t k = 0; k < count; k++) json_array_append_new(array, json_real(numbers[k]));
    return array;
}

static json_t *json_labels(const data_report *report) {
    size_t count;
    data_label *labels = data_report_labels(report, &count);
    json_t *array = labels ? json_array() : NULL;
    for (size_t i = 0; i < count && array; i++) {
        char text[1024];
        label_text(&labels[i], text, sizeof text);
        json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "name", text, "train",
                                               json_size(labels[i].counts[CLAE_SPLIT_TRAIN]), "test",
                                               json_size(labels[i].counts[CLAE_SPLIT_TEST])));
    }
    free(labels);
    return array;
}

static json_t *json_pictures(const picture_report *pictures) {
    json_t *formats = json_object(), *bits = json_object(), *broken = json_array();
    for (size_t i = 0; i < pictures->kind_count; i++)
        json_object_set_new(formats, pictures->kinds[i].format, json_size(pictures->kinds[i].count));
    for (size_t i = 0; i <= PICTURE_REPORT_BITS; i++) {
        char name[24];
        snprintf(name, sizeof name, "%zu", i);
        if (pictures->bits[i]) json_object_set_new(bits, name, json_size(pictures->bits[i]));
    }
    for (size_t i = 0; i < pictures->list.count; i++)
        if (pictures->faults.reasons[i])
            json_array_append_new(broken, json_pack("{s:o, s:o}", "name", json_text(pictures->list.entries[i].name),
                                                    "reason", json_text(pictures->faults.reasons[i])));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:[o,o], s:[o,o], s:o}", "count", json_size(pictures->list.count),
                     "formats", formats, "bits", bits, "grey", json_size(pictures->grey_count), "with_alpha",
                     json_size(pictures->alpha_count), "other_files", json_size(pictures->list.other_count), "smallest",
                     json_size(pictures->least_h), json_size(pictures->least_w), "largest", json_size(pictures->most_h),
                     json_size(pictures->most_w), "broken", broken);
}

clae_status data_print_json(const session *session, const data_report *report) {
    const clae_dataset_info *train = info_of(report, CLAE_SPLIT_TRAIN), *test = info_of(report, CLAE_SPLIT_TEST);
    const dataset_facts *facts = report->facts;
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:s, s:[f,f], s:o, s:o, s:{s:o, s:o, s:o}, s:o}", "data",
                  json_text(report->name), "train", json_size(train->n), "test", json_size(test->n), "same_images",
                  report->is_one, "height", json_size(train->h), "width", json_size(train->w), "channels",
                  json_size(train->c), "type", train->is_float ? "float32" : "uint8", "range",
                  facts[CLAE_SPLIT_TRAIN].least, facts[CLAE_SPLIT_TRAIN].most, "mean",
                  json_numbers(train->mean, train->c), "deviation", json_numbers(train->std, train->c), "duplicates",
                  "train", json_size(dataset_facts_copies(&facts[CLAE_SPLIT_TRAIN])), "test",
                  json_size(dataset_facts_copies(&facts[CLAE_SPLIT_TEST])), "test_in_train",
                  json_size(dataset_facts_shared(&facts[CLAE_SPLIT_TEST], &facts[CLAE_SPLIT_TRAIN])), "labels",
                  json_labels(report));
    if (object && report->has_pictures) json_object_set_new(object, "pictures", json_pictures(&report->pictures));
    return json_print(session->console, object);
}
