/* Memory is planned before it is allocated: what does not fit is refused, with what does; batches of any size. */
#include "device_support.h"
#include "graph/model.h"
#include "near.h"
#include "infer/infer.h"
#include "train/trainer.h"

#include <math.h>

#define IMAGES 100

static clae_status try_trainer(fixture *f, clae_model *model, const clae_dataset *dataset, size_t batch_size,
                               clae_trainer **trainer) {
    clae_settings settings = settings_of(batch_size, 2e-3);
    settings.seed = 4;
    return clae_trainer_create(f->device, model, dataset, &settings, trainer);
}

/* The number at the end of the last message. */
static size_t advised_batch(const fixture *f) {
    const char *number = strstr(f->last_error, "fits is ");
    if (!number) fail_msg("no advice in: %s", f->last_error);
    return strtoull(number + strlen("fits is "), NULL, 10);
}

/* A batch is refused before anything is allocated; what is advised fits, and no more than that. */
static void assert_refused(fixture *f, const clae_dataset *dataset, size_t batch_size, const char *words) {
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = NULL;
    const uint64_t allocated = f->device->allocated_bytes;
    assert_int_equal(try_trainer(f, model, dataset, batch_size, &trainer), CLAE_ERROR_DEVICE);
    assert_null(trainer);
    assert_true(f->device->allocated_bytes == allocated);
    if (!strstr(f->last_error, words)) fail_msg("no \"%s\" in: %s", words, f->last_error);
    const size_t advised = advised_batch(f);
    assert_true(advised >= 1 && advised < batch_size);
    assert_int_equal(try_trainer(f, model, dataset, advised, &trainer), CLAE_OK);
    run_steps(trainer, 2);
    clae_trainer_free(trainer);
    assert_int_equal(try_trainer(f, model, dataset, advised + 1, &trainer), CLAE_ERROR_DEVICE);
    assert_int_equal(advised_batch(f), advised);
    clae_model_free(model);
}

/* What was planned is what is allocated; empty buffers have a byte. */
static void test_plan_is_kept(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = byte_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    const uint64_t before = f->device->allocated_bytes;
    uint64_t bytes[2];
    for (int i = 0; i < 2; i++) {
        clae_trainer *trainer = NULL;
        assert_int_equal(try_trainer(f, model, dataset, 7, &trainer), CLAE_OK);
        assert_int_equal(trainer->runner.data.stream != NULL, i);
        bytes[i] = clae_trainer_memory_bytes(trainer);
        assert_near(f->device->allocated_bytes - before, bytes[i], 2);
        clae_trainer_free(trainer);
        assert_true(f->device->allocated_bytes == before);
        f->context->memory_limit_bytes = before + bytes[0];
    }
    assert_true(bytes[1] < bytes[0]);
    f->context->memory_limit_bytes = 0;
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_refusal(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = byte_dataset(f->context, 3000, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = NULL;
    assert_int_equal(try_trainer(f, model, dataset, 3000, &trainer), CLAE_OK);
    const memory_need need = trainer->runner.need;
    clae_trainer_free(trainer);
    for (int part = 2; part <= 8; part *= 2) {
        f->context->memory_limit_bytes = f->device->allocated_bytes + memory_need_total(&need) / (uint64_t)part;
        assert_refused(f, dataset, 3000, "batch size 3000 needs ");
    }
    f->context->memory_limit_bytes = f->device->allocated_bytes + 1000;
    assert_int_equal(try_trainer(f, model, dataset, 3000, &trainer), CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f->last_error, "not even a batch size of 1 fits"));
    f->context->memory_limit_bytes = 0;

    const uint64_t largest = f->device->info.largest_allocation_bytes;
    f->device->info.largest_allocation_bytes = need.largest_buffer / 3;
    assert_refused(f, dataset, 3000, " in one piece, ");
    f->device->info.largest_allocation_bytes = largest;
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_inference_shrinks(void **state) {
    fixture *f = *state;
    clae_dataset *images = byte_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_infer *infer = NULL, *asked = NULL;
    clae_evaluation evaluation[2];
    assert_int_equal(clae_infer_create(f->device, model, NULL, 0, &infer), CLAE_OK);
    assert_int_equal(clae_infer_evaluate(infer, images, &evaluation[0]), CLAE_OK);
    assert_int_equal(infer->batch_size, 256);
    const uint64_t needed = infer->runner.plans[0].plan->arena_bytes + infer->runner.plans[0].plan->workspace_bytes;
    clae_infer_free(infer);

    assert_int_equal(clae_infer_create(f->device, model, NULL, 0, &infer), CLAE_OK);
    assert_int_equal(clae_infer_create(f->device, model, NULL, 256, &asked), CLAE_OK);
    f->context->memory_limit_bytes = f->device->allocated_bytes + needed * 3 / 4;
    assert_int_equal(clae_infer_evaluate(infer, images, &evaluation[1]), CLAE_OK);
    assert_true(infer->batch_size < 256);
    assert_true(f->device->allocated_bytes <= f->context->memory_limit_bytes);
    assert_memory_equal(&evaluation[1], &evaluation[0], sizeof evaluation[0]);
    clae_infer_free(infer);
    assert_int_equal(clae_infer_evaluate(asked, images, &evaluation[1]), CLAE_ERROR_DEVICE);
    assert_true(advised_batch(f) < 256);
    f->context->memory_limit_bytes = 0;
    clae_infer_free(asked);
    clae_model_free(model);
    clae_dataset_free(images);
}

/* The mean of the gradients of all batches of the first epoch, at weights that hardly change; to be freed. */
static double *mean_gradient(fixture *f, const clae_dataset *dataset, size_t batch_size, size_t *count) {
    clae_settings settings = settings_of(batch_size, 1e-12);
    settings.no_shuffle = true;
    clae_model *model = small_model(f->context, 1);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    *count = model->parameter_floats;
    double *mean = calloc(*count, sizeof *mean);
    float *gradient = malloc(*count * sizeof *gradient);
    for (size_t done = 0; done < dataset->info.n;) {
        const size_t images = trainer_next_images(trainer);
        run_steps(trainer, 1);
        assert_int_equal(buffer_download(trainer->runner.params.gradients, 0, gradient, *count * sizeof *gradient),
                         CLAE_OK);
        for (size_t i = 0; i < *count; i++) mean[i] += gradient[i] * (double)images / (double)dataset->info.n;
        done += images;
    }
    free(gradient);
    clae_trainer_free(trainer);
    clae_model_free(model);
    return mean;
}

static void compare_batch_sizes(fixture *f, size_t n, size_t large, size_t small) {
    clae_dataset *dataset = byte_dataset(f->context, n, 1, 9, 9);
    size_t count;
    double *a = mean_gradient(f, dataset, large, &count), *b = mean_gradient(f, dataset, small, &count), largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(b[i]));
    assert_true(largest > 0);
    for (size_t i = 0; i < count; i++) assert_near(a[i], b[i], 1e-5 * largest);
    free(a);
    free(b);
    clae_dataset_free(dataset);
}

static void test_batch_sizes(void **state) {
    compare_batch_sizes(*state, 10, 7, 1);
    compare_batch_sizes(*state, 4099, 4096, 64);
    compare_batch_sizes(*state, 6000, 6000, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_is_kept),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_inference_shrinks),
        cmocka_unit_test(test_batch_sizes),
    };
    return cmocka_run_group_tests_name("memory", tests, fixture_setup, fixture_teardown);
}
