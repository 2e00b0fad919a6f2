#include "data/file_kind.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

typedef struct magic {
    const char *bytes;
    size_t length;
    size_t offset;
    file_kind kind;
} magic;

#define START(text) text, sizeof(text) - 1

static const magic magics[] = {
    {START("version https://git-lfs"), 0, {"a Git LFS pointer, not the file itself", "\"git lfs pull\" fetches it"}},
    {START("PK\3\4"), 0, {"a ZIP archive, as PyTorch's .pt and .pth and NumPy's .npz are", NULL}},
    {START("\x80\2"), 0, {"a Python pickle, as old .pt and .pth files of PyTorch are", NULL}},
    {START("\x80\3"), 0, {"a Python pickle", NULL}},
    {START("\x80\4"), 0, {"a Python pickle", NULL}},
    {START("\x80\5"), 0, {"a Python pickle", NULL}},
    {START("\x89HDF\r\n\x1a\n"), 0, {"an HDF5 file, as Keras' .h5 are", NULL}},
    {START("GGUF"), 0, {"a GGUF file", NULL}},
    {START("TFL3"), 4, {"a TensorFlow Lite model", NULL}},
    {START("\x93NUMPY"), 0, {"a NumPy array (.npy)", NULL}},
    {START("\0\0\0\0{\""), 4, {"a .safetensors file", NULL}},
    {START("\0\0\x08\1"), 0, {"an IDX file of labels", NULL}},
    {START("\0\0\x08\3"), 0, {"an IDX file of images", NULL}},
    {START("\x89PNG\r\n\x1a\n"), 0, {"a PNG image", NULL}},
    {START("\xff\xd8\xff"), 0, {"a JPEG image", NULL}},
    {START("GIF8"), 0, {"a GIF image", NULL}},
    {START("WEBP"), 8, {"a WebP image", NULL}},
    {START("%PDF"), 0, {"a PDF document", NULL}},
    {START("PAR1"), 0, {"a Parquet file", NULL}},
    {START("SQLite format 3"), 0, {"an SQLite database", NULL}},
    {START("\x1f\x8b"), 0, {"compressed by gzip", "decompress it by gunzip"}},
    {START("BZh"), 0, {"compressed by bzip2", "decompress it by bunzip2"}},
    {START("\3757zXZ"), 0, {"compressed by xz", "decompress it by unxz"}},
    {START("\x28\xb5\x2f\xfd"), 0, {"compressed by zstd", "decompress it by unzstd"}},
    {START("\177ELF"), 0, {"a program", NULL}},
};

static bool is_text(const uint8_t *start, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if ((start[i] < 0x20 && start[i] != '\n' && start[i] != '\r' && start[i] != '\t') || start[i] == 0x7f)
            return false;
    return true;
}

static file_kind kind_of_text(const uint8_t *start, size_t bytes) {
    const char first = (char)*start;
    if (first == '{' || first == '[') return (file_kind){"JSON text", NULL};
    if (first == '<') return (file_kind){"HTML or XML, perhaps the error page of a download", NULL};
    const uint8_t *const end = memchr(start, '\n', bytes);
    if (memchr(start, ',', end ? (size_t)(end - start) : bytes)) return (file_kind){"comma-separated text", NULL};
    return (file_kind){"text", NULL};
}

file_kind file_kind_of(const uint8_t *start, size_t bytes) {
    if (bytes == 0) return (file_kind){"empty", NULL};
    if (bytes > FILE_KIND_BYTES) bytes = FILE_KIND_BYTES;
    for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
        const magic *m = &magics[i];
        if (m->offset + m->length <= bytes && memcmp(start + m->offset, m->bytes, m->length) == 0) return m->kind;
    }
    return is_text(start, bytes) ? kind_of_text(start, bytes) : (file_kind){NULL, NULL};
}
