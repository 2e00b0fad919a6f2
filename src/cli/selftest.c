#include "cli/network.h"

#include "base/memory.h"
#include "check/selftest.h"
#include "exec/runner.h"
#include "ops/loss.h"
#include "train/augmentation.h"
#include "train/micro_batch.h"
#include "train/optimiser.h"

#include <stdio.h>

typedef struct selftest_args {
    common_args common;
    clae_shape image_size;
} selftest_args;

#define ARGS selftest_args
static const option options[] = {
    OPTION_IMAGE_SIZE(image_size),
};

static const command_setting settings[] = {
    {.name = "batch-size", .help = "images in the step that is planned", .max = 65536},
    {.name = "micro-batch"},
    {.name = "optimiser"},
    {.name = "loss"},
    {.name = "flip"},
    {.name = "rotate"},
    {.name = "shift"},
    {.name = "brightness"},
    {.name = "noise"},
};

typedef struct tally {
    size_t passed, failed;
} tally;

static void print_result(void *user, const selftest_result *result) {
    tally *tally = user;
    if (!result->is_done) {
        printf("%-10s %-14s %-82s ", result->layer, result->impl, result->op);
        fflush(stdout); /* should the kernel take the program down, its name is there */
        return;
    }
    if (result->passed)
        tally->passed++;
    else
        tally->failed++;
    printf("%7.2g  %s\n", result->difference, result->passed ? "ok" : result->failure[0] ? "FAILS" : "WRONG");
}

static clae_status test_device(session *session, const clae_model *model, const clae_settings *settings) {
    const training_update update = optimiser_update_of(settings);
    runner runner = {.device = session->device, .model = model, .update = &update};
    runner_work work = {.request = plan_request_of_training(session->device, model, micro_batch_images(settings))};
    tally tally = {0};
    augmentation augmentation;
    work.request.loss = loss_find(settings->loss);
    if (augmentation_of(settings, &augmentation)) work.request.augmentation = &augmentation;
    clae_status status = micro_batch_check(session->context, settings, SIZE_MAX);
    if (status == CLAE_OK) status = settings_numerics(session->context, settings, &work.request.numerics);
    if (status == CLAE_OK) status = augmentation_check(session->context, settings, model->input);
    if (status == CLAE_OK) status = runner_plan_work(&runner, &work);
    if (status == CLAE_OK) {
        printf("%-10s %-14s %-82s %7s\n", "layer", "by", "op", "off by");
        status = selftest_report(work.whole, print_result, &tally);
        const clae_status of_update = selftest_report(work.update, print_result, &tally);
        if (status == CLAE_OK) status = of_update;
        printf("%zu kernels passed, %zu failed on %s\n", tally.passed, tally.failed,
               clae_device_get_info(session->device)->name);
    }
    runner_release(&runner);
    return status;
}

static int run(console *console, const void *arguments) {
    const selftest_args *args = arguments;
    session session;
    clae_model *model = NULL;
    clae_status status = session_open(&session, console, &args->common);
    if (!status) status = network_open(&session, &args->common, args->image_size, &model);
    if (!status) status = session_open_device(&session, &args->common);
    if (!status) status = test_device(&session, model, &args->common.settings);
    clae_model_free(model);
    session_close(&session);
    return exit_code(status);
}

const command command_selftest = {
    .name = "selftest",
    .summary = "test each kernel that training uses on random numbers",
    .description =
        "Runs each kernel of a training step on random numbers, on as many images as the step has or as the device "
        "manages in a short time, and compares with sums in double precision; differences are shares of what rounding "
        "may cause. Training does the same before it starts, and goes on with the next implementation of an op whose "
        "first one is wrong or fails. Exits with 3 when a kernel computes wrongly.",
    .example = "clae selftest --device 0:0",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_MODEL,
    .settings = settings,
    .setting_count = ARRAY_LENGTH(settings),
    .args_size = sizeof(selftest_args),
    .run = run,
};
