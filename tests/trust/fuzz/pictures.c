#include "data/picture.h"
#include "fuzz.h"

#include <zlib.h>

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Gives the chunks of a PNG their checksums, so that what is behind these is tried too. */
static void mend_checksums(uint8_t *png, size_t bytes) {
    size_t at = 8;
    while (bytes > at && bytes - at >= 12) {
        const size_t length = big_endian(png + at);
        if (length > bytes - at - 12) return;
        const uint32_t sum = (uint32_t)crc32(0, png + at + 4, (uInt)length + 4);
        for (size_t i = 0; i < 4; i++) png[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += length + 12;
    }
}

static void decode(const uint8_t *data, size_t bytes) {
    static const picture_form forms[] = {{.h = 9, .w = 5, .c = 3, .fit = CLAE_FIT_CONTAIN}, {.h = 3, .w = 3, .c = 1}};
    const clae_context context = fuzz_context();
    uint8_t pixels[9 * 5 * 3];
    picture_info info;
    const clae_status status = picture_inspect(&context, "fuzz", data, bytes, &info);
    if (status == CLAE_OK && (info.h == 0 || info.w == 0 || (info.c != 1 && info.c != 3))) abort();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (picture_decode(&context, "fuzz", data, bytes, &forms[i], pixels) == CLAE_OK && status != CLAE_OK) abort();
}

/* PNG and JPEG; what else libvips reads is its own to test. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const char *format = picture_format_of(data, bytes);
    const bool is_png = format && strcmp(format, "PNG") == 0;
    if (format && !is_png && strcmp(format, "JPEG") != 0) return 0;
    decode(data, bytes);
    uint8_t *mended = is_png ? malloc(bytes) : NULL;
    if (!mended) return 0;
    memcpy(mended, data, bytes);
    mend_checksums(mended, bytes);
    decode(mended, bytes);
    free(mended);
    return 0;
}
