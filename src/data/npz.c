/* NumPy's archives of arrays (.npz): a ZIP of .npy files, one of which is read. */
#include "data/image_format.h"

#include <string.h>

extern const image_format image_format_npy;

static bool npz_is_npz(const uint8_t *start, size_t bytes) {
    return bytes >= 4 && memcmp(start, "PK\3\4", 4) == 0;
}

#if CLAE_HAVE_LIBARCHIVE
#include "base/memory.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)256 << 10)
#define NAMES_SHOWN 200

/* What an array is looked for, and by which names of its split, the best first. */
typedef enum npz_wish { NPZ_IMAGES, NPZ_LABELS } npz_wish;

static const char *const names_of[][2][7] = {
    [NPZ_IMAGES] = {[CLAE_SPLIT_TRAIN] = {"x_train", "train_images", "x", "images", "data", "arr_0"},
                    [CLAE_SPLIT_TEST] = {"x_test", "test_images", "x", "images", "data", "arr_0"}},
    [NPZ_LABELS] = {[CLAE_SPLIT_TRAIN] = {"y_train", "train_labels", "y", "labels", "label", "target", "targets"},
                    [CLAE_SPLIT_TEST] = {"y_test", "test_labels", "y", "labels", "label", "target", "targets"}}};

typedef struct npz_reader {
    const image_file *file;
    struct archive *archive;
} npz_reader;

static clae_status npz_fail(const npz_reader *r) {
    const char *reason = archive_error_string(r->archive);
    return fail(r->file->context, CLAE_ERROR_INPUT, "the ZIP archive '%s' cannot be read, perhaps it is cut off: %s",
                r->file->path, reason ? reason : "it is damaged");
}

static clae_status npz_open(const image_file *file, npz_reader *r) {
    *r = (npz_reader){file, archive_read_new()};
    if (!r->archive) return fail_memory(file->context, BLOCK_BYTES, "an archive");
    archive_read_support_filter_gzip(r->archive);
    archive_read_support_format_zip(r->archive);
    return archive_read_open_filename(r->archive, file->path, BLOCK_BYTES) == ARCHIVE_OK ? CLAE_OK : npz_fail(r);
}

/* The next array and its name without ".npy", `length` bytes; *entry NULL: there are no more. */
static clae_status npz_next(npz_reader *r, struct archive_entry **entry, const char **name, size_t *length) {
    for (;;) {
        const int result = archive_read_next_header(r->archive, entry);
        if (result == ARCHIVE_EOF) *entry = NULL;
        if (result == ARCHIVE_EOF) return CLAE_OK;
        if (result < ARCHIVE_WARN) return npz_fail(r);
        *name = archive_entry_pathname(*entry);
        *length = *name ? strlen(*name) : 0;
        if (*length <= 4 || strcmp(*name + *length - 4, ".npy") != 0) continue;
        *length -= 4;
        return CLAE_OK;
    }
}

static bool is_named(const char *wanted, const char *name, size_t length) {
    return strlen(wanted) == length && strncmp(wanted, name, length) == 0;
}

/* Whether these are the labels of images: y_train of x_train, train_labels of train_images. */
static bool is_of_images(const char *images, const char *name, size_t length) {
    if (strlen(images) != length) return false;
    if (*images == 'x' && *name == 'y' && strncmp(images + 1, name + 1, length - 1) == 0) return true;
    const char *word = strstr(images, "images");
    const size_t at = word ? (size_t)(word - images) : 0, end = at + strlen("images");
    return word && strncmp(images, name, at) == 0 && strncmp("labels", name + at, strlen("labels")) == 0 &&
           strncmp(images + end, name + end, length - end) == 0;
}

/* 1 for the best name, 0 for one that says nothing. */
static size_t rank_of(const image_file *file, npz_wish wish, const char *name, size_t length) {
    if (file->member)
        return file->is_of_images ? is_of_images(file->member, name, length) : is_named(file->member, name, length);
    const char *const *names = names_of[wish][file->split];
    for (size_t i = 0; i < ARRAY_LENGTH(names_of[0][0]) && names[i]; i++)
        if (is_named(names[i], name, length)) return i + 1;
    return 0;
}

/* *place: of the array among the archive's, whose names are listed. */
typedef struct npz_choice {
    size_t count, place, rank;
    char names[NAMES_SHOWN];
} npz_choice;

static void npz_consider(npz_choice *c, const image_file *file, npz_wish wish, const char *name, size_t length) {
    const size_t rank = rank_of(file, wish, name, length), used = strlen(c->names);
    if (rank && (!c->rank || rank < c->rank)) {
        c->rank = rank;
        c->place = c->count;
    }
    c->count++;
    snprintf(c->names + used, sizeof c->names - used, "%s%.*s", used ? ", " : "", (int)length, name);
}

/* choice->rank 0 for labels of images: there are none. */
static clae_status npz_choose(const image_file *file, npz_wish wish, npz_choice *choice) {
    struct archive_entry *entry = NULL;
    const char *name = NULL;
    size_t length = 0;
    npz_reader r;
    *choice = (npz_choice){0};
    clae_status status = npz_open(file, &r);
    while (status == CLAE_OK && (status = npz_next(&r, &entry, &name, &length)) == CLAE_OK && entry)
        npz_consider(choice, file, wish, name, length);
    archive_read_free(r.archive);
    if (status != CLAE_OK || choice->rank || file->is_of_images || (choice->count == 1 && !file->member)) return status;
    if (choice->count == 0)
        return fail(file->context, CLAE_ERROR_INPUT, "the ZIP archive '%s' holds no arrays (.npy)", file->path);
    if (file->member)
        return fail(file->context, CLAE_ERROR_INPUT, "'%s' has no array \"%s\": it has %s", file->path, file->member,
                    choice->names);
    return fail(file->context, CLAE_ERROR_INPUT, "'%s' has several arrays: name one, as %s:NAME, of %s", file->path,
                file->path, choice->names);
}

static clae_status npz_read_data(void *user, void *data, size_t bytes, size_t *got) {
    const npz_reader *r = user;
    for (*got = 0; *got < bytes;) {
        const la_ssize_t read = archive_read_data(r->archive, (char *)data + *got, bytes - *got);
        if (read < 0) return npz_fail(r);
        if (read == 0) break;
        *got += (size_t)read;
    }
    return CLAE_OK;
}

/* What an array is read into: images, or labels. */
typedef struct npz_target {
    npz_wish wish;
    clae_dataset_info *shape;
    void **elements;
    size_t n;
    dataset_labels *labels;
} npz_target;

/* Reads the array that the archive is at. */
static clae_status npz_read_array(npz_reader *r, struct archive_entry *entry, const npz_target *target) {
    const clae_context *context = r->file->context;
    const int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : INT64_MAX;
    image_file array = *r->file;
    const uint8_t *start;
    size_t bytes;
    array.is_of_images = false;
    clae_status status =
        byte_source_open_reader(context, array.path, npz_read_data, r, size > 0 ? (uint64_t)size : 0, &array.bytes);
    if (status == CLAE_OK) status = byte_source_peek(array.bytes, &start, &bytes);
    if (status == CLAE_OK)
        status = target->wish == NPZ_IMAGES ? image_format_npy.read(&array, target->shape, target->elements)
                                            : image_format_npy.read_labels(&array, target->n, target->labels);
    byte_source_close(array.bytes);
    return status;
}

static clae_status npz_read_target(const image_file *file, const npz_target *target) {
    struct archive_entry *entry = NULL;
    const char *name = NULL;
    size_t length = 0;
    npz_choice choice;
    npz_reader r;
    clae_status status = npz_choose(file, target->wish, &choice);
    if (status != CLAE_OK || (file->is_of_images && !choice.rank)) return status;
    status = npz_open(file, &r);
    for (size_t i = 0; i <= choice.place && status == CLAE_OK; i++) status = npz_next(&r, &entry, &name, &length);
    if (status == CLAE_OK && !entry) status = npz_fail(&r);
    if (status == CLAE_OK) status = npz_read_array(&r, entry, target);
    archive_read_free(r.archive);
    return status;
}

static clae_status npz_read(const image_file *file, clae_dataset_info *shape, void **elements) {
    return npz_read_target(file, &(npz_target){.wish = NPZ_IMAGES, .shape = shape, .elements = elements});
}

static bool npz_has_splits(const image_file *file) {
    image_file train = *file, test = *file;
    npz_choice choices[2];
    train.split = CLAE_SPLIT_TRAIN;
    test.split = CLAE_SPLIT_TEST;
    return npz_choose(&train, NPZ_IMAGES, &choices[0]) != CLAE_OK ||
           npz_choose(&test, NPZ_IMAGES, &choices[1]) != CLAE_OK || choices[0].place != choices[1].place;
}

static clae_status npz_read_labels(const image_file *file, size_t n, dataset_labels *labels) {
    return npz_read_target(file, &(npz_target){.wish = NPZ_LABELS, .n = n, .labels = labels});
}

#else

static clae_status npz_refuse(const image_file *file) {
    return fail(file->context, CLAE_ERROR_INPUT,
                "'%s' is a ZIP archive, as .npz files are: this clae is built without "
                "libarchive",
                file->path);
}

static clae_status npz_read(const image_file *file, clae_dataset_info *shape, void **elements) {
    (void)shape;
    (void)elements;
    return npz_refuse(file);
}

static bool npz_has_splits(const image_file *file) {
    (void)file;
    return true;
}

static clae_status npz_read_labels(const image_file *file, size_t n, dataset_labels *labels) {
    (void)n;
    (void)labels;
    return npz_refuse(file);
}

#endif

const image_format image_format_npz = {
    .name = "NumPy archives (.npz)",
    .suffixes = (const char *const[]){".npz", NULL},
    .is_a = npz_is_npz,
    .read = npz_read,
    .has_splits = npz_has_splits,
    .read_labels = npz_read_labels,
};
