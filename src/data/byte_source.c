#include "data/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define INPUT_BYTES 65536
#define FIRST_STEP_BYTES ((size_t)1 << 20)
#define GZIP_WINDOW_BITS (15 + 16) /* zlib's way of asking for gzip's header and checksum */
#define DEFLATE_MAX_RATIO 1032     /* no deflate stream expands further */

struct byte_source {
    const clae_context *context;
    const char *path;
    int fd; /* -1: `read` gives the bytes */
    byte_source_read_fn read;
    void *user;
    uint64_t file_bytes;
    bool is_gzip;
    bool has_stream;    /* inflateInit was called */
    bool in_member;     /* between a member's header and its checksum */
    bool is_file_ended; /* all of the file has been read */
    z_stream stream;
    uint8_t input[INPUT_BYTES];
    uint8_t start[BYTE_SOURCE_START_BYTES];
    size_t start_bytes, start_read; /* peeked at, and of these read */
};

static clae_status open_gzip(byte_source *source) {
    uint8_t magic[2];
    source->is_gzip = pread(source->fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (!source->is_gzip) return CLAE_OK;
    if (inflateInit2(&source->stream, GZIP_WINDOW_BITS) != Z_OK)
        return fail(source->context, CLAE_ERROR_INTERNAL, "zlib cannot be initialised");
    source->has_stream = true;
    source->in_member = true;
    return CLAE_OK;
}

clae_status byte_source_open(const clae_context *context, const char *path, byte_source **source) {
    *source = NULL;
    byte_source *s = calloc(1, sizeof *s);
    if (!s) return fail_memory(context, sizeof *s, path);
    s->context = context;
    s->path = path;
    clae_status status = CLAE_ERROR_INPUT;
    struct stat st;
    /* O_NONBLOCK: opening a pipe without a writer would wait for ever. */
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0 || fstat(s->fd, &st) != 0) {
        status = fail(context, status_of_errno(status), "cannot open '%s': %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        status = fail(context, status, "'%s' is not a regular file", path);
        goto fail;
    }
    s->file_bytes = (uint64_t)st.st_size;
    status = open_gzip(s);
    if (status != CLAE_OK) goto fail;
    *source = s;
    return CLAE_OK;
fail:
    byte_source_close(s);
    return status;
}

clae_status byte_source_open_reader(const clae_context *context, const char *path, byte_source_read_fn read, void *user,
                                    uint64_t limit_bytes, byte_source **source) {
    byte_source *s = *source = calloc(1, sizeof *s);
    if (!s) return fail_memory(context, sizeof *s, path);
    s->context = context;
    s->path = path;
    s->fd = -1;
    s->read = read;
    s->user = user;
    s->file_bytes = limit_bytes;
    return CLAE_OK;
}

uint64_t byte_source_limit_bytes(const byte_source *source) {
    uint64_t bytes = source->file_bytes;
    if (!source->is_gzip) return bytes;
    return bytes > UINT64_MAX / DEFLATE_MAX_RATIO ? UINT64_MAX : bytes * DEFLATE_MAX_RATIO;
}

static clae_status read_file(byte_source *source, uint8_t *data, size_t bytes, size_t *got) {
    *got = 0;
    while (*got < bytes) {
        size_t left = bytes - *got;
        ssize_t n = read(source->fd, data + *got, left < (1 << 30) ? left : (1 << 30));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return fail(source->context, status_of_errno(CLAE_ERROR_INPUT), "cannot read '%s': %s", source->path,
                        strerror(errno));
        if (n == 0) break;
        *got += (size_t)n;
    }
    return CLAE_OK;
}

/* Gets compressed bytes when there are none, and starts the next member where one ended. */
static clae_status refill(byte_source *source) {
    z_stream *z = &source->stream;
    if (z->avail_in == 0 && !source->is_file_ended) {
        size_t got;
        clae_status status = read_file(source, source->input, sizeof source->input, &got);
        if (status != CLAE_OK) return status;
        z->next_in = source->input;
        z->avail_in = (uInt)got;
        source->is_file_ended = got == 0;
    }
    if (z->avail_in > 0 && !source->in_member) {
        inflateReset(z);
        source->in_member = true;
    }
    return CLAE_OK;
}

static clae_status read_gzip(byte_source *source, uint8_t *data, size_t bytes, size_t *got) {
    z_stream *z = &source->stream;
    *got = 0;
    while (*got < bytes) {
        clae_status status = refill(source);
        if (status != CLAE_OK) return status;
        if (z->avail_in == 0 && !source->in_member) return CLAE_OK;
        size_t left = bytes - *got;
        uInt asked = left < (1 << 30) ? (uInt)left : (1 << 30);
        z->next_out = data + *got;
        z->avail_out = asked;
        int result = inflate(z, Z_NO_FLUSH);
        *got += asked - z->avail_out;
        if (result == Z_STREAM_END)
            source->in_member = false;
        else if (result == Z_MEM_ERROR)
            return fail(source->context, CLAE_ERROR_INTERNAL, "not enough memory to decompress '%s'", source->path);
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return fail(source->context, CLAE_ERROR_INPUT, "the compressed file '%s' is damaged: %s", source->path,
                        z->msg ? z->msg : "not a gzip stream");
        else if (source->is_file_ended && z->avail_out > 0)
            return fail(source->context, CLAE_ERROR_INPUT, "the compressed file '%s' is cut off after %llu bytes",
                        source->path, (unsigned long long)source->file_bytes);
    }
    return CLAE_OK;
}

static clae_status read_on(byte_source *source, uint8_t *data, size_t bytes, size_t *got) {
    if (source->read) return source->read(source->user, data, bytes, got);
    return source->is_gzip ? read_gzip(source, data, bytes, got) : read_file(source, data, bytes, got);
}

clae_status byte_source_peek(byte_source *source, const uint8_t **start, size_t *bytes) {
    const clae_status status = read_on(source, source->start, sizeof source->start, &source->start_bytes);
    *start = source->start;
    *bytes = source->start_bytes;
    return status;
}

clae_status byte_source_read(byte_source *source, void *data, size_t bytes, size_t *got) {
    const size_t left = source->start_bytes - source->start_read, first = bytes < left ? bytes : left;
    memcpy(data, source->start + source->start_read, first);
    source->start_read += first;
    const clae_status status = read_on(source, (uint8_t *)data + first, bytes - first, got);
    *got += first;
    return status;
}

static clae_status check_end(byte_source *source, size_t bytes) {
    uint8_t extra;
    size_t extra_bytes;
    const clae_status status = byte_source_read(source, &extra, 1, &extra_bytes);
    if (status == CLAE_OK && extra_bytes != 0)
        return fail(source->context, CLAE_ERROR_INPUT, "'%s' goes on after the %zu bytes of data that it promises",
                    source->path, bytes);
    return status;
}

clae_status byte_source_read_rest(byte_source *source, size_t bytes, uint8_t **data) {
    size_t capacity = 0, total = 0;
    clae_status status = CLAE_OK;
    *data = NULL;
    while (total < bytes && status == CLAE_OK) {
        size_t got, step = capacity > FIRST_STEP_BYTES ? capacity : FIRST_STEP_BYTES;
        capacity = bytes - capacity < step ? bytes : capacity + step;
        uint8_t *larger = realloc(*data, capacity);
        if (!larger) {
            status = fail_memory(source->context, capacity, source->path);
            break;
        }
        *data = larger;
        status = byte_source_read(source, larger + total, capacity - total, &got);
        total += got;
        if (status == CLAE_OK && total < capacity)
            status = fail(source->context, CLAE_ERROR_INPUT, "'%s' is cut off: %zu bytes of data out of %zu",
                          source->path, total, bytes);
    }
    if (status == CLAE_OK) status = check_end(source, bytes);
    if (status == CLAE_OK) return CLAE_OK;
    free(*data);
    *data = NULL;
    return status;
}

void byte_source_close(byte_source *source) {
    if (!source) return;
    if (source->has_stream) inflateEnd(&source->stream);
    if (source->fd >= 0) close(source->fd);
    free(source);
}
