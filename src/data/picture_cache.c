#include "data/picture_cache.h"

#include "base/log_capture.h"
#include "base/memory.h"
#include "data/dataset.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "clae images 3"
#define NAME_BYTES 60

/* Of the machine's own byte order, which the magic number at its end tells. */
typedef struct cache_header {
    char magic[16], version[16];
    uint64_t contents;
    uint64_t total_bytes;
    uint64_t label_count, label_bytes; /* of the names, each with a zero byte */
    uint64_t is_shared, lacks_bad;
    clae_dataset_info info;
    uint32_t byte_order;
    uint32_t checksum; /* of all before */
} cache_header;

#define BYTE_ORDER_MARK 0x01020304u

static_assert(sizeof(cache_header) <= PICTURE_CACHE_IMAGES_AT, "the images begin behind the header");

void picture_stamp_add(uint64_t *hash, const void *data, size_t bytes) {
    *hash = hash_fnv1a(*hash, data, bytes);
}

void picture_stamp_add_text(uint64_t *hash, const char *text) {
    picture_stamp_add(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

void picture_stamp_add_file(uint64_t *hash, const char *path) {
    struct stat st;
    if (!path || stat(path, &st) != 0) return;
    const int64_t facts[] = {st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    picture_stamp_add(hash, facts, sizeof facts);
}

char *picture_cache_path(const char *folder, const char *source, const picture_stamp *stamp, clae_split split) {
    char name[NAME_BYTES];
    const char *slash = strrchr(source, '/'), *last = slash ? slash + 1 : source;
    size_t length = 0;
    for (; *last && length < sizeof name - 1; last++)
        name[length++] =
            (*last >= '0' && *last <= '9') || (*last >= 'a' && *last <= 'z') || (*last >= 'A' && *last <= 'Z') ? *last
                                                                                                               : '_';
    name[length] = '\0';
    return string_format("%s/%s-%016llx-%s.images", folder, name, (unsigned long long)stamp->place,
                         split == CLAE_SPLIT_TRAIN ? "train" : "test");
}

static uint32_t checksum_of(const cache_header *header) {
    return hash_crc32(0, header, offsetof(cache_header, checksum));
}

/* The bytes of all that a header promises; 0 where that is absurd. */
static uint64_t bytes_of(const cache_header *header) {
    const clae_dataset_info *info = &header->info;
    size_t images;
    const size_t sizes[] = {info->n, info->h, info->w, info->c};
    if (info->is_float || !size_product(sizes, ARRAY_LENGTH(sizes), &images) || !images ||
        images > SIZE_MAX / 2 - header->label_bytes)
        return 0;
    return PICTURE_CACHE_IMAGES_AT + (uint64_t)images + info->n * sizeof(uint32_t) + header->label_bytes;
}

/* Each is at its place in the header of the same program; the numbers of a damaged one are not looked at. */
static bool is_usable(const cache_header *header, uint64_t file_bytes, const picture_stamp *stamp, bool shared_only) {
    return memcmp(header->magic, MAGIC, sizeof MAGIC) == 0 && header->byte_order == BYTE_ORDER_MARK &&
           strncmp(header->version, CLAE_VERSION, sizeof header->version) == 0 &&
           header->checksum == checksum_of(header) && header->contents == stamp->contents &&
           (header->is_shared || !shared_only) && (!header->lacks_bad || stamp->skips_bad) &&
           header->total_bytes == file_bytes && bytes_of(header) == file_bytes;
}

/* Copies them, from behind the images: numbers, then names. */
static bool copy_labels(const cache_header *header, const uint8_t *at, dataset_labels *labels) {
    const size_t n = header->info.n, bytes = n * sizeof(uint32_t);
    const char *name = (const char *)at + bytes, *const end = name + header->label_bytes;
    *labels = (dataset_labels){.of_image = malloc(bytes), .names = calloc(header->label_count, sizeof *labels->names)};
    if (!labels->of_image || !labels->names) return false;
    memcpy(labels->of_image, at, bytes);
    while (labels->count < header->label_count && name < end) {
        if (!(labels->names[labels->count] = strndup(name, (size_t)(end - name)))) return false;
        labels->count++;
        name += strnlen(name, (size_t)(end - name)) + 1;
    }
    /* What a damaged file has is no label. */
    for (size_t i = 0; i < n; i++)
        if (labels->of_image[i] >= labels->count) labels->of_image[i] = CLAE_NO_LABEL;
    return true;
}

static clae_status set_labels(clae_dataset *dataset, const cache_header *header, const uint8_t *at) {
    dataset_labels labels;
    if (!header->label_count) return CLAE_OK;
    if (copy_labels(header, at, &labels)) {
        dataset_set_labels(dataset, &labels);
        return CLAE_OK;
    }
    dataset_labels_free(&labels);
    return fail_memory(dataset->context, header->info.n * sizeof(uint32_t), "labels");
}

static clae_status adopt(clae_context *context, uint8_t *mapping, const cache_header *header, const char *source,
                         clae_dataset **dataset) {
    const size_t bytes = (size_t)header->total_bytes;
    const uint8_t *const labels = mapping + bytes - header->label_bytes - header->info.n * sizeof(uint32_t);
    clae_status status =
        dataset_adopt_mapped(context, &header->info, mapping, bytes, PICTURE_CACHE_IMAGES_AT, source, dataset);
    if (status == CLAE_OK) status = set_labels(*dataset, header, labels);
    if (status == CLAE_OK) return status;
    clae_dataset_free(*dataset);
    *dataset = NULL;
    return status;
}

clae_status picture_cache_load(clae_context *context, const char *path, const picture_stamp *stamp, bool shared_only,
                               const char *source, clae_dataset **dataset) {
    cache_header header;
    struct stat st;
    clae_status status = CLAE_OK;
    *dataset = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return CLAE_OK;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && pread(fd, &header, sizeof header, 0) == sizeof header &&
        is_usable(&header, (uint64_t)st.st_size, stamp, shared_only)) {
        void *mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (mapping != MAP_FAILED) status = adopt(context, mapping, &header, source, dataset);
    }
    close(fd);
    return status;
}

/* The header, without the statistics of the images. */
static cache_header header_of(const picture_stamp *stamp, const picture_images *images) {
    cache_header header;
    memset(&header, 0, sizeof header);
    memcpy(header.magic, MAGIC, sizeof MAGIC);
    strncpy(header.version, CLAE_VERSION, sizeof header.version - 1);
    header.contents = stamp->contents;
    header.label_count = images->name_count;
    for (size_t i = 0; i < images->name_count; i++) header.label_bytes += strlen(images->names[i]) + 1;
    header.is_shared = images->is_shared;
    header.lacks_bad = images->lacks_bad;
    header.info.n = images->n;
    header.info.h = images->h;
    header.info.w = images->w;
    header.info.c = images->c;
    header.byte_order = BYTE_ORDER_MARK;
    header.total_bytes = bytes_of(&header);
    return header;
}

/* Behind the images. */
static uint8_t *pack_labels(const cache_header *header, const picture_images *images, size_t *bytes) {
    const size_t numbers = images->n * sizeof *images->labels;
    *bytes = numbers + (size_t)header->label_bytes;
    uint8_t *packed = malloc(*bytes + 1);
    if (!packed) return NULL;
    memcpy(packed, images->labels, numbers);
    char *name = (char *)packed + numbers;
    for (size_t i = 0; i < images->name_count; i++) name = stpcpy(name, images->names[i]) + 1;
    return packed;
}

static clae_status fail_to_write(const clae_context *context, const char *what) {
    return fail(context, status_of_errno(CLAE_ERROR_OUTPUT), "the file of decoded pictures: %s: %s", what,
                strerror(errno));
}

/* Maps what the file has, without a header yet. */
static clae_status map_images(clae_context *context, const picture_store *store, const cache_header *header,
                              const uint8_t *labels, size_t label_bytes, const char *source, clae_dataset **dataset) {
    const int fd = file_builder_descriptor(store->file);
    if (!file_builder_write(store->file, header->total_bytes - label_bytes, labels, label_bytes))
        return fail_to_write(context, "writing labels");
    if (ftruncate(fd, (off_t)header->total_bytes) != 0) return fail_to_write(context, "setting its size");
    void *mapping = mmap(NULL, (size_t)header->total_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED) return fail_to_write(context, "mapping it");
    return adopt(context, mapping, header, source, dataset);
}

/* The images are there, whatever becomes of the file. */
static void complete_file(clae_context *context, picture_store *store, cache_header *header,
                          const clae_dataset_info *info) {
    log_capture capture;
    clae_status status = CLAE_OK;
    header->info = *info;
    header->info.source = NULL;
    header->checksum = checksum_of(header);
    log_capture_begin(&capture, context);
    if (!file_builder_write(store->file, 0, header, sizeof *header))
        status = fail_to_write(context, "writing its header");
    if (status == CLAE_OK) status = file_builder_commit(store->file);
    log_capture_end(&capture);
    if (status != CLAE_OK)
        log_line(context, CLAE_LOG_WARNING, "decoded pictures are not kept for another time: %s", capture.error);
}

static clae_status keep_file(clae_context *context, picture_store *store, cache_header *header,
                             const picture_images *images, const char *source, clae_dataset **dataset) {
    size_t bytes;
    uint8_t *labels = pack_labels(header, images, &bytes);
    if (!labels) return fail_memory(context, bytes, "labels");
    const clae_status status = map_images(context, store, header, labels, bytes, source, dataset);
    free(labels);
    if (status == CLAE_OK) complete_file(context, store, header, &(*dataset)->info);
    return status;
}

static clae_status keep_memory(clae_context *context, picture_store *store, const cache_header *header,
                               const picture_images *images, const char *source, clae_dataset **dataset) {
    size_t bytes;
    uint8_t *labels = pack_labels(header, images, &bytes);
    if (!labels) return fail_memory(context, bytes, "labels");
    clae_status status = dataset_adopt(context, &header->info, store->memory, source, dataset);
    store->memory = NULL;
    if (status == CLAE_OK) status = set_labels(*dataset, header, labels);
    free(labels);
    return status;
}

clae_status picture_cache_keep(clae_context *context, picture_store *store, const picture_stamp *stamp,
                               const picture_images *images, const char *source, clae_dataset **dataset) {
    cache_header header = header_of(stamp, images);
    *dataset = NULL;
    const clae_status status = store->file ? keep_file(context, store, &header, images, source, dataset)
                                           : keep_memory(context, store, &header, images, source, dataset);
    picture_store_close(store);
    return status;
}
