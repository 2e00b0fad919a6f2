#include "data/picture_survey.h"

#include "base/memory.h"
#include "data/picture_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZES_COUNTED 256
#define SIZES_SHOWN 4
/* What is proposed: as large as the smallest side, within these. */
#define LEAST_SIDE 16
#define MOST_SIDE 256
/* From here on, a size that all have is worth a word. */
#define LARGE_SIDE 512

typedef struct picture_size {
    size_t h, w, count;
    const char *name; /* of the first one */
} picture_size;

/* Here and below, infos are by the entries of the list. */
static clae_status survey_one(const clae_context *context, const picture_entry *entry, const picture_task *task,
                              const picture_bytes *bytes, void *user) {
    picture_info *infos = user;
    return picture_inspect(context, entry->name, bytes->data, bytes->bytes, &infos[task->entry]);
}

static bool read_background(const char *text, uint8_t background[3]) {
    static const struct {
        const char *name;
        uint8_t value;
    } names[] = {{"white", 255}, {"black", 0}, {"grey", 128}, {"gray", 128}};
    unsigned value;
    char rest;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strcmp(text, names[i].name) == 0) return memset(background, names[i].value, 3) != NULL;
    if (strlen(text) != 7 || *text != '#' || strspn(text + 1, "0123456789abcdefABCDEF") != 6 ||
        sscanf(text + 1, "%x%c", &value, &rest) != 1)
        return false;
    for (int i = 0; i < 3; i++) background[i] = (uint8_t)(value >> (16 - 8 * i));
    return true;
}

clae_status picture_form_of(const clae_context *context, const clae_dataset_options *options, picture_form *form) {
    *form = (picture_form){.h = options->h, .w = options->w, .c = options->c, .fit = options->fit};
    if ((unsigned)options->fit > CLAE_FIT_STRETCH)
        return fail(context, CLAE_ERROR_INPUT, "there is no way %d to fit pictures", (int)options->fit);
    if (!options->h != !options->w)
        return fail(context, CLAE_ERROR_INPUT, "pictures of %zux%zu pixels: both sides are needed, or none", options->h,
                    options->w);
    if (options->c != 0 && options->c != 1 && options->c != 3)
        return fail(context, CLAE_ERROR_INPUT, "pictures have 1 channel or 3, not %zu", options->c);
    if (!read_background(options->background ? options->background : "white", form->background))
        return fail(context, CLAE_ERROR_INPUT, "the background is white, black, grey or #rrggbb, not \"%s\"",
                    options->background);
    return CLAE_OK;
}

/* The sizes there are, of which SIZES_COUNTED at most are told apart. */
static size_t count_sizes(const picture_info *infos, const picture_list *list, const picture_faults *faults,
                          picture_size *sizes) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const picture_info *info = &infos[i];
        size_t k = 0;
        if (faults->reasons[i]) continue;
        while (k < count && (sizes[k].h != info->h || sizes[k].w != info->w)) k++;
        if (k == SIZES_COUNTED) continue;
        if (k == count) sizes[count++] = (picture_size){.h = info->h, .w = info->w, .name = list->entries[i].name};
        sizes[k].count++;
    }
    return count;
}

static int by_count(const void *a, const void *b) {
    const picture_size *left = a, *right = b;
    return left->count > right->count ? -1 : left->count < right->count;
}

/* The largest power of two that no picture is smaller than. */
static size_t side_to_propose(const picture_info *infos, const picture_list *list, const picture_faults *faults) {
    size_t least = MOST_SIDE, side = LEAST_SIDE;
    for (size_t i = 0; i < list->count; i++) {
        if (faults->reasons[i]) continue;
        if (infos[i].h < least) least = infos[i].h;
        if (infos[i].w < least) least = infos[i].w;
    }
    while (2 * side <= least) side *= 2;
    return side;
}

static clae_status refuse_sizes(const clae_context *context, const picture_info *infos, const picture_list *list,
                                const picture_faults *faults, picture_size *sizes, size_t count) {
    char text[512] = "";
    size_t length = 0;
    const size_t side = side_to_propose(infos, list, faults);
    qsort(sizes, count, sizeof *sizes, by_count);
    for (size_t i = 0; i < count && i < SIZES_SHOWN && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%zux%zu (%zu like %.40s)", i ? ", " : "",
                                   sizes[i].h, sizes[i].w, sizes[i].count, sizes[i].name);
    return fail(context, CLAE_ERROR_INPUT,
                "the pictures of '%s' are of %s%zu sizes (height x width): %s%s; --size %zux%zu makes them of one",
                list->root, count == SIZES_COUNTED ? "more than " : "", count, text, count > SIZES_SHOWN ? ", ..." : "",
                side, side);
}

static clae_status settle_size(const clae_context *context, const picture_info *infos, const picture_list *list,
                               const picture_faults *faults, picture_form *form) {
    picture_size *sizes = calloc(SIZES_COUNTED, sizeof *sizes);
    if (!sizes) return fail_memory(context, SIZES_COUNTED * sizeof *sizes, "the sizes of pictures");
    const size_t count = count_sizes(infos, list, faults, sizes);
    clae_status status = CLAE_OK;
    if (count > 1) status = refuse_sizes(context, infos, list, faults, sizes, count);
    if (count == 1) {
        form->h = sizes[0].h;
        form->w = sizes[0].w;
        if (form->h > LARGE_SIDE || form->w > LARGE_SIDE)
            log_line(
                context, CLAE_LOG_INFO,
                "the pictures of '%s' are trained on as they are, of %zux%zu pixels: --size %dx%d would take much less "
                "time and memory",
                list->root, form->h, form->w, MOST_SIDE, MOST_SIDE);
    }
    free(sizes);
    return status;
}

static void settle_channels(const picture_info *infos, const picture_list *list, const picture_faults *faults,
                            picture_form *form) {
    form->c = 1;
    for (size_t i = 0; i < list->count && form->c == 1; i++)
        if (!faults->reasons[i]) form->c = infos[i].c;
}

clae_status picture_survey(const clae_context *context, const picture_list *list, picture_form *form,
                           picture_faults *faults) {
    if (form->h && form->c) return CLAE_OK;
    picture_info *infos = calloc(list->count + 1, sizeof *infos);
    if (!infos) return fail_memory(context, list->count * sizeof *infos, "the sizes of pictures");
    clae_status status = picture_work_all(context, "looking at pictures", list, survey_one, infos, faults);
    if (status == CLAE_OK && faults->count < list->count) {
        if (!form->c) settle_channels(infos, list, faults, form);
        if (!form->h) status = settle_size(context, infos, list, faults, form);
    }
    free(infos);
    return status;
}
