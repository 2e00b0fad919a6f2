/* Augmentation in training: what the network gets, and what it should give. */
#include "device_support.h"
#include "graph/model.h"
#include "train/trainer.h"

#include <math.h>
#include <unistd.h>

enum { IMAGES = 50, SIDE = 9, PIXELS = SIDE * SIDE, BATCH = 16, STEPS = 9 };

static clae_settings settings_with_all(size_t batch_size) {
    clae_settings settings = settings_of(batch_size, 2e-3);
    settings.flip = "hv";
    settings.rotate = true;
    settings.shift = 2;
    settings.brightness = 0.3;
    settings.noise = 0.1;
    settings.no_shuffle = true;
    return settings;
}

typedef struct scene {
    clae_dataset *dataset;
    clae_model *model;
    clae_trainer *trainer;
} scene;

static scene open_scene(fixture *f, clae_dataset *dataset, const clae_settings *settings) {
    scene s = {dataset, small_model(f->context, 1), NULL};
    assert_int_equal(clae_trainer_create(f->device, s.model, dataset, settings, &s.trainer), CLAE_OK);
    return s;
}

static void close_scene(scene *s) {
    clae_trainer_free(s->trainer);
    clae_model_free(s->model);
    clae_dataset_free(s->dataset);
}

static bool is_of_images(op_id op) {
    return op == OP_load_batch || op == OP_augment || op == OP_noise;
}

static size_t count_ops(const clae_trainer *t, op_id op) {
    size_t count = 0;
    for (size_t i = 0; i < trainer_node_count(t); i++) count += trainer_node(t, i)->desc.op == op;
    return count;
}

/* The next batch as the network gets it and as it should give it back, [n][PIXELS]; its count of images. */
static size_t next_batch(fixture *f, clae_trainer *t, float *x, float *target) {
    plan *plan = trainer_piece_plan(t, 0);
    const size_t n = plan->batch_size, bytes = n * PIXELS * sizeof *x;
    plan_inputs inputs;
    assert_int_equal(trainer_piece_inputs(t, 0, &inputs), CLAE_OK);
    for (size_t i = 0; i < plan->node_count && is_of_images(plan->nodes[i].desc.op); i++) {
        plan_bind(plan, &plan->nodes[i], &inputs);
        assert_int_equal(op_run(plan->nodes[i].instance, &plan->nodes[i].args), CLAE_OK);
    }
    assert_int_equal(device_finish(f->device), CLAE_OK);
    const view from[] = {plan_view(plan, plan->x), plan_view(plan, plan->target)};
    assert_int_equal(buffer_download(from[0].buffer, from[0].offset * sizeof *x, x, bytes), CLAE_OK);
    assert_int_equal(buffer_download(from[1].buffer, from[1].offset * sizeof *x, target, bytes), CLAE_OK);
    trainer_advance(t);
    return n;
}

typedef struct images {
    float x[IMAGES * PIXELS], target[IMAGES * PIXELS];
} images;

static void next_epoch(fixture *f, clae_trainer *t, images *out) {
    for (size_t done = 0; done < IMAGES;) done += next_batch(f, t, out->x + done * PIXELS, out->target + done * PIXELS);
}

static void test_none_by_default(void **state) {
    fixture *f = *state;
    const clae_settings settings = settings_of(BATCH, 1e-3);
    scene s = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &settings);
    assert_int_equal(count_ops(s.trainer, OP_augment) + count_ops(s.trainer, OP_noise), 0);
    assert_int_equal(s.trainer->full->x, s.trainer->full->target);
    close_scene(&s);
}

/* What an image becomes depends on its place in the training, not on the batch that it is in. */
static void test_batches_change_no_bits(void **state) {
    fixture *f = *state;
    static images ones[2], others[2];
    const size_t sizes[] = {BATCH, 7};
    for (int k = 0; k < 2; k++) {
        const clae_settings settings = settings_with_all(sizes[k]);
        scene s = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &settings);
        for (int epoch = 0; epoch < 2; epoch++) next_epoch(f, s.trainer, k ? &others[epoch] : &ones[epoch]);
        close_scene(&s);
    }
    assert_memory_equal(ones, others, sizeof ones);
    assert_memory_not_equal(ones[0].x, ones[1].x, sizeof ones[0].x);
    assert_memory_not_equal(ones[0].target, ones[1].target, sizeof ones[0].target);
}

/* Noise is on the input, and has the deviation that was asked for; all else is on both. */
static void test_noise_is_on_the_input(void **state) {
    fixture *f = *state;
    static images got;
    const clae_settings settings = settings_with_all(BATCH);
    scene s = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &settings);
    next_epoch(f, s.trainer, &got);
    const double deviation = settings.noise / s.dataset->info.std[0];
    double sum = 0, squares = 0;
    for (size_t i = 0; i < IMAGES * PIXELS; i++) {
        const double noise = (double)got.x[i] - (double)got.target[i];
        sum += noise;
        squares += noise * noise;
    }
    const double count = IMAGES * PIXELS;
    /* Five deviations of a mean, and of a mean square, of so many numbers. */
    assert_true(fabs(sum / count) < 5 * deviation / sqrt(count));
    assert_true(fabs(squares / count / (deviation * deviation) - 1) < 5 * sqrt(2 / count));
    close_scene(&s);
}

static void test_brightness_stays_in_range(void **state) {
    fixture *f = *state;
    static images got;
    clae_settings settings = settings_of(BATCH, 1e-3);
    settings.brightness = 1;
    scene s = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &settings);
    next_epoch(f, s.trainer, &got);
    const double mean = s.dataset->info.mean[0], std = s.dataset->info.std[0];
    size_t black = 0, white = 0;
    for (size_t i = 0; i < IMAGES * PIXELS; i++) {
        const double pixel = (double)got.x[i] * std + mean;
        assert_true(pixel > -1e-6 && pixel < 1 + 1e-6);
        black += pixel < 1e-6;
        white += pixel > 1 - 1e-6;
    }
    /* Of uniform pixels a quarter each, but for what differs from image to image. */
    assert_true(black > IMAGES * PIXELS / 10 && white > IMAGES * PIXELS / 10);
    close_scene(&s);
}

static void test_resume(void **state) {
    fixture *f = *state;
    const clae_settings settings = settings_with_all(BATCH);
    char path[64];
    snprintf(path, sizeof path, "/tmp/clae-%d-augmented.safetensors", (int)getpid());
    scene whole = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &settings);
    run_steps(whole.trainer, STEPS - 4);
    assert_int_equal(clae_trainer_save_checkpoint(whole.trainer, path, NULL), CLAE_OK);
    scene resumed = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &settings);
    assert_int_equal(clae_trainer_restore_checkpoint(resumed.trainer, path, NULL), CLAE_OK);
    scene *const both[] = {&whole, &resumed};
    for (int k = 0; k < 2; k++) {
        run_steps(both[k]->trainer, 4);
        assert_int_equal(clae_trainer_update_model(both[k]->trainer), CLAE_OK);
    }
    assert_memory_equal(whole.model->parameters, resumed.model->parameters,
                        whole.model->parameter_floats * sizeof(float));
    close_scene(&resumed);

    clae_settings other = settings_with_all(BATCH);
    other.noise = 0.2;
    resumed = open_scene(f, byte_dataset(f->context, IMAGES, 1, SIDE, SIDE), &other);
    assert_int_equal(clae_trainer_restore_checkpoint(resumed.trainer, path, NULL), CLAE_ERROR_INPUT);
    assert_non_null(strstr(f->last_error, "noise"));
    close_scene(&resumed);
    close_scene(&whole);
    unlink(path);
}

/* Images of one white row. */
static clae_dataset *rows_dataset(clae_context *context) {
    clae_dataset *dataset = NULL;
    static uint8_t pixels[IMAGES * PIXELS];
    for (size_t i = 0; i < IMAGES; i++)
        for (size_t j = 0; j < PIXELS; j++) pixels[i * PIXELS + j] = j / SIDE == i % SIDE ? 255 : 0;
    assert_int_equal(clae_dataset_from_bytes(context, pixels, IMAGES, 1, SIDE, SIDE, &dataset), CLAE_OK);
    return dataset;
}

/* The mean image would lack PIXELS / 2, and the noise itself is as much: the network comes closer to what is clean than
 * to either. */
static void test_denoising_is_learnt(void **state) {
    fixture *f = *state;
    clae_settings settings = settings_of(25, 1e-2);
    const float *losses;
    size_t count;
    clae_dataset *dataset = rows_dataset(f->context);
    settings.noise = dataset->info.std[0];
    scene s = open_scene(f, dataset, &settings);
    run_steps(s.trainer, 300);
    assert_int_equal(clae_trainer_losses(s.trainer, &losses, &count), CLAE_OK);
    assert_int_equal(count, 300);
    double first = 0, last = 0;
    for (size_t i = 0; i < 10; i++) first += (double)losses[i] / 10, last += (double)losses[count - 1 - i] / 10;
    print_message("    denoising: loss %.2f at first, %.2f at last; of the mean image %.2f\n", first, last,
                  PIXELS / 2.0);
    assert_true(last < first / 2 && last < PIXELS / 4.0);
    close_scene(&s);
}

static void assert_refused(fixture *f, const clae_settings *settings, size_t h, size_t w, const char *why) {
    clae_model *model = NULL;
    clae_trainer *trainer = NULL;
    clae_dataset *dataset = byte_dataset(f->context, IMAGES, 1, h, w);
    assert_int_equal(clae_model_create_text(f->context, (clae_shape){1, h, w}, "linear 2", NULL, 0, &model), CLAE_OK);
    assert_int_equal(clae_trainer_create(f->device, model, dataset, settings, &trainer), CLAE_ERROR_INPUT);
    assert_null(trainer);
    assert_non_null(strstr(f->last_error, why));
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_refusals(void **state) {
    clae_settings turned = settings_of(BATCH, 1e-3), shifted = settings_of(BATCH, 1e-3);
    turned.rotate = true;
    shifted.shift = 6;
    assert_refused(*state, &turned, 6, 8, "square");
    assert_refused(*state, &shifted, 6, 8, "shift 6: must be less than the 6 pixels");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_by_default),
        cmocka_unit_test(test_batches_change_no_bits),
        cmocka_unit_test(test_noise_is_on_the_input),
        cmocka_unit_test(test_brightness_stays_in_range),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_denoising_is_learnt),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("augmentation", tests, fixture_setup, fixture_teardown);
}
