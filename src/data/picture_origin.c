/* What a file is that pictures are to be taken from. */
#include "base/files.h"
#include "base/memory.h"
#include "data/picture.h"
#include "data/picture_archive.h"
#include "data/picture_dataset.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LINE_BYTES 4096

static bool has_ending(const char *path, const char *ending) {
    const size_t length = strlen(path), bytes = strlen(ending);
    return length > bytes && strcasecmp(path + length - bytes, ending) == 0;
}

/* The first name in a list of files; false where it is too long for one. */
static bool first_name(const char *path, char name[LINE_BYTES]) {
    const size_t got = file_read_start(path, name, LINE_BYTES - 1);
    if (got == 0) return false;
    name[got] = '\0';
    const size_t length = strcspn(name, "\r\n");
    if (length == LINE_BYTES - 1) return false;
    name[length] = '\0';
    return length > 0;
}

/* By its name, or as its first line is a file's. */
static bool is_list(const char *path) {
    static const char *const endings[] = {".txt", ".lst", ".list"};
    char name[LINE_BYTES];
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++)
        if (has_ending(path, endings[i])) return true;
    if (!first_name(path, name)) return false;
    const char *slash = strrchr(path, '/');
    char *file = *name == '/' || !slash ? strdup(name) : string_format("%.*s%s", (int)(slash + 1 - path), path, name);
    struct stat st;
    const bool is_file = file && stat(file, &st) == 0 && S_ISREG(st.st_mode);
    free(file);
    return is_file;
}

bool picture_origin_of(const char *path, picture_origin *origin) {
    uint8_t start[PICTURE_START_BYTES];
    const size_t got = file_read_start(path, start, sizeof start);
    *origin = PICTURES_OF_FILE;
    if (got == 0) return false;
    if (picture_format_of(start, got)) return true;
    *origin = PICTURES_OF_ARCHIVE;
    if (picture_archive_is_a(path)) return true;
    *origin = PICTURES_OF_TEXT;
    return is_list(path);
}
