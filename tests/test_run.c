/* Training runs: resuming to the bit, the log, damaged checkpoints, the lock, and what is refused. */
#include "run_support.h"

/* Stops at each kind of place: first step, mid-epoch, end of an epoch, and near the end. */
static void test_resume(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("parts"));
    run_limits limits = {.fetch_steps = 1, .step_log = in_scratch("parts.csv")};
    static const uint64_t stops[] = {1, 4, STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH + 1, 0};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        shared.stop_at = stops[i];
        train_to(&options, &limits, stops[i] != 0);
        assert_int_equal(exists(in_scratch("parts/model.safetensors")), !stops[i]);
        options.resume = true;
    }
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("parts/model.safetensors"));
    assert_same_files(in_scratch("whole.csv"), in_scratch("parts.csv"));
    assert_same_logs(in_scratch("whole/log.csv"), in_scratch("parts/log.csv"));
    assert_true(exists(in_scratch("parts/loss.png")));
}

static void test_raise_epochs_and_steps(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("raised"));
    options.settings.epochs = 1;
    run_limits limits = {.stop_step = 3};
    train_to(&options, &limits, false);
    assert_true(exists(in_scratch("raised/model.safetensors")));
    options.resume = true;
    limits.stop_step = 0;
    train_to(&options, &limits, false);
    options.settings.epochs = EPOCHS;
    train_to(&options, &limits, false);
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("raised/model.safetensors"));
    assert_same_logs(in_scratch("whole/log.csv"), in_scratch("raised/log.csv"));
}

static void test_two_checkpoints_are_kept(void **state) {
    (void)state;
    train_reference();
    uint64_t *steps;
    size_t count;
    assert_int_equal(run_folder_checkpoints(shared.context, in_scratch("whole"), &steps, &count), CLAE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(steps[0], EPOCHS * STEPS_PER_EPOCH);
    assert_int_equal(steps[1], (EPOCHS - 1) * STEPS_PER_EPOCH);
    free(steps);
}

static void test_damaged_checkpoint(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("damaged"));
    run_limits limits = {.fetch_steps = 1};
    shared.stop_at = 2 * STEPS_PER_EPOCH + 1;
    train_to(&options, &limits, true);
    shared.stop_at = 0;
    char *newest = run_folder_checkpoint_path(options.folder, 2 * STEPS_PER_EPOCH + 1);
    damage(newest);
    options.resume = true;
    train_to(&options, &limits, false);
    assert_int_equal(shared.warnings, 1);
    assert_non_null(strstr(shared.messages, newest));
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("damaged/model.safetensors"));
    assert_same_logs(in_scratch("whole/log.csv"), in_scratch("damaged/log.csv"));
    free(newest);
}

static void test_all_checkpoints_damaged(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("ruined"));
    run_limits limits = {.fetch_steps = 1};
    shared.stop_at = 1;
    train_to(&options, &limits, true);
    shared.stop_at = 0;
    char *path = run_folder_checkpoint_path(options.folder, 1);
    assert_int_equal(truncate(path, 1000), 0);
    options.resume = true;
    run_result result;
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_true(exists(path));
    free(path);
}

static void test_used_folder_is_refused(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("whole"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    struct stat before, after;
    assert_int_equal(stat(in_scratch("whole/model.safetensors"), &before), 0);
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "--resume"));
    assert_int_equal(stat(in_scratch("whole/model.safetensors"), &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void test_other_options_are_refused(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("whole"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    options.resume = true;
    options.settings.seed = 7;
    options.settings.loss = "l1";
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "--loss mse, --seed 0"));
    assert_non_null(strstr(shared.messages, "--loss l1, --seed 7"));
    options.settings.given = 0;
    options.settings.data = NULL;
    train_to(&options, &limits, false);
}

static void test_other_images_are_refused(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("whole"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    options.resume = true;
    options.settings.data = in_scratch("data/t10k-images-idx3-ubyte");
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "other images"));
}

static void test_second_trainer_is_refused(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_scratch("locked"), 0777), 0);
    run_folder folder = run_folder_at(strdup(in_scratch("locked")));
    run_options options = options_for(in_scratch("locked"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    assert_int_equal(run_folder_enter(shared.context, &folder), CLAE_OK);
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "another training"));
    run_folder_leave(&folder);
    limits.stop_step = 1;
    train_to(&options, &limits, false);
}

static void test_divergence_saves_nothing(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("diverged"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    bool is_used;
    options.settings.lr = 1e5;
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_NOT_FINITE);
    assert_null(result.saved);
    assert_int_equal(run_folder_is_used(shared.context, options.folder, &is_used), CLAE_OK);
    assert_false(is_used);
}

static void test_interrupted_before_the_first_epoch_ends(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("early"));
    run_limits limits = {.fetch_steps = 1};
    shared.stop_at = 2;
    train_to(&options, &limits, true);
    shared.stop_at = 0;
    assert_false(exists(in_scratch("early/log.csv")));
    clae_model *model;
    assert_int_equal(clae_model_load(shared.context, options.folder, &model), CLAE_OK);
    clae_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_raise_epochs_and_steps),
        cmocka_unit_test(test_two_checkpoints_are_kept),
        cmocka_unit_test(test_damaged_checkpoint),
        cmocka_unit_test(test_all_checkpoints_damaged),
        cmocka_unit_test(test_used_folder_is_refused),
        cmocka_unit_test(test_other_options_are_refused),
        cmocka_unit_test(test_other_images_are_refused),
        cmocka_unit_test(test_second_trainer_is_refused),
        cmocka_unit_test(test_divergence_saves_nothing),
        cmocka_unit_test(test_interrupted_before_the_first_epoch_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
