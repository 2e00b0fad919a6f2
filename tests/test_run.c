/* Training runs: resuming to the bit, the log, damaged checkpoints, the lock, and what is refused. */
#include "cli_support.h"

#include "train/run.h"
#include "train/run_folder.h"

#define EPOCHS 3
#define BATCH 40
#define STEPS_PER_EPOCH 6

typedef struct fixture {
    clae_context *context;
    clae_device *device;
    char messages[8192];
    unsigned warnings;
    uint64_t stop_at; /* the step at which tick stops the training; 0: never */
    uint64_t ticks;
} fixture;

static fixture shared;

static void keep_messages(void *user, clae_log_level level, const char *line) {
    fixture *f = user;
    size_t used = strlen(f->messages);
    snprintf(f->messages + used, sizeof f->messages - used, "%s\n", line);
    f->warnings += level == CLAE_LOG_WARNING;
}

static int set_up(void **state) {
    if (make_scratch(state)) return -1;
    clae_context_options options = {.log = keep_messages, .log_user = &shared, .log_level = CLAE_LOG_WARNING};
    if (clae_context_create(&options, &shared.context)) return -1;
    return clae_device_open(shared.context, device_spec(), &shared.device) ? -1 : 0;
}

static int tear_down(void **state) {
    clae_device_close(shared.device);
    clae_context_free(shared.context);
    return remove_scratch(state);
}

static bool tick(void *user, const run_progress *progress) {
    fixture *f = user;
    f->ticks++;
    assert_true(progress->fraction >= 0 && progress->fraction <= 1);
    return !f->stop_at || progress->step < f->stop_at;
}

static void end_epoch(void *user, const run_progress *progress, const run_log_row *row) {
    (void)user;
    assert_true(row->epoch <= progress->epochs);
}

static run_options options_for(const char *folder) {
    return (run_options){
        .folder = folder,
        .config = {.data = in_scratch("data"),
                   .epochs = EPOCHS,
                   .batch_size = BATCH,
                   .latent_dim = 2,
                   .channels = 4,
                   .lr = 1e-3},
        .given = UINT64_MAX,
        .epochs_given = true,
    };
}

static clae_status train(const run_options *options, const run_limits *limits, run_result *result) {
    run *run;
    run_events events = {.user = &shared, .tick = tick, .epoch = end_epoch};
    *result = (run_result){0};
    shared.messages[0] = 0;
    shared.warnings = 0;
    clae_status status = run_open(shared.context, options, &run);
    if (status) return status;
    status = run_train(run, shared.device, limits, &events, result);
    run_free(run);
    return status;
}

static void train_to(const run_options *options, const run_limits *limits, bool interrupted) {
    run_result result;
    clae_status status = train(options, limits, &result);
    if (status) print_message("%s", shared.messages);
    assert_int_equal(status, CLAE_OK);
    assert_int_equal(result.is_interrupted, interrupted);
    free(result.saved);
}

/* The log without the two columns of times. */
static char *log_without_times(const char *path) {
    char *text = read_whole(path, NULL), *out = text;
    assert_non_null(text);
    unsigned commas = 0;
    for (const char *in = text; *in; in++) {
        commas = *in == '\n' ? 0 : commas + (*in == ',');
        if (commas < 5) *out++ = *in;
    }
    *out = 0;
    return text;
}

static void assert_same_logs(const char *a, const char *b) {
    char *left = log_without_times(a), *right = log_without_times(b);
    assert_string_equal(left, right);
    free(left);
    free(right);
}

static void train_reference(void) {
    if (exists(in_scratch("whole"))) return;
    run_options options = options_for(in_scratch("whole"));
    run_limits limits = {.fetch_steps = 1, .step_log = in_scratch("whole.csv")};
    train_to(&options, &limits, false);
}

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
    options.config.epochs = 1;
    run_limits limits = {.stop_step = 3};
    train_to(&options, &limits, false);
    assert_true(exists(in_scratch("raised/model.safetensors")));
    options.resume = true;
    limits.stop_step = 0;
    train_to(&options, &limits, false);
    options.config.epochs = EPOCHS;
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
    options.config.seed = 7;
    options.config.lr = 0.002;
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "--lr 0.001, --seed 0"));
    assert_non_null(strstr(shared.messages, "--lr 0.002, --seed 7"));
    options.given = 0;
    options.config.data = NULL;
    train_to(&options, &limits, false);
}

static void test_other_images_are_refused(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("whole"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    options.resume = true;
    options.config.data = in_scratch("data/t10k-images-idx3-ubyte");
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "other images"));
}

static void test_second_trainer_is_refused(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_scratch("locked"), 0777), 0);
    int lock;
    run_options options = options_for(in_scratch("locked"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    assert_int_equal(run_folder_lock(shared.context, options.folder, &lock), CLAE_OK);
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "another training"));
    run_folder_unlock(lock);
    limits.stop_step = 1;
    train_to(&options, &limits, false);
}

static void test_divergence_saves_nothing(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("diverged"));
    run_limits limits = {.fetch_steps = 1};
    run_result result;
    options.config.lr = 1e5;
    assert_int_equal(train(&options, &limits, &result), CLAE_ERROR_NOT_FINITE);
    assert_null(result.saved);
    assert_false(run_folder_is_used(options.folder));
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
