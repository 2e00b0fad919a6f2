/* NumPy's arrays as images: (images, height, width), with channels after the images or last, of bytes, 16-bit integers
 * or floats of either order of bytes, in C or Fortran order. */
#include "base/memory.h"
#include "data/image_format.h"
#include "data/npy_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "'<f4' is taken as it lies in the file");

#define MAX_CHANNELS 4
#define SHAPE_TEXT_BYTES (NPY_MAX_RANK * 24)

static const char *const npy_types[] = {"|u1", "<u2", ">u2", "<f4", ">f4", "<f8", ">f8"};

/* How the elements lie: sizes, and steps from one to the next, in elements, of the axes of [n][h][w][c]. */
typedef struct npy_layout {
    const char *type; /* of npy_types */
    size_t element_bytes;
    size_t size[4], step[4];
} npy_layout;

static clae_status npy_fail(const image_file *file, const char *reason) {
    return fail(file->context, CLAE_ERROR_INPUT, "cannot read images from the .npy file '%s': %s", file->path, reason);
}

static clae_status npy_read_header(const image_file *file, npy_header *header) {
    uint8_t prefix[NPY_PREFIX_BYTES] = {0};
    /* Version 1.0 has two bytes less before its dictionary. */
    const size_t first = NPY_PREFIX_BYTES - 2;
    size_t got = 0, more = 0, dict = 0, dict_bytes = 0;
    clae_status status = byte_source_read(file->bytes, prefix, first, &got);
    if (status == CLAE_OK && prefix[NPY_MAGIC_BYTES] == 2)
        status = byte_source_read(file->bytes, prefix + got, sizeof prefix - got, &more);
    if (status != CLAE_OK) return status;
    const char *reason = npy_parse_prefix(prefix, got + more, &dict, &dict_bytes);
    if (reason) return npy_fail(file, reason);
    char *text = malloc(dict_bytes + 1);
    if (!text) return fail_memory(file->context, dict_bytes + 1, file->path);
    status = byte_source_read(file->bytes, text, dict_bytes, &got);
    if (status == CLAE_OK) {
        reason = got < dict_bytes ? "it is cut off in its header" : npy_parse_dict(text, dict_bytes, header);
        if (reason) status = npy_fail(file, reason);
    }
    free(text);
    return status;
}

static clae_status npy_choose_type(const image_file *file, const npy_header *header, npy_layout *layout) {
    for (size_t i = 0; i < ARRAY_LENGTH(npy_types); i++)
        if (strcmp(header->type, npy_types[i]) == 0) layout->type = npy_types[i];
    if (!layout->type)
        return npy_fail(file,
                        "its elements are neither uint8, uint16, float32 nor float64: convert it by numpy.astype");
    layout->element_bytes = (size_t)(layout->type[2] - '0');
    return CLAE_OK;
}

static void npy_describe_shape(const npy_header *header, char text[SHAPE_TEXT_BYTES]) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < header->rank; i++)
        length += (size_t)snprintf(text + length, SHAPE_TEXT_BYTES - length, "%s%zu", i ? ", " : "", header->shape[i]);
}

static bool are_channels(size_t size) {
    return size >= 1 && size <= MAX_CHANNELS;
}

/* axes[i]: the array's axis that is the i-th of [n][h][w][c]; as many as the array's rank. */
static clae_status npy_choose_axes(const image_file *file, const npy_header *header, const size_t **axes) {
    static const size_t channels_first[] = {0, 2, 3, 1}, channels_last[] = {0, 1, 2, 3};
    char shape[SHAPE_TEXT_BYTES];
    const bool is_first = header->rank == 4 && are_channels(header->shape[1]);
    const bool is_last = header->rank == 4 && are_channels(header->shape[3]);
    *axes = is_first ? channels_first : channels_last;
    if (header->rank == 3 || is_first != is_last) return CLAE_OK;
    npy_describe_shape(header, shape);
    if (is_first)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "cannot read images from the .npy file '%s': in its shape (%s) the channels may be the second axis "
                    "or the last one: save images of one channel without that axis, and pad others to more than %d "
                    "pixels in width",
                    file->path, shape, MAX_CHANNELS);
    return fail(file->context, CLAE_ERROR_INPUT,
                "cannot read images from the .npy file '%s': its shape is (%s): reshape it to (images, height, width), "
                "or with 1 to %d channels after the images or last",
                file->path, shape, MAX_CHANNELS);
}

static void npy_lay_out(const npy_header *header, const size_t *axes, npy_layout *layout) {
    for (size_t i = 0; i < 4; i++) {
        const bool is_there = i < header->rank;
        const size_t axis = is_there ? axes[i] : 0, first = header->is_fortran ? 0 : axis + 1;
        const size_t end = header->is_fortran ? axis : header->rank;
        layout->size[i] = is_there ? header->shape[axis] : 1;
        layout->step[i] = 1;
        for (size_t k = first; k < end && is_there; k++) layout->step[i] *= header->shape[k];
    }
}

/* Whether [n][h][w][c] is how the elements lie. */
static bool is_in_order(const npy_layout *layout) {
    size_t step = 1;
    for (size_t i = 4; i-- > 0; step *= layout->size[i])
        if (layout->size[i] > 1 && layout->step[i] != step) return false;
    return true;
}

static float npy_float(const npy_layout *layout, const uint8_t *element) {
    const bool is_big_endian = layout->type[0] == '>';
    const size_t bytes = layout->element_bytes;
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++) bits = bits << 8 | element[is_big_endian ? i : bytes - 1 - i];
    if (layout->type[1] == 'u') return (float)((double)bits / UINT16_MAX);
    if (bytes == sizeof(double)) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return (float)value;
    }
    const uint32_t half = (uint32_t)bits;
    float value;
    memcpy(&value, &half, sizeof value);
    return value;
}

/* Elements of one byte, or floats, in the order [n][h][w][c]. */
static void npy_convert(const npy_layout *layout, const uint8_t *stored, uint8_t *bytes, float *floats) {
    const size_t *size = layout->size, *step = layout->step;
    size_t to = 0;
    for (size_t n = 0; n < size[0]; n++)
        for (size_t h = 0; h < size[1]; h++)
            for (size_t w = 0; w < size[2]; w++)
                for (size_t c = 0; c < size[3]; c++, to++) {
                    const size_t from = n * step[0] + h * step[1] + w * step[2] + c * step[3];
                    if (layout->element_bytes == 1)
                        bytes[to] = stored[from];
                    else
                        floats[to] = npy_float(layout, stored + from * layout->element_bytes);
                }
}

/* *elements: the stored ones, or others in their place. */
static clae_status npy_make_elements(const image_file *file, const npy_layout *layout, uint8_t *stored,
                                     void **elements) {
    const bool is_kept_type = layout->element_bytes == 1 || strcmp(layout->type, "<f4") == 0;
    const size_t count = layout->size[0] * layout->size[1] * layout->size[2] * layout->size[3];
    const size_t bytes = count * (layout->element_bytes == 1 ? 1 : sizeof(float));
    *elements = stored;
    if (is_kept_type && is_in_order(layout)) return CLAE_OK;
    *elements = malloc(bytes);
    if (*elements) npy_convert(layout, stored, *elements, *elements);
    free(stored);
    return *elements ? CLAE_OK : fail_memory(file->context, bytes, file->path);
}

static clae_status npy_read_images(const image_file *file, clae_dataset_info *shape, void **elements) {
    npy_header header = {0};
    npy_layout layout = {0};
    const size_t *axes = NULL;
    uint8_t *stored = NULL;
    clae_status status = npy_read_header(file, &header);
    if (status == CLAE_OK) status = npy_choose_type(file, &header, &layout);
    if (status == CLAE_OK) status = npy_choose_axes(file, &header, &axes);
    if (status != CLAE_OK) return status;
    npy_lay_out(&header, axes, &layout);
    *shape = (clae_dataset_info){.n = layout.size[0],
                                 .h = layout.size[1],
                                 .w = layout.size[2],
                                 .c = layout.size[3],
                                 .is_float = layout.element_bytes > 1};
    status = image_file_read_rest(file, shape, layout.element_bytes, &stored);
    return status == CLAE_OK ? npy_make_elements(file, &layout, stored, elements) : status;
}

const image_format image_format_npy = {
    .name = "NumPy arrays (.npy)",
    .suffixes = (const char *const[]){".npy", NULL},
    .is_a = npy_is_npy,
    .read = npy_read_images,
};
