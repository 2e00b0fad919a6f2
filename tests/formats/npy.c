/* Arrays of NumPy, of every type, order and layout that is taken. */
#include "formats/format_test.h"

#include <math.h>

#define MAX_ELEMENTS 400

/* The array's axes of [n][h][w][c]; one that the rank leaves out has the size 1. */
typedef struct layout {
    size_t rank, axes[4];
} layout;

static const layout grey = {3, {0, 1, 2}}, channels_first = {4, {0, 2, 3, 1}}, channels_last = {4, {0, 1, 2, 3}};

static size_t write_header(uint8_t *file, const char *type, bool is_fortran, const char *shape) {
    char dict[200];
    const int length = snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type,
                                is_fortran ? "True" : "False", shape);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, dict, (size_t)length);
    return 10 + (size_t)length;
}

/* Writes a value of a type, and gives the pixel that it stands for. */
static float write_value(uint8_t *to, const char *type, unsigned value) {
    const size_t bytes = (size_t)(type[2] - '0');
    uint8_t little[8] = {0};
    const float f4 = (float)value / 3 - 9;
    const double f8 = value / 3.0 - 9;
    float pixel;
    if (type[1] == 'u') {
        const unsigned u = value * 977 % (bytes == 1 ? 256 : 65536);
        little[0] = (uint8_t)u;
        little[1] = (uint8_t)(u >> 8);
        pixel = bytes == 1 ? (float)u / 255 : (float)u / 65535;
    } else if (bytes == 4) {
        memcpy(little, &f4, 4);
        pixel = f4;
    } else {
        memcpy(little, &f8, 8);
        pixel = (float)f8;
    }
    for (size_t i = 0; i < bytes; i++) to[i] = little[type[0] == '>' ? bytes - 1 - i : i];
    return pixel;
}

/* The place of an element of [n][h][w][c] in the array. */
static size_t place_of(const layout *layout, const size_t size[4], const size_t index[4], bool is_fortran) {
    size_t sizes[4] = {0}, indices[4] = {0}, place = 0;
    for (size_t i = 0; i < layout->rank; i++) {
        sizes[layout->axes[i]] = size[i];
        indices[layout->axes[i]] = index[i];
    }
    for (size_t k = 0; k < layout->rank; k++) {
        const size_t axis = is_fortran ? layout->rank - 1 - k : k;
        place = place * sizes[axis] + indices[axis];
    }
    return place;
}

static void reads(scene *s, const char *type, const layout *layout, const size_t size[4], bool is_fortran) {
    uint8_t file[4 * MAX_ELEMENTS + 400];
    float pixels[MAX_ELEMENTS];
    char shape[100] = "(";
    size_t sizes[4] = {0}, count = 0, bytes = (size_t)(type[2] - '0');
    for (size_t i = 0; i < layout->rank; i++) sizes[layout->axes[i]] = size[i];
    for (size_t i = 0; i < layout->rank; i++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%zu,", sizes[i]);
    strcat(shape, ")");
    const size_t start = write_header(file, type, is_fortran, shape);
    for (size_t n = 0; n < size[0]; n++)
        for (size_t h = 0; h < size[1]; h++)
            for (size_t w = 0; w < size[2]; w++)
                for (size_t c = 0; c < size[3]; c++, count++) {
                    const size_t place = place_of(layout, size, (const size_t[]){n, h, w, c}, is_fortran);
                    pixels[count] = write_value(file + start + place * bytes, type, (unsigned)count);
                }
    const clae_dataset_info info = {.n = size[0], .h = size[1], .w = size[2], .c = size[3], .is_float = bytes > 1};
    format_test_reads(s, file, start + count * bytes, &info, pixels);
}

static void reads_every_type(scene *s) {
    static const char *const types[] = {"|u1", "<u2", ">u2", "<f4", ">f4", "<f8", ">f8"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        for (int is_fortran = 0; is_fortran < 2; is_fortran++)
            reads(s, types[i], &channels_first, (const size_t[]){2, 1, 5, 3}, is_fortran);
}

static void reads_every_layout(scene *s) {
    static const struct {
        const layout *layout;
        size_t size[4];
    } arrays[] = {{&grey, {2, 3, 5, 1}},           {&grey, {1, 1, 1, 1}},          {&channels_first, {2, 3, 5, 1}},
                  {&channels_first, {1, 4, 6, 2}}, {&channels_last, {2, 5, 3, 1}}, {&channels_last, {2, 6, 1, 4}},
                  {&channels_first, {1, 1, 65, 6}}, {&channels_last, {1, 65, 1, 6}}};
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++)
        for (int is_fortran = 0; is_fortran < 2; is_fortran++) {
            reads(s, "|u1", arrays[i].layout, arrays[i].size, is_fortran);
            reads(s, "<f4", arrays[i].layout, arrays[i].size, is_fortran);
        }
}

/* Where sizes do not tell, or tell something else. */
static void reads_what_is_asked_for(scene *s) {
    static const clae_layout asked[] = {CLAE_LAYOUT_NCHW, CLAE_LAYOUT_NHWC};
    uint8_t file[400] = {0};
    const size_t start = write_header(file, "|u1", false, "(2, 3, 5, 2)");
    for (size_t i = 0; i < 60; i++) file[start + i] = (uint8_t)i;
    write_file(s->path, file, start + 60);
    for (size_t k = 0; k < 2; k++) {
        const clae_dataset_options options = {.layout = asked[k]};
        const size_t c = k ? 2 : 3, h = k ? 3 : 5, w = k ? 5 : 2;
        clae_dataset *dataset = NULL;
        float pixels[60];
        assert_int_equal(clae_dataset_open_with(&s->context, s->path, CLAE_SPLIT_TRAIN, &options, &dataset), CLAE_OK);
        assert_true(dataset->info.n == 2 && dataset->info.c == c && dataset->info.h == h && dataset->info.w == w);
        assert_int_equal(clae_dataset_read(dataset, 0, 2, pixels), CLAE_OK);
        for (size_t n = 0, to = 0; n < 2; n++)
            for (size_t p = 0; p < h * w; p++)
                for (size_t i = 0; i < c; i++, to++)
                    assert_true(pixels[to] == (float)(n * 30 + (k ? p * c + i : i * h * w + p)) / 255);
        clae_dataset_free(dataset);
    }
}

static void refuses_headers(scene *s) {
    static const struct {
        const char *type, *shape, *words;
    } headers[] = {
        {"<i8", "(2, 3, 5)", "numpy.astype"},
        {"|b1", "(2, 3, 5)", "numpy.astype"},
        {"<f2", "(2, 3, 5)", "numpy.astype"},
        {"|u1", "(30,)", "reshape"},
        {"|u1", "(6, 5)", "its shape is (6, 5)"},
        {"|u1", "()", "reshape"},
        {"|u1", "(1, 2, 1, 3, 5)", "reshape"},
        {"|u1", "(1, 65, 6, 66)", "1 to 64 channels"},
        {"|u1", "(1, 3, 5, 2)", "(1, 3, 5, 2) the channels may be the second axis or the last one"},
        {"|u1", "(1, 5, 6, 7)", "--layout nchw"},
        {"|u1", "(0, 3, 5)", "empty"},
        {"|u1", "(2, 3, 0)", "empty"},
        {"|u1", "(2, 3, 6)", "cut off"},
        {"|u1", "(2, 3, 4)", "goes on"},
        {"<f8", "(100000, 1000, 1000)", "at most"},
        {"|u1", "(1000, 1000, 10000)", "too short"},
        {"<f4", "(4294967296, 1, 1)", "too large"},
        {"<f4", "(4294967295, 4294967296, 4294967296)", "too large"},
        {"|u1", "(18446744073709551616, 1, 1)", "no tuple"},
        {"|u1", "(-2, 3, 5)", "no tuple"},
        {"|u1', 'descr': '|u1", "(2, 3, 5)", "twice"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
        uint8_t file[400] = {0};
        const size_t start = write_header(file, headers[i].type, false, headers[i].shape);
        format_test_refuses(s, file, start + 30, headers[i].words);
    }
    format_test_refuses(s, (const uint8_t *)"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14, "longer than");
    format_test_refuses(s, (const uint8_t *)"\x93NUMPY\x03\x00\x02\x00\x00\x00{}", 14, "version");
}

static void refuses_values(scene *s) {
    static const struct {
        double value;
        const char *words;
    } bad[] = {{NAN, "image 1 has a pixel that is not a number"},
               {-INFINITY, "image 1 has a pixel that is infinite"},
               {1e300, "infinite"}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        uint8_t file[400] = {0};
        const float f4 = (float)bad[i].value;
        size_t start = write_header(file, "<f4", false, "(2, 1, 3)");
        memcpy(file + start + 16, &f4, 4);
        format_test_refuses(s, file, start + 24, bad[i].words);
        start = write_header(file, "<f8", false, "(2, 1, 3)");
        memset(file + start, 0, 48);
        memcpy(file + start + 32, &bad[i].value, 8);
        format_test_refuses(s, file, start + 48, bad[i].words);
    }
}

void format_test_npy(scene *s) {
    reads_every_type(s);
    reads_every_layout(s);
    reads_what_is_asked_for(s);
    refuses_headers(s);
    refuses_values(s);
}
