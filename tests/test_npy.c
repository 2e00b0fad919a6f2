/* .npy files: written as NumPy writes them, read as it does, and refused when they are anything else. */
#include "data_support.h"

#include "base/memory.h"
#include "data/npy_array.h"

#include <math.h>

/* The bytes of a version 1.0 file with the dictionary as it stands; their number. */
static size_t make_file(uint8_t *file, const char *dict, const void *values, size_t value_bytes) {
    size_t length = strlen(dict);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, dict, length);
    memcpy(file + 10 + length, values, value_bytes);
    return 10 + length + value_bytes;
}

static void assert_refuses(scene *s, const void *data, size_t bytes) {
    npy_array array;
    write_file(s->path, data, bytes);
    assert_refused(s, CLAE_ERROR_INPUT, npy_read(&s->context, s->path, &array));
    assert_null(array.values);
}

static void comes_back(void **state) {
    scene *s = *state;
    float values[24];
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) values[i] = (float)i / 7;
    const npy_array arrays[] = {{0, {0}, values},       {1, {24}, values},
                                {2, {6, 4}, values},    {4, {2, 3, 1, 4}, values},
                                {3, {5, 0, 2}, values}, {8, {1, 2, 1, 3, 1, 1, 4, 1}, values}};
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
        const npy_array *a = &arrays[i];
        npy_array b;
        size_t count;
        assert_int_equal(npy_write(&s->context, s->path, a), CLAE_OK);
        assert_int_equal(npy_read(&s->context, s->path, &b), CLAE_OK);
        assert_int_equal(a->rank, b.rank);
        assert_memory_equal(a->shape, b.shape, sizeof a->shape);
        assert_true(size_product(a->shape, a->rank, &count));
        if (count > 0) assert_memory_equal(a->values, b.values, count * sizeof *values);
        free(b.values);
    }
}

/* Byte for byte what numpy.save makes of numpy.arange(2, dtype='<f4').reshape(2, 1). */
static void writes_what_numpy_writes(void **state) {
    scene *s = *state;
    float values[] = {0, 1};
    uint8_t expected[200], got[200];
    char dict[119];
    const char *text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
    memset(dict, ' ', 118);
    memcpy(dict, text, strlen(text));
    dict[117] = '\n';
    dict[118] = '\0';
    size_t bytes = make_file(expected, dict, values, sizeof values);
    assert_int_equal(npy_write(&s->context, s->path, &(npy_array){2, {2, 1}, values}), CLAE_OK);
    FILE *f = fopen(s->path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(got, 1, sizeof got, f), bytes);
    fclose(f);
    assert_memory_equal(got, expected, bytes);
}

static void reads_other_spellings(void **state) {
    scene *s = *state;
    static const char *const dicts[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
        "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{ 'fortran_order' : False , 'descr' : '<f4' , 'shape' : ( 2 , ) } \n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2,)}",
    };
    const float values[] = {3, 4};
    for (size_t i = 0; i < ARRAY_LENGTH(dicts); i++) {
        uint8_t file[200], version2[202];
        npy_array array;
        size_t bytes = make_file(file, dicts[i], values, sizeof values);
        write_file(s->path, file, bytes);
        assert_int_equal(npy_read(&s->context, s->path, &array), CLAE_OK);
        assert_memory_equal(array.values, values, sizeof values);
        free(array.values);
        memcpy(version2, file, 10);
        version2[6] = 2;
        version2[10] = version2[11] = 0;
        memcpy(version2 + 12, file + 10, bytes - 10);
        write_file(s->path, version2, bytes + 2);
        assert_int_equal(npy_read(&s->context, s->path, &array), CLAE_OK);
        assert_memory_equal(array.values, values, sizeof values);
        free(array.values);
    }
}

static void refuses_damage(void **state) {
    scene *s = *state;
    const float values[] = {3, 4};
    uint8_t file[200];
    size_t bytes =
        make_file(file, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", values, sizeof values);
    for (size_t length = 0; length < bytes; length++) assert_refuses(s, file, length);
    file[bytes] = 0;
    assert_refuses(s, file, bytes + 1);
    /* A flipped bit of magic, version or length; in the dictionary, it may still be one (a space, a quote). */
    for (size_t bit = 0; bit < 8 * (bytes - sizeof values); bit++) {
        npy_array array;
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_file(s->path, file, bytes);
        clae_status status = npy_read(&s->context, s->path, &array);
        assert_true(status == CLAE_ERROR_INPUT || (bit >= 80 && status == CLAE_OK));
        free(array.values);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void refuses_other_headers(void **state) {
    scene *s = *state;
    static const char *const dicts[] = {
        "",
        "{}",
        "[]",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': (2,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387906,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551618,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 2)}",
    };
    const float values[] = {3, 4};
    for (size_t i = 0; i < ARRAY_LENGTH(dicts); i++) {
        uint8_t file[200];
        assert_refuses(s, file, make_file(file, dicts[i], values, sizeof values));
    }
    assert_refuses(s, "\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14);
}

static void refuses_values_that_are_not_finite(void **state) {
    scene *s = *state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        uint8_t file[200];
        const float values[] = {0, 1, 2, 3, 4, bad[i]};
        assert_refuses(
            s, file,
            make_file(file, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}", values, sizeof values));
        assert_non_null(strstr(s->message, "[2, 1]"));
    }
}

static void names_other_kinds(void **state) {
    scene *s = *state;
    static const struct {
        const char *start, *kind;
    } files[] = {
        {"PK\3\4\24", "ZIP"}, {"1.5 2.5\n", "it is text"}, {"1.5,2.5\n", "comma"}, {"\x89HDF\r\n\x1a\n", "HDF5"}};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        assert_refuses(s, files[i].start, strlen(files[i].start));
        assert_non_null(strstr(s->message, files[i].kind));
    }
}

static void refuses_to_write(void **state) {
    scene *s = *state;
    float value = 0;
    const npy_array large = {2, {SIZE_MAX, 2}, &value}, small = {1, {1}, &value};
    assert_refused(s, CLAE_ERROR_INTERNAL, npy_write(&s->context, s->path, &large));
    assert_refused(s, CLAE_ERROR_OUTPUT, npy_write(&s->context, "/nonexistent/file.npy", &small));
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(comes_back),
        WITH_SCENE(writes_what_numpy_writes),
        WITH_SCENE(reads_other_spellings),
        WITH_SCENE(refuses_damage),
        WITH_SCENE(refuses_other_headers),
        WITH_SCENE(refuses_to_write),
        WITH_SCENE(refuses_values_that_are_not_finite),
        WITH_SCENE(names_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
