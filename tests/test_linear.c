/* Without ReLU the best that an autoencoder can do is PCA (Baldi and Hornik, 1989): training must come within 2% of it.
 */
#include "device_support.h"

#include <math.h>

#define IMAGES 256
#define SIDE 6
#define LATENT 3
#define STEPS 3000

/* A few smooth patterns of falling strength, and noise. */
static clae_dataset *patterns(clae_context *context) {
    const philox_stream stream = {11, PHILOX_SELFTEST, 2};
    float *values = malloc(IMAGES * SIDE * SIDE * sizeof *values);
    for (size_t i = 0; i < IMAGES; i++)
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++) {
                double v = 0.5 + 0.02 * philox_normal(stream, 100000 + (i * SIDE + y) * SIDE + x);
                for (size_t k = 0; k < 6; k++)
                    v += 0.1 * pow(0.7, (double)k) * philox_normal(stream, i * 6 + k) *
                         cos((double)((k % 3) * x) * 0.6 + (double)((k / 2) * y) * 0.9 + (double)k);
                values[(i * SIDE + y) * SIDE + x] = (float)v;
            }
    clae_dataset *dataset = NULL;
    assert_int_equal(clae_dataset_from_floats(context, values, IMAGES, 1, SIDE, SIDE, &dataset), CLAE_OK);
    free(values);
    return dataset;
}

static void test_linear_reaches_pca(void **state) {
    fixture *f = *state;
    const clae_layer_spec encoder[] = {CONV(LATENT, SIDE, 1, 0)}, decoder[] = {CONV_TRANSPOSE(1, SIDE, 1, 0, 0)};
    clae_settings settings = settings_of(IMAGES, 1e-2);
    settings.schedule = "cosine";
    settings.schedule_steps = STEPS;
    clae_dataset *dataset = patterns(f->context);
    clae_model *model = NULL;
    clae_trainer *trainer = NULL;
    clae_infer *infer = NULL;
    clae_pca *pca = NULL;
    clae_evaluation network, best;
    assert_int_equal(clae_model_create(f->context, (clae_shape){1, SIDE, SIDE}, encoder, 1, decoder, 1, 0, &model),
                     CLAE_OK);
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    while (clae_trainer_position(trainer).step < STEPS) {
        const float *losses;
        size_t count;
        assert_int_equal(clae_trainer_run(trainer, 1000), CLAE_OK);
        if (clae_trainer_position(trainer).step % 1000 == 0)
            assert_int_equal(clae_trainer_losses(trainer, &losses, &count), CLAE_OK);
    }
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    assert_int_equal(clae_infer_create(f->device, model, NULL, 0, &infer), CLAE_OK);
    assert_int_equal(clae_infer_evaluate(infer, dataset, &network), CLAE_OK);
    assert_int_equal(clae_pca_fit(f->device, dataset, NULL, LATENT, &pca), CLAE_OK);
    assert_int_equal(clae_pca_evaluate(pca, LATENT, dataset, clae_dataset_get_info(dataset)->std, &best), CLAE_OK);
    print_message("autoencoder %.8f, PCA %.8f\n", network.mse_per_pixel, best.mse_per_pixel);
    assert_true(network.mse_per_pixel > 0.9999 * best.mse_per_pixel);
    assert_true(network.mse_per_pixel < 1.02 * best.mse_per_pixel);
    clae_pca_free(pca);
    clae_infer_free(infer);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_linear_reaches_pca)};
    return cmocka_run_group_tests_name("linear", tests, fixture_setup, fixture_teardown);
}
