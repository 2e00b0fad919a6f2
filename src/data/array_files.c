#include "data/array_files.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/image_format.h"

#include <stdlib.h>
#include <string.h>

/* What stands before "-images" in the names of a split's files. */
static const char *const stems[][3] = {[CLAE_SPLIT_TRAIN] = {"train"}, [CLAE_SPLIT_TEST] = {"t10k", "test"}};
static const char *const endings[] = {"", ".gz"};

/* The folders in which torchvision puts them. */
static const char *const torchvision[] = {"raw",        "MNIST/raw",  "FashionMNIST/raw",
                                          "KMNIST/raw", "QMNIST/raw", "EMNIST/raw"};

/* Whether `name` is PREFIX, then "train-images-idx3-ubyte" or another name of a split's array; the bytes of PREFIX,
 * with its dash. */
static bool is_name_of(const char *name, const char *stem, const char *suffix, const char *ending, size_t *prefix) {
    const size_t length = strlen(name);
    const size_t tail = strlen(stem) + strlen("-images") + strlen(suffix) + strlen(ending);
    if (length < tail) return false;
    const char *p = name + length - tail;
    *prefix = length - tail;
    if (*prefix > 0 && !strchr("-_.", p[-1])) return false;
    const char *const parts[] = {stem, "-images", suffix, ending};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); p += strlen(parts[i]), i++)
        if (strncmp(p, parts[i], strlen(parts[i])) != 0) return false;
    return true;
}

/* How good a name is, from 1, the best, on; 0: it is none of the split. */
static size_t rank_of(const char *name, clae_split split, size_t *prefix) {
    size_t rank = 0;
    for (const image_format *const *format = image_formats; *format; format++)
        for (const char *const *suffix = (*format)->suffixes; *suffix; suffix++)
            for (size_t i = 0; i < ARRAY_LENGTH(endings); i++)
                for (size_t k = 0; k < ARRAY_LENGTH(stems[split]) && stems[split][k]; k++) {
                    rank++;
                    if (is_name_of(name, stems[split][k], *suffix, endings[i], prefix)) return rank;
                }
    return 0;
}

/* The best name so far, and another that has a different prefix. */
typedef struct array_search {
    clae_split split;
    const char *prefix; /* that is looked for; NULL: any */
    char *best, *other;
    size_t rank, prefix_bytes;
} array_search;

/* One without a prefix is better than those with one. False without memory. */
static bool take_name(array_search *s, const char *name) {
    size_t prefix;
    const size_t rank = rank_of(name, s->split, &prefix);
    if (rank == 0 || (s->prefix && (prefix != strlen(s->prefix) + 1 || strncmp(name, s->prefix, prefix - 1) != 0)))
        return true;
    const bool is_alike = s->best && prefix == s->prefix_bytes && strncmp(name, s->best, prefix) == 0;
    const bool is_better = !s->best || (is_alike ? rank < s->rank : prefix == 0);
    if (!is_better && (is_alike || s->prefix_bytes == 0 || s->other)) return true;
    char *copy = strdup(name);
    if (!is_better) {
        s->other = copy;
        return copy != NULL;
    }
    free(s->best);
    if (prefix == 0) {
        free(s->other);
        s->other = NULL;
    }
    s->best = copy;
    s->rank = rank;
    s->prefix_bytes = prefix;
    return copy != NULL;
}

/* A folder that is not there has no names. */
static clae_status search_folder(const clae_context *context, const char *folder, array_search *s) {
    DIR *dir;
    bool ok = true;
    const clae_status status = folder_open(context, folder, &dir);
    if (!dir) return status;
    for (struct dirent *entry; ok && (entry = readdir(dir));) ok = take_name(s, entry->d_name);
    closedir(dir);
    return ok ? CLAE_OK : fail_memory(context, strlen(folder), "a path");
}

static clae_status search(const clae_context *context, const char *folder, array_search *s, char **path) {
    clae_status status = search_folder(context, folder, s);
    if (status == CLAE_OK && s->other)
        status = fail(context, CLAE_ERROR_INPUT,
                      "the folder '%s' has several datasets, as '%s' and '%s': name one as %s/%.*s", folder, s->best,
                      s->other, folder, s->prefix_bytes ? (int)s->prefix_bytes - 1 : 0, s->best);
    if (status == CLAE_OK && s->best && !(*path = string_format("%s/%s", folder, s->best)))
        status = fail_memory(context, strlen(folder), "a path");
    free(s->best);
    free(s->other);
    return status;
}

clae_status array_find(const clae_context *context, const char *folder, clae_split split, char **path) {
    *path = NULL;
    clae_status status = search(context, folder, &(array_search){.split = split}, path);
    if (status != CLAE_OK || *path) return status;
    const char *first = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(torchvision) && status == CLAE_OK; i++) {
        char *found = NULL, *below = string_format("%s/%s", folder, torchvision[i]);
        if (!below) return fail_memory(context, strlen(folder), "a path");
        status = search(context, below, &(array_search){.split = split}, &found);
        free(below);
        if (!found) continue;
        if (*path)
            status = fail(context, CLAE_ERROR_INPUT, "the folder '%s' has several datasets: name %s/%s or %s/%s",
                          folder, folder, first, folder, torchvision[i]);
        else
            first = torchvision[i];
        free(*path);
        *path = found;
    }
    if (status == CLAE_OK) return CLAE_OK;
    free(*path);
    *path = NULL;
    return status;
}

clae_status array_find_prefix(const clae_context *context, const char *path, clae_split split, char **found) {
    const char *slash = strrchr(path, '/');
    *found = NULL;
    if (slash && !slash[1]) return CLAE_OK;
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder) return fail_memory(context, strlen(path), "a path");
    array_search s = {.split = split, .prefix = slash ? slash + 1 : path};
    const clae_status status = search(context, folder, &s, found);
    free(folder);
    return status;
}
