#include "data/picture_store.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

clae_status picture_store_open_file(const clae_context *context, const char *path, uint64_t offset, size_t count,
                                    size_t image_bytes, picture_store *store) {
    *store = (picture_store){.image_bytes = image_bytes, .offset = offset};
    const clae_status status = file_builder_open(context, path, &store->file);
    if (status != CLAE_OK) return status;
    /* A full disk is better known before hours of decoding. Not all file systems can tell. */
    const int error = posix_fallocate(file_builder_descriptor(store->file), 0, (off_t)(offset + count * image_bytes));
    if (error != ENOSPC && error != EFBIG && error != EDQUOT) return CLAE_OK;
    picture_store_close(store);
    return fail(context, CLAE_ERROR_OUTPUT, "cannot write '%s': %llu bytes are needed: %s", path,
                (unsigned long long)(offset + count * image_bytes), strerror(error));
}

clae_status picture_store_open_memory(const clae_context *context, size_t count, size_t image_bytes,
                                      picture_store *store) {
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    const double memory = pages > 0 && page_bytes > 0 ? (double)pages * (double)page_bytes : 0;
    const double needed = (double)count * (double)image_bytes;
    *store = (picture_store){.image_bytes = image_bytes};
    if (memory > 0 && needed > memory * 3 / 4)
        return fail(
            context, CLAE_ERROR_INPUT,
            "%zu pictures take %.1f GiB of %.1f GiB of memory: choose a smaller --size, or a --cache that can be "
            "written",
            count, needed / (1 << 30), memory / (1 << 30));
    store->memory = malloc(count * image_bytes);
    return store->memory ? CLAE_OK : fail_memory(context, count * image_bytes, "decoded pictures");
}

bool picture_store_put(const picture_store *store, size_t place, const uint8_t *pixels) {
    const uint64_t at = (uint64_t)place * store->image_bytes;
    if (store->file) return file_builder_write(store->file, store->offset + at, pixels, store->image_bytes);
    memcpy(store->memory + at, pixels, store->image_bytes);
    return true;
}

static bool store_move(const picture_store *store, size_t from, size_t to, uint8_t *pixels) {
    const uint64_t at = (uint64_t)from * store->image_bytes;
    if (!store->file) return picture_store_put(store, to, store->memory + at);
    return file_builder_read(store->file, store->offset + at, pixels, store->image_bytes) &&
           picture_store_put(store, to, pixels);
}

bool picture_store_pack(const picture_store *store, const size_t *places, size_t count) {
    uint8_t *pixels = malloc(store->image_bytes);
    bool ok = pixels != NULL;
    for (size_t i = 0; i < count && ok; i++) ok = places[i] == i || store_move(store, places[i], i, pixels);
    free(pixels);
    return ok;
}

void picture_store_close(picture_store *store) {
    file_builder_free(store->file);
    free(store->memory);
    *store = (picture_store){0};
}
