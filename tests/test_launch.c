/* Devices that fail or lie in one call: this program's own cl* functions stand before those of the OpenCL library, and
 * pass on what they do not spoil. */
#define _GNU_SOURCE
#include "device_support.h"
#include "opencl/conv/conv.h"
#include "train/trainer.h"

#include <dlfcn.h>
#include <math.h>

/* What goes wrong; zeroed: nothing. */
static struct fault {
    const char *kernel;                 /* launches of kernels of this name, with a number or without */
    const char *impl;                   /* by this implementation of a convolution; NULL: by any op */
    cl_int code;                        /* fail with this; CL_SUCCESS: do nothing, and say that they did */
    bool is_late;                       /* fail in the next clFinish */
    size_t buffer;                      /* creating this many buffers, from 1, fails */
    size_t upload_bytes;                /* uploads of so many bytes fail */
    bool finish_fails;                  /* kept for is_late */
    size_t buffers, launches, failures; /* counted */
} fault;

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* Those of programs that are built together have a number: conv_run_3. */
static const char *impl_that_runs; /* of a convolution; NULL: none does */
static bool is_spoiled(const char *kernel) {
    const size_t length = fault.kernel ? strlen(fault.kernel) : 0;
    if (fault.impl && !(impl_that_runs && strcmp(impl_that_runs, fault.impl) == 0)) return false;
    if (!length || strncmp(kernel, fault.kernel, length) != 0) return false;
    const char *number = kernel + length;
    return !*number || (*number == '_' && strspn(number + 1, "0123456789") == strlen(number + 1));
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *first,
                              const size_t *global, const size_t *local, cl_uint count, const cl_event *list,
                              cl_event *event) {
    char name[128] = "";
    clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL);
    fault.launches++;
    if (is_spoiled(name)) {
        fault.failures++;
        fault.finish_fails = fault.is_late;
        if (!fault.is_late) return fault.code;
    }
    return NEXT(clEnqueueNDRangeKernel)(queue, kernel, dimensions, first, global, local, count, list, event);
}

cl_int clFinish(cl_command_queue queue) {
    const bool fails = fault.finish_fails;
    fault.finish_fails = false;
    const cl_int code = NEXT(clFinish)(queue);
    return fails ? fault.code : code;
}

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t bytes, void *host, cl_int *code) {
    if (fault.buffer && ++fault.buffers == fault.buffer) {
        fault.failures++;
        *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
        return NULL;
    }
    return NEXT(clCreateBuffer)(context, flags, bytes, host, code);
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t bytes,
                            const void *data, cl_uint count, const cl_event *list, cl_event *event) {
    if (fault.upload_bytes && bytes == fault.upload_bytes) {
        fault.failures++;
        return CL_MEM_OBJECT_ALLOCATION_FAILURE;
    }
    return NEXT(clEnqueueWriteBuffer)(queue, buffer, blocking, offset, bytes, data, count, list, event);
}

/* A run of training, or of inference, and what it had to say. */
enum { IMAGES = 40, BATCH = 8, STEPS = 5, MAX_CONVS = 32 };

/* A convolution of the training: what the device has chosen for it, and its kernels in the order of their launches. */
typedef struct chosen_conv {
    op_id op;
    const char *impl;
    char kernels[OPENCL_MAX_LAUNCHES][48];
} chosen_conv;

typedef struct training {
    clae_status status;
    float losses[STEPS];
    size_t warnings, errors;
    char warning[1024], error[1024];
    bool is_streamed;
    chosen_conv convs[MAX_CONVS];
    size_t conv_count;
} training;

static void keep_line(void *user, clae_log_level level, const char *line) {
    training *t = user;
    if (level == CLAE_LOG_WARNING && t->warnings++ == 0) snprintf(t->warning, sizeof t->warning, "%s", line);
    if (level == CLAE_LOG_ERROR && t->errors++ == 0) snprintf(t->error, sizeof t->error, "%s", line);
}

static clae_status train_steps(clae_trainer *trainer, float *to) {
    const float *losses;
    size_t count;
    clae_status status = clae_trainer_run(trainer, STEPS);
    if (status == CLAE_OK) status = clae_trainer_losses(trainer, &losses, &count);
    if (status == CLAE_OK) memcpy(to, losses, STEPS * sizeof *to);
    return status;
}

/* A convolution that says when it runs: kernels of several implementations have the same names. */
typedef struct watched_instance {
    op_instance base;
    op_instance *right;
} watched_instance;

static const op_impl *const *(*impls_of_device)(op_id op);

static clae_status watched_run(op_instance *instance, const op_args *args) {
    impl_that_runs = instance->impl->name;
    const clae_status status = op_run(((watched_instance *)instance)->right, args);
    impl_that_runs = NULL;
    return status;
}

static void watched_release(op_instance *instance) {
    op_release(((watched_instance *)instance)->right);
    free(instance);
}

static clae_status watched_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   op_instance **instance) {
    op_choice right = *choice;
    const op_impl *const *impl = impls_of_device(desc->op);
    while (strcmp((*impl)->name, choice->impl->name) != 0) impl++;
    right.impl = *impl;
    watched_instance *w = calloc(1, sizeof *w);
    const clae_status status = (*impl)->prepare(device, desc, &right, &w->right);
    if (status != CLAE_OK) {
        free(w);
        return status;
    }
    w->base = *w->right;
    w->base.impl = choice->impl;
    w->base.run = watched_run;
    w->base.release = watched_release;
    *instance = &w->base;
    return CLAE_OK;
}

/* Whether devices choose among the implementations that suit GPUs alone. */
static bool as_on_gpus;
/* Whether the last of those alone suits the ops, as small ones do. */
static bool as_for_small_ops;

static bool suits_nothing(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return false;
}

static bool is_of_gpus(const op_impl *impl) {
    static const char *const names[] = {"taps", "tiled", "im2col", "plain"};
    bool is = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) is = is || strcmp(impl->name, names[i]) == 0;
    return is;
}

static const op_impl *const *watched_impls(op_id op) {
    enum { MAX_IMPLS = 16 };
    static op_impl copies[OP_COUNT][MAX_IMPLS];
    static const op_impl *lists[OP_COUNT][MAX_IMPLS + 1];
    size_t count = 0;
    if (!op_is_conv(op)) return impls_of_device(op);
    for (const op_impl *const *impl = impls_of_device(op); *impl; impl++) {
        if (as_on_gpus && !is_of_gpus(*impl)) continue;
        assert_true(count < MAX_IMPLS);
        op_impl *copy = &copies[op][count];
        *copy = **impl;
        copy->prepare = watched_prepare;
        if (as_on_gpus) copy->suits = as_for_small_ops && strcmp(copy->name, "plain") != 0 ? suits_nothing : NULL;
        lists[op][count++] = copy;
    }
    lists[op][count] = NULL;
    return lists[op];
}

static void watch_convs(clae_device *device) {
    static backend copy;
    copy = *device->backend;
    impls_of_device = copy.impls;
    copy.impls = watched_impls;
    device->backend = &copy;
}

/* A device of its own, which is opened before a fault sets in. */
static void open_before_fault(fixture *f, training *t) {
    fault = (struct fault){0};
    assert_int_equal(fixture_open(f, 0), CLAE_OK);
    watch_convs(f->device);
    f->context->log = keep_line;
    f->context->log_user = t;
    f->context->log_level = CLAE_LOG_WARNING;
}

static void note_convs(const clae_trainer *trainer, training *t) {
    for (size_t i = 0; i < trainer_node_count(trainer); i++) {
        const plan_node *node = trainer_node(trainer, i);
        if (!op_is_conv(node->desc.op)) continue;
        assert_true(t->conv_count < MAX_CONVS);
        op_instance *right = ((watched_instance *)node->instance)->right;
        chosen_conv *conv = &t->convs[t->conv_count++];
        conv->op = node->desc.op;
        conv->impl = node->instance->impl->name;
        for (int l = 0; l < OPENCL_MAX_LAUNCHES; l++)
            snprintf(conv->kernels[l], sizeof conv->kernels[l], "%s", opencl_instance_of(right)->launch[l].kernel.name);
    }
}

static training train_with(const struct fault *what) {
    training t = {0};
    fixture f = {0};
    clae_trainer *trainer = NULL;
    open_before_fault(&f, &t);
    clae_dataset *dataset = byte_dataset(f.context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f.context, 1);
    clae_settings settings = settings_of(BATCH, 1e-3);
    settings.seed = 3;
    fault = *what;
    t.status = clae_trainer_create(f.device, model, dataset, &settings, &trainer);
    if (t.status == CLAE_OK) t.is_streamed = trainer->runner.data.stream != NULL;
    if (t.status == CLAE_OK) note_convs(trainer, &t);
    if (t.status == CLAE_OK) t.status = train_steps(trainer, t.losses);
    clae_trainer_free(trainer);
    assert_true(f.device->allocated_bytes == 0);
    clae_model_free(model);
    clae_dataset_free(dataset);
    const size_t failures = fault.failures;
    fixture_close(&f);
    fault = (struct fault){.failures = failures};
    return t;
}

static void assert_contains(const char *line, const char *words) {
    if (!strstr(line, words)) fail_msg("no \"%s\" in: %s", words, line);
}

static void assert_same_training(const training *a, const training *b, double tolerance) {
    for (int i = 0; i < STEPS; i++)
        if (!(fabs((double)a->losses[i] - (double)b->losses[i]) <= tolerance * fabs((double)b->losses[i])))
            fail_msg("step %d: loss %.9g, %.9g where nothing fails", i + 1, a->losses[i], b->losses[i]);
}

/* Kernels of the convolution that is first: what makes its sums, and, in wgrad, what adds them up. */
typedef enum spoiled_kernel { OF_GATHER, OF_WGRAD_PARTIAL, OF_WGRAD_REDUCE } spoiled_kernel;

static bool is_wgrad(op_id op) {
    return conv_kernel_of(op) == CONV_WGRAD;
}

static const chosen_conv *first_conv(const training *t, spoiled_kernel kernel) {
    size_t i = 0;
    while (i < t->conv_count && is_wgrad(t->convs[i].op) != (kernel != OF_GATHER)) i++;
    assert_true(i < t->conv_count);
    return &t->convs[i];
}

/* The last one that is launched, but for partial sums. */
static const char *kernel_of(const chosen_conv *conv, spoiled_kernel kernel) {
    int l = 0;
    while (kernel != OF_WGRAD_PARTIAL && l + 1 < OPENCL_MAX_LAUNCHES && *conv->kernels[l + 1]) l++;
    return conv->kernels[l];
}

static bool launches(const chosen_conv *conv, const char *impl, const char *kernel) {
    bool does = false;
    for (int l = 0; l < OPENCL_MAX_LAUNCHES; l++) does = does || strcmp(conv->kernels[l], kernel) == 0;
    return does && strcmp(conv->impl, impl) == 0;
}

/* Ops for which an implementation was chosen that launches the kernel. */
static size_t count_ops(const training *t, const char *impl, const char *kernel) {
    size_t count = 0;
    for (op_id op = 0; op_is_conv(op); op++) {
        size_t i = 0;
        while (i < t->conv_count && !(t->convs[i].op == op && launches(&t->convs[i], impl, kernel))) i++;
        count += i < t->conv_count;
    }
    return count;
}

/* Each of the ops that use the kernel gives one warning, and training goes on with the next implementation. */
static void check_fallback(spoiled_kernel kernel, struct fault what, const char *words) {
    const training right = train_with(&(struct fault){0});
    assert_int_equal(right.status, CLAE_OK);
    assert_int_equal(right.warnings, 0);
    const chosen_conv *conv = first_conv(&right, kernel);
    char implementation[64];
    snprintf(implementation, sizeof implementation, "implementation %s", conv->impl);
    what.kernel = kernel_of(conv, kernel);
    what.impl = conv->impl;
    const training t = train_with(&what);
    if (t.status != CLAE_OK) fail_msg("%s", t.error);
    assert_true(fault.failures > 0);
    assert_int_equal(t.warnings, count_ops(&right, conv->impl, what.kernel));
    assert_int_equal(t.errors, 0);
    assert_contains(t.warning, kernel == OF_GATHER ? "conv" : "bwd_weights");
    assert_contains(t.warning, implementation);
    assert_contains(t.warning, words);
    assert_null(strstr(t.warning, "MiB"));
    assert_same_training(&t, &right, 1e-4);
}

static void check_failing_launch(void) {
    check_fallback(OF_GATHER, (struct fault){.code = CL_OUT_OF_RESOURCES}, "registers or local memory");
    check_fallback(OF_GATHER, (struct fault){.code = CL_INVALID_WORK_GROUP_SIZE}, "CL_INVALID_WORK_GROUP_SIZE");
}

static void test_failing_launch(void **state) {
    (void)state;
    check_failing_launch();
}

/* It is said of the op that runs, not of one that happens to wait later. */
static void check_late_failure(void) {
    check_fallback(OF_WGRAD_PARTIAL, (struct fault){.code = CL_OUT_OF_RESOURCES, .is_late = true}, "where it fails");
}

static void test_late_failure(void **state) {
    (void)state;
    check_late_failure();
}

static void check_wrong_result(void) {
    check_fallback(OF_WGRAD_REDUCE, (struct fault){0}, "computes wrongly");
    check_fallback(OF_GATHER, (struct fault){0}, "computes wrongly");
}

static void test_wrong_result(void **state) {
    (void)state;
    check_wrong_result();
}

/* The same where the device chooses as a GPU does. */
static void test_fallback_as_on_gpus(void **state) {
    (void)state;
    as_on_gpus = true;
    const training right = train_with(&(struct fault){0});
    assert_string_equal(first_conv(&right, OF_GATHER)->impl, "tiled");
    check_fallback(OF_GATHER, (struct fault){.code = CL_OUT_OF_RESOURCES}, "registers or local memory");
    as_on_gpus = false;
}

/* What does not suit an op is slow, and better than none. */
static void test_fallback_to_what_does_not_suit(void **state) {
    (void)state;
    as_on_gpus = as_for_small_ops = true;
    const training right = train_with(&(struct fault){0});
    assert_string_equal(first_conv(&right, OF_GATHER)->impl, "plain");
    check_fallback(OF_GATHER, (struct fault){0}, "computes wrongly");
    as_on_gpus = as_for_small_ops = false;
}

/* There is no other implementation. */
static void test_last_implementation(void **state) {
    (void)state;
    const training t = train_with(&(struct fault){.kernel = "update", .code = CL_OUT_OF_RESOURCES});
    assert_int_equal(t.status, CLAE_ERROR_DEVICE);
    assert_int_equal(t.errors, 1);
    assert_contains(t.error, "adam");
}

/* Any allocation may fail: of the images, they are streamed; of anything else, that is said, and nothing is left. */
static void test_failing_allocation(void **state) {
    (void)state;
    const training right = train_with(&(struct fault){0});
    size_t streamed = 0, refused = 0;
    for (size_t n = 1;; n++) {
        const training t = train_with(&(struct fault){.buffer = n});
        if (!fault.failures) break;
        if (t.status == CLAE_OK) {
            assert_same_training(&t, &right, 0);
            streamed += t.is_streamed;
            continue;
        }
        refused++;
        assert_int_equal(t.status, CLAE_ERROR_DEVICE);
        assert_int_equal(t.errors, 1);
        assert_contains(t.error, "MiB");
    }
    assert_true(streamed >= 1 && refused >= 5);
}

static training infer_with(const struct fault *what, const clae_model *model, clae_dataset *dataset, float *codes) {
    training t = {0};
    fixture f = {0};
    clae_infer *infer = NULL;
    open_before_fault(&f, &t);
    fault = *what;
    t.status = clae_infer_create(f.device, model, NULL, 0, &infer);
    if (t.status == CLAE_OK) t.status = clae_infer_encode(infer, dataset, codes);
    fault = (struct fault){.failures = fault.failures};
    clae_infer_free(infer);
    assert_true(f.device->allocated_bytes == 0);
    fixture_close(&f);
    return t;
}

/* Where the batch size is clae's own, less memory will do. */
static void test_failing_inference(void **state) {
    fixture *f = *state;
    clae_dataset *dataset = byte_dataset(f->context, IMAGES, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    const size_t bytes = IMAGES * clae_model_latent_shape(model).c * sizeof(float);
    float *right = malloc(bytes), *codes = malloc(bytes);
    size_t halved = 0, refused = 0;
    assert_int_equal(infer_with(&(struct fault){0}, model, dataset, right).status, CLAE_OK);
    for (size_t n = 1;; n++) {
        const training t = infer_with(&(struct fault){.buffer = n}, model, dataset, codes);
        if (t.status == CLAE_OK) {
            assert_memory_equal(codes, right, bytes);
            if (!fault.failures) break;
            halved += strstr(t.warning, "half as many") != NULL;
            continue;
        }
        refused++;
        assert_int_equal(t.status, CLAE_ERROR_DEVICE);
        assert_int_equal(t.errors, 1);
        assert_contains(t.error, "MiB");
        assert_true(fault.failures > 0);
    }
    print_message("%zu halved, %zu refused\n", halved, refused);
    assert_true(halved >= 2);
    free(codes);
    free(right);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

/* Memory that a driver gets when it is first written. */
static void test_failing_first_use(void **state) {
    (void)state;
    const training right = train_with(&(struct fault){0});
    const training t = train_with(&(struct fault){.upload_bytes = IMAGES * 81});
    assert_int_equal(t.status, CLAE_OK);
    assert_true(t.is_streamed);
    assert_int_equal(t.warnings, 1);
    assert_contains(t.warning, "streamed");
    assert_same_training(&t, &right, 0);
}

static void test_cause(void **state) {
    fixture *f = *state;
    opencl_device *device = opencl_device_of(f->device);
    opencl_check(device, CL_OUT_OF_RESOURCES, "clFinish", "all");
    assert_contains(f->last_error, "watchdog");
    device->base.allocated_bytes += device->base.info.memory_bytes;
    opencl_check(device, CL_OUT_OF_RESOURCES, "clFinish", "all");
    device->base.allocated_bytes -= device->base.info.memory_bytes;
    assert_contains(f->last_error, "MiB of the device's");
}

static const char *const grouped[] = {"tiled", "mma", "winograd_tiled", "plain"};

static const op_impl *find(const clae_device *device, op_id op, const char *name) {
    const op_impl *const *impl = device->backend->impls(op);
    while (*impl && strcmp((*impl)->name, name) != 0) impl++;
    return *impl;
}

static op_desc conv_desc_of(op_id op) {
    const bool wgrad = op == OP_conv2d_bwd_weights || op == OP_conv_transpose2d_bwd_weights;
    return (op_desc){.op = op,
                     .conv = {.g = {23, 8, 8, 8, 6, 6, 12, 3, 3, 1, 1, 0, 0},
                              .with_bias = wgrad,
                              .activation = wgrad ? ACTIVATION_NONE : ACTIVATION_relu}};
}

#define ENCODER                                                                                                        \
    "pixel_unshuffle 2, conv 8 k3 p1, batch_norm, relu, prelu, dropout 0.1, residual(conv 8 k3 p1, group_norm 2, "     \
    "silu), "                                                                                                          \
    "max_pool 2, upsample_nearest 2, avg_pool 2, upsample_bilinear 2, conv 16 k4 s2 p1, tanh, conv 16 k3, gelu, "      \
    "softplus, sigmoid, leaky_relu, flatten, linear 4"
#define DECODER "linear 16x4x4, unflatten, conv_transpose 12 k4 s2 p1, relu, pixel_shuffle 2"

/* A network with every type of layer, trained in launches that do no more than `limit` MFLOP and MB; 0: uncut. What is
 * learned, and how many launches it took. */
static float *train_cut(double limit, size_t *count, size_t *launches) {
    fixture f = {0};
    clae_model *model = NULL;
    clae_trainer *trainer = NULL;
    fault = (struct fault){0};
    assert_int_equal(fixture_open(&f, 0), CLAE_OK);
    clae_dataset *dataset = byte_dataset(f.context, IMAGES, 3, 16, 16);
    if (clae_model_create_text(f.context, (clae_shape){3, 16, 16}, ENCODER, DECODER, 7, &model) != CLAE_OK)
        fail_msg("%s", f.last_error);
    clae_settings settings = settings_of(BATCH, 1e-3);
    f.device->info.compute_units = 1;
    assert_int_equal(clae_trainer_create(f.device, model, dataset, &settings, &trainer), CLAE_OK);
    f.device->flops_rate.per_ms = f.device->bytes_rate.per_ms = 1e6 * limit / DEVICE_LAUNCH_MS;
    const size_t before = fault.launches;
    assert_int_equal(clae_trainer_run(trainer, STEPS), CLAE_OK);
    *launches = fault.launches - before;
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    *count = model->parameter_floats;
    float *weights = malloc(*count * sizeof *weights);
    memcpy(weights, model->parameters, *count * sizeof *weights);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
    fixture_close(&f);
    return weights;
}

static void test_cut_training(void **state) {
    (void)state;
    size_t count, launches, cut_launches;
    for (const layer_type *const *type = layer_types; *type; type++) {
        const char *word = (*type)->word ? (*type)->word : (*type)->name;
        if (!strstr(ENCODER ", " DECODER, word)) fail_msg("no %s in the network", word);
    }
    float *whole = train_cut(0, &count, &launches);
    for (int i = 0; i < 2; i++) {
        float *cut = train_cut(i ? 1e-6 : 0.05, &count, &cut_launches);
        assert_memory_equal(cut, whole, count * sizeof *whole);
        print_message("%zu launches, cut %zu\n", launches, cut_launches);
        assert_true(cut_launches > launches + 20);
        free(cut);
    }
    free(whole);
}

/* What an implementation takes of local memory, it asks for, however little there is. */
static void test_local_memory(void **state) {
    fixture *f = *state;
    opencl_device *device = opencl_device_of(f->device);
    const size_t has = device->local_bytes, sizes[] = {4096, 8192, 16384, 24576};
    size_t prepared = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (op_id op = 0; op_is_conv(op); op++)
            for (size_t i = 0; i < sizeof grouped / sizeof *grouped; i++) {
                const op_desc desc = conv_desc_of(op);
                const op_impl *impl = find(f->device, op, grouped[i]);
                const op_choice choice = {.impl = impl, .numerics = &(numerics){0}};
                op_instance *instance = NULL;
                device->local_bytes = sizes[s];
                if (!impl->supports(f->device, &desc)) continue;
                assert_int_equal(impl->prepare(f->device, &desc, &choice, &instance), CLAE_OK);
                for (int l = 0; l < OPENCL_MAX_LAUNCHES; l++) {
                    opencl_kernel *kernel = &opencl_instance_of(instance)->launch[l].kernel;
                    cl_ulong bytes = 0;
                    if (!kernel->program) continue;
                    assert_true(opencl_kernel_work_group_items(kernel) > 0);
                    clGetKernelWorkGroupInfo(kernel->kernel, device->id, CL_KERNEL_LOCAL_MEM_SIZE, sizeof bytes, &bytes,
                                             NULL);
                    if (bytes > sizes[s])
                        fail_msg("%s by %s: %s takes %zu bytes of %zu", op_name(op), impl->name, kernel->name,
                                 (size_t)bytes, sizes[s]);
                }
                prepared++;
                op_release(instance);
            }
    device->local_bytes = has;
    assert_true(prepared > 24);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failing_launch),
        cmocka_unit_test(test_late_failure),
        cmocka_unit_test(test_wrong_result),
        cmocka_unit_test(test_fallback_as_on_gpus),
        cmocka_unit_test(test_fallback_to_what_does_not_suit),
        cmocka_unit_test(test_last_implementation),
        cmocka_unit_test(test_failing_allocation),
        cmocka_unit_test(test_failing_inference),
        cmocka_unit_test(test_failing_first_use),
        cmocka_unit_test(test_cause),
        cmocka_unit_test(test_cut_training),
        cmocka_unit_test(test_local_memory),
    };
    return cmocka_run_group_tests_name("launch", tests, fixture_setup, fixture_teardown);
}
