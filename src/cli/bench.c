#include "cli/network.h"

#include "base/memory.h"
#include "cli/json.h"
#include "app/measure/bench.h"

#include <stdio.h>
#include <string.h>

typedef struct bench_args {
    common_args common;
    clae_shape image_size;
    uint64_t rounds;
    bool json;
} bench_args;

#define ARGS bench_args
static const option options[] = {
    OPTION_IMAGE_SIZE(image_size),
    OPTION_COUNT(rounds, "rounds", "N", "5", 1, 1000, "measurements, whose medians are given"),
    OPTION_FLAG(json, "json", 0, "print one JSON object"),
};

static const command_setting settings[] = {
    {.name = "batch-size", .help = "images in a step", .max = 65536},
    {.name = "micro-batch"},
    {.name = "optimiser"},
    {.name = "loss"},
    {.name = "flip"},
    {.name = "rotate"},
    {.name = "shift"},
    {.name = "brightness"},
    {.name = "noise"},
};

static json_t *op_object(const bench_op *op) {
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:f, s:f, s:f}", "layer", op->layer, "op", op->op, "shape", op->shape, "impl",
                  op->impl, "runs", (json_int_t)op->runs, "ms", op->ms, "gflops", op->gflops, "gbytes_per_second", op->gbytes);
    if (op->arithmetic != OP_FLOAT32)
        json_object_set_new(object, "arithmetic", json_string(op_arithmetic_name(op->arithmetic)));
    return object;
}

static clae_status print_json(console *console, const clae_device_info *device, const bench_result *result) {
    json_t *ops = json_array();
    for (size_t i = 0; i < result->op_count; i++) json_array_append_new(ops, op_object(&result->ops[i]));
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:f, s:f, s:f, s:f, s:f, s:I, s:o}", "device", device->id, "name",
                  device->name, "backend", device->backend, "batch_size", (json_int_t)result->batch_size, "micro_batch",
                  (json_int_t)result->micro_batch, "arithmetic", op_arithmetic_name(result->arithmetic),
                  "train_images_per_second", result->train_images_per_second, "encode_images_per_second",
                  result->encode_images_per_second, "decode_images_per_second", result->decode_images_per_second,
                  "peak_gflops", result->peak_gflops, "step_ms", result->step_ms, "memory_bytes",
                  (json_int_t)result->memory_bytes, "ops", ops);
    return json_print(console, object);
}

static void print_op(const bench_op *op, int op_columns, double peak_gflops) {
    printf("%-10s %-*s %-7s %9.3f %8.1f %7.1f %6.1f%%  %s%s%s\n", op->layer, op_columns, op->op, op->impl, op->ms,
           op->gflops, op->gbytes, 100 * op->gflops / peak_gflops, op->shape,
           op->arithmetic == OP_FLOAT32 ? "" : " in ",
           op->arithmetic == OP_FLOAT32 ? "" : op_arithmetic_name(op->arithmetic));
}

static int longest_op(const bench_result *result) {
    size_t longest = 0;
    for (size_t i = 0; i < result->op_count; i++) {
        size_t length = strlen(result->ops[i].op);
        if (length > longest) longest = length;
    }
    return (int)longest;
}

static void print_table(const bench_result *result) {
    printf("train   %8.0f images/s, %.2f ms for a step of %zu images\n", result->train_images_per_second,
           result->step_ms, result->batch_size);
    if (result->micro_batch < result->batch_size)
        printf("pieces  %8zu images, of which ops, encode and decode are; the sum is of a whole step\n",
               result->micro_batch);
    printf("encode  %8.0f images/s\ndecode  %8.0f images/s\n", result->encode_images_per_second,
           result->decode_images_per_second);
    printf("peak    %8.0f GFLOP/s of fused multiply-adds on registers\nmemory  %8.1f MiB for training\n",
           result->peak_gflops, (double)result->memory_bytes / (1 << 20));
    printf("in      %8s arithmetic\n\n", op_arithmetic_name(result->arithmetic));
    int op_columns = longest_op(result);
    printf("%-10s %-*s %-7s %9s %8s %7s %7s  %s\n", "layer", op_columns, "op", "by", "ms", "GFLOP/s", "GB/s", "of peak",
           "shape");
    double total_ms = 0;
    for (size_t i = 0; i < result->op_count; i++) {
        print_op(&result->ops[i], op_columns, result->peak_gflops);
        total_ms += (double)result->ops[i].runs * result->ops[i].ms;
    }
    printf("%-10s %-*s %-7s %9.3f\n", "sum", op_columns, "", "", total_ms);
}

static clae_status measure(session *session, const bench_args *args) {
    clae_model *model = NULL;
    bench_result result = {0};
    clae_status status = network_open(session, &args->common, args->image_size, &model);
    if (!status) status = session_open_device(session, &args->common);
    if (!status) {
        status = bench_run(session->device, model, &args->common.settings, (unsigned)args->rounds, &result);
    }
    if (!status && args->json) {
        status = print_json(session->console, clae_device_get_info(session->device), &result);
    } else if (!status) {
        print_table(&result);
    }
    bench_free(&result);
    clae_model_free(model);
    return status;
}

static int run(console *console, const void *arguments) {
    session session;
    clae_status status = session_open(&session, console, arguments);
    if (!status) status = measure(&session, arguments);
    session_close(&session);
    return exit_code(status);
}

const command command_bench = {
    .name = "bench",
    .summary = "measure a device's speed in training, encoding and decoding",
    .description =
        "Measures images per second, and for each op of a training step its implementation, time, GFLOP/s and "
        "share of the peak of fused multiply-adds that the device reaches on registers.",
    .example = "clae bench --device gpu --batch-size 256\n"
               "  clae bench --encoder \"conv 32 k4 s2 p1, relu, linear 16\" --image-size 3x32x32",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_MODEL,
    .settings = settings,
    .setting_count = ARRAY_LENGTH(settings),
    .args_size = sizeof(bench_args),
    .run = run,
};
