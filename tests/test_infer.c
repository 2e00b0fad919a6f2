/* Inference: encode, decode, reconstruct and evaluate agree with each other, in any batch size. */
#include "device_support.h"
#include "infer/infer.h"

#include <math.h>

#define IMAGES 21
#define ELEMENTS 81
#define LATENT 3

static clae_infer *make_infer(fixture *f, const clae_model *model, size_t batch) {
    clae_infer *infer = NULL;
    assert_int_equal(clae_infer_create(f->device, model, NULL, batch, &infer), CLAE_OK);
    return infer;
}

static void assert_close(const float *a, const float *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - b[i]) <= 2e-6)) fail_msg("%zu: %.9g, not %.9g", i, (double)a[i], (double)b[i]);
}

static void test_agreement(void **state) {
    fixture *f = *state;
    clae_dataset *images = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_model_set_normalisation(model, &(double){0.4}, &(double){0.25});
    float codes[2][IMAGES * LATENT], reconstructed[IMAGES * ELEMENTS], decoded[IMAGES * ELEMENTS];
    const size_t batches[2] = {4, 0};
    for (int i = 0; i < 2; i++) {
        clae_infer *infer = make_infer(f, model, batches[i]);
        clae_evaluation evaluation;
        double sum = 0;
        float pixels[IMAGES * ELEMENTS];
        assert_int_equal(clae_dataset_read(images, 0, IMAGES, pixels), CLAE_OK);
        assert_int_equal(clae_infer_encode(infer, images, codes[i]), CLAE_OK);
        assert_int_equal(clae_infer_decode(infer, codes[i], IMAGES, decoded), CLAE_OK);
        assert_int_equal(clae_infer_reconstruct(infer, images, 0, IMAGES, reconstructed), CLAE_OK);
        assert_int_equal(clae_infer_evaluate(infer, images, &evaluation), CLAE_OK);
        assert_close(decoded, reconstructed, IMAGES * ELEMENTS);
        for (size_t k = 0; k < IMAGES * ELEMENTS; k++)
            sum += pow((double)reconstructed[k] - pixels[k], 2);
        const double mse = sum / (IMAGES * ELEMENTS);
        assert_true(fabs(evaluation.mse_per_pixel / mse - 1) < 1e-5);
        assert_true(fabs(evaluation.loss / (0.5 * sum / IMAGES / (0.25 * 0.25)) - 1) < 1e-5);
        assert_true(fabs(evaluation.psnr_db + 10 * log10(mse)) < 1e-3);
        clae_infer_free(infer);
    }
    assert_close(codes[0], codes[1], IMAGES * LATENT);
    clae_model_free(model);
    clae_dataset_free(images);
}

static void test_part_of_images(void **state) {
    fixture *f = *state;
    clae_dataset *images = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_infer *infer = make_infer(f, model, 8);
    float all[IMAGES * ELEMENTS], part[5 * ELEMENTS];
    assert_int_equal(clae_infer_reconstruct(infer, images, 0, IMAGES, all), CLAE_OK);
    assert_int_equal(clae_infer_reconstruct(infer, images, 16, 5, part), CLAE_OK);
    assert_close(part, all + 16 * ELEMENTS, 5 * ELEMENTS);
    assert_int_equal(clae_infer_reconstruct(infer, images, 17, 5, part), CLAE_ERROR_INPUT);
    clae_infer_free(infer);
    clae_model_free(model);
    clae_dataset_free(images);
}

static void test_update(void **state) {
    fixture *f = *state;
    clae_dataset *images = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1), *other = small_model(f->context, 2);
    clae_infer *infer = make_infer(f, model, 8), *fresh = make_infer(f, other, 8);
    float updated[IMAGES * LATENT], expected[IMAGES * LATENT];
    assert_int_equal(clae_infer_encode(infer, images, updated), CLAE_OK);
    assert_int_equal(infer_update(infer, other), CLAE_OK);
    assert_int_equal(clae_infer_encode(infer, images, updated), CLAE_OK);
    assert_int_equal(clae_infer_encode(fresh, images, expected), CLAE_OK);
    assert_memory_equal(updated, expected, sizeof updated);
    clae_infer_free(infer);
    clae_infer_free(fresh);
    clae_model_free(model);
    clae_model_free(other);
    clae_dataset_free(images);
}

static void test_codes_that_are_not_finite(void **state) {
    fixture *f = *state;
    clae_model *model = small_model(f->context, 1);
    clae_infer *infer = make_infer(f, model, 4);
    float codes[IMAGES * LATENT] = {0}, images[IMAGES * ELEMENTS];
    const float bad[] = {NAN, INFINITY};
    for (int i = 0; i < 2; i++) {
        codes[5 * LATENT + 1] = bad[i];
        assert_int_equal(clae_infer_decode(infer, codes, IMAGES, images), CLAE_ERROR_INPUT);
        assert_non_null(strstr(f->last_error, "number 1 of code 5"));
        assert_int_equal(clae_infer_decode(infer, codes, 5, images), CLAE_OK);
    }
    clae_infer_free(infer);
    clae_model_free(model);
}

/* To the bit, so that a limit of memory, which makes batches smaller, changes no log. */
static void test_evaluation_in_any_batch(void **state) {
    fixture *f = *state;
    static const size_t batches[] = {0, 16, 5, 1};
    clae_dataset *sets[] = {noise_dataset(f->context, IMAGES, 1, 9, 9), byte_dataset(f->context, IMAGES, 1, 9, 9)};
    clae_model *model = small_model(f->context, 1);
    for (size_t set = 0; set < 2; set++) {
        clae_evaluation first = {0}, evaluation;
        for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
            clae_infer *infer = make_infer(f, model, batches[i]);
            assert_int_equal(clae_infer_evaluate(infer, sets[set], &evaluation), CLAE_OK);
            if (!i) first = evaluation;
            assert_memory_equal(&evaluation, &first, sizeof first);
            clae_infer_free(infer);
        }
        clae_dataset_free(sets[set]);
    }
    clae_model_free(model);
}

static size_t batch_size_of(clae_infer *infer, const clae_dataset *images, size_t first, size_t n) {
    plan *plan;
    assert_int_equal(infer_begin(infer, INFER_RECONSTRUCT, images, first, n, &plan), CLAE_OK);
    return plan->batch_size;
}

/* A batch of the default size, half empty, would cost as much as a full one; the user's stays. */
static void test_few_images(void **state) {
    fixture *f = *state;
    clae_dataset *images = noise_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_infer *infer = make_infer(f, model, 0), *chosen = make_infer(f, model, 16);
    float one[ELEMENTS], all[IMAGES * ELEMENTS];
    assert_int_equal(batch_size_of(infer, images, 4, 1), 1);
    assert_int_equal(batch_size_of(infer, images, 0, IMAGES), 32);
    assert_int_equal(batch_size_of(infer, images, 0, 3), 4);
    assert_int_equal(batch_size_of(chosen, images, 0, 3), 16);
    assert_int_equal(clae_infer_reconstruct(infer, images, 4, 1, one), CLAE_OK);
    assert_int_equal(clae_infer_reconstruct(infer, images, 0, IMAGES, all), CLAE_OK);
    assert_close(one, all + 4 * ELEMENTS, ELEMENTS);
    clae_infer_free(chosen);
    clae_infer_free(infer);
    clae_model_free(model);
    clae_dataset_free(images);
}

/* Host memory for codes is taken when codes are given, for the batch that fits then. */
static void test_large_codes(void **state) {
    fixture *f = *state;
    const clae_layer_spec encoder[] = {CONV(60000, 1, 1, 0)}, decoder[] = {CONV(1, 1, 1, 0)};
    clae_model *model = NULL;
    assert_int_equal(clae_model_create(f->context, (clae_shape){1, 9, 9}, encoder, 1, decoder, 1, 0, &model), CLAE_OK);
    clae_infer *infer = make_infer(f, model, 0);
    assert_null(infer->staging);
    clae_infer_free(infer);
    clae_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_part_of_images),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_codes_that_are_not_finite),
        cmocka_unit_test(test_evaluation_in_any_batch),
        cmocka_unit_test(test_few_images),
        cmocka_unit_test(test_large_codes),
    };
    return cmocka_run_group_tests_name("infer", tests, fixture_setup, fixture_teardown);
}
