#include "cli/session.h"

#include "base/memory.h"
#include "graph/selftest.h"

#include <stdio.h>

typedef struct selftest_args {
    common_args common;
    uint64_t batch_size, channels, latent_dim;
} selftest_args;

#define ARGS selftest_args
static const option options[] = {
    OPTION_COUNT(batch_size, "batch-size", "N", "100", 1, 65536, "images in the step that is planned"),
    OPTION_COUNT(channels, "channels", "N", "32", 1, 4096, "of the hidden layers"),
    OPTION_COUNT(latent_dim, "latent-dim", "N", "8", 1, 4096, "dimension of the latent space"),
};

typedef struct tally {
    size_t passed, failed;
} tally;

static void print_result(void *user, const selftest_result *result) {
    tally *tally = user;
    if (result->passed) {
        tally->passed++;
    } else {
        tally->failed++;
    }
    printf("%-6s %-10s %-11s %9.2g  %s\n", result->passed ? "ok" : "WRONG", result->layer, result->impl,
           result->difference, result->op);
}

static clae_status test_device(session *session, const clae_model *model, size_t batch_size) {
    plan *plan = NULL;
    tally tally = {0};
    const plan_request request = plan_request_of_training(session->device, model, batch_size);
    clae_status status = plan_prepare(&request, &plan);
    if (!status) {
        printf("%-6s %-10s %-11s %9s  %s\n", "", "layer", "by", "off by", "op");
        status = selftest_plan(plan, print_result, &tally);
        printf("%zu kernels passed, %zu failed on %s\n", tally.passed, tally.failed,
               clae_device_get_info(session->device)->name);
    }
    plan_free(plan);
    return status;
}

static int run(console *console, const void *arguments) {
    const selftest_args *args = arguments;
    session session;
    clae_model *model = NULL;
    clae_status status = session_open(&session, console, &args->common);
    if (!status) {
        status =
            clae_model_create_lecture(session.context, (unsigned)args->channels, (unsigned)args->latent_dim, 0, &model);
    }
    if (!status) status = session_open_device(&session, &args->common);
    if (!status) status = test_device(&session, model, args->batch_size);
    clae_model_free(model);
    session_close(&session);
    return exit_code(status);
}

const command command_selftest = {
    .name = "selftest",
    .summary = "test each kernel that training uses on a known answer",
    .description =
        "Runs each kernel of a training step on a device and compares it with the plainest C implementation; "
        "differences are shares of the largest value. Training does the same before it starts. Exits with 3 "
        "when a kernel computes wrongly.",
    .example = "clae selftest --device 0:0",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .args_size = sizeof(selftest_args),
    .run = run,
};
