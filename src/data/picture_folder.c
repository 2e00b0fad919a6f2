/* Pictures that are files: those of a folder, or those that a text file names. */
#include "base/files.h"
#include "base/memory.h"
#include "base/natural_order.h"
#include "data/picture.h"
#include "data/picture_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)

typedef struct folder_identity {
    dev_t device;
    ino_t inode;
} folder_identity;

typedef struct folder_walk {
    const clae_context *context;
    picture_list *list;
    folder_identity *followed; /* folders that links have led to: each is entered once */
    size_t followed_count;
    folder_identity *above; /* those that the walk is in */
    size_t above_count;
} folder_walk;

static const char *const endings[] = {"png",  "jpg",  "jpeg", "jpe", "jfif", "bmp", "gif", "tif", "tiff", "webp",
                                      "heic", "heif", "avif", "jp2", "jxl",  "ppm", "pgm", "pbm", "pnm"};

bool picture_is_by_name(const char *name) {
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < ARRAY_LENGTH(endings) && dot; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0) return true;
    return false;
}

static bool is_picture(const char *path) {
    uint8_t start[PICTURE_START_BYTES];
    if (picture_is_by_name(path)) return true;
    return picture_format_of(start, file_read_start(path, start, sizeof start)) != NULL;
}

static int64_t modified_ns(const struct stat *st) {
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Devices, pipes and the like are other files. */
static bool add_file(picture_list *list, const char *path, const char *name, const struct stat *st) {
    if (S_ISREG(st->st_mode) && is_picture(path))
        return picture_list_add(list, name, (uint64_t)st->st_size, modified_ns(st));
    return picture_list_add_other(list, name);
}

/* The names in a folder in order, without hidden ones. */
static clae_status list_names(const clae_context *context, const char *path, char ***names, size_t *count) {
    size_t capacity = 0;
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return fail(context, status_of_errno(CLAE_ERROR_INPUT), "cannot open the folder '%s': %s", path,
                    strerror(errno));
    clae_status status = CLAE_OK;
    errno = 0;
    for (const struct dirent *entry; status == CLAE_OK && (entry = readdir(folder)); errno = 0) {
        if (entry->d_name[0] == '.') continue;
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            char **larger = realloc(*names, capacity * sizeof **names);
            if (larger) *names = larger;
            if (!larger) status = fail_memory(context, capacity * sizeof **names, "the names in a folder");
        }
        if (status == CLAE_OK && !((*names)[(*count)++] = strdup(entry->d_name)))
            status = fail_memory(context, strlen(entry->d_name), "a name");
    }
    if (status == CLAE_OK && errno)
        status =
            fail(context, status_of_errno(CLAE_ERROR_INPUT), "cannot read the folder '%s': %s", path, strerror(errno));
    closedir(folder);
    if (status == CLAE_OK && *count) qsort(*names, *count, sizeof **names, natural_order_of);
    return status;
}

static bool is_among(const folder_identity *folders, size_t count, const struct stat *st) {
    for (size_t i = 0; i < count; i++)
        if (folders[i].device == st->st_dev && folders[i].inode == st->st_ino) return true;
    return false;
}

static bool remember(folder_identity **folders, size_t *count, const struct stat *st) {
    folder_identity *larger = realloc(*folders, (*count + 1) * sizeof **folders);
    if (!larger) return false;
    *folders = larger;
    larger[(*count)++] = (folder_identity){st->st_dev, st->st_ino};
    return true;
}

static clae_status walk_folder(folder_walk *walk, const char *path, const char *prefix, const struct stat *st);

/* No folder is entered from within itself, where a link above it leads, and what a link leads to is entered once. */
static clae_status walk_into(folder_walk *walk, const char *path, const char *name, const struct stat *st,
                             bool is_link) {
    if (is_among(walk->above, walk->above_count, st)) return CLAE_OK;
    if (is_link) {
        if (is_among(walk->followed, walk->followed_count, st)) return CLAE_OK;
        if (!remember(&walk->followed, &walk->followed_count, st))
            return fail_memory(walk->context, sizeof *walk->followed, "a folder");
    }
    return walk_folder(walk, path, name, st);
}

static clae_status walk_entry(folder_walk *walk, const char *folder, const char *prefix, const char *entry) {
    char *path = string_format("%s/%s", folder, entry);
    char *name = *prefix ? string_format("%s/%s", prefix, entry) : strdup(entry);
    struct stat st, own;
    clae_status status = CLAE_OK;
    bool is_added = path && name;
    if (is_added && lstat(path, &own) != 0)
        status = CLAE_OK; /* removed meanwhile */
    else if (is_added && stat(path, &st) != 0)
        /* A link to nothing: where it ought to be a picture, reading it says so. */
        is_added = picture_is_by_name(name) ? picture_list_add(walk->list, name, 0, 0)
                                            : picture_list_add_other(walk->list, name);
    else if (is_added && S_ISDIR(st.st_mode))
        status = walk_into(walk, path, name, &st, S_ISLNK(own.st_mode));
    else if (is_added)
        is_added = add_file(walk->list, path, name, &st);
    if (!is_added) status = fail_memory(walk->context, strlen(entry), "a path");
    free(path);
    free(name);
    return status;
}

/* Its pictures are drawn by clae. */
static bool is_run(char *const *names, size_t count) {
    bool has_models = false;
    for (size_t i = 0; i < count && !has_models; i++) {
        const char *dot = strrchr(names[i], '.');
        has_models = dot && strcmp(dot, ".safetensors") == 0;
    }
    return has_models;
}

static clae_status walk_folder(folder_walk *walk, const char *path, const char *prefix, const struct stat *st) {
    char **names;
    size_t count;
    clae_status status = list_names(walk->context, path, &names, &count);
    const bool passes_over = status == CLAE_OK && *prefix && is_run(names, count);
    if (passes_over && !picture_list_add_other(walk->list, prefix))
        status = fail_memory(walk->context, strlen(prefix), "a path");
    if (status == CLAE_OK && !remember(&walk->above, &walk->above_count, st))
        status = fail_memory(walk->context, sizeof *walk->above, "a folder");
    for (size_t i = 0; i < count && status == CLAE_OK && !passes_over; i++)
        status = walk_entry(walk, path, prefix, names[i]);
    if (status == CLAE_OK) walk->above_count--;
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    return status;
}

clae_status picture_list_folder(const clae_context *context, const char *path, picture_list *list) {
    folder_walk walk = {.context = context, .list = list};
    struct stat st;
    *list = (picture_list){.root = strdup(path)};
    clae_status status = CLAE_OK;
    if (!list->root)
        status = fail_memory(context, strlen(path), "a path");
    else if (stat(path, &st) != 0)
        status =
            fail(context, status_of_errno(CLAE_ERROR_INPUT), "cannot open the folder '%s': %s", path, strerror(errno));
    if (status == CLAE_OK) status = walk_folder(&walk, path, "", &st);
    free(walk.followed);
    free(walk.above);
    picture_list_sort(list);
    return status;
}

/* Starts a list of files in the folder of `path`; *name: the rest of it. */
static clae_status start_beside(const clae_context *context, const char *path, picture_list *list, const char **name) {
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    *list = (picture_list){.root = !slash ? strdup(".") : strndup(path, slash > path ? (size_t)(slash - path) : 1)};
    return list->root ? CLAE_OK : fail_memory(context, strlen(path), "a path");
}

clae_status picture_list_file(const clae_context *context, const char *path, picture_list *list) {
    const char *name;
    struct stat st;
    clae_status status = start_beside(context, path, list, &name);
    if (status != CLAE_OK) return status;
    if (stat(path, &st) != 0)
        return fail(context, status_of_errno(CLAE_ERROR_INPUT), "cannot open '%s': %s", path, strerror(errno));
    return picture_list_add(list, name, (uint64_t)st.st_size, modified_ns(&st))
               ? CLAE_OK
               : fail_memory(context, strlen(path), "a path");
}

/* What is missing is found broken when it is to be read, with all others. */
static bool add_named(picture_list *list, const char *name) {
    struct stat st = {0};
    char *path = picture_path(list, &(picture_entry){.name = (char *)name});
    if (!path) return false;
    const bool is_there = stat(path, &st) == 0;
    free(path);
    return picture_list_add(list, name, is_there ? (uint64_t)st.st_size : 0, is_there ? modified_ns(&st) : 0);
}

clae_status picture_list_text(const clae_context *context, const char *path, picture_list *list) {
    const char *own;
    uint8_t *text;
    size_t bytes;
    clae_status status = start_beside(context, path, list, &own);
    if (status == CLAE_OK) status = file_read(context, path, "list of pictures", LIST_BYTES_MAX, &text, &bytes);
    if (status != CLAE_OK) return status;
    const char end_of_name = memchr(text, '\0', bytes) ? '\0' : '\n';
    char *name = (char *)text, *const end = (char *)text + bytes;
    while (name < end && status == CLAE_OK) {
        char *next = memchr(name, end_of_name, (size_t)(end - name));
        if (!next) next = end;
        *next = '\0';
        if (end_of_name == '\n' && next > name && next[-1] == '\r') next[-1] = '\0';
        if (*name && !add_named(list, name)) status = fail_memory(context, strlen(name), "a path");
        name = next + 1;
    }
    free(text);
    return status;
}
