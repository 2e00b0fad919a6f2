/* Devices, buffers and kernels of the OpenCL backend, and what it says when they fail. */
#include "backend/tuning/space.h"
#include "check/op_trial.h"
#include "opencl/mma.h"
#include "opencl_support.h"

static void devices_have_their_fields(void **state) {
    opencl_fixture *f = *state;
    clae_device_info *list = NULL;
    size_t count = 0;
    assert_int_equal(backend_opencl.list(f->context, &list, &count), CLAE_OK);
    assert_true(count > 0);
    for (size_t i = 0; i < count; ++i) {
        unsigned platform, device;
        assert_int_equal(sscanf(list[i].id, "%u:%u", &platform, &device), 2);
        assert_string_equal(list[i].backend, "opencl");
        assert_true(list[i].name[0] && list[i].platform[0] && list[i].driver[0]);
        assert_true(list[i].memory_bytes >= list[i].largest_allocation_bytes);
        assert_true(list[i].largest_allocation_bytes > 0 && list[i].compute_units > 0);
        for (size_t j = 0; j < i; ++j) assert_string_not_equal(list[i].id, list[j].id);
    }
    free(list);
}

static void missing_devices_and_variants_are_refused(void **state) {
    opencl_fixture *f = *state;
    clae_device_info info = f->device->base.info;
    clae_device *device = NULL;
    assert_int_equal(backend_opencl.open(f->context, &info, "avx2", &device), CLAE_ERROR_INPUT);
    assert_null(device);
    snprintf(info.id, sizeof info.id, "97:0");
    assert_int_equal(backend_opencl.open(f->context, &info, NULL, &device), CLAE_ERROR_DEVICE);
    assert_null(device);
    assert_non_null(strstr(f->last_error, "97:0"));
}

static void buffers_hold_what_is_put_into_them(void **state) {
    opencl_fixture *f = *state;
    enum { BYTES = 100003 };
    static unsigned char in[BYTES], out[BYTES];
    buffer *b = NULL;
    for (size_t i = 0; i < BYTES; ++i) in[i] = (unsigned char)(1 + i % 251);
    assert_int_equal(buffer_create(&f->device->base, BYTES, &b), CLAE_OK);
    assert_int_equal(buffer_upload(b, 0, in, BYTES), CLAE_OK);
    assert_int_equal(buffer_upload(b, 17, in, 5), CLAE_OK);
    assert_int_equal(buffer_zero(b, 1001, 333), CLAE_OK);
    assert_int_equal(buffer_zero(b, 4000, 4096), CLAE_OK);
    assert_int_equal(buffer_zero(b, 9000, 0), CLAE_OK);
    assert_int_equal(buffer_download(b, 0, out, BYTES), CLAE_OK);
    memmove(in + 17, (const unsigned char[]){1, 2, 3, 4, 5}, 5);
    memset(in + 1001, 0, 333);
    memset(in + 4000, 0, 4096);
    assert_memory_equal(in, out, BYTES);
    assert_int_equal(buffer_download(b, 99998, out, 5), CLAE_OK);
    assert_memory_equal(in + 99998, out, 5);
    buffer_free(b);
}

static void too_large_a_buffer_names_the_limit(void **state) {
    opencl_fixture *f = *state;
    const uint64_t limit = f->device->base.info.largest_allocation_bytes;
    char number[32];
    buffer *b = NULL;
    assert_int_equal(buffer_create(&f->device->base, limit + 1, &b), CLAE_ERROR_DEVICE);
    assert_null(b);
    snprintf(number, sizeof number, "%llu MiB", (unsigned long long)(limit >> 20));
    assert_non_null(strstr(f->last_error, number));
}

static void kernels_get_their_arguments(void **state) {
    opencl_fixture *f = *state;
    opencl_kernel kernel;
    buffer *b = NULL;
    float out[8] = {0};
    write_kernel(f, "arguments.cl",
                 "__kernel void put(__global float *y, ulong at, __global float *none, ulong none_at, int i, uint u,\n"
                 "                  ulong l, float r) {\n"
                 "    if (get_global_id(0) != 1) return;\n"
                 "    y[at] = i; y[at + 1] = u; y[at + 2] = l; y[at + 3] = r; y[at + 4] = none == 0 && none_at == 0;\n"
                 "    y[at + 5] = N;\n"
                 "}\n");
    assert_int_equal(opencl_kernel_create(f->device, "arguments.cl", "-DN=42", "put", &kernel), CLAE_OK);
    assert_true(opencl_kernel_work_group_items(&kernel) >= 1);
    assert_int_equal(buffer_create(&f->device->base, sizeof out, &b), CLAE_OK);
    const view y = {b, 2}, none = {NULL, 9};
    assert_int_equal(opencl_kernel_set(&kernel, OPENCL_ARGS(arg_view(y), arg_view(none), arg_int(-7),
                                                            arg_uint((size_t)8), arg_ulong((size_t)9), arg_float(0.5))),
                     CLAE_OK);
    assert_int_equal(opencl_kernel_run(&kernel, 1, NULL, &(size_t){2}, NULL), CLAE_OK);
    assert_int_equal(buffer_download(b, 2 * sizeof(float), out, 6 * sizeof(float)), CLAE_OK);
    const float expected[6] = {-7, 8, 9, 0.5f, 1, 42};
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(
        opencl_kernel_set(&kernel, OPENCL_ARGS(arg_view(y), arg_view(none), arg_int(-7), arg_uint((size_t)1 << 40),
                                               arg_ulong((size_t)9), arg_float(0.5))),
        CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f->last_error, "put"));
    buffer_free(b);
    opencl_kernel_release(&kernel);
    opencl_kernel_release(&kernel);
}

static void unknown_kernels_are_named(void **state) {
    opencl_fixture *f = *state;
    opencl_kernel kernel;
    assert_int_equal(opencl_kernel_create(f->device, "nothing.cl", "", "nothing", &kernel), CLAE_ERROR_INTERNAL);
    assert_non_null(strstr(f->last_error, "nothing.cl"));
    write_kernel(f, "one.cl", "__kernel void one(__global float *y) { y[0] = 1; }\n");
    assert_int_equal(opencl_kernel_create(f->device, "one.cl", "", "two", &kernel), CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f->last_error, "two"));
}

static void a_build_failure_leaves_its_log(void **state) {
    opencl_fixture *f = *state;
    opencl_kernel kernel;
    char path[256] = "", text[4096] = "";
    write_kernel(f, "broken.cl", "__kernel void broken(__global float *y) { y[0] = no_such_thing; }\n");
    assert_int_equal(opencl_kernel_create(f->device, "broken.cl", "", "broken", &kernel), CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f->last_error, "broken.cl"));
    const char *is_in = strstr(f->last_error, "log is in ");
    assert_non_null(is_in);
    assert_int_equal(sscanf(is_in, "log is in %255s", path), 1);
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    assert_true(fread(text, 1, sizeof text - 1, log) > 0);
    fclose(log);
    assert_non_null(strstr(text, "no_such_thing"));
}

/* Writes a kernel that multiplies matrices of 16 x 16 and 16 x 8, the first one's elements being `element`. */
static void write_mma_probe(const opencl_fixture *f, const char *element) {
    char text[768];
    snprintf(text, sizeof text,
             "__kernel void mma_probe(__global const float *a, __global const float *b, __global float *c) {\n"
             "    int row = get_local_id(0);\n"
             "    for (int j = 0; row < 16 && j < 8; j++) {\n"
             "        float sum = 0;\n"
             "        for (int k = 0; k < 16; k++) {\n"
             "            float x = a[row * 16 + k];\n"
             "            sum += (%s) * b[k * 8 + j];\n"
             "        }\n"
             "        c[row * 8 + j] = sum;\n"
             "    }\n"
             "}\n",
             element);
    write_kernel(f, "mma_probe.cl", text);
}

enum { MOST_WARP = 64 };

/* Only the stand-in is tried, with the elements of each unit: instructions of another vendor's devices may be too much
 * for a compiler. */
static void matrix_units_are_checked(void **state) {
    opencl_fixture *f = *state;
    if (f->device->max_work_group_items < MOST_WARP) skip();
    for (opencl_mma layout = OPENCL_MMA_COUNT - 1; layout >= OPENCL_MMA_PTX; layout--) {
        f->device->mma_layout = layout;
        assert_true(opencl_mma_works(f->device));
    }
    write_mma_probe(f, "x");
    assert_true(opencl_mma_works(f->device));
    write_mma_probe(f, "as_float(as_uint(x) & 0xffffe000u)"); /* TF32 alone */
    assert_false(opencl_mma_works(f->device));
    assert_non_null(strstr(f->debug, "the trial is off by"));
    write_mma_probe(f, "row == 3 ? NAN : x");
    assert_false(opencl_mma_works(f->device));
    write_mma_probe(f, "no_such_thing");
    assert_false(opencl_mma_works(f->device));
    assert_non_null(strstr(f->debug, "the trial failed"));
}

static const op_impl *find_mma(const clae_device *device, op_id op) {
    const op_impl *const *impl = device->backend->impls(op);
    while (*impl && strcmp((*impl)->name, "mma") != 0) impl++;
    assert_non_null(*impl);
    return *impl;
}

/* A convolution of 1x1, whose work-groups are small, between so many channels. */
static op_desc pointwise(op_id op, int wide_c, int narrow_c) {
    const conv_geometry g = {2, 5, 2, wide_c, 5, 2, narrow_c, 1, 1, 1, 1, 0, 0};
    return (op_desc){.op = op, .conv = {.g = g}};
}

/* The next of all combinations of candidates; false after the last one. */
static bool next_values(const tune_space *space, size_t at[TUNE_MAX_PARAMETERS], int *values) {
    size_t i = 0;
    while (i < space->count && !space->parameters[i].candidates[++at[i]]) at[i++] = 0;
    for (size_t j = 0; j < space->count; j++) values[j] = space->parameters[j].candidates[at[j]];
    return i < space->count;
}

static void prepare_all_values(opencl_device *device, const op_desc *desc, bool tf32) {
    const op_impl *impl = find_mma(&device->base, desc->op);
    const tune_space *space = impl->space(&device->base, desc);
    const numerics numerics = {.tf32 = tf32};
    size_t at[TUNE_MAX_PARAMETERS] = {0};
    int values[TUNE_MAX_PARAMETERS];
    while (next_values(space, at, values)) {
        const op_choice choice = {.impl = impl, .numerics = &numerics, .space = space, .values = values};
        op_instance *instance = NULL;
        char text[TUNE_TEXT_SIZE];
        if (!space->is_valid(&device->base, desc, values)) continue;
        tune_values_format(space, values, text);
        if (impl->prepare(&device->base, desc, &choice, &instance) != CLAE_OK)
            fail_msg("%s with %s, tf32 %d", opencl_mma_name(device->mma), text, tf32);
        op_release(instance);
    }
}

/* Precisions differ in registers and local memory. */
static void matrix_units_take_valid_values_in_both_precisions(void **state) {
    opencl_fixture *f = *state;
    opencl_device *device = f->device;
    if (device->max_work_group_items < MOST_WARP) skip();
    const opencl_mma mma = device->mma;
    const op_desc descs[] = {pointwise(OP_conv2d_bwd_weights, 8, 256), pointwise(OP_conv2d_fwd, 8, 256)};
    device->names_only = true;
    for (opencl_mma unit = OPENCL_MMA_PTX; unit < OPENCL_MMA_COUNT; unit++) {
        opencl_mma_use(device, unit);
        for (size_t i = 0; i < sizeof descs / sizeof *descs; i++)
            for (int tf32 = 0; tf32 <= 1; tf32++) prepare_all_values(device, &descs[i], tf32);
    }
    device->names_only = false;
    opencl_mma_use(device, mma);
}

static void matrix_units_refuse_huge_values(void **state) {
    opencl_fixture *f = *state;
    const op_desc desc = pointwise(OP_conv2d_fwd, 16, 16);
    const tune_space *space = find_mma(&f->device->base, desc.op)->space(&f->device->base, &desc);
    assert_false(space->is_valid(&f->device->base, &desc, (const int[]){256, 64, 1 << 20, 1 << 20, 32, 32}));
}

/* Of warps of 8, more channels than a work-group has vectors. */
static void matrix_units_compute_in_small_groups(void **state) {
    opencl_fixture *f = *state;
    opencl_device *device = f->device;
    if (device->max_work_group_items < MOST_WARP || device->loops_end_early) skip();
    const opencl_mma layout = device->mma_layout;
    const size_t most_items = device->max_work_group_items;
    const op_desc desc = pointwise(OP_conv2d_bwd_weights, 128, 32);
    const op_impl *impl = find_mma(&device->base, desc.op);
    const int values[] = {128, 32, 16, 6, 32};
    const op_choice choice = {
        .impl = impl, .numerics = &(numerics){0}, .space = impl->space(&device->base, &desc), .values = values};
    op_operands got, answer;
    device->mma_layout = OPENCL_MMA_DPAS_BF16;
    device->max_work_group_items = 8;
    assert_int_equal(op_operands_draw(f->context, &desc, 1, &got), CLAE_OK);
    assert_int_equal(op_operands_draw(f->context, &desc, 1, &answer), CLAE_OK);
    assert_int_equal(op_trial_run(&device->base, &desc, &choice, &got), CLAE_OK);
    assert_int_equal(op_trial_judge(&device->base, &desc, &answer), CLAE_OK);
    assert_true(op_outputs_difference(&desc, &got, &answer) <= OP_TRIAL_TOLERANCE);
    op_operands_free(&got);
    op_operands_free(&answer);
    device->max_work_group_items = most_items;
    device->mma_layout = layout;
}

static size_t lines_with(const char *text, const char *words) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)); at++) count++;
    return count;
}

static void missing_matrix_units_are_said_once(void **state) {
    opencl_fixture *f = *state;
    const op_impl mma = {.name = "mma"}, other = {.name = "tiled"};
    const numerics floats = {0}, tf32 = {.tf32 = true};
    const op_choice choices[] = {{&mma, &tf32, NULL, NULL},
                                 {&other, &floats, NULL, NULL},
                                 {&other, &tf32, NULL, NULL},
                                 {&mma, &floats, NULL, NULL}};
    opencl_mma_miss(f->device, &choices[0]);
    f->device->mma_fails = true;
    opencl_mma_miss(f->device, &choices[1]);
    assert_int_equal(lines_with(f->debug, "should have matrix units"), 0);
    opencl_mma_miss(f->device, &choices[2]);
    opencl_mma_miss(f->device, &choices[3]);
    assert_int_equal(lines_with(f->debug, "should have matrix units"), 1);
    f->device->mma_fails = false;
}

static void inline_assembly_is_spelled_as_found(void **state) {
    opencl_fixture *f = *state;
    const opencl_mma mma = f->device->mma;
    opencl_mma_use(f->device, OPENCL_MMA_PTX);
    assert_string_equal(opencl_mma_options(f->device).text, " -DMMA=1");
    f->device->asm_has_underscores = true;
    assert_string_equal(opencl_mma_options(f->device).text, " -DMMA=1 -DMMA_ASM=__asm__");
    opencl_mma_use(f->device, OPENCL_MMA_MFMA);
    assert_string_equal(opencl_mma_options(f->device).text, " -DMMA=2");
    opencl_mma_use(f->device, OPENCL_MMA_DPAS);
    assert_string_equal(opencl_mma_options(f->device).text, " -DMMA=3 -cl-intel-256-GRF-per-thread");
    f->device->asm_has_underscores = false;
    opencl_mma_use(f->device, mma);
}

/* The loader reads the variable once, so that this needs a process of its own. */
static int list_without_opencl(void) {
    clae_context *context = NULL;
    clae_device_info *list = NULL;
    size_t count = 0;
    setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
    if (clae_context_create(NULL, &context)) return 1;
    const clae_status status = backend_opencl.list(context, &list, &count);
    free(list);
    clae_context_free(context);
    return status == CLAE_OK && count == 0 ? 0 : 1;
}

static const char *self;

static void no_opencl_is_no_error(void **state) {
    (void)state;
    char command[1024];
    snprintf(command, sizeof command, "'%s' --without-opencl", self);
    assert_int_equal(system(command), 0);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc == 2 && strcmp(argv[1], "--without-opencl") == 0) return list_without_opencl();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_have_their_fields),
        cmocka_unit_test(missing_devices_and_variants_are_refused),
        cmocka_unit_test(buffers_hold_what_is_put_into_them),
        cmocka_unit_test(too_large_a_buffer_names_the_limit),
        cmocka_unit_test(kernels_get_their_arguments),
        cmocka_unit_test(unknown_kernels_are_named),
        cmocka_unit_test(a_build_failure_leaves_its_log),
        cmocka_unit_test(matrix_units_are_checked),
        cmocka_unit_test(matrix_units_take_valid_values_in_both_precisions),
        cmocka_unit_test(matrix_units_refuse_huge_values),
        cmocka_unit_test(matrix_units_compute_in_small_groups),
        cmocka_unit_test(missing_matrix_units_are_said_once),
        cmocka_unit_test(inline_assembly_is_spelled_as_found),
        cmocka_unit_test(no_opencl_is_no_error),
    };
    return cmocka_run_group_tests(tests, opencl_fixture_setup, opencl_fixture_teardown);
}
