/* For tests of training runs: a device, runs of a few steps, and their logs. */
#ifndef CLAE_TESTS_RUN_SUPPORT_H
#define CLAE_TESTS_RUN_SUPPORT_H

#include "cli_support.h"

#include "app/run/run.h"
#include "app/run/run_folder.h"

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

static inline void keep_messages(void *user, clae_log_level level, const char *line) {
    fixture *f = user;
    size_t used = strlen(f->messages);
    snprintf(f->messages + used, sizeof f->messages - used, "%s\n", line);
    f->warnings += level == CLAE_LOG_WARNING;
}

static inline int set_up(void **state) {
    if (make_scratch(state)) return -1;
    clae_context_options options = {
        .log = keep_messages, .log_user = &shared, .log_level = CLAE_LOG_WARNING, .threads = 1};
    if (clae_context_create(&options, &shared.context)) return -1;
    return clae_device_open(shared.context, device_spec(), &shared.device) ? -1 : 0;
}

static inline int tear_down(void **state) {
    clae_device_close(shared.device);
    clae_context_free(shared.context);
    return remove_scratch(state);
}

static inline bool tick(void *user, const run_progress *progress) {
    fixture *f = user;
    f->ticks++;
    assert_true(progress->fraction >= 0 && progress->fraction <= 1);
    return !f->stop_at || progress->step < f->stop_at;
}

static inline void end_epoch(void *user, const run_progress *progress, const run_log_row *row) {
    (void)user;
    assert_true(row->epoch <= progress->epochs);
}

/* All is given but what is about rounding. The texts are borrowed. */
static inline run_options options_for(const char *folder) {
    run_options options = {.folder = folder, .settings = settings_defaults(NULL)};
    options.settings.data = in_scratch("data");
    options.settings.epochs = EPOCHS;
    options.settings.batch_size = BATCH;
    options.settings.latent_dim = 2;
    options.settings.channels = 4;
    options.settings.given = settings_bits(SETTINGS_OF_RUN & ~SETTINGS_NUMERICS);
    return options;
}

static inline clae_status train(const run_options *options, const run_limits *limits, run_result *result) {
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

static inline void train_to(const run_options *options, const run_limits *limits, bool interrupted) {
    run_result result;
    clae_status status = train(options, limits, &result);
    if (status) print_message("%s", shared.messages);
    assert_int_equal(status, CLAE_OK);
    assert_int_equal(result.is_interrupted, interrupted);
    free(result.saved);
}

/* The log without the two columns of times. */
static inline char *log_without_times(const char *path) {
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

static inline void assert_same_logs(const char *a, const char *b) {
    char *left = log_without_times(a), *right = log_without_times(b);
    assert_string_equal(left, right);
    free(left);
    free(right);
}

static inline void train_reference(void) {
    if (exists(in_scratch("whole"))) return;
    run_options options = options_for(in_scratch("whole"));
    run_limits limits = {.fetch_steps = 1, .step_log = in_scratch("whole.csv")};
    train_to(&options, &limits, false);
}

#endif
