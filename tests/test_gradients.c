/* Gradients of each kind of layer and of whole networks against finite differences of a reference in double. */
#include "device_support.h"
#include "reference_network.h"
#include "train/trainer.h"

#include <float.h>
#include <math.h>

#define IMAGES 4
#define PROBES 24                  /* parameters probed in each tensor */
#define ROUNDING (8 * FLT_EPSILON) /* of sums whose terms are of order 1 and may cancel */

/* The gradients of one step, [parameter_floats]; to be freed. */
static float *device_gradients(fixture *f, clae_model *model, const clae_dataset *dataset, bool no_fusion) {
    clae_settings settings = settings_of(IMAGES, 1e-3);
    settings.no_shuffle = true;
    settings.no_fusion = no_fusion;
    const size_t bytes = model->parameter_floats * sizeof(float);
    clae_trainer *trainer = NULL;
    float *gradients = malloc(bytes);
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    assert_int_equal(clae_trainer_run(trainer, 1), CLAE_OK);
    assert_int_equal(buffer_download(trainer->runner.params.gradients, 0, gradients, bytes), CLAE_OK);
    clae_trainer_free(trainer);
    return gradients;
}

/* Of the loss 0.5 * sum((y - x)^2) / n at two places: term by term, as two sums would leave only rounding. */
static double difference_quotient(const clae_model *model, double *parameters, const double *x, size_t i, double h) {
    const double kept = parameters[i];
    double difference = 0;
    parameters[i] = kept + h;
    double *above = reference_network_run(model, parameters, x, IMAGES);
    parameters[i] = kept - h;
    double *below = reference_network_run(model, parameters, x, IMAGES);
    parameters[i] = kept;
    for (size_t k = 0; k < IMAGES * shape_elements(model->input); k++)
        difference += 0.5 * (above[k] - below[k]) * (above[k] + below[k] - 2 * x[k]);
    free(above);
    free(below);
    return difference / IMAGES / (2 * h);
}

/* Where a ReLU changes sides between the two points there is no derivative to compare with: the quotient then depends
 * on h. Few probes may be lost to that. */
static void check_tensor(const clae_model *model, double *parameters, const double *x, const float *gradients,
                         const char *name, size_t offset, size_t count) {
    const size_t probes = count < PROBES ? count : PROBES;
    size_t lost = 0;
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)gradients[offset + i]));
    const double tolerance = 1e-5 * largest + ROUNDING;
    for (size_t probe = 0; probe < probes; probe++) {
        const size_t i = offset + (count <= PROBES ? probe : (probe * 7919 + 13) % count);
        const double expected = difference_quotient(model, parameters, x, i, 2e-7);
        if (fabs(difference_quotient(model, parameters, x, i, 1e-6) - expected) > tolerance / 4)
            lost++;
        else if (fabs(gradients[i] - expected) > tolerance)
            fail_msg("%s[%zu]: %.9g, finite differences give %.9g", name, i - offset, (double)gradients[i], expected);
    }
    if (lost > probes / 3) fail_msg("%s: %zu of %zu probes lie at a kink", name, lost, probes);
}

static void check_model(fixture *f, clae_model *model, bool no_fusion) {
    const clae_shape in = model->input;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, in.c, in.h, in.w);
    const size_t elements = IMAGES * shape_elements(in);
    double *x = malloc(elements * sizeof *x), *parameters = malloc(model->parameter_floats * sizeof *parameters);
    for (size_t i = 0; i < model->parameter_floats; i++) parameters[i] = model->parameters[i];
    for (size_t i = 0; i < IMAGES; i++)
        assert_int_equal(dataset_read_values(dataset, i, x + i * shape_elements(in)), CLAE_OK);
    for (size_t i = 0; i < elements; i++) x[i] = (x[i] - dataset->info.mean[i % in.c]) / dataset->info.std[i % in.c];
    float *gradients = device_gradients(f, model, dataset, no_fusion);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        for (size_t k = 0; k < l->param_count; k++)
            check_tensor(model, parameters, x, gradients, l->name, l->param[k].offset, l->param[k].count);
    }
    free(x);
    free(parameters);
    free(gradients);
    clae_dataset_free(dataset);
    clae_model_free(model);
}

static void test_whole_network(void **state) {
    fixture *f = *state;
    check_model(f, small_model(f->context, 3), false);
}

static void test_lecture(void **state) {
    fixture *f = *state;
    clae_model *model = NULL;
    assert_int_equal(clae_model_create_lecture(f->context, 8, 2, 1, &model), CLAE_OK);
    check_model(f, model, false);
}

static void check_pair(fixture *f, clae_shape in, clae_layer_spec down, clae_layer_spec up) {
    clae_model *model = NULL;
    assert_int_equal(clae_model_create(f->context, in, &down, 1, &up, 1, 2, &model), CLAE_OK);
    check_model(f, model, false);
}

static void test_single_layers(void **state) {
    fixture *f = *state;
    check_pair(f, (clae_shape){2, 7, 7}, (clae_layer_spec)CONV(5, 3, 1, 1), (clae_layer_spec)CONV(2, 5, 1, 2));
    check_pair(f, (clae_shape){1, 8, 8}, (clae_layer_spec)CONV(4, 2, 2, 0),
               (clae_layer_spec)CONV_TRANSPOSE(1, 2, 2, 0, 0));
    check_pair(f, (clae_shape){3, 8, 8}, (clae_layer_spec)CONV(7, 3, 2, 1),
               (clae_layer_spec)CONV_TRANSPOSE(3, 3, 2, 1, 1));
    check_pair(f, (clae_shape){1, 5, 5}, (clae_layer_spec)CONV(3, 1, 4, 0),
               (clae_layer_spec)CONV_TRANSPOSE(1, 1, 4, 0, 0));
}

static void test_without_fusion(void **state) {
    fixture *f = *state;
    check_model(f, small_model(f->context, 3), true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_layers),
        cmocka_unit_test(test_whole_network),
        cmocka_unit_test(test_lecture),
        cmocka_unit_test(test_without_fusion),
    };
    return cmocka_run_group_tests_name("gradients", tests, fixture_setup, fixture_teardown);
}
