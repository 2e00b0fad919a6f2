/* PNG by libpng. */
#include "data/picture_decoder.h"

#include "data/picture_orientation.h"
#include "data/picture_row.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE "\x89PNG\r\n\x1a\n"
#define SIGNATURE_BYTES 8
#define CHUNK_HEADER_BYTES 8
#define CHUNK_CHECKSUM_BYTES 4
#define MAX_SIDE 0x7fffffff /* of the format */

/* All that lives across libpng's jumps. */
typedef struct png_job {
    const picture_file *file;
    const picture_wish *wish;
    picture_raster *raster;
    picture_header header;
    png_structp png;
    png_infop info;
    size_t at; /* bytes that libpng has had */
    png_bytep rows;
    size_t row_bytes, channels;
    clae_status status;
    bool is_cut_off, is_memory_short;
    char reason[128];
    jmp_buf jump;
} png_job;

static bool picture_png_is_a(const uint8_t *start, size_t bytes) {
    return bytes >= SIGNATURE_BYTES && memcmp(start, SIGNATURE, SIGNATURE_BYTES) == 0;
}

static void picture_png_error(png_structp png, png_const_charp message) {
    png_job *job = png_get_error_ptr(png);
    snprintf(job->reason, sizeof job->reason, "%s", message);
    longjmp(job->jump, 1);
}

static void picture_png_warning(png_structp png, png_const_charp message) {
    const png_job *job = png_get_error_ptr(png);
    log_line(job->file->context, CLAE_LOG_DEBUG, "'%s': libpng: %s", job->file->name, message);
}

static png_voidp picture_png_allocate(png_structp png, png_alloc_size_t bytes) {
    png_job *job = png_get_mem_ptr(png);
    void *block = malloc(bytes);
    job->is_memory_short |= !block;
    return block;
}

static void picture_png_release(png_structp png, png_voidp block) {
    (void)png;
    free(block);
}

static void picture_png_read(png_structp png, png_bytep to, size_t bytes) {
    png_job *job = png_get_io_ptr(png);
    if (bytes > job->file->size - job->at) {
        job->is_cut_off = true;
        png_error(png, "the file ends");
    }
    memcpy(to, job->file->bytes + job->at, bytes);
    job->at += bytes;
}

/* EXIF is in a chunk that may stand behind the pixels. */
static unsigned picture_png_orientation(const picture_file *file) {
    size_t at = SIGNATURE_BYTES;
    while (file->size - at >= CHUNK_HEADER_BYTES) {
        const uint8_t *chunk = file->bytes + at;
        const size_t bytes = png_get_uint_32(chunk), left = file->size - at - CHUNK_HEADER_BYTES;
        if (bytes > left || left - bytes < CHUNK_CHECKSUM_BYTES) return 1;
        if (memcmp(chunk + 4, "eXIf", 4) == 0) return picture_orientation_read(chunk + CHUNK_HEADER_BYTES, bytes);
        at += CHUNK_HEADER_BYTES + bytes + CHUNK_CHECKSUM_BYTES;
    }
    return 1;
}

static void picture_png_read_header(png_job *job) {
    png_structp png = job->png;
    png_set_user_limits(png, MAX_SIDE, MAX_SIDE); /* picture_check_size has clae's */
    /* Texts, colour profiles and the like are not even decompressed. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, job->info);
    const int colour = png_get_color_type(png, job->info);
    const bool is_palette = (colour & PNG_COLOR_MASK_PALETTE) != 0;
    job->header.info = (picture_info){
        .format = "PNG",
        .h = png_get_image_height(png, job->info),
        .w = png_get_image_width(png, job->info),
        .c = colour & PNG_COLOR_MASK_COLOR ? 3 : 1,
        .bits = is_palette ? 8 : png_get_bit_depth(png, job->info),
        .has_alpha = (colour & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, job->info, PNG_INFO_tRNS) != 0,
    };
    job->header.orientation = picture_png_orientation(job->file);
    job->status = picture_check_size(job->file, job->header.info.h, job->header.info.w);
}

/* As one to four channels of eight bits. */
static int picture_png_set_transforms(png_job *job) {
    png_set_expand(job->png); /* palettes, fewer bits, transparent colours */
    png_set_scale_16(job->png);
    const int passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    job->channels = png_get_channels(job->png, job->info);
    job->row_bytes = png_get_rowbytes(job->png, job->info);
    return passes;
}

static void picture_png_convert(const png_job *job, size_t y, const uint8_t *row) {
    const picture_raster *raster = job->raster;
    picture_row_convert(row, raster->w, job->channels, job->wish, raster->pixels + y * raster->w * raster->c);
}

/* Interlaced pictures are complete after the last pass only. */
static void picture_png_read_rows(png_job *job) {
    const int passes = picture_png_set_transforms(job);
    const size_t h = job->raster->h, kept = passes > 1 ? h : 1;
    job->rows = png_malloc(job->png, kept * job->row_bytes);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < h; y++) {
            png_bytep row = job->rows + y % kept * job->row_bytes;
            png_read_row(job->png, row, NULL);
            if (pass == passes - 1) picture_png_convert(job, y, row);
        }
    png_read_end(job->png, NULL);
}

static void picture_png_run(png_job *job) {
    picture_raster *raster = job->raster;
    png_set_read_fn(job->png, job, picture_png_read);
    picture_png_read_header(job);
    if (job->status != CLAE_OK || !raster) return;
    *raster = (picture_raster){.h = job->header.info.h, .w = job->header.info.w, .c = job->wish->c};
    job->status = picture_raster_create(job->file, raster);
    if (job->status == CLAE_OK) picture_png_read_rows(job);
}

static clae_status picture_png_fail(const png_job *job) {
    if (job->is_memory_short)
        return fail(job->file->context, CLAE_ERROR_INTERNAL, "not enough memory to decode '%s'", job->file->name);
    if (job->is_cut_off) return picture_fail_cut_off(job->file, "PNG");
    return picture_fail_damaged(job->file, "PNG", job->reason);
}

/* raster NULL: the header alone. */
static clae_status picture_png_do(png_job *job) {
    job->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, job, picture_png_error, picture_png_warning, job,
                                        picture_png_allocate, picture_png_release);
    if (job->png) job->info = png_create_info_struct(job->png);
    if (!job->info)
        job->status = picture_png_fail(job);
    else if (setjmp(job->jump) == 0)
        picture_png_run(job);
    else
        job->status = picture_png_fail(job);
    if (job->png && job->rows) png_free(job->png, job->rows);
    png_destroy_read_struct(&job->png, &job->info, NULL);
    return job->status;
}

static clae_status picture_png_inspect(const picture_file *file, picture_header *header) {
    png_job job = {.file = file};
    const clae_status status = picture_png_do(&job);
    *header = job.header;
    return status;
}

static clae_status picture_png_decode(const picture_file *file, const picture_wish *wish, picture_raster *raster) {
    png_job job = {.file = file, .wish = wish, .raster = raster};
    return picture_png_do(&job);
}

const picture_decoder picture_decoder_png = {
    .is_a = picture_png_is_a,
    .inspect = picture_png_inspect,
    .decode = picture_png_decode,
};
