/* Weights that other programs wrote or changed, and files that are not weights at all. */
#include "device_support.h"

#include "base/memory.h"
#include "data/safetensors.h"
#include "graph/model.h"
#include "memory_limit.h"

#include <jansson.h>
#include <math.h>
#include <unistd.h>

#define MOST_MIB 256 /* that refusing a file may take */

typedef struct scene {
    clae_context *context;
    clae_model *model; /* whose weights are in `path` at first */
    char folder[64], path[80];
    char error[512], warning[512];
    int warnings;
} scene;

static void scene_log(void *user, clae_log_level level, const char *line) {
    scene *s = user;
    if (level == CLAE_LOG_ERROR) snprintf(s->error, sizeof s->error, "%s", line);
    if (level != CLAE_LOG_WARNING) return;
    s->warnings++;
    snprintf(s->warning, sizeof s->warning, "%s", line);
}

static int scene_open(void **state) {
    scene *s = calloc(1, sizeof *s);
    const clae_context_options options = {.log = scene_log, .log_user = s, .log_level = CLAE_LOG_WARNING};
    strcpy(s->folder, "/tmp/clae-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/weights", s->folder);
    assert_int_equal(clae_context_create(&options, &s->context), CLAE_OK);
    s->model = small_model(s->context, 7);
    clae_model_set_normalisation(s->model, &(double){0.125}, &(double){0.3});
    assert_int_equal(clae_model_save(s->model, s->path), CLAE_OK);
    *state = s;
    return 0;
}

static int scene_close(void **state) {
    scene *s = *state;
    clae_model_free(s->model);
    clae_context_free(s->context);
    unlink(s->path);
    assert_int_equal(rmdir(s->folder), 0);
    free(s);
    return 0;
}

static void write_bytes(const char *path, const void *data, size_t bytes) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* A file as another program writes it: JSON with blanks, tensors in an order of its own. */
typedef struct other_file {
    json_t *header;
    uint8_t data[1 << 16];
    size_t bytes;
} other_file;

static void add_data(other_file *o, const char *name, const char *type, json_t *shape, const void *values,
                     size_t bytes) {
    assert_true(o->bytes + bytes <= sizeof o->data);
    if (bytes) memcpy(o->data + o->bytes, values, bytes);
    json_object_set_new(o->header, name,
                        json_pack("{s:s, s:o, s:[I,I]}", "dtype", type, "shape", shape, "data_offsets",
                                  (json_int_t)o->bytes, (json_int_t)(o->bytes + bytes)));
    o->bytes += bytes;
}

static void add_floats(other_file *o, const char *name, size_t count, float value) {
    float values[16];
    assert_true(count <= ARRAY_LENGTH(values));
    for (size_t i = 0; i < count; i++) values[i] = value;
    add_data(o, name, "F32", json_pack("[I]", (json_int_t)count), values, count * sizeof *values);
}

static void rename_tensor(other_file *o, const char *name, const char *other) {
    json_object_set(o->header, other, json_object_get(o->header, name));
    assert_int_equal(json_object_del(o->header, name), 0);
}

static void put_metadata(other_file *o, const char *key, const char *value) {
    json_object_set_new(json_object_get(o->header, "__metadata__"), key, json_string(value));
}

/* Reads `path` and keeps its metadata; tensors change their order, and their values are multiplied. */
static other_file *copy_file(scene *s, float factor) {
    other_file *o = calloc(1, sizeof *o);
    safetensors_file file;
    assert_int_equal(safetensors_read(s->context, s->path, &file), CLAE_OK);
    o->header = json_object();
    json_object_set_new(o->header, "__metadata__", json_object());
    for (size_t i = file.metadata_count; i-- > 0;) put_metadata(o, file.metadata[i].key, file.metadata[i].value);
    for (size_t i = file.tensor_count; i-- > 0;) {
        const safetensors_tensor *t = &file.tensors[i];
        size_t count;
        json_t *shape = json_array();
        for (size_t k = 0; k < t->rank; k++) json_array_append_new(shape, json_integer((json_int_t)t->shape[k]));
        assert_true(size_product(t->shape, t->rank, &count));
        float *values = malloc(count * sizeof *values);
        for (size_t k = 0; k < count; k++) values[k] = factor * t->values[k];
        add_data(o, t->name, "F32", shape, values, count * sizeof *values);
        free(values);
    }
    safetensors_free(&file);
    return o;
}

/* Puts it in the place of the scene's file. */
static void write_other(scene *s, other_file *o) {
    char *text = json_dumps(o->header, 0);
    const uint64_t length = strlen(text);
    FILE *f = fopen(s->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(&length, sizeof length, 1, f), 1);
    assert_int_equal(fwrite(text, 1, length, f), length);
    assert_int_equal(fwrite(o->data, 1, o->bytes, f), o->bytes);
    assert_int_equal(fclose(f), 0);
    json_decref(o->header);
    free(text);
    free(o);
}

/* Both ways to take weights refuse the file, and say so; the model stays as it was. */
static void assert_refused(scene *s, const char *message) {
    clae_model *loaded = NULL, *target = small_model(s->context, 8), *before = small_model(s->context, 8);
    *s->error = '\0';
    assert_int_equal(clae_model_load(s->context, s->path, &loaded), CLAE_ERROR_INPUT);
    assert_null(loaded);
    if (!strstr(s->error, message)) fail_msg("\"%s\" is not in \"%s\"", message, s->error);
    *s->error = '\0';
    assert_int_equal(clae_model_load_weights(target, s->path), CLAE_ERROR_INPUT);
    if (!strstr(s->error, message)) fail_msg("\"%s\" is not in \"%s\"", message, s->error);
    assert_memory_equal(target->parameters, before->parameters, before->parameter_floats * sizeof(float));
    clae_model_free(target);
    clae_model_free(before);
}

/* Both ways take the file, and give the scene's weights times the factor; each warns `warnings` times. */
static void assert_taken(scene *s, float factor, int warnings) {
    clae_model *loaded = NULL, *target = small_model(s->context, 8);
    s->warnings = 0;
    assert_int_equal(clae_model_load(s->context, s->path, &loaded), CLAE_OK);
    assert_int_equal(clae_model_load_weights(target, s->path), CLAE_OK);
    assert_int_equal(s->warnings, 2 * warnings);
    for (size_t i = 0; i < s->model->parameter_floats; i++) {
        assert_true(loaded->parameters[i] == factor * s->model->parameters[i]);
        assert_true(target->parameters[i] == factor * s->model->parameters[i]);
    }
    clae_model_free(loaded);
    clae_model_free(target);
}

static void saved_again(void **state) {
    scene *s = *state;
    assert_taken(s, 1, 0);
    write_other(s, copy_file(s, 1));
    assert_taken(s, 1, 1);
    assert_non_null(strstr(s->warning, "checksum"));
}

static void fine_tuned(void **state) {
    scene *s = *state;
    write_other(s, copy_file(s, -0.5F));
    assert_taken(s, -0.5F, 1);
}

static void tensors_of_adam(void **state) {
    scene *s = *state;
    other_file *o = copy_file(s, 1);
    add_floats(o, "adam.m.encoder.0.bias", 6, 0);
    add_floats(o, "adam.v.decoder.4.weight", 6, 0);
    write_other(s, o);
    assert_taken(s, 1, 1);
}

/* A network with other layers between those of the same names is another network. */
static void unused_tensors(void **state) {
    scene *s = *state;
    other_file *o = copy_file(s, 1);
    add_floats(o, "encoder.1.weight", 1, 0.25F);
    write_other(s, o);
    assert_refused(s, "does not use its encoder.1.weight");

    const int64_t batches = 5;
    assert_int_equal(clae_model_save(s->model, s->path), CLAE_OK);
    o = copy_file(s, 1);
    add_data(o, "encoder.1.num_batches_tracked", "I64", json_array(), &batches, sizeof batches);
    add_floats(o, "encoder.1.running_mean", 6, 0);
    add_floats(o, "encoder.1.running_var", 6, 1);
    add_floats(o, "adam.m.encoder.1.bias", 6, 1);
    add_floats(o, "fc.weight", 6, 1);
    write_other(s, o);
    assert_refused(s, "its encoder.1.num_batches_tracked, encoder.1.running_mean, encoder.1.running_var and 2 more");
}

static void missing_tensors(void **state) {
    scene *s = *state;
    other_file *o = copy_file(s, 1);
    rename_tensor(o, "encoder.2.bias", "module.encoder.2.bias");
    write_other(s, o);
    assert_refused(s, "it has no encoder.2.bias; the model does not use its module.encoder.2.bias");

    assert_int_equal(clae_model_save(s->model, s->path), CLAE_OK);
    o = copy_file(s, 1);
    const size_t count = clae_model_layer_count(s->model);
    for (size_t i = 0; i < count; i++) {
        const layer *l = &s->model->layers[i];
        char name[64], other[72];
        snprintf(name, sizeof name, "%s.weight", l->name);
        snprintf(other, sizeof other, "net.%s.w", l->name);
        if (l->param_count > 0) rename_tensor(o, name, other);
    }
    write_other(s, o);
    assert_refused(
        s, "it has no encoder.0.weight, encoder.2.weight, encoder.4.weight and 3 more; the model does not use its "
           "net.");
}

/* All that is wrong with a file is said in one message. */
static void other_shapes(void **state) {
    scene *s = *state;
    other_file *o = copy_file(s, 1);
    const float values[7] = {0};
    rename_tensor(o, "encoder.0.bias", "fc.bias");
    rename_tensor(o, "encoder.2.bias", "fc.weight");
    add_data(o, "encoder.0.bias", "F32", json_pack("[i]", 7), values, sizeof values);
    add_data(o, "encoder.2.bias", "F32", json_array(), values, sizeof *values);
    rename_tensor(o, "decoder.0.bias", "decoder.0.offset");
    write_other(s, o);
    assert_refused(s, "it has no decoder.0.bias; encoder.0.bias is 7 where the model has 6, ");
    assert_non_null(
        strstr(s->error, "encoder.2.bias is a single number where the model has 8; the model does not use "));
    assert_non_null(strstr(s->error, "decoder.0.offset, fc.weight, fc.bias"));
}

/* The scene's weights cut to 16 bits, as those of `rounded` are then too; with a prefix before the names. */
static other_file *copy_as_brain_floats(scene *s, clae_model *rounded, const char *prefix) {
    other_file *o = calloc(1, sizeof *o);
    model_tensors tensors;
    o->header = json_object();
    for (size_t i = 0; i < rounded->parameter_floats; i++) {
        uint32_t bits;
        memcpy(&bits, &s->model->parameters[i], sizeof bits);
        bits &= 0xffff0000;
        memcpy(&rounded->parameters[i], &bits, sizeof bits);
    }
    assert_int_equal(model_tensors_from_flat(rounded, rounded->parameters, "", &tensors), CLAE_OK);
    for (size_t i = 0; i < tensors.count; i++) {
        const safetensors_tensor *t = &tensors.tensors[i];
        size_t count;
        char name[128];
        json_t *shape = json_array();
        for (size_t k = 0; k < t->rank; k++) json_array_append_new(shape, json_integer((json_int_t)t->shape[k]));
        assert_true(size_product(t->shape, t->rank, &count));
        uint16_t *halves = malloc(count * sizeof *halves);
        for (size_t k = 0; k < count; k++) memcpy(&halves[k], (const char *)&t->values[k] + 2, sizeof *halves);
        snprintf(name, sizeof name, "%s%s", prefix, t->name);
        add_data(o, name, "BF16", shape, halves, count * sizeof *halves);
        free(halves);
    }
    model_tensors_free(&tensors);
    return o;
}

static void assert_weights(scene *s, const clae_model *expected) {
    clae_model *target = small_model(s->context, 8);
    assert_int_equal(clae_model_load_weights(target, s->path), CLAE_OK);
    assert_memory_equal(target->parameters, expected->parameters, expected->parameter_floats * sizeof(float));
    clae_model_free(target);
}

static void prefixes(void **state) {
    static const char *const taken_off[] = {"", "module.", "model.", "module.model.", "a.decode.", "_orig_mod."};
    scene *s = *state;
    clae_model *rounded = small_model(s->context, 8);
    for (size_t i = 0; i < ARRAY_LENGTH(taken_off); i++) {
        write_other(s, copy_as_brain_floats(s, rounded, taken_off[i]));
        assert_weights(s, rounded);
    }
    /* Adam's state is no model. */
    other_file *o = copy_as_brain_floats(s, rounded, "adam.m.");
    write_other(s, o);
    clae_model *target = small_model(s->context, 8);
    assert_int_equal(clae_model_load_weights(target, s->path), CLAE_ERROR_INPUT);
    assert_non_null(strstr(s->error, "it has no encoder.0.weight"));
    clae_model_free(target);
    clae_model_free(rounded);
}

static void other_types(void **state) {
    scene *s = *state;
    const uint8_t zeros[64] = {0};
    other_file *o = copy_file(s, 1);
    rename_tensor(o, "encoder.0.bias", "unused");
    add_data(o, "encoder.0.bias", "F64", json_pack("[i]", 6), zeros, 6 * sizeof(double));
    write_other(s, o);
    assert_refused(s, "encoder.0.bias is of type F64 where F32, F16 or BF16 is needed");
}

static void values_that_are_not_finite(void **state) {
    scene *s = *state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        clae_model *model = small_model(s->context, 7);
        const layer *l = &model->layers[2];
        model->parameters[l->param[1].offset + 3] = bad[i];
        assert_int_equal(clae_model_save(model, s->path), CLAE_OK);
        assert_refused(s, i == 0 ? "element 3 of encoder.2.bias is not a number"
                                 : "element 3 of encoder.2.bias is infinite");
        model->parameters[l->param[1].offset + 3] = 0;
        model->parameters[l->param[0].offset] = bad[i];
        assert_int_equal(clae_model_save(model, s->path), CLAE_OK);
        assert_refused(s, "element 0 of encoder.2.weight is");
        clae_model_free(model);
    }
}

static void formats(void **state) {
    scene *s = *state;
    static const char *const known[] = {"clae-1", "pt", "np"}, *const versions[] = {"clae-2", "clae-", "clae-10"};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        assert_int_equal(clae_model_save(s->model, s->path), CLAE_OK);
        other_file *o = copy_file(s, 1);
        put_metadata(o, "format", known[i]);
        write_other(s, o);
        assert_taken(s, 1, 1);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
        other_file *o = copy_file(s, 1);
        put_metadata(o, "format", versions[i]);
        write_other(s, o);
        assert_refused(s, "reads \"clae-1\"");
    }
    /* Weights of other programs say what they like, but with a description of layers they claim to be clae's. */
    other_file *o = copy_file(s, 1);
    put_metadata(o, "format", "other");
    write_other(s, o);
    clae_model *loaded = NULL, *target = small_model(s->context, 8);
    assert_int_equal(clae_model_load(s->context, s->path, &loaded), CLAE_ERROR_INPUT);
    assert_int_equal(clae_model_load_weights(target, s->path), CLAE_OK);
    clae_model_free(target);
}

static void assert_cannot_be_loaded(scene *s, const char *message) {
    clae_model *loaded = NULL;
    assert_int_equal(clae_model_load(s->context, s->path, &loaded), CLAE_ERROR_INPUT);
    assert_null(loaded);
    if (!strstr(s->error, message)) fail_msg("\"%s\" is not in \"%s\"", message, s->error);
}

static void changed_descriptions(void **state) {
    static const char *const pairs[][2] = {{"mean", "0.126"}, {"std", "0.31"}, {"std", "0.29999999999999999"}};
    scene *s = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        assert_int_equal(clae_model_save(s->model, s->path), CLAE_OK);
        other_file *o = copy_file(s, 1);
        put_metadata(o, pairs[i][0], pairs[i][1]);
        write_other(s, o);
        if (i == 2)
            assert_taken(s, 1, 1); /* what it was */
        else
            assert_cannot_be_loaded(s, "damaged");
    }
    static const char *const unusable[][2] = {{"mean", "1e308"}, {"mean", "nan"}, {"mean", ""},     {"mean", "0,5"},
                                              {"std", "0"},      {"std", "-1"},   {"std", "1e-40"}, {"std", "1e39"}};
    for (size_t i = 0; i < ARRAY_LENGTH(unusable); i++) {
        assert_int_equal(clae_model_save(s->model, s->path), CLAE_OK);
        other_file *o = copy_file(s, 1);
        put_metadata(o, unusable[i][0], unusable[i][1]);
        json_object_del(json_object_get(o->header, "__metadata__"), "model_crc32");
        write_other(s, o);
        assert_cannot_be_loaded(s, "no usable mean and std");
    }
}

/* Of all flipped bits of a file, none gives another model: the data and what the header says of the model have
 * checksums. */
static void flipped_bits(void **state) {
    scene *s = *state;
    long bytes, refused = 0;
    char *layers = model_layers_to_json(s->model);
    FILE *f = fopen(s->path, "r+b");
    assert_non_null(f);
    setvbuf(f, NULL, _IONBF, 0);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    bytes = ftell(f);
    const long step = getenv("CLAE_TEST_QUICK") ? 5 : 1; /* bits of all places in a byte come up */
    for (long bit = 0; bit < 8 * bytes; bit += step * (bit < 8 * 4000 ? 1 : 31)) {
        clae_model *loaded = NULL;
        fseek(f, bit / 8, SEEK_SET);
        const int byte = fgetc(f);
        fseek(f, bit / 8, SEEK_SET);
        fputc(byte ^ 1 << bit % 8, f);
        if (clae_model_load(s->context, s->path, &loaded) == CLAE_OK) {
            char *loaded_layers = model_layers_to_json(loaded);
            assert_string_equal(loaded_layers, layers);
            assert_true(loaded->mean[0] == s->model->mean[0] && loaded->std[0] == s->model->std[0]);
            assert_memory_equal(loaded->parameters, s->model->parameters, loaded->parameter_floats * sizeof(float));
            free(loaded_layers);
        } else {
            refused++;
        }
        clae_model_free(loaded);
        fseek(f, bit / 8, SEEK_SET);
        fputc(byte, f);
    }
    fclose(f);
    free(layers);
    assert_true(refused > 8 * 3000 / step);
    assert_taken(s, 1, 0);
}

static void other_files(void **state) {
    scene *s = *state;
#define START(text) text, sizeof(text) - 1
    static const struct {
        const char *start;
        size_t bytes;
        const char *message;
    } files[] = {
        {START("PK\3\4\0\0\0\0\0\0\0\0archive/data.pkl"), "PyTorch"},
        {START("\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19."), "pickle"},
        {START("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n"), "git lfs pull"},
        {START("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "PNG"},
        {START("\x89HDF\r\n\x1a\n\0\0\0\0\0"), "HDF5"},
        {START("GGUF\3\0\0\0\0\0\0\0"), "GGUF"},
        {START("\x1f\x8b\x08\0\0\0\0\0\0\0"), "gunzip"},
        {START("\x93NUMPY\1\0v\0{'descr': '<f4', "), ".npy"},
        {START("{\"encoder.0.weight\": [1, 2, 3]}"), "JSON"},
        {START("epoch,step,train_loss\n1,100,2.5\n"), "comma-separated"},
        {START("some text of several words\n"), "text"},
        {START("<html><body>404</body></html>"), "HTML"},
        {START(""), "empty"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        write_bytes(s->path, files[i].start, files[i].bytes);
        assert_refused(s, files[i].message);
        assert_null(strstr(s->error, "MiB"));
    }
}

/* A few bytes that promise 2^30 weights: the layers are believed when the tensors are there. */
static void promised_weights(void **state) {
    scene *s = *state;
    const double before = memory_peak_mib();
    other_file *o = calloc(1, sizeof *o);
    o->header = json_object();
    json_object_set_new(o->header, "__metadata__", json_object());
    put_metadata(o, "mean", "0");
    put_metadata(o, "std", "1");
    put_metadata(o, "layers",
                 "{\"input\":[64,16,16],\"encoder\":[{\"type\":\"conv2d\",\"out_channels\":32000,\"kernel\":[16,16]}],"
                 "\"decoder\":[{\"type\":\"conv_transpose2d\",\"out_channels\":64,\"kernel\":[16,16]}]}");
    write_other(s, o);
    assert_cannot_be_loaded(s, "it has no encoder.0.weight");
    assert_true(memory_peak_mib() < before + MOST_MIB);
}

/* JSON of many small values takes many times its size when it is parsed. */
static void large_headers(void **state) {
    scene *s = *state;
    const double before = memory_peak_mib();
    static const size_t sizes[] = {1 << 20, 15 << 20};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        const uint64_t length = sizes[i];
        char *file = malloc(8 + length);
        memcpy(file, &length, 8);
        memset(file + 8, ' ', length);
        memcpy(file + 8, "{\"a\":[", 6);
        for (size_t k = 14; k + 5 < 8 + length; k += 3) memcpy(file + k, "{},", 3);
        memcpy(file + 8 + length - 5, "{}]} ", 5);
        write_bytes(s->path, file, 8 + length);
        free(file);
        assert_refused(s, i == 0 ? "" : "1 MiB");
    }
    assert_true(memory_peak_mib() < before + MOST_MIB);
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(saved_again),    WITH_SCENE(fine_tuned),           WITH_SCENE(tensors_of_adam),
        WITH_SCENE(unused_tensors), WITH_SCENE(missing_tensors),      WITH_SCENE(other_shapes),
        WITH_SCENE(prefixes),       WITH_SCENE(other_types),          WITH_SCENE(values_that_are_not_finite),
        WITH_SCENE(formats),        WITH_SCENE(changed_descriptions), WITH_SCENE(flipped_bits),
        WITH_SCENE(other_files),    WITH_SCENE(promised_weights),     WITH_SCENE(large_headers),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
