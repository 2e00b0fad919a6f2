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
#define GZIP_WINDOW_BITS (15 + 16) /* zlib's way of asking for gzip's header and checksum */
#define DEFLATE_MAX_RATIO 1032     /* no deflate stream expands further */

struct byte_source {
    const clae_context *context;
    const char *path;
    int fd;
    uint64_t file_bytes;
    bool is_gzip;
    bool has_stream;    /* inflateInit was called */
    bool in_member;     /* between a member's header and its checksum */
    bool is_file_ended; /* all of the file has been read */
    z_stream stream;
    uint8_t input[INPUT_BYTES];
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

clae_status byte_source_read(byte_source *source, void *data, size_t bytes, size_t *got) {
    return source->is_gzip ? read_gzip(source, data, bytes, got) : read_file(source, data, bytes, got);
}

void byte_source_close(byte_source *source) {
    if (!source) return;
    if (source->has_stream) inflateEnd(&source->stream);
    if (source->fd >= 0) close(source->fd);
    free(source);
}
