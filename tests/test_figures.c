/* Pictures: that they are written, of what size, and where their ink is. How they look is for eyes. */
#include "data_support.h"

#include "app/figures/axis.h"
#include "app/figures/canvas.h"
#include "app/figures/grid.h"
#include "app/figures/palette.h"
#include "app/figures/plot.h"

#include <math.h>
#include <png.h>

typedef struct picture {
    size_t width, height;
    uint8_t *rgb;
} picture;

static picture read_picture(const char *path) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_int_not_equal(png_image_begin_read_from_file(&image, path), 0);
    image.format = PNG_FORMAT_RGB;
    picture p = {image.width, image.height, malloc(PNG_IMAGE_SIZE(image))};
    assert_non_null(p.rgb);
    assert_int_not_equal(png_image_finish_read(&image, NULL, p.rgb, 0, NULL), 0);
    return p;
}

static size_t count_color(const picture *p, uint8_t red, uint8_t green, uint8_t blue) {
    size_t count = 0;
    for (size_t i = 0; i < p->width * p->height; i++)
        if (p->rgb[3 * i] == red && p->rgb[3 * i + 1] == green && p->rgb[3 * i + 2] == blue) count++;
    return count;
}

static void test_axis_ticks(void **state) {
    (void)state;
    static const struct {
        bool log;
        double low, high;
        const char *first, *last;
    } cases[] = {
        {false, 0, 1, "0.0", "1.0"},
        {false, -30, 14000, "0", "14000"},
        {false, 0.0012, 0.0031, "0.0012", "0.0030"},
        {false, 1e9, 5e9, "1e+09", "5e+09"},
        {true, 0.02, 30, "0.02", "20"},
        {true, 1e-12, 1e12, "1e-12", "1e+12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        axis a = axis_empty(cases[i].log);
        axis_include(&a, cases[i].low);
        axis_include(&a, cases[i].high);
        axis_include(&a, NAN);
        axis_close_range(&a, 0);
        axis_choose_ticks(&a, 7);
        assert_true(a.tick_count >= 3 && a.tick_count <= 12);
        assert_string_equal(a.ticks[0].label, cases[i].first);
        assert_string_equal(a.ticks[a.tick_count - 1].label, cases[i].last);
    }
}

static void test_axis_without_values(void **state) {
    (void)state;
    for (int log = 0; log < 2; log++)
        for (int count = 0; count < 2; count++) {
            axis a = axis_empty(log);
            if (count) axis_include(&a, 3);
            axis_include(&a, log ? -1 : INFINITY);
            axis_close_range(&a, 0.05);
            axis_choose_ticks(&a, 7);
            assert_true(a.low < a.high && a.tick_count >= 2);
        }
}

static void test_palette(void **state) {
    (void)state;
    double last = -1;
    for (int i = 0; i <= 20; i++) {
        canvas_color c = palette_scale(i / 20.0);
        double lightness = 0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue;
        assert_true(lightness > last);
        last = lightness;
    }
    canvas_color low = palette_scale(-3), zero = palette_scale(0), none = palette_scale(NAN);
    assert_memory_equal(&low, &zero, sizeof low);
    assert_memory_equal(&none, &zero, sizeof low);
}

static void test_grid_pixels(void **state) {
    scene *s = *state;
    const float images[] = {0, 1, 0.5f, NAN, 2, -1, 0, 0}; /* two of 2x2 */
    for (int no_invert = 0; no_invert < 2; no_invert++) {
        grid_style style = {2, 2, 1, no_invert};
        grid_block block = {NULL, images, 2, 1, 3};
        assert_int_equal(grid_write(&s->context, s->path, &style, &block, 1), CLAE_OK);
        picture p = read_picture(s->path);
        size_t area = 8 * 8; /* the largest enlargement */
        size_t black = count_color(&p, 0, 0, 0), grey = count_color(&p, 127, 127, 127) + count_color(&p, 128, 128, 128);
        assert_int_equal(grey, area);
        assert_int_equal(black, area * (no_invert ? 5 : 2));
        assert_int_equal(p.rgb[0], 255);
        free(p.rgb);
    }
}

static void test_grid_colors(void **state) {
    scene *s = *state;
    const float images[] = {1, 0, 0, 0, 0, 1};
    grid_style style = {1, 2, 3, true};
    grid_block block = {NULL, images, 1, 1, 1};
    assert_int_equal(grid_write(&s->context, s->path, &style, &block, 1), CLAE_OK);
    picture p = read_picture(s->path);
    assert_int_equal(count_color(&p, 255, 0, 0), 64);
    assert_int_equal(count_color(&p, 0, 0, 255), 64);
    free(p.rgb);
}

static void test_grid_lecture(void **state) {
    scene *s = *state;
    float *images = calloc(36 * 784, sizeof *images);
    assert_non_null(images);
    grid_style style = {28, 28, 1, false};
    grid_block blocks[] = {
        {"X", images, 36, 3, 12}, {"g(f(X)), autoencoder", images, 36, 3, 12}, {"g(f(X)), PCA", images, 36, 3, 12}};
    assert_int_equal(grid_write(&s->context, s->path, &style, blocks, 3), CLAE_OK);
    picture p = read_picture(s->path);
    assert_true(p.width >= 12 * 28 * 3 && p.width <= 1200);
    assert_true(p.height >= 9 * 28 * 3 && p.height <= 1100);
    free(p.rgb);
    free(images);
}

static void test_grid_refusals(void **state) {
    scene *s = *state;
    const float image = 0;
    grid_style style = {1, 1, 1, false}, two_channels = {1, 1, 2, false};
    grid_block fine = {NULL, &image, 1, 1, 1}, full = {NULL, &image, 2, 1, 1};
    grid_block huge = {NULL, &image, 1, SIZE_MAX / 2, 4};
    assert_int_equal(grid_write(&s->context, s->path, &style, &fine, 0), CLAE_ERROR_INPUT);
    assert_int_equal(grid_write(&s->context, s->path, &two_channels, &fine, 1), CLAE_ERROR_INPUT);
    assert_int_equal(grid_write(&s->context, s->path, &style, &full, 1), CLAE_ERROR_INPUT);
    assert_int_equal(grid_write(&s->context, s->path, &style, &huge, 1), CLAE_ERROR_INPUT);
    assert_int_equal(s->messages, 4);
    assert_int_equal(grid_write(&s->context, "/nonexistent/folder/f.png", &style, &fine, 1), CLAE_ERROR_OUTPUT);
    assert_int_equal(s->messages, 5);
}

static void test_plots(void **state) {
    scene *s = *state;
    double x[50], y[50], hue[50];
    for (int i = 0; i < 50; i++) {
        x[i] = i;
        y[i] = i % 10 ? exp(-i / 10.0) : i % 20 ? NAN : -1;
        hue[i] = i / 49.0;
    }
    const plot_series series[] = {{"line", x, y, 50, false, NULL}, {"points", x, y, 50, true, hue}};
    static const plot_style styles[] = {
        {.title = "t", .x_label = "x", .y_label = "y"}, {.log_y = true}, {.equal_scales = true}, {.no_y_axis = true}};
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        assert_int_equal(plot_write(&s->context, s->path, &styles[i], series, 2), CLAE_OK);
        picture p = read_picture(s->path);
        size_t pixels = p.width * p.height, paper = count_color(&p, 255, 255, 255);
        assert_true(paper > pixels / 2 && paper < pixels - 1000);
        free(p.rgb);
    }
    assert_int_equal(plot_write(&s->context, s->path, &styles[1], NULL, 0), CLAE_OK);
    assert_int_equal(plot_write(&s->context, "/nonexistent/folder/f.png", &styles[0], series, 2), CLAE_ERROR_OUTPUT);
}

/* The first test: fontconfig reads its configuration once in a process. */
static void test_no_configuration_of_fonts(void **state) {
    scene *s = *state;
    const char *const names[] = {"FONTCONFIG_FILE", "FONTCONFIG_PATH"};
    canvas page;
    double width, height;
    for (size_t i = 0; i < 2; i++) assert_int_equal(setenv(names[i], "/nonexistent", 1), 0);
    assert_int_equal(canvas_create(&s->context, 60, 30, &page), CLAE_OK);
    for (size_t i = 0; i < 2; i++) assert_int_equal(unsetenv(names[i]), 0);
    canvas_text_size(&page, "loss", 20, &width, &height);
    assert_true(width > 10 && width < 60 && height > 5 && height < 30);
    canvas_set_color(&page, (canvas_color){0, 0, 0}, 1);
    canvas_text(&page, "loss", 20, 5, 5, (canvas_anchor){0, 0});
    assert_int_equal(canvas_write(&s->context, &page, s->path), CLAE_OK);
    canvas_free(&page);
    picture p = read_picture(s->path);
    assert_true(p.width * p.height - count_color(&p, 255, 255, 255) > 50);
    free(p.rgb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_configuration_of_fonts, scene_open, scene_close),
        cmocka_unit_test(test_axis_ticks),
        cmocka_unit_test(test_axis_without_values),
        cmocka_unit_test(test_palette),
        cmocka_unit_test_setup_teardown(test_grid_pixels, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_grid_colors, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_grid_lecture, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_grid_refusals, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_plots, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
