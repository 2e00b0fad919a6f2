#include "base/files.h"
#include "base/memory.h"
#include "data/array_files.h"
#include "data/array_labels.h"
#include "data/dataset.h"
#include "data/image_format.h"
#include "data/picture_dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FOLDERS 4

static const char *const known_names[] = {"mnist", "fashion-mnist"};

static bool is_known(const char *name, size_t length) {
    for (size_t i = 0; i < ARRAY_LENGTH(known_names); i++)
        if (strlen(known_names[i]) == length && strncmp(known_names[i], name, length) == 0) return true;
    return false;
}

/* Whether a file is of a format of arrays. */
static bool is_array(const clae_context *context, const char *path) {
    clae_context quiet = *context;
    quiet.log = NULL;
    return image_file_is_array(&quiet, path);
}

bool dataset_has_pictures(const clae_context *context, const char *path, picture_origin *origin) {
    *origin = PICTURES_OF_FOLDER;
    if (image_path_member(path)) return false;
    return path_is_folder(path) || (!is_array(context, path) && picture_origin_of(path, origin));
}

static clae_status open_path(clae_context *context, const char *path, clae_split split,
                             const clae_dataset_options *options, clae_dataset **dataset) {
    clae_dataset_info shape;
    void *elements;
    picture_origin origin;
    if (dataset_has_pictures(context, path, &origin))
        return picture_dataset_open(context, path, origin, split, options, NULL, dataset);
    clae_status status = image_file_read(context, path, split, options, &shape, &elements);
    if (status == CLAE_OK) status = dataset_adopt(context, &shape, elements, path, dataset);
    if (status == CLAE_OK) status = array_labels_add(context, path, split, options->labels, *dataset);
    if (status == CLAE_OK) return CLAE_OK;
    clae_dataset_free(*dataset);
    *dataset = NULL;
    return status;
}

/* Whether it holds the array of the other split. */
static clae_status find_other(const clae_context *context, const char *folder, clae_split split, bool *is_there) {
    char *path;
    const clae_status status =
        array_find(context, folder, split == CLAE_SPLIT_TRAIN ? CLAE_SPLIT_TEST : CLAE_SPLIT_TRAIN, &path);
    *is_there = path != NULL;
    free(path);
    return status;
}

static const char *split_stem(clae_split split) {
    return split == CLAE_SPLIT_TRAIN ? "train" : "t10k";
}

/* Without any arrays, it is a folder of pictures itself. */
static clae_status find_in_folder(const clae_context *context, const char *folder, clae_split split, char **path) {
    clae_status status = array_find(context, folder, split, path);
    bool has_other = false;
    if (status == CLAE_OK && !*path) status = find_other(context, folder, split, &has_other);
    if (status != CLAE_OK || *path) return status;
    if (!has_other) {
        *path = strdup(folder);
        return *path ? CLAE_OK : fail_memory(context, strlen(folder), "a path");
    }
    return fail(context, CLAE_ERROR_INPUT,
                "the folder '%s' holds no %s-images-idx3-ubyte, no %s-images.npy, plain or .gz", folder,
                split_stem(split), split_stem(split));
}

/* Whether the data folder itself may hold the files of `name`: not if it is called after another dataset. */
static bool may_be_itself(const char *folder, const char *name) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    size_t start = length;
    while (start > 0 && folder[start - 1] != '/') start--;
    size_t last = length - start;
    return !is_known(folder + start, last) || (strlen(name) == last && strncmp(folder + start, name, last) == 0);
}

/* Fills folders with fresh strings, in the order in which they are searched. */
static bool list_folders(const clae_context *context, const char *name, char *folders[MAX_FOLDERS], size_t *count) {
    *count = 0;
    if (context->data_dir) {
        if (!(folders[(*count)++] = string_format("%s/%s", context->data_dir, name))) return false;
        if (may_be_itself(context->data_dir, name) && !(folders[(*count)++] = strdup(context->data_dir))) return false;
    }
    char *user = xdg_folder("XDG_DATA_HOME", ".local/share");
    if (user) {
        folders[(*count)++] = string_format("%s/%s", user, name);
        free(user);
        if (!folders[*count - 1]) return false;
    }
    return (folders[(*count)++] = string_format("/usr/share/datasets/%s", name)) != NULL;
}

static clae_status fail_not_found(const clae_context *context, const char *name, char *const folders[], size_t count) {
    char places[1024] = "";
    size_t length = 0;
    for (size_t i = 0; i < count && length < sizeof places; i++)
        length += (size_t)snprintf(places + length, sizeof places - length, "%s%s", i > 0 ? ", " : "", folders[i]);
    return fail(context, CLAE_ERROR_INPUT,
                "the dataset '%s' is not there: looked in %s; tools/fetch-data %s downloads it", name, places, name);
}

static clae_status find_known(const clae_context *context, const char *name, clae_split split, char **path) {
    char *folders[MAX_FOLDERS] = {NULL};
    size_t count;
    clae_status status = CLAE_OK;
    if (!list_folders(context, name, folders, &count)) status = fail_memory(context, strlen(name), "a path");
    for (size_t i = 0; i < count && status == CLAE_OK && !*path; i++)
        status = array_find(context, folders[i], split, path);
    if (status == CLAE_OK && !*path) status = fail_not_found(context, name, folders, count);
    for (size_t i = 0; i < MAX_FOLDERS; i++) free(folders[i]);
    return status;
}

clae_status dataset_find(const clae_context *context, const char *name, clae_split split, char **path) {
    *path = NULL;
    if (path_is_folder(name)) return find_in_folder(context, name, split, path);
    if (path_exists(name) || image_path_member(name)) {
        *path = strdup(name);
        return *path ? CLAE_OK : fail_memory(context, strlen(name), "a path");
    }
    if (is_known(name, strlen(name))) return find_known(context, name, split, path);
    const clae_status status = array_find_prefix(context, name, split, path);
    if (status != CLAE_OK || *path) return status;
    return fail(context, CLAE_ERROR_INPUT,
                "'%s' is no file, no folder and no dataset known by name (mnist, fashion-mnist)", name);
}

clae_status clae_dataset_open_with(clae_context *context, const char *name, clae_split split,
                                   const clae_dataset_options *options, clae_dataset **dataset) {
    static const clae_dataset_options defaults;
    *dataset = NULL;
    if (!name || !*name) return fail(context, CLAE_ERROR_INPUT, "no dataset was named");
    if (split != CLAE_SPLIT_TRAIN && split != CLAE_SPLIT_TEST)
        return fail(context, CLAE_ERROR_INPUT, "there is no split %d: train is %d, test is %d", (int)split,
                    CLAE_SPLIT_TRAIN, CLAE_SPLIT_TEST);
    char *path;
    clae_status status = dataset_find(context, name, split, &path);
    if (status == CLAE_OK) status = open_path(context, path, split, options ? options : &defaults, dataset);
    free(path);
    if (status == CLAE_OK)
        log_line(context, CLAE_LOG_DEBUG, "%zu images from '%s'", (*dataset)->info.n, (*dataset)->info.source);
    return status;
}

clae_status clae_dataset_open(clae_context *context, const char *name, clae_split split, clae_dataset **dataset) {
    return clae_dataset_open_with(context, name, split, NULL, dataset);
}
