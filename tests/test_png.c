/* PNG files, read back by libpng. */
#include "data_support.h"

#include "app/figures/png_image.h"

#include <png.h>

static void assert_comes_back(scene *s, const uint8_t *pixels, size_t width, size_t height, size_t channels) {
    assert_int_equal(png_image_write(&s->context, s->path, pixels, width, height, channels), CLAE_OK);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, s->path));
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    uint8_t *back = malloc(width * height * channels);
    assert_non_null(back);
    assert_true(png_image_finish_read(&image, NULL, back, 0, NULL));
    assert_memory_equal(back, pixels, width * height * channels);
    free(back);
}

static void comes_back(void **state) {
    scene *s = *state;
    static uint8_t pixels[300 * 200 * 3];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    for (size_t channels = 1; channels <= 3; channels += 2) {
        assert_comes_back(s, pixels, 300, 200, channels);
        assert_comes_back(s, pixels, 1, 1, channels);
        assert_comes_back(s, pixels, 1, 77, channels);
        assert_comes_back(s, pixels, 77, 1, channels);
    }
}

static void refuses(void **state) {
    scene *s = *state;
    static const uint8_t pixel[4];
    assert_refused(s, CLAE_ERROR_INTERNAL, png_image_write(&s->context, s->path, pixel, 1, 1, 2));
    assert_refused(s, CLAE_ERROR_OUTPUT, png_image_write(&s->context, s->path, pixel, 0, 1, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, png_image_write(&s->context, s->path, pixel, 1, 65536, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, png_image_write(&s->context, s->path, pixel, 65535, 65535, 3));
    assert_refused(s, CLAE_ERROR_OUTPUT, png_image_write(&s->context, s->path, pixel, SIZE_MAX, 2, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, png_image_write(&s->context, "/nonexistent/a.png", pixel, 1, 1, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(refuses, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
