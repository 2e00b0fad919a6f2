/* gpu_programs FOLDER CLASS: prepares the lecture's training step as on a GPU of a class of
 * src/backend/tuning/defaults.def, with every implementation that suits one, and writes each OpenCL program that this
 * names: its whole source, below a line
 * "// FILE OPTIONS". Any OpenCL device will do. */
#include "gpu_play.h"

#include "base/memory.h"
#include "graph/plan.h"
#include "opencl/program_cache.h"

#include <clae/clae.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 100, CHANNELS = 32, LATENT_DIM = 8, UNITS = 100, SKIPPED = 77 };

/* Lines "FILE OPTIONS", each once. */
typedef struct programs {
    char **lines;
    size_t count;
    bool out_of_memory;
} programs;

static void add_program(programs *all, char *line) {
    for (size_t i = 0; line && i < all->count; i++) {
        if (strcmp(all->lines[i], line) != 0) continue;
        free(line);
        return;
    }
    char **longer = realloc(all->lines, (all->count + 1) * sizeof *longer);
    if (longer) all->lines = longer;
    if (longer && line) {
        all->lines[all->count++] = line;
        return;
    }
    free(line);
    all->out_of_memory = true;
}

static void print_warning(void *user, clae_log_level level, const char *line) {
    (void)user;
    (void)level;
    fprintf(stderr, "gpu_programs: %s\n", line);
}

/* Whether a plan gives it the op with bias and ReLU in it. */
static bool would_fuse(const clae_device *device, const op_desc *desc, const op_choice *choice) {
    op_desc fused;
    if (!choice->numerics->no_fusion || !op_is_conv(desc->op)) return false;
    memcpy(&fused, desc, sizeof fused);
    fused.conv.with_bias = true;
    fused.conv.activation = ACTIVATION_relu;
    return choice->impl->supports(device, &fused);
}

/* Matrix units suit when less than float's precision is asked for, but can be tuned to. */
static bool is_for_gpus(const clae_device *device, const op_desc *desc, const op_impl *impl) {
    if (strcmp(impl->name, "mma") == 0) return ((const opencl_device *)device)->mma != OPENCL_MMA_STAND_IN;
    return !impl->suits || impl->suits(device, desc);
}

static clae_status prepare_all(clae_device *device, const numerics *numerics, const op_desc *desc) {
    clae_status status = CLAE_OK;
    for (const op_impl *const *impl = device->backend->impls(desc->op); *impl && !status; impl++) {
        const op_choice choice = {.impl = *impl, .numerics = numerics};
        op_instance *instance = NULL;
        if (!is_for_gpus(device, desc, *impl) || !(*impl)->supports(device, desc)) continue;
        if (would_fuse(device, desc, &choice)) continue;
        status = (*impl)->prepare(device, desc, &choice, &instance);
        op_release(instance);
    }
    return status;
}

static clae_status prepare_plan(clae_device *device, const numerics *numerics, const clae_model *model, bool training) {
    const plan_request request = {.device = device,
                                  .model = model,
                                  .batch_size = BATCH,
                                  .load_batch = true,
                                  .from_float = !training,
                                  .encode = true,
                                  .decode = true,
                                  .backward = training,
                                  .numerics = *numerics};
    plan *plan = NULL;
    clae_status status = plan_prepare(&request, &plan);
    for (size_t i = 0; !status && i < plan->node_count; i++)
        status = prepare_all(device, numerics, &plan->nodes[i].desc);
    plan_free(plan);
    return status;
}

/* Ops of layers that the lecture's network does not have. */
static const op_desc more[] = {
    {.op = OP_batch_norm_train_fwd,
     .norm = {.images = BATCH, .pixels = 576, .channels = CHANNELS, .epsilon = 1e-5, .momentum = 0.1}},
    {.op = OP_batch_norm_train_fwd,
     .norm = {.images = BATCH, .pixels = 16, .channels = CHANNELS, .epsilon = 1e-5, .momentum = 0.1}},
    {.op = OP_batch_norm_bwd, .norm = {.images = BATCH, .pixels = 16, .channels = CHANNELS, .epsilon = 1e-5}},
    {.op = OP_conv2d_fwd,
     .conv = {.g = {BATCH, 1, 1, 2048, 1, 1, 64, 1, 1, 1, 1, 0, 0}, .with_bias = true, .activation = ACTIVATION_relu}},
    {.op = OP_conv2d_bwd_data, .conv = {.g = {BATCH, 1, 1, 64, 1, 1, 2048, 1, 1, 1, 1, 0, 0}}},
    {.op = OP_conv2d_fwd, .conv = {.g = {BATCH, 12, 12, CHANNELS, 8, 8, CHANNELS, 5, 5, 1, 1, 0, 0}}},
    {.op = OP_conv2d_bwd_data, .conv = {.g = {BATCH, 12, 12, CHANNELS, 8, 8, CHANNELS, 5, 5, 1, 1, 0, 0}}},
    {.op = OP_conv2d_fwd, .conv = {.g = {BATCH, 16, 16, 16, 12, 12, 16, 5, 5, 1, 1, 0, 0}}},
    {.op = OP_group_norm_fwd, .norm = {.images = BATCH, .pixels = 49, .channels = 5, .groups = 5, .epsilon = 1e-5}},
};

static clae_status prepare_more(clae_device *device, const numerics *numerics) {
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < sizeof more / sizeof *more && !status; i++) status = prepare_all(device, numerics, &more[i]);
    return status;
}

static clae_status prepare_on(clae_context *context, clae_device *device, const numerics *numerics, const char *class,
                              programs *all) {
    clae_model *model = NULL;
    double gflops;
    play_gpu((opencl_device *)device, class, UNITS);
    clae_status status = clae_model_create_lecture(context, CHANNELS, LATENT_DIM, 0, &model);
    if (!status) status = prepare_plan(device, numerics, model, true);
    if (!status) status = prepare_plan(device, numerics, model, false);
    if (!status) status = prepare_more(device, numerics);
    /* The only program that is built: its kernel is run, briefly. */
    ((opencl_device *)device)->names_only = ((opencl_device *)device)->keeps_programs = false;
    device->info.compute_units = 1;
    if (!status) status = device->backend->measure_peak(device, &gflops);
    clae_model_free(model);
    const opencl_program *p = opencl_program_cache_first(((opencl_device *)device)->programs);
    for (; !status && p; p = p->next)
        add_program(all, string_format("%s " OPENCL_STANDARD_OPTIONS " %s", p->file, p->options));
    return status;
}

/* CLBlast's kernels are not ours: products are made by our own. */
static clae_status prepare_step(bool fusion, bool tf32, programs *all, const char *cache, const char *class) {
    const clae_context_options options = {.log = print_warning, .log_level = CLAE_LOG_WARNING, .cache_dir = cache};
    const numerics numerics = {.impls = "gemm=plain", .no_fusion = !fusion, .no_tuning = true, .tf32 = tf32};
    clae_context *context = NULL;
    clae_device *device = NULL;
    clae_status status = clae_context_create(&options, &context);
    if (!status) status = clae_device_open(context, "opencl", &device);
    if (!status) status = prepare_on(context, device, &numerics, class, all);
    clae_device_close(device);
    clae_context_free(context);
    return status;
}

static bool write_program(const char *folder, size_t number, const char *line) {
    const clae_context context = {.log_level = CLAE_LOG_ERROR};
    char *path = string_format("%s/%03zu.cl", folder, number), *file = strndup(line, strcspn(line, " "));
    const bool written = path && file && gpu_write_source(&context, path, line, file);
    if (!written) fprintf(stderr, "gpu_programs: could not write %s of %s\n", path ? path : "a program", line);
    free(file);
    free(path);
    return written;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: gpu_programs FOLDER CLASS\n");
        return 2;
    }
    programs all = {0};
    clae_status status = prepare_step(true, false, &all, argv[1], argv[2]);
    if (!status) status = prepare_step(true, true, &all, argv[1], argv[2]);
    if (!status) status = prepare_step(false, false, &all, argv[1], argv[2]);
    bool good = !status && !all.out_of_memory;
    for (size_t i = 0; i < all.count; i++) {
        good = good && write_program(argv[1], i, all.lines[i]);
        free(all.lines[i]);
    }
    free(all.lines);
    if (status == CLAE_ERROR_DEVICE && all.count == 0) return SKIPPED;
    return good ? 0 : 1;
}
