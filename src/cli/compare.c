#include "cli/network.h"

#include "app/measure/compare.h"
#include "base/memory.h"
#include "train/settings_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct compare_args {
    common_args common;
    const char *devices, *init;
    uint64_t steps, op_steps;
} compare_args;

#define ARGS compare_args
static const option options[] = {
    OPTION_TEXT_REQUIRED(devices, "devices", "A,B",
                         "two devices, like c,0:0; the first one gives the operands of both"),
    OPTION_COUNT(steps, "steps", "N", "50", 1, 1000000, "training steps whose losses are compared"),
    OPTION_COUNT(op_steps, "op-steps", "N", "2", 1, 1000000, "training steps whose ops are compared, the first ones"),
    OPTION_TEXT(init, "init", "FILE", NULL, "start from the weights of a model or checkpoint (.safetensors)"),
};

static const command_setting settings[] = {
    {.name = "data", .required = true},
    {.name = "batch-size"},
    {.name = "lr"},
    {.name = "seed"},
};

typedef struct comparison {
    session session;
    clae_device *devices[2];
    clae_dataset *dataset;
    clae_model *model;
    compare_result result;
} comparison;

static clae_status open_devices(comparison *comparison, const char *names) {
    const char *comma = strchr(names, ',');
    if (!comma || comma == names || !comma[1] || strchr(comma + 1, ',')) {
        console_usage(comparison->session.console, "--devices", "expected two devices, like c,0:0, got \"%s\"", names);
        return CLAE_ERROR_INPUT;
    }
    char *first = string_format("%.*s", (int)(comma - names), names);
    if (!first) return CLAE_ERROR_INTERNAL;
    const char *specs[] = {first, comma + 1};
    clae_status status = CLAE_OK;
    for (size_t i = 0; !status && i < ARRAY_LENGTH(specs); i++) {
        status = clae_device_open(comparison->session.context, specs[i], &comparison->devices[i]);
        if (status) break;
        const clae_device_info *info = clae_device_get_info(comparison->devices[i]);
        console_message(comparison->session.console, CLAE_LOG_INFO, "device %s: %s, %s", info->id, info->name,
                        info->driver);
    }
    free(first);
    return status;
}

static const char *device_id(const comparison *comparison, size_t index) {
    return clae_device_get_info(comparison->devices[index])->id;
}

static void print_ops(const comparison *comparison) {
    const compare_result *result = &comparison->result;
    printf("%-6s %-10s %-11s %-11s %11s %8s %6s  %s\n", "", "layer", device_id(comparison, 0), device_id(comparison, 1),
           "difference", "of bound", "step", "op");
    for (size_t i = 0; i < result->op_count; i++) {
        const compare_op *op = &result->ops[i];
        char step[32] = "-";
        if (op->worst_step) snprintf(step, sizeof step, "%llu", (unsigned long long)op->worst_step);
        printf("%-6s %-10s %-11s %-11s %11.3g %7.1f%% %6s  %s\n", op->passed ? "ok" : "BROKEN", op->layer, op->impl[0],
               op->impl[1], op->difference, 100 * op->share, step, op->op);
    }
}

static void print_losses(const comparison *comparison) {
    const compare_result *result = &comparison->result;
    printf("\n%-6s %6s %14s %14s %11s %9s %9s\n", "losses", "step", device_id(comparison, 0), device_id(comparison, 1),
           "difference", "rounding", "bound");
    for (size_t i = 0; i < result->loss_count; i++) {
        const compare_loss *loss = &result->losses[i];
        printf("%-6s %6zu %14.7g %14.7g %11.2e %9.1e %9.1e\n", loss->passed ? "ok" : "BROKEN", i + 1,
               (double)loss->loss[0], (double)loss->loss[1], loss->difference, loss->rounding, loss->bound);
    }
}

static int report(const comparison *comparison) {
    const compare_result *result = &comparison->result;
    print_ops(comparison);
    print_losses(comparison);
    putchar('\n');
    if (result->passed) {
        printf("The devices agree: every op and loss is within its bound.\n");
        return 0;
    }
    const compare_op *op = result->first_broken;
    if (op) {
        printf("The devices disagree, first in %s%s%s, %.3g times its bound.\n", op->layer, *op->layer ? " " : "",
               op->op, op->share);
    } else {
        printf("The devices disagree: a loss is beyond its bound, though every op compared is within its own.\n");
    }
    return 1;
}

static clae_status compare(comparison *comparison, const compare_args *args) {
    const clae_settings *asked = &args->common.settings;
    clae_context *context = comparison->session.context;
    clae_dataset_options options;
    clae_status status = settings_dataset_options(context, asked, &options);
    if (status == CLAE_OK)
        status = settings_open_split(context, asked, &options, CLAE_SPLIT_TRAIN, &comparison->dataset);
    if (!status) {
        const clae_dataset_info *images = clae_dataset_get_info(comparison->dataset);
        status = network_open(&comparison->session, &args->common, (clae_shape){images->c, images->h, images->w},
                              &comparison->model);
    }
    if (!status && args->init) status = clae_model_load_weights(comparison->model, args->init);
    if (!status) status = open_devices(comparison, args->devices);
    compare_options compare_options = {.settings = {asked, asked}, .steps = args->steps, .op_steps = args->op_steps};
    if (status) return status;
    return compare_run(comparison->devices, comparison->model, comparison->dataset, &compare_options,
                       &comparison->result);
}

static int run(console *console, const void *arguments) {
    const compare_args *args = arguments;
    comparison comparison = {0};
    clae_status status = session_open(&comparison.session, console, &args->common);
    if (!status) status = compare(&comparison, args);
    int code = status ? exit_code(status) : report(&comparison);
    compare_free(&comparison.result);
    clae_model_free(comparison.model);
    clae_dataset_free(comparison.dataset);
    for (size_t i = 0; i < ARRAY_LENGTH(comparison.devices); i++) clae_device_close(comparison.devices[i]);
    session_close(&comparison.session);
    return code;
}

const command command_compare = {
    .name = "compare",
    .summary = "compare the same training on two devices, op by op",
    .description =
        "Trains a network from the same weights on two devices. Prints for each op the largest "
        "difference of the results on equal operands and its share of the bound of rounding errors; then the losses "
        "of both devices, each on its own, without Winograd's algorithm, whose rounding errors grow too fast to tell. "
        "The column rounding is what moving the initial weights by some roundings, up to 2e-6 of each, changes in the "
        "losses of the first device, at most so far; four times as much is the bound, or what right devices differ by "
        "at such a step. Exits with 1 when a bound is exceeded.",
    .example = "clae compare --devices c,0:0 --data mnist --steps 20",
    .computes = true,
    .names_devices = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA | SETTINGS_MODEL,
    .settings = settings,
    .setting_count = ARRAY_LENGTH(settings),
    .args_size = sizeof(compare_args),
    .run = run,
};
