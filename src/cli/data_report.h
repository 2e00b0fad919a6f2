/* What `clae data` finds out of images. */
#ifndef CLAE_CLI_DATA_REPORT_H
#define CLAE_CLI_DATA_REPORT_H

#include "cli/session.h"

#include "data/dataset_facts.h"
#include "data/picture_report.h"

#define DATA_SPLITS 2

typedef struct data_report {
    const char *name; /* as the user gave it */
    bool has_pictures;
    picture_report pictures;
    size_t scaled_to;                  /* the side of images where pictures differ in size and none was asked for; 0 */
    clae_dataset *images[DATA_SPLITS]; /* by clae_split; one for both where it is known to be the same */
    dataset_facts facts[DATA_SPLITS];
    bool is_one; /* both splits are the same images */
} data_report;

/* Opens the images of settings->data and looks at all of them. Broken pictures are left out with warnings. To be freed, whatever the
 * status. */
clae_status data_report_make(const session *session, const clae_settings *settings, data_report *report);
void data_report_free(data_report *report);

/* A label of either split, and how often it comes in each: labels of a name are one, whatever their numbers are. */
typedef struct data_label {
    const char *name; /* NULL: a number alone */
    uint32_t number;
    size_t counts[DATA_SPLITS];
} data_label;

/* Those that come, the training images' first; the array is to be freed, NULL without memory. */
data_label *data_report_labels(const data_report *report, size_t *count);

clae_status data_print_json(const session *session, const data_report *report);
clae_status data_print_text(const session *session, const data_report *report);

/* Draws images of both splits, and where there are few labels, of each label. */
clae_status data_draw_sheet(const session *session, const data_report *report, const char *path);

#endif
