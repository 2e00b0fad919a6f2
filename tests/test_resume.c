/* What --resume goes on from, and what it leaves alone: configurations, models, checkpoints, logs and folders that are
 * not as a run left them. */
#include "run_support.h"

#include "base/context.h"
#include "data/safetensors.h"

#define LAST_STEP (EPOCHS * STEPS_PER_EPOCH)

static run_limits each_step = {.fetch_steps = 1};

static void copy_run(const char *from, const char *to) {
    train_reference();
    assert_int_equal(shell("rm -rf '%s/%s' && cp -r '%s/%s' '%s/%s'", scratch, to, scratch, from, scratch, to), 0);
}

static char *checkpoint_in(const char *folder, uint64_t step) {
    char *path = run_folder_checkpoint_path(in_scratch(folder), step);
    assert_non_null(path);
    return path;
}

/* Writes a file again with another value of a metadata's text, in which `from` becomes `to`. */
/* Leaves out the metadata whose key has `part` in it, and frees the file. */
static void write_without(const char *path, safetensors_file *file, const char *part) {
    size_t kept = 0;
    for (size_t i = 0; i < file->metadata_count; i++)
        if (!strstr(file->metadata[i].key, part)) file->metadata[kept++] = file->metadata[i];
    assert_int_equal(safetensors_write(shared.context, path, file->tensors, file->tensor_count, file->metadata, kept),
                     CLAE_OK);
    safetensors_free(file);
}

static void edit_metadata(const char *path, const char *key, const char *from, const char *to) {
    safetensors_file file;
    char text[4096];
    assert_int_equal(safetensors_read(shared.context, path, &file), CLAE_OK);
    bool is_edited = false;
    for (size_t i = 0; i < file.metadata_count; i++) {
        const char *value = file.metadata[i].value, *found = strstr(value, from);
        if (strcmp(file.metadata[i].key, key)) continue;
        assert_non_null(found);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(found - value), value, to, found + strlen(from));
        file.metadata[i].value = text;
        is_edited = true;
    }
    assert_true(is_edited);
    write_without(path, &file, "crc32"); /* which is written anew */
}

static void drop_metadata(const char *path, const char *key) {
    safetensors_file file;
    assert_int_equal(safetensors_read(shared.context, path, &file), CLAE_OK);
    write_without(path, &file, key);
    edit_metadata(path, "step", "", "");
}

static run_options resume_of(const char *folder) {
    run_options options = options_for(in_scratch(folder));
    options.resume = true;
    return options;
}

/* A run that stopped after two epochs of three. */
static run_options stopped_run(const char *folder, run_options options) {
    options.folder = in_scratch(folder);
    shared.stop_at = 2 * STEPS_PER_EPOCH;
    train_to(&options, &each_step, true);
    shared.stop_at = 0;
    options.resume = true;
    return options;
}

static void test_numerics_are_the_runs_own(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("numerics"));
    options.settings.no_winograd = options.settings.no_fusion = true;
    options.settings.impl = "conv2d_fwd=direct";
    options.settings.given |= settings_bits(SETTINGS_NUMERICS);
    train_to(&options, &each_step, false);
    options = stopped_run("numerics-parts", options);
    options.settings.no_winograd = options.settings.no_fusion = false;
    options.settings.impl = NULL;
    options.settings.given &= ~settings_bits(SETTINGS_NUMERICS);
    train_to(&options, &each_step, false);
    assert_int_equal(shared.warnings, 0);
    assert_same_files(in_scratch("numerics/model.safetensors"), in_scratch("numerics-parts/model.safetensors"));
}

static void test_other_numerics_are_said(void **state) {
    (void)state;
    run_options options = stopped_run("other-numerics", options_for(NULL));
    options.settings.no_winograd = true;
    options.settings.given |= SETTING_BIT(no_winograd);
    train_to(&options, &each_step, false);
    assert_int_equal(shared.warnings, 1);
    assert_non_null(strstr(shared.messages, "trained with no --no-winograd so far: with --no-winograd"));
    options = stopped_run("same-numerics", options_for(NULL));
    options.settings.given |= SETTING_BIT(precision);
    train_to(&options, &each_step, false);
    assert_int_equal(shared.warnings, 0);
}

static void test_lone_model_is_kept(void **state) {
    (void)state;
    train_reference();
    assert_int_equal(mkdir(in_scratch("lone"), 0777), 0);
    assert_int_equal(shell("cp '%s/whole/model.safetensors' '%s/lone'", scratch, scratch), 0);
    run_options options = resume_of("lone");
    run_result result;
    for (int resume = 0; resume < 2; resume++) {
        options.resume = resume;
        assert_int_equal(train(&options, &each_step, &result), CLAE_ERROR_INPUT);
        assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("lone/model.safetensors"));
    }
    assert_non_null(strstr(shared.messages, "--init"));
}

static void test_finished_model_stays_until_the_next(void **state) {
    (void)state;
    copy_run("whole", "longer");
    run_options options = resume_of("longer");
    options.settings.epochs = EPOCHS + 2;
    shared.stop_at = LAST_STEP + STEPS_PER_EPOCH;
    train_to(&options, &each_step, true);
    shared.stop_at = 0;
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("longer/model.safetensors"));
    char *before = checkpoint_in("longer", LAST_STEP), *after = checkpoint_in("longer", LAST_STEP + STEPS_PER_EPOCH);
    assert_true(exists(before) && exists(after));

    /* The newest weights are the checkpoint's. */
    clae_model *newest, *expected;
    assert_int_equal(clae_model_load(shared.context, in_scratch("longer"), &newest), CLAE_OK);
    assert_int_equal(clae_model_save(newest, in_scratch("newest.safetensors")), CLAE_OK);
    assert_int_equal(clae_model_load(shared.context, after, &expected), CLAE_OK);
    assert_int_equal(clae_model_save(expected, in_scratch("expected.safetensors")), CLAE_OK);
    assert_same_files(in_scratch("expected.safetensors"), in_scratch("newest.safetensors"));
    clae_model_free(expected);
    clae_model_free(newest);

    options.folder = in_scratch("longer");
    options.settings.data = in_scratch("data");
    train_to(&options, &each_step, false);
    run_options at_once = options_for(in_scratch("at-once"));
    at_once.settings.epochs = EPOCHS + 2;
    train_to(&at_once, &each_step, false);
    assert_same_files(in_scratch("at-once/model.safetensors"), in_scratch("longer/model.safetensors"));
    free(before);
    free(after);
}

/* Killed after the last checkpoint was written and before the model was: the model of before is not the run's. */
static void test_old_model_does_not_finish_a_run(void **state) {
    (void)state;
    copy_run("whole", "old-model");
    run_options options = resume_of("old-model");
    options.settings.epochs = EPOCHS + 1;
    train_to(&options, &each_step, false);
    assert_int_equal(shell("cp '%s/whole/model.safetensors' '%s/old-model/'", scratch, scratch), 0);
    run *run;
    assert_int_equal(run_open(shared.context, &options, &run), CLAE_OK);
    assert_false(run_get_info(run).is_finished);
    run_free(run);
    train_to(&options, &each_step, false);
    assert_int_equal(run_open(shared.context, &options, &run), CLAE_OK);
    assert_true(run_get_info(run).is_finished);
    run_free(run);
}

static void test_other_test_images_are_refused(void **state) {
    (void)state;
    assert_int_equal(
        shell("cd '%s' && cp -r data other && cp data/train-images-idx3-ubyte other/t10k-images-idx3-ubyte", scratch),
        0);
    run_options options = stopped_run("other-tests", options_for(NULL));
    run_result result;
    options.settings.data = in_scratch("other");
    assert_int_equal(train(&options, &each_step, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "tested on other images"));
}

/* Falls back to the checkpoint before, and ends with the same model. */
static void assert_passed_over(const char *folder, const char *said) {
    run_options options = resume_of(folder);
    train_to(&options, &each_step, false);
    assert_int_equal(shared.warnings, 1);
    assert_non_null(strstr(shared.messages, said));
    assert_non_null(strstr(shared.messages, "going on from the checkpoint of step"));
    char model[256];
    snprintf(model, sizeof model, "%s/model.safetensors", folder);
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch(model));
}

static void test_unusable_checkpoints_are_passed_over(void **state) {
    (void)state;
    static const struct {
        const char *key, *from, *to, *said;
    } cases[] = {
        {"extra", "\"batch-size\":40", "\"batch-size\":0", "not a checkpoint of a training run"},
        {"extra", "\"channels\":4", "\"channels\":4294967300", "not a checkpoint of a training run"},
        {"extra", "\"images\":0", "\"images\":100", "not a checkpoint of a training run"},
        {"layers", "[1,28,28]", "[1,28,29]", "made for a model with other layers"},
        {"loss", "mse", "l1", "was made with loss"},
        {"epoch", "2", "1", "do not fit together"},
    };
    train_reference();
    stopped_run("unusable", options_for(NULL));
    char *newest = checkpoint_in("unusable-case", 2 * STEPS_PER_EPOCH);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        copy_run("unusable", "unusable-case");
        edit_metadata(newest, cases[i].key, cases[i].from, cases[i].to);
        assert_passed_over("unusable-case", cases[i].said);
    }
    free(newest);
}

/* A setting that a version did not have yet had its default. */
static void test_checkpoint_without_a_setting(void **state) {
    (void)state;
    train_reference();
    stopped_run("earlier", options_for(NULL));
    char *newest = checkpoint_in("earlier", 2 * STEPS_PER_EPOCH);
    drop_metadata(newest, "schedule_steps");
    drop_metadata(newest, "no_shuffle");
    edit_metadata(newest, "extra", "\"no-shuffle\":false,", "");
    run_options options = resume_of("earlier");
    train_to(&options, &each_step, false);
    assert_int_equal(shared.warnings, 0);
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("earlier/model.safetensors"));
    free(newest);
}

static void test_misnamed_checkpoint(void **state) {
    (void)state;
    train_reference();
    stopped_run("misnamed", options_for(NULL));
    char *named = checkpoint_in("misnamed", 2 * STEPS_PER_EPOCH), *lying = checkpoint_in("misnamed", 999);
    assert_int_equal(rename(named, lying), 0);
    assert_passed_over("misnamed", "rename it to checkpoint-000012.safetensors");
    char *last = checkpoint_in("misnamed", LAST_STEP);
    assert_true(exists(last) && exists(lying));
    free(named);
    free(lying);
    free(last);
}

static void test_models_fall_back(void **state) {
    (void)state;
    clae_model *model;
    copy_run("whole", "fallback");
    char *newest = checkpoint_in("fallback", LAST_STEP);
    damage(in_scratch("fallback/model.safetensors"));
    shared.warnings = 0;
    assert_int_equal(clae_model_load(shared.context, in_scratch("fallback"), &model), CLAE_OK);
    assert_int_equal(shared.warnings, 1);
    clae_model_free(model);
    assert_int_equal(truncate(newest, 2000), 0);
    assert_int_equal(clae_model_load(shared.context, in_scratch("fallback"), &model), CLAE_OK);
    clae_model_free(model);
    char *before = checkpoint_in("fallback", LAST_STEP - STEPS_PER_EPOCH);
    assert_int_equal(truncate(before, 2000), 0);
    assert_int_equal(clae_model_load(shared.context, in_scratch("fallback"), &model), CLAE_ERROR_INPUT);
    free(newest);
    free(before);
}

static bool rename_at_second_epoch(void *user, const run_progress *progress) {
    (void)user;
    if (progress->step == STEPS_PER_EPOCH + 1) {
        assert_int_equal(rename(in_scratch("moving"), in_scratch("moved")), 0);
        assert_int_equal(mkdir(in_scratch("moving"), 0777), 0);
    }
    return true;
}

static void test_renamed_folder(void **state) {
    (void)state;
    train_reference();
    run_options options = options_for(in_scratch("moving"));
    run_events events = {.user = &shared, .tick = rename_at_second_epoch, .epoch = end_epoch};
    run_result result;
    run *run;
    shared.warnings = 0;
    assert_int_equal(run_open(shared.context, &options, &run), CLAE_OK);
    assert_int_equal(run_train(run, shared.device, &each_step, &events, &result), CLAE_OK);
    run_free(run);
    free(result.saved);
    assert_int_equal(shared.warnings, 1);
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("moved/model.safetensors"));
    assert_same_logs(in_scratch("whole/log.csv"), in_scratch("moved/log.csv"));
    assert_int_equal(rmdir(in_scratch("moving")), 0);
}

static bool remove_at_second_step(void *user, const run_progress *progress) {
    (void)user;
    if (progress->step == 2) assert_int_equal(shell("rm -rf '%s/removed'", scratch), 0);
    return true;
}

static void test_removed_folder(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("removed"));
    run_events events = {.user = &shared, .tick = remove_at_second_step, .epoch = end_epoch};
    run_result result;
    run *run;
    assert_int_equal(run_open(shared.context, &options, &run), CLAE_OK);
    assert_int_equal(run_train(run, shared.device, &each_step, &events, &result), CLAE_ERROR_OUTPUT);
    run_free(run);
    assert_false(exists(in_scratch("removed")));
}

static void test_left_temporaries_are_removed(void **state) {
    (void)state;
    copy_run("whole", "left");
    assert_int_equal(shell("cd '%s/left' && touch .checkpoint-000020.safetensors.4194300-2.tmp .log.csv.4194300-2.tmp "
                           ".loss.png.4194300-2.tmp "
                           ".model.safetensors.4194300-2.tmp .mine.tmp",
                           scratch),
                     0);
    run_options options = resume_of("left");
    train_to(&options, &each_step, false);
    assert_int_equal(shell("cd '%s/left' && test \"$(ls -A | grep tmp)\" = .mine.tmp", scratch), 0);
}

static void test_failing_picture_costs_nothing(void **state) {
    (void)state;
    train_reference();
    assert_int_equal(shell("mkdir -p '%s/picture/loss.png'", scratch), 0);
    run_options options = options_for(in_scratch("picture"));
    options.resume = true;
    train_to(&options, &each_step, false);
    assert_int_equal(shared.warnings, 1);
    assert_non_null(strstr(shared.messages, "without this picture"));
    assert_same_files(in_scratch("whole/model.safetensors"), in_scratch("picture/model.safetensors"));
}

/* Each of a run's own names in turn; nobody reads the pipe, so that a writer would wait for ever. */
static void test_pipes_in_the_folder_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {RUN_LOG_NAME, RUN_MODEL_NAME, "checkpoint-000018.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char folder[32], path[64];
        run_result result;
        snprintf(folder, sizeof folder, "pipe-%zu", i);
        run_options options = stopped_run(folder, options_for(NULL));
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(in_scratch(path));
        assert_int_equal(mkfifo(in_scratch(path), 0600), 0);
        const clae_status status = train(&options, &each_step, &result);
        assert_true(status == CLAE_ERROR_OUTPUT || status == CLAE_ERROR_INPUT);
        assert_non_null(strstr(shared.messages, "not a regular file"));
        free(result.saved);
    }
}

/* Rows are not dropped because the log could not be looked at. */
static void test_unreadable_log_is_kept(void **state) {
    (void)state;
    copy_run("whole", "loop");
    assert_int_equal(shell("cd '%s/loop' && mv log.csv kept && ln -s log.csv log.csv", scratch), 0);
    run_options options = resume_of("loop");
    run_result result;
    options.settings.epochs = EPOCHS + 1;
    assert_int_equal(train(&options, &each_step, &result), CLAE_ERROR_INPUT);
    assert_non_null(strstr(shared.messages, "log.csv"));
}

static void test_finite_divergence(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("high"));
    run_result result;
    options.settings.lr = 3;
    assert_int_equal(train(&options, &each_step, &result), CLAE_ERROR_NOT_FINITE);
    assert_non_null(strstr(shared.messages, "diverged"));
    assert_false(exists(in_scratch("high")));
}

/* The loss of the only step is finite, the weights after it are not. */
static void test_useless_weights_are_not_saved(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("useless"));
    run_result result;
    options.settings.lr = 1e39;
    shared.stop_at = 1;
    assert_int_equal(train(&options, &each_step, &result), CLAE_ERROR_NOT_FINITE);
    shared.stop_at = 0;
    assert_non_null(strstr(shared.messages, "weights are not finite after step 1"));
    assert_null(result.saved);
    assert_false(exists(in_scratch("useless")));
}

static void test_few_images(void **state) {
    (void)state;
    run_options options = options_for(in_scratch("few"));
    options.settings.batch_size = 1000;
    shared.stop_at = 1;
    train_to(&options, &each_step, true);
    shared.stop_at = 0;
    options.resume = true;
    train_to(&options, &each_step, false);
    run_options all = options_for(in_scratch("all"));
    all.settings.batch_size = TRAIN_IMAGES;
    train_to(&all, &each_step, false);
    assert_same_files(in_scratch("all/model.safetensors"), in_scratch("few/model.safetensors"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numerics_are_the_runs_own),
        cmocka_unit_test(test_other_numerics_are_said),
        cmocka_unit_test(test_lone_model_is_kept),
        cmocka_unit_test(test_finished_model_stays_until_the_next),
        cmocka_unit_test(test_old_model_does_not_finish_a_run),
        cmocka_unit_test(test_other_test_images_are_refused),
        cmocka_unit_test(test_unusable_checkpoints_are_passed_over),
        cmocka_unit_test(test_checkpoint_without_a_setting),
        cmocka_unit_test(test_misnamed_checkpoint),
        cmocka_unit_test(test_models_fall_back),
        cmocka_unit_test(test_renamed_folder),
        cmocka_unit_test(test_removed_folder),
        cmocka_unit_test(test_left_temporaries_are_removed),
        cmocka_unit_test(test_failing_picture_costs_nothing),
        cmocka_unit_test(test_pipes_in_the_folder_are_refused),
        cmocka_unit_test(test_unreadable_log_is_kept),
        cmocka_unit_test(test_finite_divergence),
        cmocka_unit_test(test_useless_weights_are_not_saved),
        cmocka_unit_test(test_few_images),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
