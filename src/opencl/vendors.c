#include "opencl/vendors.h"

#include "base/files.h"
#include "base/memory.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_FOLDER "/etc/OpenCL/vendors"
#define LARGEST_ICD_BYTES 65536

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool ends_in_icd(const char *name) {
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".icd") == 0;
}

/* Takes both strings. */
static void add(opencl_vendors *vendors, char *file, char *library) {
    opencl_vendor *longer = realloc(vendors->items, (vendors->count + 1) * sizeof *longer);
    if (longer) vendors->items = longer;
    if (longer && file && library && *library) {
        longer[vendors->count++] = (opencl_vendor){file, library};
        return;
    }
    free(file);
    free(library);
}

static void add_file(opencl_vendors *vendors, const char *path) {
    const clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    uint8_t *text;
    size_t bytes;
    if (file_read(&quiet, path, "list of drivers", LARGEST_ICD_BYTES, &text, &bytes) != CLAE_OK) return;
    const char *line = (const char *)text + strspn((const char *)text, " \t");
    size_t length = strcspn(line, "\r\n");
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t')) length--;
    add(vendors, strdup(path), strndup(line, length));
    free(text);
}

static void add_folder(opencl_vendors *vendors, const char *folder) {
    struct dirent **entries;
    const int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char *path = ends_in_icd(entries[i]->d_name) ? string_format("%s/%s", folder, entries[i]->d_name) : NULL;
        if (path) add_file(vendors, path);
        free(path);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static void add_named_file(opencl_vendors *vendors, const char *folder, const char *name) {
    char *path = strchr(name, '/') ? NULL : string_format("%s/%s", folder, name);
    add_file(vendors, path && path_exists(path) ? path : name);
    free(path);
}

static void add_libraries(opencl_vendors *vendors, const char *names) {
    for (size_t length; *names; names += length + (names[length] == ':')) {
        length = strcspn(names, ":");
        add(vendors, strdup("OCL_ICD_FILENAMES"), strndup(names, length));
    }
}

opencl_vendors opencl_vendors_list(void) {
    opencl_vendors vendors = {0};
    const char *set = variable("OCL_ICD_VENDORS"), *folder = variable("OPENCL_VENDOR_PATH");
    const char *more = variable("OCL_ICD_FILENAMES");
    if (!folder) folder = DEFAULT_FOLDER;
    if (!set || path_is_folder(set))
        add_folder(&vendors, set ? set : folder);
    else if (ends_in_icd(set))
        add_named_file(&vendors, folder, set);
    else
        add(&vendors, strdup("OCL_ICD_VENDORS"), strdup(set));
    if (more) add_libraries(&vendors, more);
    return vendors;
}

bool opencl_vendors_name(const opencl_vendors *vendors, const char *part) {
    for (size_t i = 0; i < vendors->count; i++)
        if (strstr(vendors->items[i].library, part)) return true;
    return false;
}

void opencl_vendors_release(opencl_vendors *vendors) {
    for (size_t i = 0; i < vendors->count; i++) {
        free(vendors->items[i].file);
        free(vendors->items[i].library);
    }
    free(vendors->items);
    *vendors = (opencl_vendors){0};
}

/* Libraries are code: the folder that names them must be the user's own, and no link to another. */
static bool make_private(const char *folder) {
    struct stat info;
    mkdir(folder, 0700);
    return lstat(folder, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
           (info.st_mode & 022) == 0 && access(folder, W_OK) == 0;
}

char *opencl_private_folder(const clae_context *context, const char *name) {
    const clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    const char *temporary = variable("TMPDIR");
    char *folder = context->cache_dir ? string_format("%s/%s", context->cache_dir, name) : NULL;
    if (folder && folder_create(&quiet, context->cache_dir) == CLAE_OK && make_private(folder)) return folder;
    free(folder);
    folder = string_format("%s/clae-%lu-%s", temporary ? temporary : "/tmp", (unsigned long)geteuid(), name);
    if (folder && make_private(folder)) return folder;
    free(folder);
    return NULL;
}

/* Named by what is in it, so that programs that run at the same time share it. */
static char *make_folder(const clae_context *context, const opencl_vendors *vendors, const bool *kept) {
    uint64_t hash = HASH_FNV1A_START;
    for (size_t i = 0; i < vendors->count; i++)
        if (kept[i]) hash = hash_fnv1a(hash, vendors->items[i].library, strlen(vendors->items[i].library) + 1);
    char *parent = opencl_private_folder(context, "vendors");
    char *folder = parent ? string_format("%s/%016" PRIx64, parent, hash) : NULL;
    free(parent);
    if (folder && make_private(folder)) return folder;
    free(folder);
    return NULL;
}

static bool write_icd(const char *folder, size_t number, const char *library) {
    const clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    char *path = string_format("%s/%03zu.icd", folder, number);
    const file_part parts[] = {{library, strlen(library)}, {"\n", 1}};
    const bool written = path && (path_exists(path) || file_write_atomic(&quiet, path, parts, 2) == CLAE_OK);
    free(path);
    return written;
}

char *opencl_vendors_folder(const clae_context *context, const opencl_vendors *vendors, const bool *kept) {
    char *folder = make_folder(context, vendors, kept);
    bool written = folder != NULL;
    size_t number = 0;
    for (size_t i = 0; i < vendors->count && written; i++)
        if (kept[i]) written = write_icd(folder, number++, vendors->items[i].library);
    if (written) return folder;
    free(folder);
    return NULL;
}
