#include "data/image_array.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "'<f4' is taken as it lies in the file");

#define FEW_CHANNELS 4
#define SHAPE_TEXT_BYTES (NPY_MAX_RANK * 24)

static const char *const array_types[] = {"|u1", "<u2", ">u2", "<f4", ">f4", "<f8", ">f8"};

/* How the elements lie: sizes, and steps from one to the next, in elements, of the axes of [n][h][w][c]. */
typedef struct array_layout {
    const char *type; /* of array_types */
    size_t element_bytes;
    size_t size[4], step[4];
} array_layout;

static clae_status array_choose_type(const image_file *file, const npy_header *header, array_layout *layout) {
    for (size_t i = 0; i < ARRAY_LENGTH(array_types); i++)
        if (strcmp(header->type, array_types[i]) == 0) layout->type = array_types[i];
    if (!layout->type)
        return fail(
            file->context, CLAE_ERROR_INPUT,
            "cannot read images from '%s': its elements are neither uint8, uint16, float32 nor float64: convert it "
            "by numpy.astype",
            file->path);
    layout->element_bytes = (size_t)(layout->type[2] - '0');
    return CLAE_OK;
}

static void array_describe_shape(const npy_header *header, char text[SHAPE_TEXT_BYTES]) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < header->rank; i++)
        length += (size_t)snprintf(text + length, SHAPE_TEXT_BYTES - length, "%s%zu", i ? ", " : "", header->shape[i]);
}

static bool array_has_channels(const npy_header *header, size_t axis, size_t most) {
    return header->shape[axis] >= 1 && header->shape[axis] <= most;
}

/* Which of the two axes has the channels, as far as sizes tell: that of a few, or of as many as there
 * may be, where the other has more. */
static clae_layout array_guess(const npy_header *header) {
    static const size_t most[] = {FEW_CHANNELS, CLAE_MAX_CHANNELS};
    for (size_t i = 0; i < ARRAY_LENGTH(most); i++) {
        const bool is_first = array_has_channels(header, 1, most[i]), is_last = array_has_channels(header, 3, most[i]);
        if (is_first && is_last) return CLAE_LAYOUT_AUTO;
        if (is_first || is_last) return is_first ? CLAE_LAYOUT_NCHW : CLAE_LAYOUT_NHWC;
    }
    return CLAE_LAYOUT_AUTO;
}

/* axes[i]: the array's axis that is the i-th of [n][h][w][c]; as many as the array's rank. */
static clae_status array_choose_axes(const image_file *file, const npy_header *header, const size_t **axes) {
    static const size_t channels_first[] = {0, 2, 3, 1}, channels_last[] = {0, 1, 2, 3}, columns_first[] = {0, 2, 1};
    char shape[SHAPE_TEXT_BYTES];
    clae_layout layout = file->options->layout;
    if (header->rank == 4 && layout == CLAE_LAYOUT_AUTO) layout = array_guess(header);
    *axes = layout == CLAE_LAYOUT_NCHW ? channels_first : channels_last;
    if (header->rank == 3 && file->has_columns_first) *axes = columns_first;
    if (header->rank == 3 || (header->rank == 4 && layout != CLAE_LAYOUT_AUTO)) return CLAE_OK;
    array_describe_shape(header, shape);
    if (header->rank == 4 && array_has_channels(header, 1, CLAE_MAX_CHANNELS))
        return fail(
            file->context, CLAE_ERROR_INPUT,
            "cannot read images from '%s': in its shape (%s) the channels may be the second axis or the last one: "
            "choose one by --layout nchw or --layout nhwc",
            file->path, shape);
    return fail(
        file->context, CLAE_ERROR_INPUT,
        "cannot read images from '%s': its shape is (%s): reshape it to (images, height, width), or with 1 to %d "
        "channels after the images or last",
        file->path, shape, CLAE_MAX_CHANNELS);
}

static void array_lay_out(const npy_header *header, const size_t *axes, array_layout *layout) {
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
static bool array_is_in_order(const array_layout *layout) {
    size_t step = 1;
    for (size_t i = 4; i-- > 0; step *= layout->size[i])
        if (layout->size[i] > 1 && layout->step[i] != step) return false;
    return true;
}

static float array_float(const array_layout *layout, const uint8_t *element) {
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
static void array_convert(const array_layout *layout, const uint8_t *stored, uint8_t *bytes, float *floats) {
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
                        floats[to] = array_float(layout, stored + from * layout->element_bytes);
                }
}

/* *elements: the stored ones, or others in their place. */
static clae_status array_make_elements(const image_file *file, const array_layout *layout, uint8_t *stored,
                                       void **elements) {
    const bool is_kept_type = layout->element_bytes == 1 || strcmp(layout->type, "<f4") == 0;
    const size_t count = layout->size[0] * layout->size[1] * layout->size[2] * layout->size[3];
    const size_t bytes = count * (layout->element_bytes == 1 ? 1 : sizeof(float));
    *elements = stored;
    if (is_kept_type && array_is_in_order(layout)) return CLAE_OK;
    *elements = malloc(bytes);
    if (*elements) array_convert(layout, stored, *elements, *elements);
    free(stored);
    return *elements ? CLAE_OK : fail_memory(file->context, bytes, file->path);
}

clae_status image_array_read(const image_file *file, const npy_header *header, clae_dataset_info *shape,
                             void **elements) {
    array_layout layout = {0};
    const size_t *axes = NULL;
    uint8_t *stored = NULL;
    clae_status status = array_choose_type(file, header, &layout);
    if (status == CLAE_OK) status = array_choose_axes(file, header, &axes);
    if (status != CLAE_OK) return status;
    array_lay_out(header, axes, &layout);
    *shape = (clae_dataset_info){.n = layout.size[0],
                                 .h = layout.size[1],
                                 .w = layout.size[2],
                                 .c = layout.size[3],
                                 .is_float = layout.element_bytes > 1};
    status = image_file_read_rest(file, shape, layout.element_bytes, &stored);
    return status == CLAE_OK ? array_make_elements(file, &layout, stored, elements) : status;
}
