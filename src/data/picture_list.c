#include "data/picture_list.h"

#include "base/files.h"
#include "base/memory.h"
#include "base/natural_order.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const train_folders[] = {"train", "training"};
/* The first one that is there is used. */
static const char *const test_folders[] = {"test", "testing", "val", "valid", "validation"};

bool picture_list_add(picture_list *list, const char *name, uint64_t bytes, int64_t modified_ns) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        picture_entry *entries = realloc(list->entries, capacity * sizeof *entries);
        if (!entries) return false;
        list->entries = entries;
        list->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy) return false;
    list->entries[list->count++] =
        (picture_entry){.name = copy, .bytes = bytes, .modified_ns = modified_ns, .label = CLAE_NO_LABEL};
    return true;
}

bool picture_list_add_other(picture_list *list, const char *name) {
    if (list->other_count < PICTURE_OTHERS_SHOWN && !(list->others[list->other_count] = strdup(name))) return false;
    list->other_count++;
    return true;
}

static int by_name(const void *a, const void *b) {
    const picture_entry *left = a, *right = b;
    return natural_order(left->name, right->name);
}

void picture_list_sort(picture_list *list) {
    if (list->count) qsort(list->entries, list->count, sizeof *list->entries, by_name);
}

char *picture_path(const picture_list *list, const picture_entry *entry) {
    return *entry->name == '/' ? strdup(entry->name) : string_format("%s/%s", list->root, entry->name);
}

void picture_list_free(picture_list *list) {
    for (size_t i = 0; i < list->count; i++) free(list->entries[i].name);
    for (size_t i = 0; i < list->label_count; i++) free(list->labels[i]);
    for (size_t i = 0; i < PICTURE_OTHERS_SHOWN; i++) free(list->others[i]);
    free(list->entries);
    free(list->labels);
    free(list->root);
    *list = (picture_list){0};
}

static bool is_in_folder(const char *name, const char *folder) {
    const size_t length = strlen(folder);
    return strncasecmp(name, folder, length) == 0 && name[length] == '/';
}

/* The first of the folders that holds a picture; NULL for none. */
static const char *find_folder(const picture_list *list, const char *const *folders, size_t count) {
    for (size_t f = 0; f < count; f++)
        for (size_t i = 0; i < list->count; i++)
            if (is_in_folder(list->entries[i].name, folders[f])) return folders[f];
    return NULL;
}

/* Neighbouring names differ in a few bits, which all of the result depend on (the last steps of MurmurHash3). */
static double share_of_name(const char *name) {
    uint64_t hash = hash_fnv1a(HASH_FNV1A_START, name, strlen(name));
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdULL;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return (double)((hash ^ hash >> 33) >> 11) * 0x1p-53;
}

static void choose_by_share(picture_list *list, double test_share) {
    for (size_t i = 0; i < list->count; i++) {
        picture_entry *entry = &list->entries[i];
        entry->in_test = share_of_name(entry->name) < test_share;
        entry->in_train = !entry->in_test;
    }
}

static void choose_by_folders(picture_list *list, const char *train, const char *test) {
    for (size_t i = 0; i < list->count; i++) {
        picture_entry *entry = &list->entries[i];
        entry->in_train = is_in_folder(entry->name, train);
        entry->in_test = is_in_folder(entry->name, test);
    }
}

/* Drops what is outside of the folders for training and testing. */
static void drop_the_rest(picture_list *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        picture_entry *entry = &list->entries[i];
        if (entry->in_train || entry->in_test)
            list->entries[kept++] = *entry;
        else
            free(entry->name);
    }
    list->outside_count = list->count - kept;
    list->count = kept;
}

static void count_splits(const picture_list *list, size_t *train, size_t *test) {
    *train = *test = 0;
    for (size_t i = 0; i < list->count; i++) {
        *train += list->entries[i].in_train;
        *test += list->entries[i].in_test;
    }
}

/* Whether folders are the splits. */
static bool choose_splits(picture_list *list, double test_share) {
    const char *train = find_folder(list, train_folders, ARRAY_LENGTH(train_folders));
    const char *test = train ? find_folder(list, test_folders, ARRAY_LENGTH(test_folders)) : NULL;
    size_t in_train, in_test;
    if (train && test) {
        choose_by_folders(list, train, test);
        drop_the_rest(list);
        return true;
    }
    choose_by_share(list, test_share);
    count_splits(list, &in_train, &in_test);
    if (in_train && in_test) return false;
    for (size_t i = 0; i < list->count; i++) list->entries[i].in_train = list->entries[i].in_test = true;
    return false;
}

/* The folder that a picture lies in, below the one of its split: a fresh string, "" for none; NULL without memory. */
static char *folder_of(const picture_entry *entry, bool has_splits) {
    const char *start = entry->name, *slash;
    if (has_splits && (slash = strchr(start, '/'))) start = slash + 1;
    slash = strchr(start, '/');
    return slash ? strndup(start, (size_t)(slash - start)) : strdup("");
}

static clae_status label_by_folders(const clae_context *context, picture_list *list, bool has_splits) {
    char **names = calloc(list->count + 1, sizeof *names);
    bool is_made = names != NULL;
    for (size_t i = 0; i < list->count && is_made; i++)
        is_made = (names[i] = folder_of(&list->entries[i], has_splits)) != NULL;
    clae_status status = is_made ? picture_labels_set(context, list, (const char *const *)names)
                                 : fail_memory(context, list->count, "the labels of pictures");
    for (size_t i = 0; i < list->count && names; i++) free(names[i]);
    free(names);
    return status;
}

clae_status picture_list_arrange(const clae_context *context, picture_list *list, double test_share,
                                 const char *label_file) {
    const bool has_splits = choose_splits(list, test_share);
    return label_file ? picture_labels_read(context, label_file, list) : label_by_folders(context, list, has_splits);
}
