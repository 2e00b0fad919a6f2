/* Pictures that libvips decodes, where it is there, and every decoder from several threads. */
#include "picture_checks.h"

#include "test_random.h"

#include <pthread.h>

/* Written by hand, little-endian. */
static void put(picture_bytes *file, size_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++, value >>= 8) picture_bytes_add(file, &(uint8_t){(uint8_t)value}, 1);
}

/* 2x3 pixels of blue, green, red each; rows are of 4 bytes, the lowest first. */
static picture_bytes make_bmp(void) {
    picture_bytes file = picture_bytes_new();
    put(&file, 'B' | 'M' << 8, 2);
    put(&file, 54 + 24, 4);
    put(&file, 0, 4);
    put(&file, 54, 4);
    const size_t header[][2] = {{40, 4}, {3, 4}, {2, 4}, {1, 2}, {24, 2}, {0, 4},
                                {24, 4}, {0, 4}, {0, 4}, {0, 4}, {0, 4}};
    for (size_t i = 0; i < COUNT(header); i++) put(&file, header[i][0], header[i][1]);
    for (size_t row = 2; row-- > 0;) {
        for (size_t i = 0; i < 9; i++) put(&file, 100 * row + 10 * (i / 3) + 2 - i % 3, 1);
        put(&file, 0, 3);
    }
    return file;
}

/* One strip of 2x3 pixels without compression; photometric: 1 grey, 2 RGB, 5 CMYK. */
static picture_bytes make_tiff(size_t channels, size_t bytes, size_t photometric, size_t orientation,
                               const uint16_t *samples) {
    picture_bytes file = picture_bytes_new();
    const size_t entries = 10, data = 8 + 2 + entries * 12 + 4, bits = data + 6 * channels * bytes;
    const size_t tags[][3] = {
        {256, 3, 3},    {257, 3, 2},           {258, 3, bits},     {259, 3, 1}, {262, 3, photometric},
        {273, 4, data}, {274, 3, orientation}, {277, 3, channels}, {278, 3, 2}, {279, 4, 6 * channels * bytes}};
    put(&file, 'I' | 'I' << 8 | '*' << 16, 4);
    put(&file, 8, 4);
    put(&file, entries, 2);
    for (size_t i = 0; i < entries; i++) {
        const bool is_bits = tags[i][0] == 258;
        put(&file, tags[i][0], 2);
        put(&file, tags[i][1], 2);
        put(&file, is_bits ? channels : 1, 4);
        put(&file, is_bits && channels == 1 ? 8 * bytes : tags[i][2], 4);
    }
    put(&file, 0, 4);
    for (size_t i = 0; i < 6 * channels; i++) put(&file, samples[i], bytes);
    for (size_t i = 0; i < channels; i++) put(&file, 8 * bytes, 2);
    return file;
}

/* Whether this clae and this system read the file; if not, a line says so. */
static bool vips_reads(scene *s, const picture_bytes *file, const char *format) {
    picture_info info;
    s->messages = 0;
    const clae_status status = picture_inspect(&s->context, s->path, file->data, file->size, &info);
    assert_string_equal(picture_format_of(file->data, file->size), format);
    if (status == CLAE_OK) {
        assert_string_equal(info.format, format);
        return true;
    }
    print_message("%s\n", s->message);
    assert_int_equal(s->messages, 1);
    assert_non_null(strstr(s->message, CLAE_HAVE_VIPS ? "libvips" : "clae was built without libvips"));
    assert_non_null(strstr(s->message, format));
    assert_null(strstr(s->message, "damaged"));
    return false;
}

static void decodes_bmp(void **state) {
    scene *s = *state;
    uint8_t pixels[18];
    picture_bytes file = make_bmp();
    if (vips_reads(s, &file, "BMP")) {
        assert_int_equal(decode(s, &file, &(picture_form){.c = 3}, pixels), CLAE_OK);
        for (size_t i = 0; i < 18; i++) assert_int_equal(pixels[i], 100 * (i / 9) + 10 * (i % 9 / 3) + i % 3);
        for (file.size--; file.size >= 10; file.size--) assert_picture_refused(s, &file, "BMP");
    }
    free(file.data);
}

static void decodes_every_tiff(void **state) {
    scene *s = *state;
    static const struct {
        size_t channels, bytes, photometric, orientation;
    } kinds[] = {{1, 1, 1, 1}, {1, 2, 1, 1}, {3, 1, 2, 1}, {3, 2, 2, 1}, {4, 1, 5, 1}, {1, 1, 1, 6}, {1, 2, 1, 3}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const size_t channels = kinds[i].channels, bytes = kinds[i].bytes;
        uint16_t samples[24];
        uint8_t stored[6], pixels[18];
        test_random random = random_stream(3, i, 0);
        for (size_t k = 0; k < 6 * channels; k++)
            samples[k] = (uint16_t)random_int(&random, 0, bytes == 1 ? 255 : 65535);
        picture_bytes file = make_tiff(channels, bytes, kinds[i].photometric, kinds[i].orientation, samples);
        if (vips_reads(s, &file, "TIFF")) {
            const picture_info info = inspect(s, &file);
            assert_true(info.bits == 8 * bytes && info.c == (channels == 1 ? 1 : 3) && !info.has_alpha);
            assert_int_equal(decode(s, &file, &(picture_form){0}, pixels), CLAE_OK);
            for (size_t k = 0; k < 6; k++) {
                double rgb[3];
                const uint16_t *p = samples + k * channels;
                for (size_t c = 0; c < 3; c++)
                    rgb[c] = channels == 4 ? floor((255. - p[c]) * (255. - p[3]) / 255 + .5)
                                           : of_255(p[channels == 3 ? c : 0], (int)(8 * bytes));
                stored[k] = (uint8_t)rgb[0];
                if (channels > 1) assert_pixel(pixels + 3 * k, 3, rgb, 255, backgrounds[0], false);
            }
            if (channels == 1) assert_upright((unsigned)kinds[i].orientation, 2, 3, stored, 1, pixels);
            file.size -= 2 * channels + 1;
            assert_picture_refused(s, &file, "TIFF");
        }
        free(file.data);
    }
}

/* A pixel of red and a transparent one; 2x3 pixels of one colour. */
static void decodes_gif_and_webp(void **state) {
    scene *s = *state;
    static const uint8_t gif[] =
        "GIF89a\x02\x00\x01\x00\x81\x00\x00\xff\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00\x21\xf9\x04"
        "\x01\x00\x00\x01\x00\x2c\x00\x00\x00\x00\x02\x00\x01\x00\x00\x08\x05\x00\x01\x04\x08\x08"
        "\x00\x3b";
    static const uint8_t webp[] =
        "RIFF\x1e\x00\x00\x00WEBPVP8L\x11\x00\x00\x00\x2f\x02\x40\x00\x00\x07\x50\x8f\x22\x97\xa7"
        "\xff\x81\x88\xe8\x7f\x00\x00";
    picture_bytes file = {(uint8_t *)(uintptr_t)gif, sizeof gif - 1};
    uint8_t pixels[18];
    if (vips_reads(s, &file, "GIF")) {
        assert_true(inspect(s, &file).has_alpha);
        assert_int_equal(decode(s, &file, &(picture_form){.c = 3, .background = {0, 0, 255}}, pixels), CLAE_OK);
        assert_memory_equal(pixels, "\xff\0\0\0\0\xff", 6);
    }
    file = (picture_bytes){(uint8_t *)(uintptr_t)webp, sizeof webp - 1};
    if (vips_reads(s, &file, "WebP")) {
        assert_int_equal(decode(s, &file, &(picture_form){.c = 3}, pixels), CLAE_OK);
        for (size_t i = 0; i < 6; i++) assert_memory_equal(pixels + 3 * i, "\xc8\x1e\x3c", 3);
    }
}

typedef struct worker {
    pthread_t thread;
    scene *s;
    const picture_bytes *files;
    const uint8_t (*expected)[16 * 16 * 3];
    size_t count, wrong;
} worker;

static void *work(void *user) {
    worker *w = user;
    for (size_t i = 0; i < 40 * w->count; i++) {
        uint8_t pixels[16 * 16 * 3];
        const size_t k = i % w->count;
        const picture_form form = {.h = 16, .w = 16, .c = 3};
        if (picture_decode(&w->s->context, "file", w->files[k].data, w->files[k].size, &form, pixels) != CLAE_OK ||
            memcmp(pixels, w->expected[k], sizeof pixels) != 0)
            w->wrong++;
    }
    return NULL;
}

static void decodes_from_several_threads(void **state) {
    scene *s = *state;
    uint16_t samples[24];
    uint8_t bytes[24 * 20 * 3], expected[4][16 * 16 * 3];
    for (size_t i = 0; i < COUNT(samples); i++) samples[i] = (uint16_t)(10 * i);
    fill_smooth(bytes, 24, 20, 3);
    picture_bytes files[] = {make_png(&(png_kind){2, 3, 8, PNG_COLOR_TYPE_RGB_ALPHA}, samples),
                             make_jpeg(&(jpeg_kind){24, 20, JCS_RGB, JCS_YCbCr, 80, .is_progressive = true}, bytes),
                             make_tiff(3, 1, 2, 1, samples), make_bmp()};
    size_t count = 2;
    while (count < COUNT(files) && vips_reads(s, &files[count], count == 2 ? "TIFF" : "BMP")) count++;
    const picture_form form = {.h = 16, .w = 16, .c = 3};
    for (size_t i = 0; i < count; i++) assert_int_equal(decode(s, &files[i], &form, expected[i]), CLAE_OK);
    worker workers[4];
    for (size_t i = 0; i < COUNT(workers); i++) {
        workers[i] = (worker){.s = s, .files = files, .expected = expected, .count = count};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    for (size_t i = 0; i < COUNT(files); i++) free(files[i].data);
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(decodes_bmp),
        WITH_SCENE(decodes_every_tiff),
        WITH_SCENE(decodes_gif_and_webp),
        WITH_SCENE(decodes_from_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
