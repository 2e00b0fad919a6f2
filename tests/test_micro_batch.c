/* Steps that run in pieces train as those that run at once, but for rounding. */
#include "device_support.h"
#include "graph/model.h"
#include "near_models.h"
#include "train/trainer.h"

#include <math.h>
#include <unistd.h>

#define IMAGES 47 /* with batches of 20 the last one has 7, and a piece of 2 */
#define BATCH 20
#define PIECE 5
#define STEPS 8
#define TOLERANCE 1e-5

/* Layers of an odd number of elements, so that what is dropped does not begin at a multiple of 4. */
static clae_model *dropout_model(clae_context *context) {
    clae_model *model = NULL;
    assert_int_equal(clae_model_create_text(context, (clae_shape){1, 9, 9},
                                            "conv 3 k3, dropout 0.3, relu, conv 4 k3 s2 p1, dropout 0.2, linear 5",
                                            NULL, 3, &model),
                     CLAE_OK);
    return model;
}

static clae_settings settings_in_pieces(size_t piece) {
    clae_settings settings = settings_of(BATCH, 1e-3);
    settings.micro_batch = piece;
    settings.optimiser = "sgd"; /* Adam makes whole steps of gradients that are rounding errors */
    settings.clip_norm = 3;
    settings.ema = 0.5;
    settings.flip = "h"; /* as the image's number and the seed say, and the noise */
    settings.noise = 0.1;
    settings.seed = 4;
    return settings;
}

static clae_trainer *make_trainer(fixture *f, clae_model *model, const clae_dataset *dataset, size_t piece) {
    const clae_settings settings = settings_in_pieces(piece);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    return trainer;
}

/* The model after some steps, to be freed, and their losses. */
static clae_model *trained(fixture *f, const clae_dataset *dataset, size_t piece, float losses[STEPS]) {
    clae_model *model = dropout_model(f->context);
    clae_trainer *trainer = make_trainer(f, model, dataset, piece);
    const float *found;
    size_t count;
    assert_int_equal(clae_trainer_position(trainer).steps_per_epoch, 3);
    run_steps(trainer, STEPS);
    assert_int_equal(clae_trainer_losses(trainer, &found, &count), CLAE_OK);
    assert_int_equal(count, STEPS);
    memcpy(losses, found, STEPS * sizeof *losses);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    clae_trainer_free(trainer);
    return model;
}

static void test_same_but_for_rounding(void **state) {
    static const size_t pieces[] = {PIECE, 1, BATCH / 2};
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    float expected[STEPS], losses[STEPS];
    clae_model *whole = trained(f, dataset, 0, expected), *start = dropout_model(f->context);
    assert_false(memcmp(whole->parameters, start->parameters, whole->parameter_floats * sizeof(float)) == 0);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        clae_model *model = trained(f, dataset, pieces[i], losses);
        for (size_t k = 0; k < STEPS; k++) assert_near(losses[k], expected[k], TOLERANCE * (double)expected[k]);
        assert_near_models(model, whole, TOLERANCE);
        clae_model_free(model);
    }
    clae_model_free(start);
    clae_model_free(whole);
    clae_dataset_free(dataset);
}

/* Pieces of a whole batch or more are none: the same bits. */
static void test_one_piece(void **state) {
    static const size_t pieces[] = {BATCH, 2 * BATCH + 1};
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    float losses[STEPS];
    clae_model *whole = trained(f, dataset, 0, losses);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        clae_model *model = trained(f, dataset, pieces[i], losses);
        assert_memory_equal(model->parameters, whole->parameters, whole->parameter_floats * sizeof(float));
        clae_model_free(model);
    }
    clae_model_free(whole);
    clae_dataset_free(dataset);
}

/* A batch of all images may have any pieces. */
static void test_few_images(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, 17, 1, 9, 9);
    clae_model *models[2];
    for (size_t i = 0; i < 2; i++) {
        models[i] = dropout_model(f->context);
        clae_trainer *trainer = make_trainer(f, models[i], dataset, i ? 0 : 7);
        assert_int_equal(clae_trainer_position(trainer).steps_per_epoch, 1);
        run_steps(trainer, 3);
        assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
        clae_trainer_free(trainer);
    }
    assert_near_models(models[0], models[1], TOLERANCE);
    for (size_t i = 0; i < 2; i++) clae_model_free(models[i]);
    clae_dataset_free(dataset);
}

static void test_resume(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    float losses[STEPS];
    clae_model *whole = trained(f, dataset, PIECE, losses), *model = dropout_model(f->context);
    char path[64];
    snprintf(path, sizeof path, "/tmp/clae-%d-micro.safetensors", (int)getpid());
    clae_trainer *trainer = make_trainer(f, model, dataset, PIECE);
    run_steps(trainer, 4);
    assert_int_equal(clae_trainer_save_checkpoint(trainer, path, NULL), CLAE_OK);
    clae_trainer_free(trainer);
    for (size_t piece = PIECE; piece; piece = piece == PIECE ? 2 : 0) {
        trainer = make_trainer(f, model, dataset, piece);
        assert_int_equal(clae_trainer_restore_checkpoint(trainer, path, NULL), CLAE_OK);
        run_steps(trainer, STEPS - 4);
        assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
        if (piece == PIECE)
            assert_memory_equal(model->parameters, whole->parameters, whole->parameter_floats * sizeof(float));
        else
            assert_near_models(model, whole, TOLERANCE);
        clae_trainer_free(trainer);
    }
    unlink(path);
    clae_model_free(whole);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

/* More pieces than there are slots: the losses of one step wait at most. */
static void test_many_pieces(void **state) {
    fixture *f = *state;
    const size_t n = TRAINER_LOSS_SLOTS + 10;
    clae_dataset *dataset = byte_dataset(f->context, n, 1, 2, 2);
    clae_settings settings = settings_of(n, 1e-3);
    clae_model *model = NULL;
    clae_trainer *trainer = NULL;
    const float *found;
    size_t count;
    assert_int_equal(clae_model_create_text(f->context, (clae_shape){1, 2, 2}, "linear 2", NULL, 1, &model), CLAE_OK);
    float losses[2];
    for (size_t i = 0; i < 2; i++) {
        settings.micro_batch = i;
        assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
        assert_int_equal(clae_trainer_run(trainer, 1), CLAE_OK);
        if (i) assert_int_equal(clae_trainer_run(trainer, 1), CLAE_ERROR_INPUT);
        assert_int_equal(clae_trainer_losses(trainer, &found, &count), CLAE_OK);
        assert_int_equal(count, 1);
        losses[i] = found[0];
        clae_trainer_free(trainer);
    }
    assert_near(losses[1], losses[0], TOLERANCE * (double)losses[0]);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_refusals(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = dropout_model(f->context);
    clae_trainer *trainer = NULL;
    const clae_settings settings = settings_in_pieces(8);
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_ERROR_INPUT);
    assert_null(trainer);
    assert_string_equal(f->last_error, "micro-batch 8: must divide the batch size of 20, as 5 does");
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static clae_status try_batch(fixture *f, const clae_dataset *dataset, size_t piece, uint64_t *bytes) {
    clae_settings settings = settings_of(3000, 2e-3);
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = NULL;
    settings.micro_batch = piece;
    const clae_status status = clae_trainer_create(f->device, model, dataset, &settings, &trainer);
    if (status == CLAE_OK) *bytes = clae_trainer_memory_bytes(trainer);
    if (status == CLAE_OK) run_steps(trainer, 1);
    clae_trainer_free(trainer);
    clae_model_free(model);
    return status;
}

static size_t number_behind(const fixture *f, const char *words) {
    const char *found = strstr(f->last_error, words);
    if (!found) fail_msg("no \"%s\" in: %s", words, f->last_error);
    return strtoull(found + strlen(words), NULL, 10);
}

/* Pieces take less memory, and those that a refusal proposes fit, as the largest ones. */
static void test_memory(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = byte_dataset(f->context, 3001, 1, 9, 9);
    uint64_t whole = 0, in_pieces = 0;
    assert_int_equal(try_batch(f, dataset, 0, &whole), CLAE_OK);
    assert_int_equal(try_batch(f, dataset, 100, &in_pieces), CLAE_OK);
    assert_true(in_pieces < whole / 4);

    f->context->memory_limit_bytes = f->device->allocated_bytes + whole / 4;
    assert_int_equal(try_batch(f, dataset, 0, &whole), CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f->last_error, "batch size 3000 needs "));
    const size_t proposed = number_behind(f, "or 3000 with --micro-batch ");
    assert_true(proposed && 3000 % proposed == 0);
    assert_int_equal(try_batch(f, dataset, proposed, &in_pieces), CLAE_OK);
    size_t larger = proposed + 1;
    while (3000 % larger) larger++;
    assert_int_equal(try_batch(f, dataset, larger, &in_pieces), CLAE_ERROR_DEVICE);
    assert_int_equal(number_behind(f, "the largest micro-batch that fits is "), proposed);
    f->context->memory_limit_bytes = 0;
    clae_dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_but_for_rounding),
        cmocka_unit_test(test_one_piece),
        cmocka_unit_test(test_few_images),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("micro_batch", tests, fixture_setup, fixture_teardown);
}
