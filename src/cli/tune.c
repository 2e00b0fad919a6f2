#include "cli/network.h"

#include "base/memory.h"
#include "base/text.h"
#include "app/measure/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tune_args {
    common_args common;
    clae_shape image_size;
    uint64_t budget;
    bool again;
} tune_args;

#define ARGS tune_args
static const option options[] = {
    OPTION_IMAGE_SIZE(image_size),
    OPTION_COUNT(budget, "budget", "SECONDS", "300", 1, 1000000, "tune no further op after so long"),
    OPTION_FLAG(again, "again", 0, "look anew where a run before has found something"),
};

static const command_setting settings[] = {
    {.name = "batch-size", .help = "images in a step", .max = 65536},
    {.name = "micro-batch"},
    {.name = "optimiser"},
    {.name = "loss"},
};

typedef struct totals {
    console *console;
    double ms, default_ms;
    size_t wrong, known;
} totals;

static void show_progress(void *user, size_t index, size_t count, const char *op, size_t tried, double best_ms) {
    totals *t = user;
    console_progress(t->console, "op %zu of %zu, candidate %zu, best %.3f ms: %s", index + 1, count, tried + 1, best_ms,
                     op);
}

static void print_result(void *user, const tune_result *r) {
    totals *t = user;
    t->wrong += r->wrong;
    console_progress(t->console, "%s", "");
    if (r->was_known) {
        t->known++;
        printf("%9s %9.3f %6s  %s: %s %s\n", "known", r->ms, "", r->op, r->impl, r->values);
        return;
    }
    t->ms += r->ms;
    t->default_ms += isfinite(r->default_ms) ? r->default_ms : r->ms;
    printf("%9.3f %9.3f %6zu  %s: %s %s\n", r->default_ms, r->ms, r->tried, r->op, r->impl, r->values);
    if (r->wrong) printf("%9s %9s %6s  %zu candidates computed wrongly and were refused\n", "", "", "", r->wrong);
    fflush(stdout);
}

static clae_status tune(session *session, const tune_args *args) {
    totals t = {.console = session->console};
    size_t left = 0;
    clae_model *model = NULL;
    const tune_options o = {.settings = &args->common.settings,
                            .budget_s = (double)args->budget,
                            .again = args->again,
                            .report = print_result,
                            .progress = show_progress,
                            .user = &t};
    clae_status status = network_open(session, &args->common, args->image_size, &model);
    if (!status) status = session_open_device(session, &args->common);
    if (!status) {
        printf("%9s %9s %6s  op: implementation and parameters\n", "before ms", "now ms", "tried");
        status = tune_run(session->device, model, &o, &left);
    }
    clae_model_free(model);
    if (status) return status;
    printf("%9.3f %9.3f %6s  sum of the ops tuned now\n", t.default_ms, t.ms, "");
    if (left) printf("%zu ops were not reached: the same command goes on with them\n", left);
    char *path = text_sanitised(tuning_path(session->device));
    printf("kept in %s\n", path ? path : "the cache folder");
    free(path);
    return CLAE_OK;
}

static int run(console *console, const void *arguments) {
    session session;
    clae_status status = session_open(&session, console, arguments);
    if (!status) status = tune(&session, arguments);
    session_close(&session);
    return exit_code(status);
}

const command command_tune = {
    .name = "tune",
    .summary = "find the fastest kernels for a device, by trying",
    .description =
        "Tries implementations and parameters for each op of a training step, refuses those that compute wrongly, and "
        "keeps the fastest in a text file of the cache folder, for this device and driver. Every later command uses "
        "them for ops of these shapes, whatever the number of images, until the file is deleted or --no-tuning is "
        "given. Can be interrupted: the same command goes on. Tuned kernels round differently, so tune before a "
        "training that will be resumed.",
    .example = "clae tune --device gpu --batch-size 512 --budget 300",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_MODEL,
    .settings = settings,
    .setting_count = ARRAY_LENGTH(settings),
    .args_size = sizeof(tune_args),
    .run = run,
};
