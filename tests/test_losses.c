/* Losses in training: what a step says is that of the whole network by the definition, its gradients point downhill as
 * steeply as they say, evaluation says the same, and images and networks that do not suit are refused. */
#include "device_support.h"
#include "infer/infer.h"
#include "ops/loss.h"
#include "reference/reference.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { IMAGES = 6, SIDE = 13 };

static clae_model *model_with(fixture *f, const char *end) {
    clae_model *model = NULL;
    char decoder[128];
    snprintf(decoder, sizeof decoder, "linear 4x13x13, relu, conv 1 k3 p1%s", end);
    assert_int_equal(clae_model_create_text(f->context, (clae_shape){1, SIDE, SIDE}, "conv 4 k3 p1, relu, linear 5",
                                            decoder, 3, &model),
                     CLAE_OK);
    return model;
}

static clae_settings settings_with(const char *loss, double lr) {
    clae_settings settings = settings_of(IMAGES, lr);
    settings.loss = loss;
    settings.optimiser = "sgd";
    settings.no_shuffle = true;
    return settings;
}

static double step_loss(clae_trainer *trainer) {
    const float *losses;
    size_t count;
    assert_int_equal(clae_trainer_run(trainer, 1), CLAE_OK);
    assert_int_equal(clae_trainer_losses(trainer, &losses, &count), CLAE_OK);
    assert_int_equal(count, 1);
    return (double)losses[0];
}

/* Of the model as it is, by the tests' own definitions, from pixels. */
static double reference_of(fixture *f, const clae_model *model, const clae_dataset *images, loss_id loss) {
    enum { COUNT = IMAGES * SIDE * SIDE };
    static float pixels[COUNT], made[COUNT];
    static double y[COUNT], t[COUNT], dy[COUNT], dy_magnitudes[COUNT];
    clae_infer *infer = NULL;
    double mean, std, value = 0, magnitude = 0, of_images[IMAGES], magnitudes[IMAGES];
    assert_int_equal(clae_infer_create(f->device, model, NULL, IMAGES, &infer), CLAE_OK);
    assert_int_equal(clae_infer_reconstruct(infer, images, 0, IMAGES, made), CLAE_OK);
    clae_infer_free(infer);
    assert_int_equal(clae_dataset_read(images, 0, IMAGES, pixels), CLAE_OK);
    clae_model_get_normalisation(model, &mean, &std);
    for (size_t i = 0; i < COUNT; i++) {
        y[i] = ((double)made[i] - mean) / std;
        t[i] = ((double)pixels[i] - mean) / std;
        if (loss == LOSS_bce) y[i] = log(y[i] / (1 - y[i]));
    }
    if (loss == LOSS_ssim) {
        const ssim_desc desc = {IMAGES, SIDE, SIDE, 1, 1.0f / IMAGES, true};
        reference_ssim(&desc, y, t, (reference_output){of_images, magnitudes}, (reference_output){&value, &magnitude},
                       (reference_output){dy, dy_magnitudes});
    } else {
        const loss_desc desc = {loss, COUNT, 1.0f / IMAGES, false};
        reference_loss(&desc, y, t, (reference_output){&value, &magnitude}, (reference_output){0});
    }
    return value;
}

static double squares_of(const clae_trainer *trainer) {
    const size_t count = trainer->runner.params.trained_floats;
    float *gradients = malloc(count * sizeof *gradients);
    double sum = 0;
    assert_int_equal(buffer_download(trainer->runner.params.gradients, 0, gradients, count * sizeof *gradients),
                     CLAE_OK);
    for (size_t i = 0; i < count; i++) sum += (double)gradients[i] * (double)gradients[i];
    free(gradients);
    return sum;
}

static void check_loss(fixture *f, loss_id loss) {
    const char *name = loss_name(loss);
    clae_model *model = model_with(f, loss_is_of_logits(loss) ? ", sigmoid" : "");
    clae_dataset *images = noise_dataset(f->context, IMAGES, 1, SIDE, SIDE);
    const double lr = loss == LOSS_ssim ? 0.03 : loss == LOSS_bce ? 2e-5 : 3e-6;
    const clae_settings settings = settings_with(name, lr);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, images, &settings, &trainer), CLAE_OK);
    const double expected = reference_of(f, model, images, loss);
    const double first = step_loss(trainer), falls = lr * squares_of(trainer), second = step_loss(trainer);
    print_message("    %s: %.9g, reference %.9g, falls by %.3g of %.3g\n", name, first, expected, first - second,
                  falls);
    assert_true(fabs(first - expected) < 2e-6 * expected);
    assert_true(fabs(first - second - falls) < 0.05 * falls + 1e-6 * first);
    assert_true(falls > 1e-5 * first); /* or the test would see nothing */
    clae_infer *infer = NULL;
    clae_evaluation evaluation;
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    const double now = reference_of(f, model, images, loss);
    assert_int_equal(clae_infer_create(f->device, model, NULL, 4, &infer), CLAE_OK);
    infer->loss = loss;
    assert_int_equal(clae_infer_evaluate(infer, images, &evaluation), CLAE_OK);
    assert_true(fabs(evaluation.loss - now) < 2e-6 * now);
    clae_infer_free(infer);
    clae_trainer_free(trainer);
    clae_dataset_free(images);
    clae_model_free(model);
}

static void test_losses(void **state) {
    for (int loss = 0; loss < LOSS_END; loss++) check_loss(*state, (loss_id)loss);
}

static void test_refusals(void **state) {
    fixture *f = *state;
    clae_model *model = model_with(f, "");
    clae_dataset *images = noise_dataset(f->context, IMAGES, 1, SIDE, SIDE), *wide = NULL;
    static float values[IMAGES * SIDE * SIDE];
    clae_settings settings = settings_with("bce", 1e-3);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, images, &settings, &trainer), CLAE_ERROR_INPUT);
    values[7] = 1.5f;
    settings.loss = "ssim";
    assert_int_equal(clae_dataset_from_floats(f->context, values, IMAGES, 1, SIDE, SIDE, &wide), CLAE_OK);
    assert_int_equal(clae_trainer_create(f->device, model, wide, &settings, &trainer), CLAE_ERROR_INPUT);
    clae_dataset_free(wide);
    clae_dataset_free(images);
    clae_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_losses), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests_name("losses", tests, fixture_setup, fixture_teardown);
}
