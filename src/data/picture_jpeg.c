/* JPEG by libjpeg. */
#include "data/picture_decoder.h"

#include "data/picture_orientation.h"
#include "data/picture_row.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h> /* as jpeglib.h has configured it */

#define EXIF_MARKER (JPEG_APP0 + 1)
#define EXIF_START "Exif\0" /* and a zero byte */
#define EXIF_START_BYTES 6
#define MARKER_MAX_BYTES 0xffff
/* Progressive pictures have about ten. Each takes the time of the whole picture, however few its bytes are. */
#define MAX_SCANS 200
/* Pixels of a picture made smaller, for one of the image, in each direction, at least. With 12, those of natural
 * pictures are 0.1 of 255 off the means of areas, one in a thousand by 2; with 1, they are 2 off, and up to 78. */
#define SHRUNK_PER_PIXEL 12

/* All that lives across libjpeg's jumps. */
typedef struct jpeg_job {
    const picture_file *file;
    const picture_wish *wish;
    picture_raster *raster;
    picture_header header;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    uint8_t *row;
    clae_status status;
    char reason[JMSG_LENGTH_MAX];
    jmp_buf jump;
} jpeg_job;

static bool picture_jpeg_is_a(const uint8_t *start, size_t bytes) {
    return bytes >= 3 && memcmp(start, "\xff\xd8\xff", 3) == 0;
}

static void picture_jpeg_error(j_common_ptr jpeg) {
    jpeg_job *job = jpeg->client_data;
    jpeg->err->format_message(jpeg, job->reason);
    longjmp(job->jump, 1);
}

static void picture_jpeg_output(j_common_ptr jpeg) {
    const jpeg_job *job = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    log_line(job->file->context, CLAE_LOG_DEBUG, "'%s': libjpeg: %s", job->file->name, message);
}

/* libjpeg only warns of pixels that it had to make up. */
static bool picture_jpeg_is_damage(int code) {
    static const int codes[] = {
#ifdef D_ARITH_CODING_SUPPORTED
        JWRN_ARITH_BAD_CODE,
#endif
        JWRN_HIT_MARKER,     JWRN_HUFF_BAD_CODE, JWRN_JPEG_EOF, JWRN_MUST_RESYNC,
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code) return true;
    return false;
}

static void picture_jpeg_message(j_common_ptr jpeg, int level) {
    if (level < 0 && picture_jpeg_is_damage(jpeg->err->msg_code)) jpeg->err->error_exit(jpeg);
    if (level < 0) jpeg->err->output_message(jpeg);
}

static void picture_jpeg_progress(j_common_ptr jpeg) {
    jpeg_job *job = jpeg->client_data;
    if (job->jpeg.input_scan_number <= MAX_SCANS) return;
    snprintf(job->reason, sizeof job->reason, "it has more than %d scans", MAX_SCANS);
    longjmp(job->jump, 1);
}

static unsigned picture_jpeg_orientation(const struct jpeg_decompress_struct *jpeg) {
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next)
        if (marker->marker == EXIF_MARKER && marker->data_length >= EXIF_START_BYTES &&
            memcmp(marker->data, EXIF_START, EXIF_START_BYTES) == 0)
            return picture_orientation_read(marker->data + EXIF_START_BYTES, marker->data_length - EXIF_START_BYTES);
    return 1;
}

static clae_status picture_jpeg_check_channels(const jpeg_job *job) {
    if (job->jpeg.jpeg_color_space != JCS_UNKNOWN) return CLAE_OK;
    return fail(job->file->context, CLAE_ERROR_INPUT, "'%s' is a JPEG picture of %d channels of unknown meaning",
                job->file->name, job->jpeg.num_components);
}

static void picture_jpeg_read_header(jpeg_job *job) {
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    jpeg_mem_src(jpeg, job->file->bytes, (unsigned long)job->file->size);
    jpeg_save_markers(jpeg, EXIF_MARKER, MARKER_MAX_BYTES);
    jpeg_read_header(jpeg, TRUE);
    job->header.info = (picture_info){.format = "JPEG",
                                      .h = jpeg->image_height,
                                      .w = jpeg->image_width,
                                      .c = jpeg->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3,
                                      .bits = (size_t)jpeg->data_precision};
    job->header.orientation = picture_jpeg_orientation(jpeg);
    job->status = picture_jpeg_check_channels(job);
    if (job->status == CLAE_OK) job->status = picture_check_size(job->file, job->header.info.h, job->header.info.w);
}

/* The inverse transform of fewer coefficients gives means of 2x2, 4x4 or 8x8 pixels. The edges of the image's pixels
 * cut these: the fewer of them there are for one of the image, the more that matters. */
static void picture_jpeg_choose_output(jpeg_job *job) {
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    const bool is_cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = is_cmyk ? JCS_CMYK : job->wish->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg->scale_denom = 8;
    jpeg->scale_num = 8;
    while (jpeg->scale_num > 1 && jpeg->scale_num / 2 >= SHRUNK_PER_PIXEL * 8 * job->wish->scale) jpeg->scale_num /= 2;
}

static void picture_jpeg_read_rows(jpeg_job *job) {
    const picture_raster *raster = job->raster;
    while (job->jpeg.output_scanline < job->jpeg.output_height) {
        uint8_t *to = raster->pixels + job->jpeg.output_scanline * raster->w * raster->c;
        JSAMPROW row = job->row ? job->row : to;
        jpeg_read_scanlines(&job->jpeg, &row, 1);
        if (!job->row) continue;
        /* Adobe's programs store 255 where there is no ink. */
        picture_row_from_cmyk(row, raster->w, job->jpeg.saw_Adobe_marker ? 255 : 0);
        picture_row_convert(row, raster->w, 3, job->wish, to);
    }
    jpeg_finish_decompress(&job->jpeg);
}

static void picture_jpeg_run(jpeg_job *job) {
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    picture_raster *raster = job->raster;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &job->progress;
    picture_jpeg_read_header(job);
    if (job->status != CLAE_OK || !raster) return;
    picture_jpeg_choose_output(job);
    jpeg_start_decompress(jpeg);
    *raster = (picture_raster){.h = jpeg->output_height, .w = jpeg->output_width, .c = job->wish->c};
    job->status = picture_raster_create(job->file, raster);
    if (job->status != CLAE_OK) return;
    raster->content_h = (double)jpeg->image_height * jpeg->scale_num / jpeg->scale_denom;
    raster->content_w = (double)jpeg->image_width * jpeg->scale_num / jpeg->scale_denom;
    if (jpeg->out_color_space == JCS_CMYK)
        job->row = jpeg->mem->alloc_large((j_common_ptr)jpeg, JPOOL_IMAGE, 4 * raster->w);
    picture_jpeg_read_rows(job);
}

static clae_status picture_jpeg_fail(const jpeg_job *job) {
    const int code = job->errors.msg_code;
    if (code == JERR_OUT_OF_MEMORY)
        return fail(job->file->context, CLAE_ERROR_INTERNAL, "not enough memory to decode '%s'", job->file->name);
    if (code == JWRN_JPEG_EOF || code == JERR_INPUT_EOF || code == JERR_INPUT_EMPTY)
        return picture_fail_cut_off(job->file, "JPEG");
    return picture_fail_damaged(job->file, "JPEG", job->reason);
}

/* raster NULL: the header alone. */
static clae_status picture_jpeg_do(jpeg_job *job) {
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->jpeg.client_data = job;
    job->errors.error_exit = picture_jpeg_error;
    job->errors.output_message = picture_jpeg_output;
    job->errors.emit_message = picture_jpeg_message;
    job->progress.progress_monitor = picture_jpeg_progress;
    if (setjmp(job->jump) == 0)
        picture_jpeg_run(job);
    else
        job->status = picture_jpeg_fail(job);
    jpeg_destroy_decompress(&job->jpeg);
    return job->status;
}

static clae_status picture_jpeg_inspect(const picture_file *file, picture_header *header) {
    jpeg_job job = {.file = file};
    const clae_status status = picture_jpeg_do(&job);
    *header = job.header;
    return status;
}

static clae_status picture_jpeg_decode(const picture_file *file, const picture_wish *wish, picture_raster *raster) {
    jpeg_job job = {.file = file, .wish = wish, .raster = raster};
    return picture_jpeg_do(&job);
}

const picture_decoder picture_decoder_jpeg = {
    .is_a = picture_jpeg_is_a,
    .inspect = picture_jpeg_inspect,
    .decode = picture_jpeg_decode,
};
