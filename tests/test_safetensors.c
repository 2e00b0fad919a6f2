/* .safetensors files: they come back as they were written, and every fault of header, offsets and data is refused. */
#include "data_support.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/safetensors.h"

#include <math.h>

static const float weights[] = {1, 2, 3, 4, 5, 6};
static const float bias[] = {-1, 0.5F};

static const safetensors_tensor tensors[] = {
    {"encoder.0.weight", 4, {3, 2, 1, 1}, weights},
    {"empty", 2, {4, 0}, NULL},
    {"scalar", 0, {0}, bias + 1},
    {"a.bias", 1, {2}, bias},
};
static const safetensors_pair metadata[] = {{"format", "pt"}, {"text", "quotes \" and \xc3\xa9\n\x01"}};

/* A file with the header as it stands and `data_bytes` zeros; its number of bytes. */
static size_t make_file(uint8_t *file, const char *header, size_t data_bytes) {
    uint64_t length = strlen(header);
    memcpy(file, &length, sizeof length);
    memcpy(file + sizeof length, header, length);
    memset(file + sizeof length + length, 0, data_bytes);
    return sizeof length + length + data_bytes;
}

static void assert_refuses(scene *s, const void *data, size_t bytes) {
    safetensors_file file;
    write_file(s->path, data, bytes);
    assert_refused(s, CLAE_ERROR_INPUT, safetensors_read(&s->context, s->path, &file));
    safetensors_free(&file);
    assert_null(file.storage);
}

static void assert_accepts(scene *s, const char *header, size_t data_bytes, size_t tensor_count) {
    uint8_t data[1000];
    safetensors_file file;
    write_file(s->path, data, make_file(data, header, data_bytes));
    assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
    assert_int_equal(file.tensor_count, tensor_count);
    for (size_t i = 0; i < file.tensor_count; i++)
        assert_int_equal((uintptr_t)file.tensors[i].values % sizeof(float), 0);
    safetensors_free(&file);
}

static void comes_back(void **state) {
    scene *s = *state;
    safetensors_file file;
    assert_int_equal(safetensors_write(&s->context, s->path, tensors, ARRAY_LENGTH(tensors), metadata, 2), CLAE_OK);
    assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
    assert_int_equal(file.tensor_count, ARRAY_LENGTH(tensors));
    for (size_t i = 0; i < ARRAY_LENGTH(tensors); i++) {
        const safetensors_tensor *t = safetensors_find(&file, tensors[i].name);
        size_t count;
        assert_non_null(t);
        assert_int_equal(t->rank, tensors[i].rank);
        assert_memory_equal(t->shape, tensors[i].shape, sizeof t->shape);
        assert_true(size_product(t->shape, t->rank, &count));
        if (count > 0) assert_memory_equal(t->values, tensors[i].values, count * sizeof(float));
    }
    assert_null(safetensors_find(&file, "absent"));
    assert_int_equal(file.metadata_count, 4);
    assert_true(file.has_checksums && !file.is_header_damaged && !file.is_data_damaged);
    assert_string_equal(safetensors_metadata(&file, "format"), "pt");
    assert_string_equal(safetensors_metadata(&file, "text"), metadata[1].value);
    assert_int_equal(strlen(safetensors_metadata(&file, "data_crc32")), 8);
    assert_int_equal(strlen(safetensors_metadata(&file, "header_crc32")), 8);
    assert_null(safetensors_metadata(&file, "absent"));

    /* What was read can be written again, to the same bytes. */
    uint8_t *first, *second;
    size_t first_bytes, second_bytes;
    assert_int_equal(file_read(&s->context, s->path, "file", 10000, &first, &first_bytes), CLAE_OK);
    assert_int_equal(safetensors_write(&s->context, s->path, file.tensors, file.tensor_count, file.metadata, 2),
                     CLAE_OK);
    safetensors_free(&file);
    assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
    assert_int_equal(
        safetensors_write(&s->context, s->path, file.tensors, file.tensor_count, file.metadata, file.metadata_count),
        CLAE_OK);
    assert_int_equal(file_read(&s->context, s->path, "file", 10000, &second, &second_bytes), CLAE_OK);
    assert_int_equal(first_bytes, second_bytes);
    assert_int_equal((first_bytes - 9 * sizeof(float)) % 8, 0);
    safetensors_free(&file);
    free(first);
    free(second);
}

static void large_metadata_comes_back(void **state) {
    scene *s = *state;
    size_t length = (size_t)1 << 16;
    char *text = malloc(length + 1);
    assert_non_null(text);
    memset(text, 1, length); /* six bytes each in JSON */
    text[length] = '\0';
    safetensors_file file;
    const safetensors_pair pair = {"extra", text};
    assert_int_equal(safetensors_write(&s->context, s->path, NULL, 0, &pair, 1), CLAE_OK);
    assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
    assert_string_equal(safetensors_metadata(&file, "extra"), text);
    safetensors_free(&file);
    free(text);
}

static void refuses_to_write(void **state) {
    scene *s = *state;
    const safetensors_tensor twice[] = {tensors[0], tensors[0]};
    const safetensors_tensor reserved = {"__metadata__", 1, {1}, bias};
    const safetensors_tensor bad_name = {"\xff", 1, {1}, bias};
    const safetensors_tensor large = {"large", 2, {SIZE_MAX / 2, 4}, bias};
    const safetensors_tensor deep = {"deep", SAFETENSORS_MAX_RANK + 1, {1}, bias};
    const safetensors_pair bad_value = {"key", "\xc3"};
    assert_refused(s, CLAE_ERROR_INTERNAL, safetensors_write(&s->context, s->path, twice, 2, NULL, 0));
    assert_refused(s, CLAE_ERROR_INTERNAL, safetensors_write(&s->context, s->path, &reserved, 1, NULL, 0));
    assert_refused(s, CLAE_ERROR_INTERNAL, safetensors_write(&s->context, s->path, &bad_name, 1, NULL, 0));
    assert_refused(s, CLAE_ERROR_INTERNAL, safetensors_write(&s->context, s->path, &large, 1, NULL, 0));
    assert_refused(s, CLAE_ERROR_INTERNAL, safetensors_write(&s->context, s->path, &deep, 1, NULL, 0));
    assert_refused(s, CLAE_ERROR_INTERNAL, safetensors_write(&s->context, s->path, tensors, 1, &bad_value, 1));
    assert_refused(s, CLAE_ERROR_OUTPUT, safetensors_write(&s->context, "/nonexistent/f", tensors, 1, NULL, 0));
    assert_false(path_exists(s->path));
}

/* The status of reading it and of asking whether it is as it was written. */
static clae_status read_intact(scene *s) {
    safetensors_file file;
    clae_status status = safetensors_read(&s->context, s->path, &file);
    if (status == CLAE_OK) status = safetensors_check_intact(&s->context, s->path, &file);
    safetensors_free(&file);
    return status;
}

static void flip(const char *path, size_t bit, const uint8_t *data) {
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)(bit / 8), SEEK_SET), 0);
    assert_int_not_equal(fputc(data[bit / 8] ^ 1 << bit % 8, f), EOF);
    assert_int_equal(fclose(f), 0);
}

static void finds_damage(void **state) {
    scene *s = *state;
    uint8_t *data;
    size_t bytes;
    assert_int_equal(safetensors_write(&s->context, s->path, tensors, ARRAY_LENGTH(tensors), metadata, 2), CLAE_OK);
    assert_int_equal(file_read(&s->context, s->path, "file", 10000, &data, &bytes), CLAE_OK);
    for (size_t length = 0; length < bytes; length++) assert_refuses(s, data, length);
    assert_refuses(s, data, bytes + 1);
    write_file(s->path, data, bytes);
    assert_int_equal(read_intact(s), CLAE_OK);
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        flip(s->path, bit, data);
        assert_refused(s, CLAE_ERROR_INPUT, read_intact(s));
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        flip(s->path, bit, data);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(data);
}

/* Another program that changes values keeps the metadata, which it does not know. */
static void tells_changed_data(void **state) {
    scene *s = *state;
    uint8_t *data;
    size_t bytes;
    safetensors_file file;
    assert_int_equal(safetensors_write(&s->context, s->path, tensors, ARRAY_LENGTH(tensors), metadata, 2), CLAE_OK);
    assert_int_equal(file_read(&s->context, s->path, "file", 10000, &data, &bytes), CLAE_OK);
    flip(s->path, 8 * bytes - 1, data);
    assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
    assert_true(file.has_checksums && file.is_data_damaged && !file.is_header_damaged);
    safetensors_free(&file);
    free(data);
}

#define T(shape, begin, end) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void accepts_other_writers(void **state) {
    scene *s = *state;
    assert_accepts(s, "{}", 0, 0);
    assert_accepts(s, "{}      ", 0, 0);
    assert_accepts(s, "{\"a\":" T("[2]", "0", "8") "}", 8, 1);
    assert_accepts(s, "{\"a\":" T("[2]", "0", "8") "} ", 8, 1);
    assert_accepts(s, "{\"a\":" T("[2]", "0", "8") "}  ", 8, 1);
    assert_accepts(s, "{\"b\":" T("[1]", "8", "12") ",\"a\":" T("[2]", "0", "8") "}", 12, 2);
    assert_accepts(s, "{\"b\":" T("[0]", "8", "8") ",\"a\":" T("[2]", "0", "8") ",\"c\":" T("[0]", "0", "0") "}", 8, 3);
    assert_accepts(s, "{\"__metadata__\":{},\"a\":" T("[]", "0", "4") "}", 4, 1);
}

/* 16-bit numbers are read as the floats that they are, beside tensors of other types. */
static void reads_sixteen_bits(void **state) {
    static const char header[] = "{\"f\":{\"dtype\":\"F16\",\"shape\":[13],\"data_offsets\":[12,38]},"
                                 "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,4],\"data_offsets\":[38,54]},"
                                 "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                                 "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}   ";
    static const uint16_t halves[] = {0x0000, 0x8000, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x0001,
                                      0x83ff, 0x0400, 0xfbff, 0x7c00, 0xfc00, 0x7e01};
    static const uint16_t brains[] = {0x0000, 0x8000, 0x3f80, 0xc2f7, 0x0001, 0x7f7f, 0xff80, 0x7fc0};
    static const float half_values[] = {0,        -0.0F,         1,        -2,     0x1.554p-2F, 65504,
                                        0x1p-24F, -0x1.ff8p-15F, 0x1p-14F, -65504, INFINITY,    -INFINITY};
    static const float brain_values[] = {0, -0.0F, 1, -123.5F, 0x1p-133F, 0x1.fep127F, -INFINITY};
    scene *s = *state;
    uint8_t data[1000];
    safetensors_file file;
    const float weight = 0.25F;
    const size_t bytes = make_file(data, header, 54);
    uint8_t *values = data + bytes - 54;
    memcpy(values + 8, &weight, sizeof weight);
    memcpy(values + 12, halves, sizeof halves);
    memcpy(values + 38, brains, sizeof brains);
    write_file(s->path, data, bytes);
    assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
    assert_null(safetensors_find(&file, "n")->values);
    assert_true(safetensors_find(&file, "w")->values[0] == weight);
    const float *f = safetensors_find(&file, "f")->values, *b = safetensors_find(&file, "b")->values;
    assert_memory_equal(f, half_values, sizeof half_values);
    assert_true(isnan(f[12]));
    assert_memory_equal(b, brain_values, sizeof brain_values);
    assert_true(isnan(b[7]));
    safetensors_free(&file);
}

/* Tensors of other types have their place, but no values. */
static void leaves_other_types(void **state) {
    scene *s = *state;
    static const struct {
        const char *type;
        size_t bytes;
    } types[] = {{"F64", 8}, {"I64", 8}, {"I32", 4}, {"U8", 1}, {"BOOL", 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        char header[200];
        uint8_t data[1000];
        safetensors_file file;
        snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}",
                 types[i].type, 3 * types[i].bytes);
        write_file(s->path, data, make_file(data, header, 3 * types[i].bytes));
        assert_int_equal(safetensors_read(&s->context, s->path, &file), CLAE_OK);
        assert_string_equal(file.tensors[0].type, types[i].type);
        assert_null(file.tensors[0].values);
        safetensors_free(&file);
    }
}

static void refuses_bad_headers(void **state) {
    scene *s = *state;
    static const struct {
        const char *header;
        size_t data_bytes;
    } cases[] = {
        {"", 0},
        {" {}", 0},
        {"[]", 0},
        {"{", 0},
        {"{}x", 0},
        {"{}", 1},
        {"null", 0},
        {"{\"a\":1}", 0},
        {"{\"a\":null}", 0},
        {"{\"a\":{}}", 0},
        {"{\"a\\u0000b\":" T("[2]", "0", "8") "}", 8},
        {"{\"\xff\":" T("[2]", "0", "8") "}", 8},
        {"{\"a\":" T("[2]", "0", "8") ",\"a\":" T("[2]", "0", "8") "}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":" T("[1]", "1", "5") "}", 5},
        {"{\"a\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8},
        {"{\"a\":" T("[2]", "0", "4") "}", 8},
        {"{\"a\":" T("[2]", "8", "0") "}", 8},
        {"{\"a\":" T("[2]", "4", "12") "}", 12},
        {"{\"a\":" T("[2]", "0", "8") "}", 7},
        {"{\"a\":" T("[2]", "0", "8") "}", 12},
        {"{\"a\":" T("[-2]", "0", "8") "}", 8},
        {"{\"a\":" T("[2.0]", "0", "8") "}", 8},
        {"{\"a\":" T("[\"2\"]", "0", "8") "}", 8},
        {"{\"a\":" T("2", "0", "8") "}", 8},
        {"{\"a\":" T("[2]", "-8", "0") "}", 8},
        {"{\"a\":" T("[2]", "0.0", "8") "}", 8},
        {"{\"a\":" T("[1,1,1,1,1,1,1,1,2]", "0", "8") "}", 8},
        {"{\"a\":" T("[4611686018427387906]", "0", "8") "}", 8},
        {"{\"a\":" T("[4294967296,4294967296,2]", "0", "0") "}", 0},
        {"{\"a\":" T("[9223372036854775808]", "0", "8") "}", 8},
        {"{\"a\":" T("[1000000000000]", "0", "4000000000000") "}", 8},
        {"{\"a\":" T("[2]", "0", "8") ",\"b\":" T("[2]", "0", "8") "}", 8},    /* the same place */
        {"{\"a\":" T("[2]", "0", "8") ",\"b\":" T("[2]", "4", "12") "}", 12},  /* an overlap */
        {"{\"a\":" T("[2]", "0", "8") ",\"b\":" T("[1]", "12", "16") "}", 16}, /* a hole */
        {"{\"a\":" T("[2]", "0", "8") ",\"b\":" T("[0]", "4", "4") "}", 8},    /* nothing, inside another */
        {"{\"__metadata__\":[],\"a\":" T("[2]", "0", "8") "}", 8},
        {"{\"__metadata__\":{\"x\":1},\"a\":" T("[2]", "0", "8") "}", 8},
        {"{\"__metadata__\":{\"x\":\"1\",\"x\":\"1\"},\"a\":" T("[2]", "0", "8") "}", 8},
        {"{\"__metadata__\":{\"header_crc32\":\"0000000\"},\"a\":" T("[2]", "0", "8") "}", 8},
        {"{\"__metadata__\":{\"data_crc32\":\"zz\"},\"a\":" T("[2]", "0", "8") "}", 8},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t data[1000];
        assert_refuses(s, data, make_file(data, cases[i].header, cases[i].data_bytes));
    }
}

static void refuses_big_promises(void **state) {
    scene *s = *state;
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 62, ((uint64_t)1 << 20) + 8, 100};
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        uint8_t data[64];
        memset(data, ' ', sizeof data);
        memcpy(data, &lengths[i], 8);
        data[8] = '{';
        assert_refuses(s, data, sizeof data);
    }
    /* Nesting beyond reason. */
    static uint8_t deep[100000];
    memset(deep, '[', sizeof deep);
    const uint64_t length = sizeof deep - 8;
    memcpy(deep, &length, 8);
    memcpy(deep + 8, "{\"a\":", 5);
    assert_refuses(s, deep, sizeof deep);
    safetensors_free(NULL);
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(comes_back),           WITH_SCENE(large_metadata_comes_back), WITH_SCENE(refuses_to_write),
        WITH_SCENE(finds_damage),         WITH_SCENE(tells_changed_data),        WITH_SCENE(accepts_other_writers),
        WITH_SCENE(reads_sixteen_bits),   WITH_SCENE(leaves_other_types),        WITH_SCENE(refuses_bad_headers),
        WITH_SCENE(refuses_big_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
