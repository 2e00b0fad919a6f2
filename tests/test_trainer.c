/* Training: the same bits for the same seed, whatever the batches, threads or interruptions. */
#include "device_support.h"
#include "graph/model.h"

#include <math.h>
#include <unistd.h>

#define IMAGES 50
#define BATCH 16 /* the last batch of an epoch is smaller */

static clae_settings settings_with(uint64_t seed) {
    clae_settings settings = settings_of(BATCH, 2e-3);
    settings.seed = seed;
    return settings;
}

static clae_trainer *make_trainer(fixture *f, clae_model *model, const clae_dataset *dataset, uint64_t seed) {
    const clae_settings settings = settings_with(seed);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    return trainer;
}

/* The weights after some steps; to be freed. */
static clae_model *trained(fixture *f, uint64_t seed, uint64_t steps) {
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = make_trainer(f, model, dataset, seed);
    run_steps(trainer, steps);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    clae_trainer_free(trainer);
    clae_dataset_free(dataset);
    return model;
}

static bool same_weights(const clae_model *a, const clae_model *b) {
    return memcmp(a->parameters, b->parameters, a->parameter_floats * sizeof(float)) == 0;
}

static void test_same_seed_same_bits(void **state) {
    clae_model *a = trained(*state, 4, 9), *b = trained(*state, 4, 9), *c = trained(*state, 5, 9);
    assert_true(same_weights(a, b));
    assert_false(same_weights(a, c));
    clae_model_free(a);
    clae_model_free(b);
    clae_model_free(c);
}

static void test_threads_change_no_bits(void **state) {
    fixture one = {0}, three = {0};
    (void)state;
    assert_int_equal(fixture_open(&one, 1), CLAE_OK);
    assert_int_equal(fixture_open(&three, 3), CLAE_OK);
    clae_model *a = trained(&one, 4, 6), *b = trained(&three, 4, 6);
    assert_true(same_weights(a, b));
    clae_model_free(a);
    clae_model_free(b);
    fixture_close(&one);
    fixture_close(&three);
}

static void test_position(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = make_trainer(f, model, dataset, 0);
    const float *losses;
    size_t count;
    assert_int_equal(clae_trainer_position(trainer).steps_per_epoch, 4);
    assert_int_equal(clae_trainer_run(trainer, 100), CLAE_OK);
    clae_train_position position = clae_trainer_position(trainer);
    assert_true(position.step == 4 && position.epoch == 1 && position.images == 0);
    assert_int_equal(clae_trainer_run(trainer, 2), CLAE_OK);
    position = clae_trainer_position(trainer);
    assert_true(position.step == 6 && position.epoch == 1 && position.images == 2 * BATCH);
    assert_int_equal(clae_trainer_losses(trainer, &losses, &count), CLAE_OK);
    assert_int_equal(count, 6);
    assert_int_equal(clae_trainer_losses(trainer, &losses, &count), CLAE_OK);
    assert_int_equal(count, 0);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_training_learns(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = make_trainer(f, model, dataset, 0);
    const float *losses;
    size_t count;
    run_steps(trainer, 400);
    assert_int_equal(clae_trainer_losses(trainer, &losses, &count), CLAE_OK);
    assert_int_equal(count, 400);
    assert_true(losses[398] < 0.97f * losses[2]);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_resume(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1), *other = small_model(f->context, 99);
    char path[64], *extra = NULL;
    snprintf(path, sizeof path, "/tmp/clae-%d-checkpoint.safetensors", (int)getpid());
    clae_trainer *trainer = make_trainer(f, model, dataset, 4);
    run_steps(trainer, 5);
    assert_int_equal(clae_trainer_save_checkpoint(trainer, path, "kept text"), CLAE_OK);
    clae_trainer_free(trainer);

    trainer = make_trainer(f, other, dataset, 4);
    assert_int_equal(clae_trainer_restore_checkpoint(trainer, path, &extra), CLAE_OK);
    assert_string_equal(extra, "kept text");
    run_steps(trainer, 4);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    clae_model *uninterrupted = trained(f, 4, 9);
    assert_true(same_weights(other, uninterrupted));
    clae_trainer_free(trainer);

    trainer = make_trainer(f, other, dataset, 5);
    assert_int_equal(clae_trainer_restore_checkpoint(trainer, path, NULL), CLAE_ERROR_INPUT);
    assert_non_null(strstr(f->last_error, "seed"));
    clae_trainer_free(trainer);
    unlink(path);
    free(extra);
    clae_model_free(uninterrupted);
    clae_model_free(model);
    clae_model_free(other);
    clae_dataset_free(dataset);
}

static void test_divergence_is_told(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    const clae_settings settings = settings_of(BATCH, 1e12);
    clae_trainer *trainer = NULL;
    const float *losses;
    size_t count;
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    run_steps(trainer, 20);
    assert_int_equal(clae_trainer_losses(trainer, &losses, &count), CLAE_ERROR_NOT_FINITE);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

/* A batch of more images than there are is one of all. */
static void test_few_images(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, 5, 1, 9, 9);
    clae_model *models[2];
    for (size_t i = 0; i < 2; i++) {
        const clae_settings settings = settings_of(i ? 5 : IMAGES, 1e-3);
        clae_trainer *trainer = NULL;
        models[i] = small_model(f->context, 1);
        assert_int_equal(clae_trainer_create(f->device, models[i], dataset, &settings, &trainer), CLAE_OK);
        assert_int_equal(clae_trainer_position(trainer).steps_per_epoch, 1);
        run_steps(trainer, 3);
        assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
        clae_trainer_free(trainer);
    }
    assert_true(same_weights(models[0], models[1]));
    for (size_t i = 0; i < 2; i++) clae_model_free(models[i]);
    clae_dataset_free(dataset);
}

static void test_bad_settings(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9), *other = noise_dataset(f->context, 3, 1, 8, 9);
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, other, NULL, &trainer), CLAE_ERROR_INPUT);
    assert_null(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
    clae_dataset_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_threads_change_no_bits),
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_training_learns),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_divergence_is_told),
        cmocka_unit_test(test_few_images),
        cmocka_unit_test(test_bad_settings),
    };
    return cmocka_run_group_tests_name("trainer", tests, fixture_setup, fixture_teardown);
}
