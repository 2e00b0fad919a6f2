#include "data/picture_decoder.h"

#include "base/memory.h"
#include "data/file_kind.h"
#include "data/picture_fit.h"
#include "data/picture_orientation.h"

#include <stdlib.h>
#include <string.h>

/* What deflate makes of a byte at most, of pixels of a bit each. */
#define MAX_PIXELS_PER_BYTE ((size_t)1032 * 8)
/* So many are believed of any file: some formats have pictures of one colour in a few bytes. */
#define MAX_UNCHECKED_PIXELS ((size_t)1 << 22)

#define DECODER(name) extern const picture_decoder picture_decoder_##name;
#include "data/pictures.def"
#undef DECODER

static const picture_decoder *const decoders[] = {
#define DECODER(name) &picture_decoder_##name,
#include "data/pictures.def"
#undef DECODER
};

clae_status picture_check_size(const picture_file *file, size_t h, size_t w) {
    size_t pixels;
    const bool fits = size_multiply(h, w, &pixels) && pixels <= PICTURE_MAX_PIXELS;
    if (h == 0 || w == 0)
        return fail(file->context, CLAE_ERROR_INPUT, "'%s' has no pixels: %zux%zu (height, width)", file->name, h, w);
    if (!fits)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "'%s' is too large: %zux%zu pixels (height, width); at most %zu pixels are read", file->name, h, w,
                    PICTURE_MAX_PIXELS);
    if (pixels > MAX_UNCHECKED_PIXELS && pixels / MAX_PIXELS_PER_BYTE > file->size)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "'%s' promises %zux%zu pixels (height, width), more than %zu bytes can hold: it is damaged or cut "
                    "off",
                    file->name, h, w, file->size);
    return CLAE_OK;
}

clae_status picture_raster_create(const picture_file *file, picture_raster *raster) {
    const size_t bytes = raster->h * raster->w * raster->c;
    raster->content_h = (double)raster->h;
    raster->content_w = (double)raster->w;
    raster->pixels = malloc(bytes);
    return raster->pixels ? CLAE_OK : fail_memory(file->context, bytes, file->name);
}

clae_status picture_fail_cut_off(const picture_file *file, const char *format) {
    return fail(file->context, CLAE_ERROR_INPUT, "'%s' is cut off: its %zu bytes are not a whole %s picture",
                file->name, file->size, format);
}

clae_status picture_fail_damaged(const picture_file *file, const char *format, const char *reason) {
    return fail(file->context, CLAE_ERROR_INPUT, "'%s' is a damaged %s picture: %s", file->name, format, reason);
}

static clae_status picture_refuse(const picture_file *file) {
    const char *format = picture_format_of(file->bytes, file->size);
    const file_kind kind = file_kind_of(file->bytes, file->size);
    if (format)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "'%s' is a %s picture, and clae was built without libvips, which reads those: convert it to PNG or "
                    "JPEG",
                    file->name, format);
    if (kind.what && file->size == 0) return fail(file->context, CLAE_ERROR_INPUT, "'%s' is empty", file->name);
    if (kind.what)
        return fail(file->context, CLAE_ERROR_INPUT, "'%s' is no picture, it is %s%s%s", file->name, kind.what,
                    kind.advice ? ": " : "", kind.advice ? kind.advice : "");
    return fail(file->context, CLAE_ERROR_INPUT, "'%s' is no picture of a format that clae knows", file->name);
}

static const picture_decoder *picture_choose(const picture_file *file) {
    for (size_t i = 0; i < ARRAY_LENGTH(decoders); i++)
        if (decoders[i]->is_a(file->bytes, file->size)) return decoders[i];
    return NULL;
}

/* The info is of the upright picture, the header's orientation of the stored one. */
static clae_status picture_read_header(const picture_file *file, const picture_decoder **decoder,
                                       picture_header *header) {
    *header = (picture_header){.orientation = 1};
    *decoder = picture_choose(file);
    const clae_status status = *decoder ? (*decoder)->inspect(file, header) : picture_refuse(file);
    const size_t h = header->info.h;
    if (status == CLAE_OK && picture_orientation_swaps(header->orientation)) {
        header->info.h = header->info.w;
        header->info.w = h;
    }
    return status;
}

clae_status picture_inspect(const clae_context *context, const char *name, const uint8_t *bytes, size_t size,
                            picture_info *info) {
    const picture_file file = {context, name, bytes, size};
    const picture_decoder *decoder;
    picture_header header;
    const clae_status status = picture_read_header(&file, &decoder, &header);
    *info = header.info;
    return status;
}

static picture_form picture_complete_form(const picture_form *form, const picture_info *info) {
    picture_form complete = *form;
    if (complete.h == 0) complete.h = info->h;
    if (complete.w == 0) complete.w = info->w;
    if (complete.c == 0) complete.c = info->c;
    return complete;
}

clae_status picture_decode(const clae_context *context, const char *name, const uint8_t *bytes, size_t size,
                           const picture_form *form, uint8_t *pixels) {
    const picture_file file = {context, name, bytes, size};
    const picture_decoder *decoder;
    picture_header header;
    clae_status status = picture_read_header(&file, &decoder, &header);
    if (status != CLAE_OK) return status;
    const picture_info *info = &header.info;
    const picture_form complete = picture_complete_form(form, info);
    const fit_plan plan = picture_fit_plan(info->h, info->w, &complete);
    const picture_wish wish = {complete.c, complete.background, picture_fit_scale(&plan)};
    picture_raster raster = {0};
    status = decoder->decode(&file, &wish, &raster);
    if (status == CLAE_OK) status = picture_orientation_apply(&file, header.orientation, &raster);
    if (status == CLAE_OK) status = picture_fit_run(&file, &raster, info->h, info->w, &plan, &complete, pixels);
    free(raster.pixels);
    return status;
}
