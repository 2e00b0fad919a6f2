/* gpu_launches FOLDER [--class CLASS] [--units N] [--image-size CxHxW] [--kernels FOLDER] [--SETTING VALUE]...: runs a
 * training step as on a GPU of a class, where nothing is computed, and prints each launch as a line of JSON: what it is
 * of, its program, its grid and the values of its arguments as the driver gets them; buffers have made-up addresses.
 * The programs' sources go to FOLDER, each below its name. Settings are those of src/train/settings.def, flags with the
 * value 1. */
#include "gpu_play.h"

#include "base/memory.h"
#include "graph/model_text.h"
#include "graph/plan.h"
#include "opencl/instance.h"
#include "opencl/program_cache.h"
#include "ops/loss.h"
#include "train/augmentation.h"
#include "train/network.h"
#include "train/optimiser.h"

#include <clae/clae.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ADDRESS 0x7f0000000000
#define ADDRESS_STEP 0x200000
#define DATASET_IMAGES 60000

enum { UNITS = 132, MOST_KERNELS = 4096, SKIPPED = 77 };

/* What the words ask for. */
typedef struct wish {
    const char *folder, *class, *kernels;
    unsigned units;
    clae_shape image;
    clae_settings settings;
} wish;

/* The last arguments of each kernel, and where the step is. Link-time wraps have no other way to get at it. */
static struct recorder {
    const opencl_kernel *kernel[MOST_KERNELS];
    char *args[MOST_KERNELS];
    size_t count;
    const plan_node *node;
    const char *folder;
    uint64_t next_address;
} recorder = {.next_address = FIRST_ADDRESS};

/* Buffers without memory. */
typedef struct made_up_buffer {
    opencl_buffer base;
    uint64_t address;
} made_up_buffer;

static clae_status made_up_create(clae_device *device, size_t bytes, buffer **out) {
    made_up_buffer *self = calloc(1, sizeof *self);
    *out = (buffer *)self;
    if (!self) return fail_memory(device->context, sizeof *self, "a buffer");
    self->base.base = (buffer){device, bytes};
    self->address = recorder.next_address;
    recorder.next_address += (bytes / ADDRESS_STEP + 2) * ADDRESS_STEP;
    return CLAE_OK;
}

static void made_up_free(buffer *buffer) {
    free(buffer);
}

static clae_status made_up_upload(buffer *buffer, size_t offset, const void *data, size_t bytes) {
    (void)buffer, (void)offset, (void)data, (void)bytes;
    return CLAE_OK;
}

static clae_status made_up_zero(buffer *buffer, size_t offset, size_t bytes) {
    (void)buffer, (void)offset, (void)bytes;
    return CLAE_OK;
}

static clae_status made_up_fill(buffer *buffer, size_t offset, size_t count, float value) {
    (void)buffer, (void)offset, (void)count, (void)value;
    return CLAE_OK;
}

static clae_status made_up_finish(clae_device *device) {
    (void)device;
    return CLAE_OK;
}

/* The backend of the device that plays, which the device outlives. */
static void take_buffers(clae_device *device, backend *made_up) {
    *made_up = *device->backend;
    made_up->buffer_create = made_up_create;
    made_up->buffer_free = made_up_free;
    made_up->upload = made_up_upload;
    made_up->zero = made_up_zero;
    made_up->fill = made_up_fill;
    made_up->finish = made_up->start = made_up_finish;
    device->backend = made_up;
}

static void print_bytes(FILE *out, const void *bytes, size_t count, bool *more) {
    fprintf(out, "%s\"", *more ? ", " : "");
    for (size_t i = 0; i < count; i++) fprintf(out, "%02x", ((const unsigned char *)bytes)[i]);
    fprintf(out, "\"");
    *more = true;
}

static void print_argument(FILE *out, const opencl_arg *arg, bool *more) {
    switch (arg->type) {
    case OPENCL_ARG_VIEW: {
        const uint64_t address = arg->view.buffer ? ((const made_up_buffer *)arg->view.buffer)->address : 0;
        const uint64_t offset = arg->view.buffer ? arg->view.offset : 0;
        print_bytes(out, &address, sizeof address, more);
        print_bytes(out, &offset, sizeof offset, more);
        break;
    }
    case OPENCL_ARG_VALUE:
        print_bytes(out, &arg->ulong_value, arg->bytes, more);
        break;
    case OPENCL_ARG_GEOMETRY:
        print_bytes(out, arg->geometry, sizeof *arg->geometry, more);
        break;
    case OPENCL_ARG_TOO_LARGE:
    case OPENCL_ARG_END:
        break;
    }
}

static char *arguments_text(const opencl_arg *args) {
    char *text = NULL;
    size_t size;
    bool more = false;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    for (; args->type != OPENCL_ARG_END; args++) print_argument(out, args, &more);
    fclose(out);
    return text;
}

static size_t place_of(const opencl_kernel *kernel) {
    size_t i = 0;
    while (i < recorder.count && recorder.kernel[i] != kernel) i++;
    return i;
}

/* The linker puts these in the place of the library's (meson.build). */
clae_status __wrap_opencl_kernel_set(opencl_kernel *kernel, const opencl_arg *args);
clae_status __wrap_opencl_launch_run(opencl_launch *launch);

clae_status __wrap_opencl_kernel_set(opencl_kernel *kernel, const opencl_arg *args) {
    const size_t place = place_of(kernel);
    if (place == MOST_KERNELS) return CLAE_ERROR_DEVICE;
    if (place == recorder.count) recorder.count++;
    free(recorder.args[place]);
    recorder.kernel[place] = kernel;
    recorder.args[place] = arguments_text(args);
    return recorder.args[place] ? CLAE_OK : CLAE_ERROR_INTERNAL;
}

static bool write_source(const clae_context *context, const char *file) {
    char *path = string_format("%s/%s", recorder.folder, file);
    const bool written = path && gpu_write_source(context, path, file, file);
    free(path);
    return written;
}

static void print_sizes(const char *name, const size_t sizes[3], unsigned dimensions) {
    printf(", \"%s\": [%zu, %zu, %zu]", name, sizes[0], dimensions > 1 ? sizes[1] : 1, dimensions > 2 ? sizes[2] : 1);
}

clae_status __wrap_opencl_launch_run(opencl_launch *launch) {
    const opencl_kernel *kernel = &launch->kernel;
    const size_t place = place_of(kernel);
    const op_instance *instance = recorder.node->instance;
    if (place == recorder.count || !write_source(instance->device->context, kernel->program->file)) return CLAE_ERROR_DEVICE;
    printf("{\"layer\": \"%s\", \"op\": \"%s\", \"impl\": \"%s\", \"file\": \"%s\", \"options\": "
           "\"" OPENCL_STANDARD_OPTIONS " %s\", \"kernel\": \"%s\"",
           recorder.node->layer, op_name(instance->desc.op), instance->impl->name, kernel->program->file,
           kernel->program->options, kernel->name);
    print_sizes("global", launch->global, launch->dimensions);
    print_sizes("local", launch->local, launch->dimensions);
    printf(", \"bytes\": %.0f, \"op_flops\": %.0f, \"op_bytes\": %.0f, \"args\": [%s]}\n", launch->bytes,
           op_flops(&instance->desc), op_bytes(&instance->desc), recorder.args[place]);
    return CLAE_OK;
}

static clae_status run_nodes(plan *plan, const params *params, const plan_inputs *inputs) {
    clae_status status = plan_allocate(plan, params, NULL);
    for (size_t i = 0; i < plan->node_count && !status; i++) {
        recorder.node = &plan->nodes[i];
        plan_bind(plan, &plan->nodes[i], inputs);
        status = op_run(plan->nodes[i].instance, &plan->nodes[i].args);
    }
    return status;
}

static clae_status make_inputs(clae_device *device, const clae_model *model, plan_inputs *inputs) {
    const size_t elements = model->input.c * model->input.h * model->input.w * DATASET_IMAGES;
    clae_status status = buffer_create(device, elements, &inputs->elements);
    if (!status) status = buffer_create(device, DATASET_IMAGES * sizeof(uint32_t), &inputs->indices);
    if (!status) status = buffer_create(device, sizeof(float), &inputs->losses);
    return status;
}

static void free_inputs(plan_inputs *inputs) {
    buffer_free(inputs->elements);
    buffer_free(inputs->indices);
    buffer_free(inputs->losses);
}

static clae_status run_plan(const plan_request *request, const params *params, const plan_inputs *inputs) {
    plan *plan = NULL;
    clae_status status = plan_prepare(request, &plan);
    if (!status) status = run_nodes(plan, params, inputs);
    plan_free(plan);
    return status;
}

static clae_status run_step(clae_device *device, const clae_model *model, const wish *wish, numerics numerics) {
    const clae_settings *settings = &wish->settings;
    const training_update update = optimiser_update_of(settings);
    plan_request forth = plan_request_of_training(device, model, (size_t)settings->batch_size);
    plan_request then = plan_request_of_update(device, model, &update);
    augmentation augmentation;
    plan_inputs inputs = {.step.more = 1};
    params params = {0};
    forth.loss = loss_find(settings->loss);
    forth.numerics = then.numerics = numerics;
    if (augmentation_of(settings, &augmentation)) forth.augmentation = &augmentation;
    optimiser_rates(settings, 0, inputs.step.rates);
    clae_status status = params_create(device, model, &update, &params);
    if (!status) status = make_inputs(device, model, &inputs);
    if (!status) status = run_plan(&forth, &params, &inputs);
    if (!status) status = run_plan(&then, &params, &inputs);
    free_inputs(&inputs);
    params_release(&params);
    return status;
}

/* CLBlast's kernels are not ours: products are made by our own, where nothing else is asked for. */
static clae_status run_on(clae_context *context, clae_device *device, const wish *wish) {
    numerics numerics;
    clae_model *model = NULL;
    clae_status status = settings_numerics(context, &wish->settings, &numerics);
    if (!numerics.impls) numerics.impls = "gemm=plain";
    numerics.no_tuning = true;
    if (!status) status = network_check(context, &wish->settings);
    if (!status) status = network_create(context, &wish->settings, wish->image.c ? &wish->image : NULL, &model);
    if (!status) status = run_step(device, model, wish, numerics);
    clae_model_free(model);
    return status;
}

static void print_warning(void *user, clae_log_level level, const char *line) {
    (void)user;
    (void)level;
    fprintf(stderr, "gpu_launches: %s\n", line);
}

static clae_status run(const wish *wish, bool *opened) {
    const clae_context_options options = {
        .log = print_warning, .log_level = CLAE_LOG_WARNING, .cache_dir = wish->folder, .kernel_dir = wish->kernels};
    backend made_up, *real;
    clae_context *context = NULL;
    clae_device *device = NULL;
    clae_status status = clae_context_create(&options, &context);
    if (!status) status = clae_device_open(context, "opencl", &device);
    *opened = device != NULL;
    if (!status) {
        real = (backend *)device->backend;
        play_gpu((opencl_device *)device, wish->class, wish->units);
        take_buffers(device, &made_up);
        status = run_on(context, device, wish);
        device->backend = real;
    }
    clae_device_close(device);
    clae_context_free(context);
    return status;
}

static bool read_word(wish *wish, const char *name, const char *value) {
    if (strncmp(name, "--", 2) != 0 || !value) return false;
    if (strcmp(name, "--class") == 0) return (wish->class = value) != NULL;
    if (strcmp(name, "--kernels") == 0) return (wish->kernels = value) != NULL;
    if (strcmp(name, "--units") == 0) return (wish->units = (unsigned)strtoul(value, NULL, 10)) > 0;
    if (strcmp(name, "--image-size") == 0) return shape_from_text(value, &wish->image);
    const setting *row = settings_find(name + 2, SETTINGS_OF_RUN);
    return row && setting_read(row, &wish->settings, value);
}

int main(int argc, char **argv) {
    wish wish = {.folder = argv[1], .class = "nvidia", .units = UNITS, .settings = settings_defaults(NULL)};
    bool good = argc >= 2, opened = true;
    for (int i = 2; i < argc && good; i += 2) good = read_word(&wish, argv[i], argv[i + 1]);
    if (!good) {
        fprintf(stderr,
                "usage: gpu_launches FOLDER [--class CLASS] [--units N] [--image-size CxHxW] [--kernels FOLDER] "
                "[--SETTING VALUE]...\n");
        return 2;
    }
    optimiser_complete(&wish.settings);
    recorder.folder = wish.folder;
    const clae_status status = run(&wish, &opened);
    for (size_t i = 0; i < recorder.count; i++) free(recorder.args[i]);
    settings_release(&wish.settings);
    return !status ? 0 : opened ? 1 : SKIPPED;
}
