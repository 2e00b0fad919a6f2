/* All other formats by libvips, of several pages the first. */
#include "data/picture_decoder.h"

#include "data/picture_row.h"
#include "data/vips_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHANNELS 4
#define STRIP_ROWS 16

typedef struct vips_job {
    const picture_file *file;
    const vips_library *vips;
    const char *format;
    VipsImage *image;
    size_t channels; /* of the image: 1 to 4 */
    bool is_16_bit, is_cmyk;
} vips_job;

static bool picture_vips_is_a(const uint8_t *start, size_t bytes) {
    return picture_format_of(start, bytes) != NULL;
}

/* Errors are in one buffer of the process: those of two pictures that fail at once may be mixed up. */
static clae_status picture_vips_fail(const vips_job *job) {
    char *text = job->vips->vips_error_buffer_copy(), *end = strchr(text, '\n');
    if (end) *end = '\0';
    const clae_status status =
        fail(job->file->context, CLAE_ERROR_INPUT, "'%s' is a %s picture that is damaged or cut off; libvips: %s",
             job->file->name, job->format, *text ? text : "no reason is given");
    job->vips->g_free(text);
    return status;
}

static bool is_coloured_otherwise(VipsInterpretation interpretation) {
    static const VipsInterpretation others[] = {VIPS_INTERPRETATION_HSV,  VIPS_INTERPRETATION_LAB,
                                                VIPS_INTERPRETATION_LABQ, VIPS_INTERPRETATION_LABS,
                                                VIPS_INTERPRETATION_XYZ,  VIPS_INTERPRETATION_scRGB};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == interpretation) return true;
    return false;
}

static clae_status picture_vips_convert_colours(vips_job *job) {
    VipsImage *converted = NULL;
    if (!is_coloured_otherwise(job->vips->vips_image_get_interpretation(job->image))) return CLAE_OK;
    if (job->vips->vips_colourspace(job->image, &converted, VIPS_INTERPRETATION_sRGB, NULL))
        return picture_vips_fail(job);
    job->vips->g_object_unref(job->image);
    job->image = converted;
    return CLAE_OK;
}

/* The format is of the image as it is read, after colours have been converted. */
static clae_status picture_vips_check_pixels(vips_job *job) {
    const VipsBandFormat format = job->vips->vips_image_get_format(job->image);
    job->channels = (size_t)job->vips->vips_image_get_bands(job->image);
    job->is_16_bit = format == VIPS_FORMAT_USHORT;
    job->is_cmyk = job->vips->vips_image_get_interpretation(job->image) == VIPS_INTERPRETATION_CMYK;
    if (format != VIPS_FORMAT_UCHAR && format != VIPS_FORMAT_USHORT)
        return fail(job->file->context, CLAE_ERROR_INPUT,
                    "'%s' is a %s picture of numbers that are neither of 8 nor of 16 bits: save them as .npy",
                    job->file->name, job->format);
    if (job->channels > MAX_CHANNELS)
        return fail(job->file->context, CLAE_ERROR_INPUT, "'%s' is a %s picture of %zu channels: at most four are read",
                    job->file->name, job->format, job->channels);
    return CLAE_OK;
}

static clae_status picture_vips_open(vips_job *job) {
    const picture_file *file = job->file;
    const char *reason;
    job->format = picture_format_of(file->bytes, file->size);
    job->vips = vips_library_get(&reason);
    if (!job->vips)
        return fail(
            file->context, CLAE_ERROR_INPUT,
            "'%s' is a %s picture, and libvips, which reads those, cannot be loaded (%s): install it, or convert "
            "the picture to PNG or JPEG",
            file->name, job->format, reason);
    if (!job->vips->vips_foreign_find_load_buffer(file->bytes, file->size)) {
        job->vips->g_free(job->vips->vips_error_buffer_copy());
        return fail(file->context, CLAE_ERROR_INPUT,
                    "'%s' is a %s picture, which the libvips of this system does not read: convert it to PNG or JPEG",
                    file->name, job->format);
    }
    job->image = job->vips->vips_image_new_from_buffer(file->bytes, file->size, "", "access", VIPS_ACCESS_SEQUENTIAL,
                                                       "fail_on", VIPS_FAIL_ON_ERROR, NULL);
    return job->image ? CLAE_OK : picture_vips_fail(job);
}

static clae_status picture_vips_read_header(vips_job *job, picture_header *header) {
    clae_status status = picture_vips_open(job);
    if (status != CLAE_OK) return status;
    const vips_library *vips = job->vips;
    const VipsBandFormat stored = vips->vips_image_get_format(job->image);
    header->orientation = (unsigned)vips->vips_image_get_orientation(job->image);
    status = picture_check_size(job->file, (size_t)vips->vips_image_get_height(job->image),
                                (size_t)vips->vips_image_get_width(job->image));
    if (status == CLAE_OK) status = picture_vips_convert_colours(job);
    if (status == CLAE_OK) status = picture_vips_check_pixels(job);
    header->info = (picture_info){.format = job->format,
                                  .h = (size_t)vips->vips_image_get_height(job->image),
                                  .w = (size_t)vips->vips_image_get_width(job->image),
                                  .c = job->channels <= 2 ? 1 : 3,
                                  .bits = stored == VIPS_FORMAT_USHORT ? 16 : 8,
                                  .has_alpha = job->channels % 2 == 0 && !job->is_cmyk};
    return status;
}

/* round(value / 257) */
static void to_8_bits(const uint8_t *from, size_t count, uint8_t *to) {
    for (size_t i = 0; i < count; i++) {
        uint16_t value;
        memcpy(&value, from + i * sizeof value, sizeof value);
        to[i] = (uint8_t)((value + 128u) / 257);
    }
}

/* row[w] of the image, kept[w] for what its bytes become. */
static void picture_vips_convert(const vips_job *job, const uint8_t *row, uint8_t *kept, const picture_wish *wish,
                                 size_t w, uint8_t *to) {
    const size_t count = w * job->channels;
    if (job->is_16_bit)
        to_8_bits(row, count, kept);
    else
        memcpy(kept, row, count);
    if (job->is_cmyk) picture_row_from_cmyk(kept, w, 0);
    picture_row_convert(kept, w, job->is_cmyk ? 3 : job->channels, wish, to);
}

static clae_status picture_vips_read_strips(const vips_job *job, VipsRegion *region, const picture_wish *wish,
                                            picture_raster *raster) {
    const size_t bytes = raster->w * job->channels;
    uint8_t *kept = malloc(bytes);
    clae_status status = kept ? CLAE_OK : fail_memory(job->file->context, bytes, job->file->name);
    for (size_t top = 0; top < raster->h && status == CLAE_OK; top += STRIP_ROWS) {
        const size_t left = raster->h - top, rows = left < STRIP_ROWS ? left : STRIP_ROWS;
        const VipsRect strip = {.top = (int)top, .width = (int)raster->w, .height = (int)rows};
        if (job->vips->vips_region_prepare(region, &strip)) status = picture_vips_fail(job);
        for (size_t y = top; y < top + rows && status == CLAE_OK; y++)
            picture_vips_convert(job, region->data + (y - (size_t)region->valid.top) * (size_t)region->bpl, kept, wish,
                                 raster->w, raster->pixels + y * raster->w * raster->c);
    }
    free(kept);
    return status;
}

static clae_status picture_vips_read_pixels(const vips_job *job, const picture_wish *wish, picture_raster *raster) {
    const clae_status status = picture_raster_create(job->file, raster);
    if (status != CLAE_OK) return status;
    VipsRegion *region = job->vips->vips_region_new(job->image);
    if (!region) return picture_vips_fail(job);
    const clae_status read = picture_vips_read_strips(job, region, wish, raster);
    job->vips->g_object_unref(region);
    return read;
}

static void picture_vips_close(vips_job *job) {
    if (job->image) job->vips->g_object_unref(job->image);
}

static clae_status picture_vips_inspect(const picture_file *file, picture_header *header) {
    vips_job job = {.file = file};
    const clae_status status = picture_vips_read_header(&job, header);
    picture_vips_close(&job);
    return status;
}

static clae_status picture_vips_decode(const picture_file *file, const picture_wish *wish, picture_raster *raster) {
    vips_job job = {.file = file};
    picture_header header = {.orientation = 1};
    clae_status status = picture_vips_read_header(&job, &header);
    *raster = (picture_raster){.h = header.info.h, .w = header.info.w, .c = wish->c};
    if (status == CLAE_OK) status = picture_vips_read_pixels(&job, wish, raster);
    picture_vips_close(&job);
    return status;
}

const picture_decoder picture_decoder_vips = {
    .is_a = picture_vips_is_a,
    .inspect = picture_vips_inspect,
    .decode = picture_vips_decode,
};
