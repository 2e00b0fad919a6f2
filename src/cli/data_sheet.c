/* The contact sheet of `clae data`. */
#include "cli/data_report.h"

#include "app/figures/grid.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define SHEET_WIDTH 1040 /* of a row, in pixels, about */
#define MOST_COLUMNS 16
#define SPLIT_ROWS 5
#define LABEL_ROWS_MAX 12 /* of more labels, the images are drawn together */
#define CAPTION_BYTES 120

/* Blocks of images, which own what they show. */
typedef struct sheet {
    const session *session;
    size_t columns, elements;
    grid_block blocks[LABEL_ROWS_MAX + DATA_SPLITS];
    char captions[LABEL_ROWS_MAX + DATA_SPLITS][CAPTION_BYTES];
    size_t count;
} sheet;

static size_t choose_columns(const clae_dataset_info *info) {
    const size_t columns = SHEET_WIDTH / info->w;
    return columns < 1 ? 1 : columns > MOST_COLUMNS ? MOST_COLUMNS : columns;
}

static bool is_taken(const clae_dataset *images, size_t image, uint32_t label) {
    return label == CLAE_NO_LABEL || clae_dataset_label(images, image) == label;
}

/* Images of a label (CLAE_NO_LABEL: of all), evenly from the first to the last, at most `most`; gives their number. */
static size_t choose(const clae_dataset *images, uint32_t label, size_t most, size_t *chosen) {
    const size_t n = clae_dataset_get_info(images)->n;
    size_t all = 0, seen = 0, count = 0;
    for (size_t i = 0; i < n; i++) all += is_taken(images, i, label);
    const size_t wanted = all < most ? all : most;
    for (size_t i = 0; i < n && count < wanted; i++)
        if (is_taken(images, i, label) && seen++ == count * all / wanted) chosen[count++] = i;
    return count;
}

/* Those of the block that are there; a block without images is left out. The caption is written already. */
static clae_status add_block(sheet *s, const clae_dataset *images, uint32_t label, size_t rows) {
    size_t chosen[MOST_COLUMNS * SPLIT_ROWS];
    const size_t count = choose(images, label, rows * s->columns, chosen);
    if (!count) return CLAE_OK;
    float *pixels = malloc(count * s->elements * sizeof *pixels);
    if (!pixels) return fail_memory(s->session->context, count * s->elements * sizeof *pixels, "the contact sheet");
    s->blocks[s->count] = (grid_block){.caption = s->captions[s->count],
                                       .images = pixels,
                                       .count = count,
                                       .rows = (count + s->columns - 1) / s->columns,
                                       .columns = s->columns};
    s->count++;
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < count && status == CLAE_OK; i++)
        status = clae_dataset_read(images, chosen[i], 1, pixels + i * s->elements);
    return status;
}

static clae_status add_labels(sheet *s, const clae_dataset *images) {
    clae_status status = CLAE_OK;
    for (size_t label = 0; label < clae_dataset_label_count(images) && status == CLAE_OK; label++) {
        const char *name = clae_dataset_label_name(images, (uint32_t)label);
        char *caption = s->captions[s->count];
        if (name)
            text_tidy(caption, CAPTION_BYTES, name);
        else
            snprintf(caption, CAPTION_BYTES, "label %zu", label);
        status = add_block(s, images, (uint32_t)label, 1);
    }
    return status;
}

static clae_status add_splits(sheet *s, const data_report *report) {
    clae_status status = CLAE_OK;
    for (int split = 0; split < (report->is_one ? 1 : DATA_SPLITS) && status == CLAE_OK; split++) {
        const clae_dataset *images = report->images[split];
        snprintf(s->captions[s->count], CAPTION_BYTES, "%zu image%s%s", clae_dataset_get_info(images)->n,
                 clae_dataset_get_info(images)->n == 1 ? "" : "s",
                 report->is_one              ? ""
                 : split == CLAE_SPLIT_TRAIN ? " for training"
                                             : " for testing");
        status = add_block(s, images, CLAE_NO_LABEL, SPLIT_ROWS);
    }
    return status;
}

clae_status data_draw_sheet(const session *session, const data_report *report, const char *path) {
    const clae_dataset *train = report->images[CLAE_SPLIT_TRAIN];
    const clae_dataset_info *info = clae_dataset_get_info(train);
    const size_t labels = clae_dataset_label_count(train);
    const grid_style style = {.h = info->h, .w = info->w, .c = info->c, .no_invert = true};
    sheet s = {.session = session, .columns = choose_columns(info), .elements = info->c * info->h * info->w};
    clae_status status = grid_check_channels(session->context, info->c);
    if (status == CLAE_OK) status = add_splits(&s, report);
    if (status == CLAE_OK && labels <= LABEL_ROWS_MAX) status = add_labels(&s, train);
    if (status == CLAE_OK) status = grid_write(session->context, path, &style, s.blocks, s.count);
    if (status == CLAE_OK) console_message(session->console, CLAE_LOG_INFO, "wrote %s", path);
    for (size_t i = 0; i < s.count; i++) free((float *)(uintptr_t)s.blocks[i].images);
    return status;
}
