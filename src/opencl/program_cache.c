#include "opencl/program_cache.h"

#include "base/files.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_ENTRY_BYTES ((size_t)256 << 20)

struct opencl_program_cache {
    char *folder;
    opencl_program *programs;
};

/* What an entry begins with; the key and then the binary follow. */
typedef struct entry_header {
    char magic[8];
    uint64_t key_bytes, binary_bytes;
    uint32_t binary_crc, reserved;
} entry_header;

static const char entry_magic[8] = {'c', 'l', 'a', 'e', 'k', 'r', 'n', '1'};

/* Binaries are code: the folder must be the user's own and closed to others. */
static bool folder_is_private(const clae_context *context, const char *folder) {
    struct stat info;
    if (lstat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) return false;
    if (info.st_uid == geteuid() && (info.st_mode & 077) == 0) return true;
    log_line(context, CLAE_LOG_WARNING,
             "compiled kernels are not kept: %s must belong to the user and have mode 0700, it has owner %lu and "
             "mode %04o",
             folder, (unsigned long)info.st_uid, (unsigned)info.st_mode & 07777);
    return false;
}

static char *open_folder(const clae_context *context) {
    if (!context->cache_dir) return NULL;
    char *folder = string_format("%s/kernels", context->cache_dir);
    if (!folder) return NULL;
    clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    bool made = folder_create(&quiet, context->cache_dir) == CLAE_OK;
    if (made) mkdir(folder, 0700);
    if (made && folder_is_private(context, folder)) {
        folder_sweep_temporaries(context, folder);
        return folder;
    }
    log_line(context, CLAE_LOG_DEBUG, "compiled kernels are not kept, %s cannot be used", folder);
    free(folder);
    return NULL;
}

opencl_program_cache *opencl_program_cache_create(const clae_context *context) {
    opencl_program_cache *cache = calloc(1, sizeof *cache);
    if (cache) cache->folder = open_folder(context);
    return cache;
}

void opencl_program_cache_free(opencl_program_cache *cache) {
    if (!cache) return;
    for (opencl_program *p = cache->programs, *next; p; p = next) {
        next = p->next;
        if (p->program) clReleaseProgram(p->program);
        free(p->file);
        free(p->options);
        free(p);
    }
    free(cache->folder);
    free(cache);
}

opencl_program *opencl_program_cache_find(const opencl_program_cache *cache, const char *file, const char *options) {
    for (opencl_program *p = cache->programs; p; p = p->next)
        if (strcmp(p->file, file) == 0 && strcmp(p->options, options) == 0) return p;
    return NULL;
}

opencl_program *opencl_program_cache_add(opencl_program_cache *cache, const char *file, const char *options) {
    opencl_program *p = calloc(1, sizeof *p);
    char *own_file = strdup(file), *own_options = strdup(options);
    if (!p || !own_file || !own_options) {
        free(p);
        free(own_file);
        free(own_options);
        return NULL;
    }
    *p = (opencl_program){.file = own_file, .options = own_options, .number = -1, .next = cache->programs};
    cache->programs = p;
    return p;
}

opencl_program *opencl_program_cache_first(const opencl_program_cache *cache) {
    return cache->programs;
}

const char *opencl_program_cache_folder(const opencl_program_cache *cache) {
    return cache->folder;
}

static char *entry_path(const opencl_program_cache *cache, const char *key) {
    return string_format("%s/%016" PRIx64 ".bin", cache->folder, hash_fnv1a(HASH_FNV1A_START, key, strlen(key)));
}

/* What is wrong with an entry, or NULL. */
static const char *entry_fault(const uint8_t *data, size_t bytes, const char *key) {
    entry_header header;
    if (bytes < sizeof header) return "it is cut short";
    memcpy(&header, data, sizeof header);
    size_t room = bytes - sizeof header;
    if (memcmp(header.magic, entry_magic, sizeof entry_magic) != 0) return "it is of another format";
    if (header.key_bytes > room || header.binary_bytes != room - header.key_bytes) return "its size is wrong";
    if (header.key_bytes != strlen(key) || memcmp(data + sizeof header, key, header.key_bytes) != 0)
        return "it was made from something else";
    if (hash_crc32(0, data + sizeof header + header.key_bytes, header.binary_bytes) != header.binary_crc)
        return "it is damaged";
    return NULL;
}

bool opencl_program_cache_read(const opencl_program_cache *cache, const clae_context *context, const char *key,
                               unsigned char **binary, size_t *bytes) {
    *binary = NULL;
    if (!cache->folder) return false;
    char *path = entry_path(cache, key);
    uint8_t *data = NULL;
    size_t data_bytes = 0;
    clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    if (!path || !path_exists(path)) goto done;
    const char *fault = file_read(&quiet, path, "compiled kernel", LARGEST_ENTRY_BYTES, &data, &data_bytes)
                            ? "it cannot be read"
                            : entry_fault(data, data_bytes, key);
    if (fault) {
        log_line(context, CLAE_LOG_DEBUG, "compiled kernel %s is made again: %s", path, fault);
        goto done;
    }
    size_t start = sizeof(entry_header) + strlen(key);
    *bytes = data_bytes - start;
    memmove(data, data + start, *bytes);
    *binary = data;
    data = NULL;
done:
    free(data);
    free(path);
    return *binary != NULL;
}

void opencl_program_cache_write(const opencl_program_cache *cache, const clae_context *context, const char *key,
                                const unsigned char *binary, size_t bytes) {
    if (!cache->folder) return;
    char *path = entry_path(cache, key);
    entry_header header = {.key_bytes = strlen(key), .binary_bytes = bytes, .binary_crc = hash_crc32(0, binary, bytes)};
    memcpy(header.magic, entry_magic, sizeof entry_magic);
    const file_part parts[] = {{&header, sizeof header}, {key, strlen(key)}, {binary, bytes}};
    clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    if (!path || file_write_atomic(&quiet, path, parts, ARRAY_LENGTH(parts)))
        log_line(context, CLAE_LOG_DEBUG, "compiled kernels could not be kept in %s", cache->folder);
    free(path);
}

void opencl_program_cache_remove(const opencl_program_cache *cache, const char *key) {
    char *path = cache->folder ? entry_path(cache, key) : NULL;
    if (path) unlink(path);
    free(path);
}
