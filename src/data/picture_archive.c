#include "data/picture_archive.h"

#include "data/picture.h"

#include <stdlib.h>
#include <string.h>

#if CLAE_HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>

#define BLOCK_BYTES ((size_t)256 << 10)

struct picture_archive {
    const clae_context *context;
    const char *path;
    struct archive *reader;
    uint64_t place;
};

static struct archive *new_reader(void) {
    struct archive *reader = archive_read_new();
    if (reader) {
        archive_read_support_filter_all(reader);
        archive_read_support_format_tar(reader);
    }
    return reader;
}

bool picture_archive_is_a(const char *path) {
    struct archive_entry *entry;
    struct archive *reader = new_reader();
    const int result = reader && archive_read_open_filename(reader, path, BLOCK_BYTES) == ARCHIVE_OK
                           ? archive_read_next_header(reader, &entry)
                           : ARCHIVE_FATAL;
    archive_read_free(reader);
    return result == ARCHIVE_OK || result == ARCHIVE_WARN;
}

static clae_status fail_archive(const picture_archive *a) {
    const char *reason = archive_error_string(a->reader);
    return fail(a->context, CLAE_ERROR_INPUT, "the archive '%s' cannot be read, perhaps it is cut off: %s", a->path,
                reason ? reason : "it is damaged");
}

clae_status picture_archive_open(const clae_context *context, const char *path, picture_archive **archive) {
    picture_archive *a = calloc(1, sizeof *a);
    *archive = a;
    if (!a || !(a->reader = new_reader())) return fail_memory(context, sizeof *a, "an archive");
    a->context = context;
    a->path = path;
    return archive_read_open_filename(a->reader, path, BLOCK_BYTES) == ARCHIVE_OK ? CLAE_OK : fail_archive(a);
}

clae_status picture_archive_next(picture_archive *archive, uint64_t *place, const char **name, uint64_t *bytes) {
    struct archive_entry *entry;
    *name = NULL;
    for (;;) {
        const int result = archive_read_next_header(archive->reader, &entry);
        if (result == ARCHIVE_EOF) return CLAE_OK;
        if (result < ARCHIVE_WARN) return fail_archive(archive);
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry)) continue;
        if (!(*name = archive_entry_pathname(entry))) continue;
        *bytes = (uint64_t)archive_entry_size(entry);
        *place = archive->place++;
        return CLAE_OK;
    }
}

clae_status picture_archive_read(picture_archive *archive, void *data, size_t bytes, size_t *got) {
    *got = 0;
    while (*got < bytes) {
        const la_ssize_t read = archive_read_data(archive->reader, (char *)data + *got, bytes - *got);
        if (read < 0) return fail_archive(archive);
        if (read == 0) break;
        *got += (size_t)read;
    }
    return CLAE_OK;
}

void picture_archive_close(picture_archive *archive) {
    if (!archive) return;
    archive_read_free(archive->reader);
    free(archive);
}

#else

bool picture_archive_is_a(const char *path) {
    (void)path;
    return false;
}

clae_status picture_archive_open(const clae_context *context, const char *path, picture_archive **archive) {
    *archive = NULL;
    return fail(context, CLAE_ERROR_INPUT, "'%s' is an archive: this clae is built without libarchive", path);
}

clae_status picture_archive_next(picture_archive *archive, uint64_t *place, const char **name, uint64_t *bytes) {
    (void)archive;
    *place = *bytes = 0;
    *name = NULL;
    return CLAE_OK;
}

clae_status picture_archive_read(picture_archive *archive, void *data, size_t bytes, size_t *got) {
    (void)archive;
    (void)data;
    (void)bytes;
    *got = 0;
    return CLAE_OK;
}

void picture_archive_close(picture_archive *archive) {
    (void)archive;
}

#endif

/* Whether a part of the name is hidden. */
static bool is_hidden(const char *name) {
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (*part == '.' && part[1] != '/' && !(part[1] == '.' && part[2] == '/')) return true;
    }
    return false;
}

/* Without "./" and "/" before it. */
static const char *plain_name(const char *name) {
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            return name;
    }
}

static clae_status list_member(picture_archive *archive, const char *name, uint64_t place, uint64_t bytes,
                               picture_list *list, const clae_context *context) {
    uint8_t start[PICTURE_START_BYTES];
    const size_t before = list->count;
    size_t got = 0;
    clae_status status = CLAE_OK;
    if (is_hidden(name)) return CLAE_OK;
    const bool by_name = picture_is_by_name(name);
    if (!by_name) status = picture_archive_read(archive, start, sizeof start, &got);
    if (status != CLAE_OK) return status;
    const bool is_added = by_name || picture_format_of(start, got) ? picture_list_add(list, name, bytes, 0)
                                                                   : picture_list_add_other(list, name);
    if (!is_added) return fail_memory(context, strlen(name), "the name of a picture");
    if (list->count > before) list->entries[before].place = place;
    return CLAE_OK;
}

/* Bytes of "images/" where all names begin so. */
static size_t common_folder_bytes(const picture_list *list) {
    const char *first = list->count ? list->entries[0].name : "", *slash = strchr(first, '/');
    const size_t bytes = slash ? (size_t)(slash - first) + 1 : 0;
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->entries[i].name, first, bytes) != 0) return 0;
    return bytes;
}

clae_status picture_list_archive(const clae_context *context, const char *path, picture_list *list) {
    picture_archive *archive;
    const char *name;
    uint64_t place, bytes;
    *list = (picture_list){.root = strdup(path), .is_archive = true};
    clae_status status = picture_archive_open(context, path, &archive);
    if (status == CLAE_OK && !list->root) status = fail_memory(context, strlen(path), "a path");
    while (status == CLAE_OK && (status = picture_archive_next(archive, &place, &name, &bytes)) == CLAE_OK && name)
        status = list_member(archive, plain_name(name), place, bytes, list, context);
    picture_archive_close(archive);
    const size_t common = common_folder_bytes(list);
    for (size_t i = 0; i < list->count && common; i++) {
        char *all = list->entries[i].name;
        memmove(all, all + common, strlen(all + common) + 1);
    }
    picture_list_sort(list);
    return status;
}
