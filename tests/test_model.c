/* Models: shapes, initialisation, files. */
#include "device_support.h"
#include "graph/model.h"

#include <math.h>
#include <unistd.h>

static clae_context *context_of(void **state) {
    return ((fixture *)*state)->context;
}

static void test_lecture_shapes(void **state) {
    clae_model *model = NULL;
    uint64_t multiply_adds = 0;
    assert_int_equal(clae_model_create_lecture(context_of(state), 32, 8, 0, &model), CLAE_OK);
    assert_int_equal(clae_model_parameter_count(model), 112457);
    for (size_t i = 0; i < clae_model_layer_count(model); i++) {
        clae_layer_info info;
        assert_int_equal(clae_model_get_layer(model, i, &info), CLAE_OK);
        multiply_adds += info.multiply_adds;
    }
    assert_int_equal((multiply_adds + 5000) / 10000, 2436);
    const clae_shape latent = clae_model_latent_shape(model);
    assert_true(latent.c == 8 && latent.h == 1 && latent.w == 1);
    clae_model_free(model);
}

static void test_bad_layers(void **state) {
    const clae_layer_spec good[] = {CONV(4, 3, 1, 0)}, back[] = {CONV_TRANSPOSE(1, 3, 1, 0, 0)};
    const clae_layer_spec bad[] = {CONV(0, 3, 1, 0),  CONV(4, 0, 1, 0),     CONV(4, 3, 0, 0), CONV(4, 3, 1, 3),
                                   CONV(4, 11, 1, 0), CONV(70000, 3, 1, 0), {.type = "dense"}};
    clae_model *model = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(clae_model_create(context_of(state), (clae_shape){1, 9, 9}, &bad[i], 1, back, 1, 0, &model),
                         CLAE_ERROR_INPUT);
        assert_null(model);
    }
    const clae_layer_spec too_small[] = {CONV_TRANSPOSE(1, 2, 1, 0, 0)};
    assert_int_equal(clae_model_create(context_of(state), (clae_shape){1, 9, 9}, good, 1, too_small, 1, 0, &model),
                     CLAE_ERROR_INPUT);
    const clae_layer_spec output_padding[] = {CONV_TRANSPOSE(1, 2, 1, 0, 1)};
    assert_int_equal(clae_model_create(context_of(state), (clae_shape){1, 9, 9}, good, 1, output_padding, 1, 0, &model),
                     CLAE_ERROR_INPUT);
}

static void test_initialisation(void **state) {
    clae_model *model = NULL;
    assert_int_equal(clae_model_create_lecture(context_of(state), 32, 8, 0, &model), CLAE_OK);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        if (l->param_count == 0) continue;
        const size_t taps = (size_t)l->spec.kernel_h * l->spec.kernel_w;
        const bool transposed = strcmp(l->type->name, "conv_transpose2d") == 0;
        const double bound = 1 / sqrt((double)(taps * (transposed ? l->out.c : l->in.c)));
        double sum = 0, squares = 0, largest = 0;
        for (size_t k = 0; k < l->param[0].count; k++) {
            const double w = model->parameters[l->param[0].offset + k];
            sum += w;
            squares += w * w;
            largest = fmax(largest, fabs(w));
        }
        const double n = (double)l->param[0].count, deviation = sqrt(squares / n);
        assert_true(largest <= bound && largest > 0.9 * bound);
        assert_true(fabs(deviation / (bound / sqrt(3)) - 1) < 4 / sqrt(n));
        assert_true(fabs(sum / n) < 4 * bound / sqrt(3 * n));
    }
    clae_model_free(model);
}

static char *scratch_path(const char *name) {
    static char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/clae-%d-%s", folder ? folder : "/tmp", (int)getpid(), name);
    return path;
}

static void test_save_and_load(void **state) {
    clae_model *model = small_model(context_of(state), 7), *loaded = NULL, *other = small_model(context_of(state), 8);
    const char *path = scratch_path("model.safetensors");
    double mean, std;
    clae_model_set_normalisation(model, &(double){0.125}, &(double){0.3});
    assert_int_equal(clae_model_save(model, path), CLAE_OK);
    assert_int_equal(clae_model_load(context_of(state), path, &loaded), CLAE_OK);
    clae_model_get_normalisation(loaded, &mean, &std);
    assert_true(mean == 0.125 && std == 0.3);
    assert_int_equal(loaded->parameter_floats, model->parameter_floats);
    assert_memory_equal(loaded->parameters, model->parameters, model->parameter_floats * sizeof(float));
    assert_memory_not_equal(other->parameters, model->parameters, model->parameter_floats * sizeof(float));
    assert_int_equal(clae_model_load_weights(other, path), CLAE_OK);
    assert_memory_equal(other->parameters, model->parameters, model->parameter_floats * sizeof(float));
    unlink(path);
    clae_model_free(model);
    clae_model_free(loaded);
    clae_model_free(other);
}

static void test_weights_of_another_model(void **state) {
    clae_model *model = small_model(context_of(state), 7), *lecture = NULL;
    const char *path = scratch_path("other.safetensors");
    assert_int_equal(clae_model_create_lecture(context_of(state), 8, 2, 0, &lecture), CLAE_OK);
    const size_t bytes = lecture->parameter_floats * sizeof(float);
    float *before = malloc(bytes);
    memcpy(before, lecture->parameters, bytes);
    assert_int_equal(clae_model_save(model, path), CLAE_OK);
    assert_int_equal(clae_model_load_weights(lecture, path), CLAE_ERROR_INPUT);
    assert_memory_equal(before, lecture->parameters, bytes);
    unlink(path);
    free(before);
    clae_model_free(model);
    clae_model_free(lecture);
}

static void test_damaged_description(void **state) {
    const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"input\":[1,9],\"encoder\":[],\"decoder\":[]}",
        "{\"input\":[1,9,9],\"encoder\":[{\"type\":\"relu\"}],\"decoder\":[{\"type\":\"relu\"}]}",
        "{\"input\":[1,-9,9],\"encoder\":[{\"type\":\"relu\"}],\"decoder\":[{\"type\":\"relu\"}]}",
        "{\"input\":[1,9,9],\"encoder\":[{\"type\":\"conv2d\",\"out_channels\":1e9,\"kernel\":[3,3]}],"
        "\"decoder\":[{\"type\":\"relu\"}]}",
        "{\"input\":[1,9,9],\"encoder\":[{\"type\":\"conv2d\",\"out_channels\":3,\"kernel\":[3]}],"
        "\"decoder\":[{\"type\":\"relu\"}]}",
        "{\"input\":[1,9,9],\"input\":[1,9,9],\"encoder\":[{\"type\":\"relu\"}],\"decoder\":[{\"type\":\"relu\"}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        clae_model *model = NULL;
        assert_int_equal(model_from_json(context_of(state), bad[i], &model), CLAE_ERROR_INPUT);
        assert_null(model);
    }
}

static clae_model *model_of_three_channels(clae_context *context) {
    const clae_layer_spec encoder[] = {CONV(4, 3, 1, 0)}, decoder[] = {CONV_TRANSPOSE(3, 3, 1, 0, 0)};
    clae_model *model = NULL;
    assert_int_equal(clae_model_create(context, (clae_shape){3, 5, 5}, encoder, 1, decoder, 1, 1, &model), CLAE_OK);
    return model;
}

static void test_normalisation_of_channels(void **state) {
    const double mean[] = {0.485, -1e-3, 0}, std[] = {0.229, 0, 1e3};
    double mean_again[3], std_again[3];
    clae_model *model = model_of_three_channels(context_of(state)), *loaded = NULL;
    const char *path = scratch_path("channels.safetensors");
    clae_model_set_normalisation(model, mean, std);
    assert_int_equal(clae_model_save(model, path), CLAE_OK);
    assert_int_equal(clae_model_load(context_of(state), path, &loaded), CLAE_OK);
    clae_model_get_normalisation(loaded, mean_again, std_again);
    assert_memory_equal(mean_again, mean, sizeof mean);
    assert_true(std_again[0] == std[0] && std_again[1] == 1 && std_again[2] == std[2]);
    unlink(path);
    clae_model_free(model);
    clae_model_free(loaded);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lecture_shapes),           cmocka_unit_test(test_bad_layers),
        cmocka_unit_test(test_initialisation),           cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_normalisation_of_channels),
        cmocka_unit_test(test_weights_of_another_model), cmocka_unit_test(test_damaged_description),
    };
    return cmocka_run_group_tests_name("model", tests, fixture_setup, fixture_teardown);
}
