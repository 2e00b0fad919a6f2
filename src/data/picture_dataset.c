#include "data/picture_dataset.h"

#include "base/clock.h"
#include "base/log_capture.h"
#include "base/memory.h"
#include "data/picture_archive.h"
#include "data/picture_cache.h"
#include "data/picture_survey.h"
#include "data/picture_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TEST_SHARE 0.1
#define SPLITS 2
#define MIB (1 << 20)

/* Pictures on their way to images. */
typedef struct opening {
    clae_context *context;
    const char *path;
    picture_origin origin;
    const clae_dataset_options *options;
    picture_list list;
    picture_form form;
    picture_faults faults;
    const picture_findings *found; /* NULL: not asked for */
    char *folder;                  /* of the cache; NULL: none can be used */
    picture_stamp stamp;
} opening;

/* The images of one split. */
typedef struct part {
    clae_split split;
    bool is_wanted;
    picture_store store;
    size_t *entries; /* of the list */
    size_t count;
} part;

clae_status picture_dataset_list(const clae_context *context, const char *path, picture_origin origin,
                                 const clae_dataset_options *options, picture_list *list) {
    static clae_status (*const lists[])(const clae_context *, const char *, picture_list *) = {
        [PICTURES_OF_FOLDER] = picture_list_folder,
        [PICTURES_OF_TEXT] = picture_list_text,
        [PICTURES_OF_ARCHIVE] = picture_list_archive,
        [PICTURES_OF_FILE] = picture_list_file,
    };
    const double share = options->test_share;
    clae_status status = lists[origin](context, path, list);
    if (status == CLAE_OK)
        status = picture_list_arrange(context, list, share == 0 ? DEFAULT_TEST_SHARE : share, options->labels);
    return status;
}

/* An archive is known by its own size and time, and listed when its pictures are to be decoded. */
static bool is_listed_late(const opening *o) {
    return o->origin == PICTURES_OF_ARCHIVE;
}

static void stamp_place(const opening *o, uint64_t *hash) {
    const clae_dataset_options *options = o->options;
    char *real = realpath(o->path, NULL);
    const uint64_t numbers[] = {o->form.h,
                                o->form.w,
                                o->form.c,
                                o->form.fit,
                                o->form.background[0],
                                o->form.background[1],
                                o->form.background[2]};
    picture_stamp_add_text(hash, real ? real : o->path);
    picture_stamp_add_text(hash, options->labels);
    picture_stamp_add(hash, numbers, sizeof numbers);
    picture_stamp_add(hash, &options->test_share, sizeof options->test_share);
    free(real);
}

static void stamp_contents(const opening *o, uint64_t *hash) {
    picture_stamp_add(hash, &o->stamp.place, sizeof o->stamp.place);
    picture_stamp_add_file(hash, o->options->labels);
    if (is_listed_late(o)) picture_stamp_add_file(hash, o->path);
    for (size_t i = 0; i < o->list.count; i++) {
        const picture_entry *entry = &o->list.entries[i];
        const uint64_t numbers[] = {entry->bytes, (uint64_t)entry->modified_ns};
        picture_stamp_add_text(hash, entry->name);
        picture_stamp_add(hash, numbers, sizeof numbers);
    }
}

/* NULL where there is no place for a cache. */
static char *cache_folder(const opening *o) {
    if (o->options->cache_dir) return strdup(o->options->cache_dir);
    return o->context->cache_dir ? string_format("%s/images", o->context->cache_dir) : NULL;
}

static clae_status load(const opening *o, clae_split split, bool shared_only, clae_dataset **dataset) {
    char *path = picture_cache_path(o->folder, o->path, &o->stamp, split);
    if (!path) return fail_memory(o->context, strlen(o->folder), "a path");
    clae_status status = picture_cache_load(o->context, path, &o->stamp, shared_only, o->path, dataset);
    if (status == CLAE_OK && *dataset)
        log_line(o->context, CLAE_LOG_DEBUG, "'%s': decoded before, in '%s'", o->path, path);
    free(path);
    return status;
}

/* Where both splits have all pictures, they are in the file of the training images. */
static clae_status find_decoded(const opening *o, clae_split split, clae_dataset **dataset) {
    if (!o->folder) return CLAE_OK;
    clae_status status = load(o, split, false, dataset);
    if (status == CLAE_OK && !*dataset && split == CLAE_SPLIT_TEST) status = load(o, CLAE_SPLIT_TRAIN, true, dataset);
    return status;
}

static void say_others(const opening *o) {
    char text[256] = "";
    size_t length = 0;
    const picture_list *list = &o->list;
    if (list->outside_count)
        log_line(o->context, CLAE_LOG_INFO,
                 "%s: pictures outside of the folders for training and testing are left out: %zu", o->path,
                 list->outside_count);
    if (!list->other_count) return;
    for (size_t i = 0; i < PICTURE_OTHERS_SHOWN && i < list->other_count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%.60s", i ? ", " : "", list->others[i]);
    log_line(o->context, CLAE_LOG_INFO, "%zu file%s of '%s' %s no picture%s, and left out: %s%s", list->other_count,
             list->other_count == 1 ? "" : "s", o->path, list->other_count == 1 ? "is" : "are",
             list->other_count == 1 ? "" : "s", text, list->other_count > PICTURE_OTHERS_SHOWN ? ", ..." : "");
}

static clae_status check_some(const opening *o) {
    if (o->list.count > UINT32_MAX)
        return fail(o->context, CLAE_ERROR_INPUT, "'%s' holds %zu pictures: at most %u can be counted", o->path,
                    o->list.count, UINT32_MAX);
    if (o->list.count) return CLAE_OK;
    if (o->origin == PICTURES_OF_FOLDER)
        return fail(o->context, CLAE_ERROR_INPUT,
                    "the folder '%s' holds neither pictures nor arrays of images like train-images-idx3-ubyte or "
                    "train-images.npy, plain or .gz",
                    o->path);
    return fail(o->context, CLAE_ERROR_INPUT, "'%s' holds no pictures", o->path);
}

static bool is_in(const picture_entry *entry, clae_split split) {
    return split == CLAE_SPLIT_TRAIN ? entry->in_train : entry->in_test;
}

static bool is_shared(const opening *o) {
    return o->list.count > 0 && o->list.entries[0].in_train && o->list.entries[0].in_test;
}

static clae_status choose_entries(const opening *o, part *p) {
    p->entries = malloc((o->list.count + 1) * sizeof *p->entries);
    if (!p->entries) return fail_memory(o->context, o->list.count * sizeof *p->entries, "the order of pictures");
    for (size_t i = 0; i < o->list.count; i++)
        if (is_in(&o->list.entries[i], p->split) && !o->faults.reasons[i]) p->entries[p->count++] = i;
    return CLAE_OK;
}

static size_t image_bytes(const opening *o) {
    return o->form.h * o->form.w * o->form.c;
}

typedef struct decoding {
    const opening *opening;
    const picture_store *stores[SPLITS];
} decoding;

static clae_status decode_one(const clae_context *context, const picture_entry *entry, const picture_task *task,
                              const picture_bytes *bytes, void *user) {
    const decoding *d = user;
    const opening *o = d->opening;
    uint8_t *pixels = malloc(image_bytes(o));
    if (!pixels) return fail_memory(context, image_bytes(o), "a picture");
    clae_status status = picture_decode(context, entry->name, bytes->data, bytes->bytes, &o->form, pixels);
    if (status == CLAE_OK && !picture_store_put(d->stores[task->part], task->place, pixels))
        status = fail(context, CLAE_ERROR_OUTPUT, "writing: %s", strerror(errno));
    free(pixels);
    return status;
}

static clae_status decode(opening *o, const part *parts, size_t count) {
    decoding d = {.opening = o};
    size_t total = 0, next = 0;
    for (size_t p = 0; p < count; p++) total += parts[p].count;
    picture_task *tasks = calloc(total + 1, sizeof *tasks);
    if (!tasks) return fail_memory(o->context, total * sizeof *tasks, "the order of pictures");
    for (size_t p = 0; p < count; p++) {
        d.stores[p] = &parts[p].store;
        for (size_t i = 0; i < parts[p].count; i++)
            tasks[next++] = (picture_task){.entry = parts[p].entries[i], .place = i, .part = (unsigned)p};
    }
    const clae_status status =
        picture_work(o->context, "decoding pictures", &o->list, tasks, total, decode_one, &d, &o->faults);
    free(tasks);
    return status;
}

/* Leaves out the places of pictures that turned out to be broken. */
static clae_status pack(const opening *o, part *p) {
    size_t *places = malloc((p->count + 1) * sizeof *places), kept = 0;
    if (!places) return fail_memory(o->context, p->count * sizeof *places, "the order of pictures");
    for (size_t i = 0; i < p->count; i++) {
        if (o->faults.reasons[p->entries[i]]) continue;
        p->entries[kept] = p->entries[i];
        places[kept++] = i;
    }
    p->count = kept;
    errno = 0;
    const bool ok = picture_store_pack(&p->store, places, kept);
    free(places);
    return ok ? CLAE_OK : fail(o->context, status_of_errno(CLAE_ERROR_OUTPUT), "writing: %s", strerror(errno));
}

static clae_status keep(const opening *o, part *p, clae_dataset **dataset) {
    picture_images images = {.n = p->count,
                             .h = o->form.h,
                             .w = o->form.w,
                             .c = o->form.c,
                             .is_shared = is_shared(o),
                             .lacks_bad = o->faults.count > 0,
                             .labels = malloc((p->count + 1) * sizeof *images.labels),
                             .names = o->list.labels,
                             .name_count = o->list.label_count};
    if (!images.labels) return fail_memory(o->context, p->count * sizeof *images.labels, "labels");
    for (size_t i = 0; i < p->count; i++) images.labels[i] = o->list.entries[p->entries[i]].label;
    clae_dataset *made;
    const clae_status status = picture_cache_keep(o->context, &p->store, &o->stamp, &images, o->path, &made);
    free(images.labels);
    if (p->is_wanted && status == CLAE_OK)
        *dataset = made;
    else if (status == CLAE_OK)
        clae_dataset_free(made);
    return status;
}

static clae_status open_store(const opening *o, part *p) {
    if (!o->folder) return picture_store_open_memory(o->context, p->count, image_bytes(o), &p->store);
    char *path = picture_cache_path(o->folder, o->path, &o->stamp, p->split);
    if (!path) return fail_memory(o->context, strlen(o->folder), "a path");
    const clae_status status =
        picture_store_open_file(o->context, path, PICTURE_CACHE_IMAGES_AT, p->count, image_bytes(o), &p->store);
    free(path);
    return status;
}

static clae_status fill_parts(opening *o, part *parts, size_t count) {
    clae_status status = CLAE_OK;
    for (size_t p = 0; p < count && status == CLAE_OK; p++) {
        status = choose_entries(o, &parts[p]);
        if (status == CLAE_OK) status = open_store(o, &parts[p]);
    }
    return status == CLAE_OK ? decode(o, parts, count) : status;
}

static clae_status keep_parts(const opening *o, part *parts, size_t count, clae_dataset **dataset) {
    clae_status status = picture_faults_judge(o->context, &o->faults, &o->list, o->options->skip_bad);
    for (size_t p = 0; p < count && status == CLAE_OK; p++) {
        status = pack(o, &parts[p]);
        if (status == CLAE_OK && !parts[p].count && parts[p].is_wanted)
            status = fail(o->context, CLAE_ERROR_INPUT, "none of the %s pictures of '%s' can be read",
                          parts[p].split == CLAE_SPLIT_TRAIN ? "training" : "test", o->path);
    }
    for (size_t p = 0; p < count && status == CLAE_OK; p++)
        if (parts[p].count) status = keep(o, &parts[p], dataset);
    if (status == CLAE_OK) return status;
    clae_dataset_free(*dataset);
    *dataset = NULL;
    return status;
}

static void free_parts(part *parts, size_t count) {
    for (size_t p = 0; p < count; p++) {
        picture_store_close(&parts[p].store);
        free(parts[p].entries);
        parts[p] = (part){.split = parts[p].split, .is_wanted = parts[p].is_wanted};
    }
}

static void say_decoded(const opening *o, const part *parts, size_t count, double seconds) {
    size_t n = 0;
    for (size_t p = 0; p < count; p++) n += parts[p].count;
    const double mib = (double)n * (double)image_bytes(o) / MIB;
    log_line(o->context, CLAE_LOG_INFO, "decoded %zu picture%s to %zux%zu in %s in %.1f s%s%s%s (%.1f MiB)", n,
             n == 1 ? "" : "s", o->form.h, o->form.w, o->form.c == 1 ? "grey" : "colours", seconds,
             o->folder ? ", kept in '" : "", o->folder ? o->folder : "", o->folder ? "'" : "", mib);
}

static clae_status prepare_folder(const opening *o) {
    const clae_status status = folder_create(o->context, o->folder);
    if (status == CLAE_OK) folder_sweep_temporaries(o->context, o->folder);
    return status;
}

/* Both splits into files of the cache. CLAE_ERROR_OUTPUT, with a warning, where these cannot be written. */
static clae_status fill_files(opening *o, part *parts, size_t count) {
    log_capture capture;
    if (!o->folder) return CLAE_ERROR_OUTPUT;
    log_capture_begin(&capture, o->context);
    clae_status status = prepare_folder(o);
    if (status == CLAE_OK) status = fill_parts(o, parts, count);
    log_capture_end(&capture);
    if (status == CLAE_OK) return status;
    if (status != CLAE_ERROR_OUTPUT) return fail(o->context, status, "%s", capture.error);
    log_line(o->context, CLAE_LOG_WARNING, "decoded pictures are held in memory: %s", capture.error);
    return status;
}

static clae_status decode_splits(opening *o, clae_split split, clae_dataset **dataset) {
    const bool shared = is_shared(o);
    const double start_ms = clock_ms();
    part parts[SPLITS] = {{.split = shared ? CLAE_SPLIT_TRAIN : split, .is_wanted = true},
                          {.split = split == CLAE_SPLIT_TRAIN ? CLAE_SPLIT_TEST : CLAE_SPLIT_TRAIN}};
    size_t count = shared ? 1 : SPLITS;
    clae_status status = fill_files(o, parts, count);
    if (status == CLAE_ERROR_OUTPUT) {
        free_parts(parts, count);
        free(o->folder);
        o->folder = NULL;
        count = 1;
        status = fill_parts(o, parts, count);
    }
    if (status == CLAE_OK) status = keep_parts(o, parts, count, dataset);
    if (status == CLAE_OK) say_decoded(o, parts, count, (clock_ms() - start_ms) * 1e-3);
    free_parts(parts, count);
    return status;
}

/* Of the same list, unless the folder has changed meanwhile. */
static clae_status tell_faults(const opening *o) {
    bool ok = true;
    if (!o->found || o->found->count != o->list.count) return CLAE_OK;
    for (size_t i = 0; i < o->list.count && ok; i++)
        if (o->faults.reasons[i]) ok = picture_faults_add(o->found->faults, i, o->faults.reasons[i]);
    return ok ? CLAE_OK : fail_memory(o->context, o->list.count, "the faults of pictures");
}

static clae_status make_images(opening *o, clae_split split, clae_dataset **dataset) {
    clae_status status =
        is_listed_late(o) ? picture_dataset_list(o->context, o->path, o->origin, o->options, &o->list) : CLAE_OK;
    if (status == CLAE_OK) status = check_some(o);
    if (status != CLAE_OK) return status;
    say_others(o);
    if (!picture_faults_begin(&o->faults, &o->list))
        return fail_memory(o->context, o->list.count * sizeof *o->faults.reasons, "the faults of pictures");
    status = picture_survey(o->context, &o->list, &o->form, &o->faults);
    if (status == CLAE_OK && o->faults.count == o->list.count)
        status = picture_faults_judge(o->context, &o->faults, &o->list, o->options->skip_bad);
    if (status == CLAE_OK) status = decode_splits(o, split, dataset);
    if (status == CLAE_OK) status = tell_faults(o);
    picture_faults_free(&o->faults, &o->list);
    return status;
}

clae_status picture_dataset_open(clae_context *context, const char *path, picture_origin origin, clae_split split,
                                 const clae_dataset_options *options, const picture_findings *found,
                                 clae_dataset **dataset) {
    opening o = {.context = context,
                 .path = path,
                 .origin = origin,
                 .options = options,
                 .found = found,
                 .stamp = {HASH_FNV1A_START, HASH_FNV1A_START, options->skip_bad}};
    *dataset = NULL;
    clae_status status = picture_form_of(context, options, &o.form);
    if (status == CLAE_OK && !is_listed_late(&o))
        status = picture_dataset_list(o.context, o.path, o.origin, o.options, &o.list);
    o.folder = cache_folder(&o);
    stamp_place(&o, &o.stamp.place);
    stamp_contents(&o, &o.stamp.contents);
    if (status == CLAE_OK) status = find_decoded(&o, split, dataset);
    if (status == CLAE_OK && !*dataset) status = make_images(&o, split, dataset);
    picture_list_free(&o.list);
    free(o.folder);
    return status;
}
