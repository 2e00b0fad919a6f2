/* PNG and JPEG of every kind: decoded as the definitions say, and refused when they are damaged. */
#include "picture_checks.h"

#include "memory_limit.h"
#include "test_random.h"

#define H 5
#define W 7

static void expect_sample(const png_kind *kind, const uint16_t *samples, double rgb[3], double *alpha) {
    const bool has_colour = (kind->colour & PNG_COLOR_MASK_COLOR) != 0;
    const int bits = kind->bits;
    *alpha = 255;
    if (kind->palette) {
        const png_color *colour = &kind->palette[samples[0]];
        rgb[0] = colour->red, rgb[1] = colour->green, rgb[2] = colour->blue;
        if (kind->alphas) *alpha = kind->alphas[samples[0]];
        return;
    }
    for (size_t i = 0; i < 3; i++) rgb[i] = of_255(samples[has_colour ? i : 0], bits);
    if (kind->colour & PNG_COLOR_MASK_ALPHA) *alpha = of_255(samples[has_colour ? 3 : 1], bits);
    if (!kind->transparent) return;
    const png_color_16 *t = kind->transparent;
    const bool is_it =
        has_colour ? samples[0] == t->red && samples[1] == t->green && samples[2] == t->blue : samples[0] == t->gray;
    if (is_it) *alpha = 0;
}

static size_t channels_of(int colour) {
    const bool is_colour = colour & PNG_COLOR_MASK_COLOR && !(colour & PNG_COLOR_MASK_PALETTE);
    return (is_colour ? 3 : 1) + (colour & PNG_COLOR_MASK_ALPHA ? 1 : 0);
}

static void check_png(scene *s, const png_kind *kind, uint64_t number) {
    uint16_t samples[H * W * 4];
    uint8_t pixels[H * W * 3];
    test_random random = random_stream(0, number, 0);
    const size_t channels = channels_of(kind->colour);
    for (size_t i = 0; i < H * W * channels; i++) samples[i] = (uint16_t)random_int(&random, 0, (1 << kind->bits) - 1);
    if (kind->transparent && kind->colour == PNG_COLOR_TYPE_RGB) {
        const uint16_t rgb[] = {kind->transparent->red, kind->transparent->green, kind->transparent->blue};
        memcpy(samples + 3 * 4, rgb, sizeof rgb);
    }
    picture_bytes file = make_png(kind, samples);
    const bool is_grey = !(kind->colour & PNG_COLOR_MASK_COLOR);
    const picture_info info = inspect(s, &file);
    assert_string_equal(info.format, "PNG");
    assert_true(info.h == H && info.w == W && info.c == (is_grey ? 1 : 3));
    assert_int_equal(info.bits, kind->palette ? 8 : kind->bits);
    assert_int_equal(info.has_alpha, kind->alphas || kind->transparent || kind->colour & PNG_COLOR_MASK_ALPHA);
    for (size_t asked = 0; asked <= 3; asked += asked + 1)
        for (size_t b = 0; b < COUNT(backgrounds); b++) {
            const uint8_t *back = backgrounds[b];
            const picture_form form = {.c = asked, .background = {back[0], back[1], back[2]}};
            const size_t c = asked ? asked : info.c;
            memset(pixels, 0xa5, sizeof pixels);
            assert_int_equal(decode(s, &file, &form, pixels), CLAE_OK);
            for (size_t i = 0; i < H * W; i++) {
                double rgb[3], alpha;
                expect_sample(kind, samples + i * channels, rgb, &alpha);
                assert_pixel(pixels + i * c, c, rgb, alpha, back, is_grey);
            }
        }
    free(file.data);
}

static void decodes_every_png(void **state) {
    png_color palette[256];
    png_byte alphas[256];
    test_random random = random_stream(1, 0, 0);
    for (size_t i = 0; i < 256; i++) {
        palette[i] =
            (png_color){(png_byte)random_bits(&random), (png_byte)random_bits(&random), (png_byte)random_bits(&random)};
        alphas[i] = (png_byte)random_bits(&random);
    }
    static png_color_16 transparent = {.red = 7, .green = 9, .blue = 250, .gray = 1};
    static const struct {
        int colour, bits[6];
    } kinds[] = {{PNG_COLOR_TYPE_GRAY, {1, 2, 4, 8, 16}},
                 {PNG_COLOR_TYPE_RGB, {8, 16}},
                 {PNG_COLOR_TYPE_PALETTE, {1, 2, 4, 8}},
                 {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16}},
                 {PNG_COLOR_TYPE_RGB_ALPHA, {8, 16}}};
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (const int *bits = kinds[i].bits; *bits; bits++)
            for (int variant = 0; variant < 4; variant++) {
                png_kind kind = {.h = H, .w = W, .bits = *bits, .colour = kinds[i].colour};
                kind.is_interlaced = variant % 2;
                if (kind.colour == PNG_COLOR_TYPE_PALETTE) kind.palette = palette;
                if (kind.palette && variant >= 2) kind.alphas = alphas;
                if (!kind.palette && !(kind.colour & PNG_COLOR_MASK_ALPHA) && variant >= 2)
                    kind.transparent = &transparent;
                check_png(*state, &kind, 8 * i + (uint64_t)variant);
            }
}

static size_t make_exif(uint8_t exif[64], bool is_big_endian, unsigned orientation) {
    static const uint8_t big[] = {'M', 'M', 0, '*', 0,    0, 0, 8, 0, 2, 1, 0x0f, 0, 2, 0, 0, 0, 1, 'x',
                                  0,   0,   0, 1,   0x12, 0, 3, 0, 0, 0, 1, 0,    0, 0, 0, 0, 0, 0, 0};
    static const uint8_t little[] = {'I', 'I', '*', 0,    8, 0, 0, 0, 2, 0, 0x0f, 1, 2, 0, 1, 0, 0, 0, 'x',
                                     0,   0,   0,   0x12, 1, 3, 0, 1, 0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0};
    memcpy(exif, is_big_endian ? big : little, sizeof big);
    exif[is_big_endian ? 31 : 30] = (uint8_t)orientation;
    return sizeof big;
}

static void turns_png_upright(void **state) {
    scene *s = *state;
    static const uint16_t samples[] = {10, 20, 30, 40, 50, 60};
    static const uint8_t stored[] = {10, 20, 30, 40, 50, 60};
    const png_kind kind = {.h = 2, .w = 3, .bits = 8, .colour = PNG_COLOR_TYPE_GRAY};
    for (unsigned orientation = 1; orientation <= 8; orientation++)
        for (int variant = 0; variant < 4; variant++) {
            uint8_t exif[64], pixels[6];
            const size_t bytes = make_exif(exif, variant % 2, orientation);
            picture_bytes file = make_png(&kind, samples);
            insert_chunk(&file, "eXIf", exif, bytes, variant >= 2);
            const picture_info info = inspect(s, &file);
            assert_int_equal(info.h, orientation >= 5 ? 3 : 2);
            assert_int_equal(info.w, orientation >= 5 ? 2 : 3);
            assert_int_equal(decode(s, &file, &(picture_form){0}, pixels), CLAE_OK);
            assert_upright(orientation, 2, 3, stored, 1, pixels);
            free(file.data);
        }
}

static void turns_jpeg_upright(void **state) {
    scene *s = *state;
    static const uint8_t stored[] = {10, 60, 110, 150, 200, 250};
    uint8_t blocks[16 * 24], pixels[16 * 24], exif[70] = "Exif\0";
    for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = stored[i / 24 / 8 * 3 + i % 24 / 8];
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        const size_t bytes = 6 + make_exif(exif + 6, orientation % 2, orientation);
        const jpeg_kind kind = {16, 24, JCS_GRAYSCALE, JCS_GRAYSCALE, 100, .exif = exif, .exif_bytes = bytes};
        picture_bytes file = make_jpeg(&kind, blocks);
        assert_int_equal(inspect(s, &file).h, orientation >= 5 ? 24 : 16);
        assert_int_equal(decode(s, &file, &(picture_form){0}, pixels), CLAE_OK);
        assert_upright(orientation, 2, 3, stored, 8, pixels);
        free(file.data);
    }
}

/* Whatever EXIF data hold, no byte behind them is read, and the picture stays as it is. */
static void ignores_damaged_exif(void **state) {
    scene *s = *state;
    static const uint16_t samples[6];
    const png_kind kind = {.h = 2, .w = 3, .bits = 8, .colour = PNG_COLOR_TYPE_GRAY};
    uint8_t whole[64], pixels[6];
    const size_t bytes = make_exif(whole, false, 6);
    for (size_t i = 0; i < bytes; i++) {
        picture_bytes file = make_png(&kind, samples);
        uint8_t damaged[64];
        memcpy(damaged, whole, bytes);
        damaged[i] = 0xff;
        insert_chunk(&file, "eXIf", damaged, i % 3 ? bytes : i, false);
        assert_int_equal(decode(s, &file, &(picture_form){0}, pixels), CLAE_OK);
        free(file.data);
    }
}

static double mean_difference(const uint8_t *a, const uint8_t *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += abs(a[i] - b[i]);
    return sum / (double)count;
}

static void decodes_every_jpeg(void **state) {
    scene *s = *state;
    enum { h = 48, w = 64 };
    static const struct {
        J_COLOR_SPACE given, stored;
    } spaces[] = {{JCS_GRAYSCALE, JCS_GRAYSCALE},
                  {JCS_RGB, JCS_YCbCr},
                  {JCS_RGB, JCS_RGB},
                  {JCS_CMYK, JCS_CMYK},
                  {JCS_CMYK, JCS_YCCK}};
    uint8_t given[h * w * 4], rgb[h * w * 3], grey[h * w], pixels[h * w * 3];
    for (size_t i = 0; i < COUNT(spaces); i++)
        for (int variant = 0; variant < 8; variant++) {
            jpeg_kind kind = {h, w, spaces[i].given, spaces[i].stored, 98, .is_progressive = variant & 1};
            kind.is_subsampled = variant & 2;
            /* What is not RGB or grey cannot be told apart without that marker. */
            kind.is_without_adobe = variant & 4 && kind.stored == JCS_CMYK;
            const size_t channels = kind.given == JCS_GRAYSCALE ? 1 : kind.given == JCS_CMYK ? 4 : 3;
            fill_smooth(given, h, w, channels);
            for (size_t k = 0; k < h * w; k++)
                for (size_t c = 0; c < 3; c++) {
                    const uint8_t *p = given + k * channels;
                    const int flip = kind.is_without_adobe ? 255 : 0;
                    rgb[3 * k + c] = channels == 4   ? (uint8_t)((p[c] ^ flip) * (p[3] ^ flip) / 255)
                                     : channels == 3 ? p[c]
                                                     : p[0];
                }
            for (size_t k = 0; k < h * w; k++)
                grey[k] = (uint8_t)(.299 * rgb[3 * k] + .587 * rgb[3 * k + 1] + .114 * rgb[3 * k + 2] + .5);
            picture_bytes file = make_jpeg(&kind, given);
            const picture_info info = inspect(s, &file);
            assert_string_equal(info.format, "JPEG");
            assert_true(info.h == h && info.w == w && info.c == (channels == 1 ? 1 : 3) && info.bits == 8);
            assert_false(info.has_alpha);
            assert_int_equal(decode(s, &file, &(picture_form){.c = 3}, pixels), CLAE_OK);
            assert_true(mean_difference(pixels, rgb, h * w * 3) < 2);
            assert_int_equal(decode(s, &file, &(picture_form){.c = 1}, pixels), CLAE_OK);
            assert_true(mean_difference(pixels, grey, h * w) < 2);
            free(file.data);
        }
}

/* Pictures of 500x1500 that are made smaller end within a pixel, which is at the other end when they are turned: their
 * last rows and columns are slopes. */
static void shrinks_jpeg_on_load(void **state) {
    scene *s = *state;
    enum { h = 500, w = 1500 };
    static const size_t factors[] = {25, 50, 100};
    uint8_t *whole = malloc(h * w), *small = malloc(h * w), exif[70] = "Exif\0";
    for (size_t i = 0; i < h * w; i++) {
        const size_t y = i / w, x = i % w, in = x >= w - 100 ? x + 100 - w : y >= h - 100 ? y + 100 - h : 0;
        whole[i] = (uint8_t)(in * 5 / 2);
    }
    for (unsigned orientation = 1; orientation <= 3; orientation += 2) {
        const size_t bytes = 6 + make_exif(exif + 6, true, orientation);
        const jpeg_kind kind = {h, w, JCS_GRAYSCALE, JCS_GRAYSCALE, 98, .exif = exif, .exif_bytes = bytes};
        picture_bytes file = make_jpeg(&kind, whole);
        for (size_t k = 0; k < COUNT(factors); k++) {
            const size_t factor = factors[k];
            const picture_form form = {.h = h / factor, .w = w / factor};
            assert_int_equal(decode(s, &file, &form, small), CLAE_OK);
            for (size_t i = 0; i < form.h * form.w; i++) {
                const size_t at = orientation == 1 ? i : form.h * form.w - 1 - i;
                const uint8_t *area = whole + i / form.w * factor * w + i % form.w * factor;
                double sum = 0;
                for (size_t n = 0; n < factor * factor; n++) sum += area[n / factor * w + n % factor];
                assert_true(fabs(sum / (double)(factor * factor) - small[at]) < 1.5);
            }
        }
        free(file.data);
    }
    free(whole);
    free(small);
}

/* How much of [from, from + length] the pixel at `i` covers. */
static double covered(double from, double length, size_t i) {
    const double covers = fmin(from + length, (double)i + 1) - fmax(from, (double)i);
    return covers > 0 ? covers : 0;
}

/* Areas of noise whose edges cut pixels, which matters the most for pictures that libjpeg makes smaller. */
static void shrunk_jpegs_are_means_of_areas(void **state) {
    scene *s = *state;
    enum { h = 240, w = 320 };
    static const size_t sizes[][2] = {{101, 150}, {70, 90}, {50, 37}, {20, 13}, {13, 20}, {9, 11}, {5, 4}, {2, 3}};
    uint8_t *whole = malloc(h * w), *small = malloc(h * w);
    test_random random = random_stream(3, 0, 0);
    for (size_t i = 0; i < h * w; i++) whole[i] = (uint8_t)random_int(&random, 0, 255);
    picture_bytes file = make_jpeg(&(jpeg_kind){h, w, JCS_GRAYSCALE, JCS_GRAYSCALE, 98}, whole);
    assert_int_equal(decode(s, &file, &(picture_form){.c = 1}, whole), CLAE_OK);
    for (size_t k = 0; k < COUNT(sizes); k++) {
        const picture_form form = {.h = sizes[k][0], .w = sizes[k][1], .fit = CLAE_FIT_STRETCH};
        const double step_y = (double)h / (double)form.h, step_x = (double)w / (double)form.w;
        assert_int_equal(decode(s, &file, &form, small), CLAE_OK);
        for (size_t i = 0; i < form.h * form.w; i++) {
            const double top = (double)(i / form.w) * step_y, left = (double)(i % form.w) * step_x;
            double sum = 0;
            for (size_t y = (size_t)top; y < h && (double)y < top + step_y; y++)
                for (size_t x = (size_t)left; x < w && (double)x < left + step_x; x++)
                    sum += covered(top, step_y, y) * covered(left, step_x, x) * whole[y * w + x];
            assert_true(fabs(sum / (step_y * step_x) - small[i]) < 1.5);
        }
    }
    free(file.data);
    free(whole);
    free(small);
}

/* A picture is refused at each length that is not its own, and damage of any bit is either refused by one line or ends
 * in some picture. */
static void check_damage(scene *s, picture_bytes *file, size_t start) {
    uint8_t pixels[16 * 16 * 3];
    const picture_form form = {.h = 16, .w = 16, .c = 3};
    const size_t size = file->size;
    assert_int_equal(decode(s, file, &form, pixels), CLAE_OK);
    for (file->size = 0; file->size < size; file->size++)
        assert_picture_refused(s, file, file->size == 0 ? "is empty" : file->size < start ? "" : "is cut off");
    for (size_t bit = 0; bit < 8 * size; bit += 3) {
        file->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        s->messages = 0;
        const clae_status status = decode(s, file, &form, pixels);
        assert_true(status == CLAE_OK ? s->messages == 0 : status == CLAE_ERROR_INPUT && s->messages == 1);
        file->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(file->data);
}

static void refuses_damaged_files(void **state) {
    uint16_t samples[24 * 20 * 4];
    uint8_t bytes[24 * 20 * 3];
    test_random random = random_stream(2, 0, 0);
    for (size_t i = 0; i < COUNT(samples); i++) samples[i] = (uint16_t)random_bits(&random);
    fill_smooth(bytes, 24, 20, 3);
    for (int variant = 0; variant < 2; variant++) {
        const png_kind png = {24, 20, 8, PNG_COLOR_TYPE_RGB_ALPHA, .is_interlaced = variant};
        const jpeg_kind jpeg = {24, 20, JCS_RGB, JCS_YCbCr, 80, .is_progressive = variant, .is_subsampled = true};
        picture_bytes file = make_png(&png, samples);
        check_damage(*state, &file, 8);
        file = make_jpeg(&jpeg, bytes);
        check_damage(*state, &file, 3);
    }
}

/* Headers that promise much cost nothing. */
static void refuses_huge_promises(void **state) {
    scene *s = *state;
    static const struct {
        uint32_t h, w;
        const char *words;
    } sizes[] = {{16384, 16384, "promises 16384x16384"},
                 {0x7fffffff, 0x7fffffff, "too large"},
                 {1, 0x7fffffff, "too large"},
                 {20000, 20000, "too large"},
                 {0, 5, "damaged"},
                 {3000, 4000, "promises"}};
    static const uint16_t samples[1];
    static const uint8_t grey[64];
    const struct rlimit old = memory_limit_set((rlim_t)1 << 29);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        picture_bytes file = make_png(&(png_kind){1, 1, 8, PNG_COLOR_TYPE_GRAY}, samples);
        png_save_uint_32(file.data + 16, sizes[i].w);
        png_save_uint_32(file.data + 20, sizes[i].h);
        png_save_uint_32(file.data + 29, (png_uint_32)crc32(0, file.data + 12, 17));
        assert_picture_refused(s, &file, sizes[i].words);
        free(file.data);
    }
    picture_bytes file = make_jpeg(&(jpeg_kind){8, 8, JCS_GRAYSCALE, JCS_GRAYSCALE, 90}, grey);
    for (size_t i = 0; i + 8 < file.size; i++)
        if (file.data[i] == 0xff && file.data[i + 1] == 0xc0) memset(file.data + i + 5, 0xf0, 4);
    assert_picture_refused(s, &file, "too large");
    free(file.data);
    memory_limit_restore(&old);
}

static void names_other_kinds(void **state) {
    scene *s = *state;
    static const struct {
        const char *start, *words;
    } files[] = {{"", "is empty"},
                 {"%PDF-1.4", "a PDF document"},
                 {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
                 {"<html>", "HTML"},
                 {"BMX is a text", "text"},
                 {"P5 is a text", "text"},
                 {"\1\2\3", "no picture of a format that clae knows"}};
    for (size_t i = 0; i < COUNT(files); i++) {
        const picture_bytes file = {(uint8_t *)(uintptr_t)files[i].start, strlen(files[i].start)};
        assert_picture_refused(s, &file, files[i].words);
        assert_null(picture_format_of(file.data, file.size));
    }
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(decodes_every_png),
        WITH_SCENE(turns_png_upright),
        WITH_SCENE(turns_jpeg_upright),
        WITH_SCENE(ignores_damaged_exif),
        WITH_SCENE(decodes_every_jpeg),
        WITH_SCENE(shrinks_jpeg_on_load),
        WITH_SCENE(shrunk_jpegs_are_means_of_areas),
        WITH_SCENE(refuses_damaged_files),
        WITH_SCENE(refuses_huge_promises),
        WITH_SCENE(names_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
