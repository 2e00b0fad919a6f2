/* What pictures are before they are made images of one size, and which are broken. */
#ifndef CLAE_DATA_PICTURE_REPORT_H
#define CLAE_DATA_PICTURE_REPORT_H

#include "data/picture.h"
#include "data/picture_dataset.h"
#include "data/picture_faults.h"

#define PICTURE_REPORT_KINDS 16
#define PICTURE_REPORT_BITS 64

typedef struct picture_kind {
    const char *format; /* "PNG"; static */
    size_t count;
} picture_kind;

/* Counts are of pictures that can be read. */
typedef struct picture_report {
    picture_list list;
    picture_faults faults; /* by the list's entries, as `infos` are */
    picture_info *infos;
    size_t good_count;
    picture_kind kinds[PICTURE_REPORT_KINDS]; /* most frequent first */
    size_t kind_count;
    size_t bits[PICTURE_REPORT_BITS + 1]; /* by the bits of a channel */
    size_t grey_count, alpha_count;
    size_t least_h, least_w, most_h, most_w;
} picture_report;

/* Looks at their headers. To be freed, whatever the status. */
clae_status picture_report_make(const clae_context *context, const char *path, picture_origin origin,
                                const clae_dataset_options *options, picture_report *report);
/* Decodes those without a fault yet, without keeping any, to find what their headers do not tell. */
clae_status picture_report_decode(const clae_context *context, picture_report *report);
/* Counts again, when faults have been found. */
void picture_report_count(picture_report *report);
void picture_report_free(picture_report *report);

#endif
