/* The files that a dataset is read from, so that none of them is overwritten. */
#include "data/array_labels.h"
#include "data/dataset.h"
#include "data/image_format.h"
#include "data/picture_dataset.h"
#include "data/picture_list.h"

#include "base/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of FILE.npz:NAME the file. */
static bool is_file_of(const struct stat *file, const char *path) {
    const char *member = image_path_member(path);
    if (!member) return file_is_at(file, path);
    char *whole = strndup(path, (size_t)(member - path));
    const bool same = file_is_at(file, whole);
    free(whole);
    return same;
}

/* Whether the file lies in the folder, or in one in it. */
static bool is_below(const char *path, const char *folder) {
    char *file = realpath(path, NULL), *root = realpath(folder, NULL);
    const size_t length = root ? strlen(root) : 0;
    const bool below = file && root && strncmp(file, root, length) == 0 && file[length] == '/';
    free(file);
    free(root);
    return below;
}

/* Pictures of a list, and those that links of a folder lead to. */
static bool is_listed(const clae_context *context, const struct stat *file, const char *path, picture_origin origin) {
    const clae_dataset_options options = {.test_share = -1};
    picture_list list = {0};
    bool same = false;
    if (picture_dataset_list(context, path, origin, &options, &list) == CLAE_OK && !list.is_archive)
        for (size_t i = 0; i < list.count && !same; i++) {
            char *picture = picture_path(&list, &list.entries[i]);
            same = file_is_at(file, picture);
            free(picture);
        }
    picture_list_free(&list);
    return same;
}

static bool is_of_split(const clae_context *context, const struct stat *file, const char *written, const char *path) {
    picture_origin origin;
    if (is_file_of(file, path) || (path_is_folder(path) && is_below(written, path))) return true;
    if (dataset_has_pictures(context, path, &origin)) return is_listed(context, file, path, origin);
    char *labels = array_labels_beside(path);
    const bool same = file_is_at(file, labels);
    free(labels);
    return same;
}

bool dataset_has_file(const clae_context *context, const char *name, const char *path) {
    static const clae_split splits[] = {CLAE_SPLIT_TRAIN, CLAE_SPLIT_TEST};
    clae_context quiet = *context;
    struct stat file;
    bool same = false;
    quiet.log = NULL;
    if (!name || stat(path, &file) != 0) return false;
    for (size_t i = 0; i < sizeof splits / sizeof *splits && !same; i++) {
        char *found = NULL;
        same = dataset_find(&quiet, name, splits[i], &found) == CLAE_OK && is_of_split(&quiet, &file, path, found);
        free(found);
    }
    return same;
}

bool dataset_is_labels(const char *labels, const char *path) {
    struct stat file;
    return labels && stat(path, &file) == 0 && is_file_of(&file, labels);
}
