/* Images that do not fit on the device are streamed, to the same bits. */
#include "device_support.h"
#include "graph/model.h"
#include "infer/infer.h"
#include "train/trainer.h"

#include <unistd.h>

#define IMAGES 100
#define BATCH 16 /* six batches and a smaller one */
#define ELEMENTS 81
#define LATENT 3

static clae_trainer *create_trainer(fixture *f, clae_model *model, const clae_dataset *dataset, bool no_shuffle) {
    clae_settings settings = settings_of(BATCH, 2e-3);
    settings.seed = 4;
    settings.no_shuffle = no_shuffle;
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    return trainer;
}

/* The limit that leaves room for chunks of so many batches, beside what is allocated and needed otherwise. */
static uint64_t limit_for(const fixture *f, uint64_t needed, size_t image_bytes, size_t batches) {
    const double chunks = (double)(batches * BATCH * (2 * image_bytes + sizeof(uint32_t)) + image_bytes);
    return (uint64_t)(((double)(f->device->allocated_bytes + needed) + chunks) / (1 - 1.0 / 32));
}

/* A trainer that streams chunks of so many batches; 0: one whose images stay on the device. */
static clae_trainer *make_trainer(fixture *f, clae_model *model, const clae_dataset *dataset, bool no_shuffle,
                                  size_t batches) {
    clae_trainer *trainer = create_trainer(f, model, dataset, no_shuffle);
    assert_int_equal(trainer->runner.data.layout.chunk_images, 0);
    if (!batches) return trainer;
    const memory_need need = trainer->runner.need;
    const size_t image_bytes = trainer->runner.data.layout.image_bytes;
    clae_trainer_free(trainer);
    f->context->memory_limit_bytes = limit_for(f, memory_need_total(&need) - need.images, image_bytes, batches);
    trainer = create_trainer(f, model, dataset, no_shuffle);
    assert_int_equal(trainer->runner.data.layout.chunk_images, batches * BATCH);
    assert_true(clae_trainer_memory_bytes(trainer) <= f->context->memory_limit_bytes);
    f->context->memory_limit_bytes = 0;
    return trainer;
}

typedef struct outcome {
    clae_model *model;
    float losses[64];
    size_t count;
} outcome;

static outcome train(fixture *f, const clae_dataset *dataset, bool no_shuffle, size_t batches, uint64_t steps) {
    outcome out = {.model = small_model(f->context, 1)};
    clae_trainer *trainer = make_trainer(f, out.model, dataset, no_shuffle, batches);
    const float *losses;
    run_steps(trainer, steps);
    assert_int_equal(clae_trainer_losses(trainer, &losses, &out.count), CLAE_OK);
    assert_true(out.count <= 64);
    memcpy(out.losses, losses, out.count * sizeof *losses);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    clae_trainer_free(trainer);
    return out;
}

static void assert_same_weights(const clae_model *a, const clae_model *b) {
    assert_memory_equal(a->parameters, b->parameters, a->parameter_floats * sizeof(float));
}

static void compare_ways(fixture *f, const clae_dataset *dataset, bool no_shuffle) {
    const outcome stays = train(f, dataset, no_shuffle, 0, 30);
    for (size_t batches = 1; batches <= 3; batches++) {
        const outcome streams = train(f, dataset, no_shuffle, batches, 30);
        assert_int_equal(streams.count, 30);
        assert_memory_equal(streams.losses, stays.losses, sizeof *stays.losses * stays.count);
        assert_same_weights(streams.model, stays.model);
        clae_model_free(streams.model);
    }
    clae_model_free(stays.model);
}

static void test_same_bits(void **state) {
    fixture *f = *state;
    clae_dataset *floats = noise_dataset(f->context, IMAGES, 1, 9, 9),
                 *bytes = byte_dataset(f->context, IMAGES, 1, 9, 9);
    compare_ways(f, floats, false);
    compare_ways(f, bytes, false);
    compare_ways(f, bytes, true);
    clae_dataset_free(floats);
    clae_dataset_free(bytes);
}

static void test_resume_within_an_epoch(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = byte_dataset(f->context, IMAGES, 1, 9, 9);
    const outcome uninterrupted = train(f, dataset, false, 0, 19);
    clae_model *model = small_model(f->context, 1), *other = small_model(f->context, 99);
    char path[64];
    snprintf(path, sizeof path, "/tmp/clae-%d-stream.safetensors", (int)getpid());
    clae_trainer *trainer = make_trainer(f, model, dataset, false, 2);
    run_steps(trainer, 10); /* into the second chunk of the second epoch */
    assert_int_equal(clae_trainer_save_checkpoint(trainer, path, NULL), CLAE_OK);
    run_steps(trainer, 9);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    assert_same_weights(model, uninterrupted.model);

    /* Back, in the same trainer and in one with other chunks. */
    clae_trainer *fresh = make_trainer(f, other, dataset, false, 1);
    clae_trainer *const trainers[] = {trainer, fresh};
    clae_model *const models[] = {model, other};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(clae_trainer_restore_checkpoint(trainers[i], path, NULL), CLAE_OK);
        run_steps(trainers[i], 9);
        assert_int_equal(clae_trainer_update_model(trainers[i]), CLAE_OK);
        assert_same_weights(models[i], uninterrupted.model);
        clae_trainer_free(trainers[i]);
        clae_model_free(models[i]);
    }
    unlink(path);
    clae_model_free(uninterrupted.model);
    clae_dataset_free(dataset);
}

typedef struct results {
    float codes[IMAGES * LATENT], reconstructed[40 * ELEMENTS];
    clae_evaluation evaluation;
} results;

/* Inference that streams chunks of so many batches, or none. */
static void infer(fixture *f, const clae_model *model, size_t batches, results *out) {
    clae_infer *infer = NULL;
    plan *plans[3];
    assert_int_equal(clae_infer_create(f->device, model, NULL, BATCH, &infer), CLAE_OK);
    const infer_kind kinds[] = {INFER_RECONSTRUCT, INFER_RECONSTRUCT, INFER_ENCODE};
    for (int i = 0; i < 3; i++)
        assert_int_equal(infer_plan(infer, kinds[i], false, i == 1 ? IMAGES % BATCH : BATCH, &plans[i]), CLAE_OK);
    const uint64_t losses_bytes = (IMAGES / BATCH + 1) * sizeof(float);
    if (batches) f->context->memory_limit_bytes = limit_for(f, losses_bytes, ELEMENTS, batches);

    clae_dataset *images = byte_dataset(f->context, IMAGES, 1, 9, 9);
    assert_int_equal(clae_infer_encode(infer, images, out->codes), CLAE_OK);
    assert_int_equal(infer->runner.data.layout.chunk_images, batches * BATCH);
    assert_int_equal(clae_infer_reconstruct(infer, images, 7, 40, out->reconstructed), CLAE_OK);
    assert_int_equal(clae_infer_evaluate(infer, images, &out->evaluation), CLAE_OK);
    clae_dataset_free(images);

    /* The same images at another place. */
    images = byte_dataset(f->context, IMAGES, 1, 9, 9);
    clae_evaluation again;
    assert_int_equal(clae_infer_evaluate(infer, images, &again), CLAE_OK);
    assert_memory_equal(&again, &out->evaluation, sizeof again);
    f->context->memory_limit_bytes = 0;
    clae_dataset_free(images);
    clae_infer_free(infer);
}

static void test_inference(void **state) {
    fixture *f = *state;
    static results stays, streams;
    clae_model *model = small_model(f->context, 1);
    infer(f, model, 0, &stays);
    for (size_t batches = 1; batches <= 2; batches++) {
        infer(f, model, batches, &streams);
        assert_memory_equal(&streams, &stays, sizeof stays);
    }
    clae_model_free(model);
}

static void test_staging(void **state) {
    fixture *f = *state;
    enum { BYTES = 30011, PIECE = 10007 };
    static unsigned char out[BYTES];
    buffer *b = NULL;
    staging *s = NULL;
    assert_int_equal(buffer_create(f->device, BYTES, &b), CLAE_OK);
    assert_int_equal(staging_create(f->device, BYTES, &s), CLAE_OK);
    assert_true(s->bytes == BYTES);
    for (unsigned char round = 1; round < 20; round++) {
        assert_int_equal(buffer_zero(b, 0, BYTES), CLAE_OK); /* before the uploads, which wait for it */
        assert_int_equal(staging_begin(s), CLAE_OK);
        for (size_t first = 0; first < BYTES; first += PIECE) {
            const size_t piece = BYTES - first < PIECE ? BYTES - first : PIECE;
            memset((char *)s->data + first, round, piece);
            assert_int_equal(staging_upload(s, first, piece, b), CLAE_OK);
        }
        assert_int_equal(staging_end(s), CLAE_OK);
        assert_int_equal(buffer_download(b, 0, out, BYTES), CLAE_OK);
        for (size_t i = 0; i < BYTES; i++) assert_int_equal(out[i], round);
    }
    assert_int_equal(staging_begin(s), CLAE_OK);
    assert_int_equal(staging_upload(s, 0, BYTES, b), CLAE_OK);
    staging_free(s); /* under way */
    buffer_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_resume_within_an_epoch),
        cmocka_unit_test(test_inference),
        cmocka_unit_test(test_staging),
    };
    return cmocka_run_group_tests_name("stream", tests, fixture_setup, fixture_teardown);
}
