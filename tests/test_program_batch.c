/* Programs that wait are built as one, in which no name meets another, and compute what they do alone. */
#define _GNU_SOURCE
#include "check/op_trial.h"
#include "opencl/program_cache.h"
#include "opencl_support.h"

#include "base/memory.h"

#include <dlfcn.h>

enum { MOST_OPS = 256 };

/* In the place of the driver's: each second call fails when it is asked to. */
static bool retaining_fails;
static size_t failed_retains;
cl_int clRetainProgram(cl_program program) {
    static unsigned calls;
    cl_int (*const real)(cl_program) = (cl_int(*)(cl_program))dlsym(RTLD_NEXT, "clRetainProgram");
    if (!retaining_fails || calls++ % 2 == 0) return real(program);
    failed_retains++;
    return CL_OUT_OF_HOST_MEMORY;
}

static unsigned failed_builds;
cl_int clBuildProgram(cl_program program, cl_uint device_count, const cl_device_id *devices, const char *options,
                      void(CL_CALLBACK *notify)(cl_program, void *), void *user) {
    cl_int (*const real)(cl_program, cl_uint, const cl_device_id *, const char *,
                         void(CL_CALLBACK *)(cl_program, void *), void *) =
        (cl_int(*)(cl_program, cl_uint, const cl_device_id *, const char *, void(CL_CALLBACK *)(cl_program, void *),
                   void *))dlsym(RTLD_NEXT, "clBuildProgram");
    const cl_int code = real(program, device_count, devices, options, notify, user);
    failed_builds += code != CL_SUCCESS;
    return code;
}

static op_desc conv(op_id op, int kernel, int stride) {
    const int wide = 12, narrow = (wide - kernel) / stride + 1;
    const conv_geometry g = {.n = 2,
                             .wide_h = wide,
                             .wide_w = wide,
                             .wide_c = 8,
                             .narrow_h = narrow,
                             .narrow_w = narrow,
                             .narrow_c = 16,
                             .kh = kernel,
                             .kw = kernel,
                             .sh = stride,
                             .sw = stride};
    return (op_desc){.op = op, .conv = {.g = g, .with_bias = true, .activation = ACTIVATION_relu}};
}

/* Ops whose files define the same names. */
static size_t list_ops(op_desc *ops) {
    size_t count = 0;
    ops[count++] = conv(OP_conv2d_fwd, 5, 1);
    ops[count++] = conv(OP_conv2d_bwd_weights, 5, 1);
    ops[count++] = conv(OP_conv_transpose2d_fwd, 3, 2);
    ops[count++] = (op_desc){.op = OP_loss, .loss = {.count = 100, .scale = 0.5f, .with_gradient = true}};
    ops[count++] = (op_desc){.op = OP_loss, .loss = {.count = 100, .scale = 0.5f}};
    const conv_geometry halves = {2, 12, 12, 16, 6, 6, 16, 2, 2, 2, 2, 0, 0};
    ops[count++] = (op_desc){.op = OP_pool2d_fwd, .pool = {.pool = POOL_max, .g = halves}};
    ops[count++] = (op_desc){.op = OP_pool2d_bwd, .pool = {.pool = POOL_max, .g = halves}};
    ops[count++] = (op_desc){.op = OP_pool2d_fwd, .pool = {.pool = POOL_avg, .g = halves}};
    ops[count++] = (op_desc){.op = OP_pool2d_bwd, .pool = {.pool = POOL_avg, .g = halves}};
    const upsample_desc doubled = {true, 2, 6, 6, 16, 12, 12};
    ops[count++] = (op_desc){.op = OP_upsample2d_fwd, .upsample = doubled};
    ops[count++] = (op_desc){.op = OP_upsample2d_bwd, .upsample = doubled};
    const upsample_desc repeated = {false, 2, 6, 6, 16, 12, 12};
    ops[count++] = (op_desc){.op = OP_upsample2d_fwd, .upsample = repeated};
    ops[count++] = (op_desc){.op = OP_upsample2d_bwd, .upsample = repeated};
    const norm_desc norm = {2, 36, 16, 4, 1e-5, 0.1};
    ops[count++] = (op_desc){.op = OP_batch_norm_train_fwd, .norm = norm};
    ops[count++] = (op_desc){.op = OP_batch_norm_bwd, .norm = norm};
    ops[count++] = (op_desc){.op = OP_group_norm_fwd, .norm = norm};
    ops[count++] = (op_desc){.op = OP_group_norm_bwd, .norm = norm};
    for (int one = 0; one < 2; one++) {
        ops[count++] = (op_desc){.op = OP_prelu_fwd, .prelu = {72, 16, one}};
        ops[count++] = (op_desc){.op = OP_prelu_bwd, .prelu = {72, 16, one}};
    }
    ops[count++] = (op_desc){.op = OP_dropout, .dropout = {99, 0.5f, 1, 33}};
    ops[count++] = (op_desc){.op = OP_augment, .augment = {.n = 2, .h = 6, .w = 6, .channels = 1, .rotate = true}};
    ops[count++] = (op_desc){.op = OP_noise, .noise = {2, 36, 1, {0.5f}}};
    ops[count++] = (op_desc){.op = OP_add, .add = {99}};
    ops[count++] = (op_desc){.op = OP_pixel_shuffle_fwd, .pixel_shuffle = {2, 6, 6, 4, 2}};
    ops[count++] = (op_desc){.op = OP_pixel_shuffle_bwd, .pixel_shuffle = {2, 6, 6, 4, 2}};
    ops[count++] = (op_desc){.op = OP_activation_fwd, .activation = {ACTIVATION_gelu, .count = 99}};
    ops[count++] = (op_desc){.op = OP_update, .update = {.count = 64}};
    ops[count++] = (op_desc){.op = OP_reduce_sum, .reduce_sum = {.rows = 30, .columns = 16}};
    ops[count++] = (op_desc){.op = OP_bias, .bias = {.rows = 30, .channels = 16}};
    ops[count++] = (op_desc){.op = OP_activation_fwd, .activation = {ACTIVATION_relu, .count = 99}};
    ops[count++] = (op_desc){.op = OP_activation_bwd, .activation = {ACTIVATION_relu, .count = 99}};
    return count;
}

/* Prepares the ops by every implementation but those of CLBlast, which has programs of its own; `most` instances. */
static size_t prepare(clae_device *device, size_t most, op_instance **instances) {
    op_desc ops[64];
    const size_t op_count = list_ops(ops);
    const numerics numerics = {0};
    size_t count = 0;
    for (size_t i = 0; i < op_count; i++)
        for (const op_impl *const *impl = device->backend->impls(ops[i].op); *impl; impl++) {
            if (strcmp((*impl)->name, "im2col") == 0 || !(*impl)->supports(device, &ops[i]) || count == most) continue;
            const op_choice choice = {.impl = *impl, .numerics = &numerics};
            assert_int_equal((*impl)->prepare(device, &ops[i], &choice, &instances[count++]), CLAE_OK);
        }
    return count;
}

static void check(clae_device *device, clae_device *judge, const op_instance *instance) {
    const op_desc *desc = &instance->desc;
    const op_choice choice = {.impl = instance->impl, .numerics = &(numerics){0}};
    op_operands got, answer;
    char text[160];
    assert_int_equal(op_operands_draw(device->context, desc, 1, &got), CLAE_OK);
    assert_int_equal(op_operands_draw(device->context, desc, 1, &answer), CLAE_OK);
    assert_int_equal(op_trial_judge(judge, desc, &answer), CLAE_OK);
    assert_int_equal(op_trial_run(device, desc, &choice, &got), CLAE_OK);
    const double difference = op_outputs_difference(desc, &got, &answer);
    op_describe(desc, text, sizeof text);
    if (!(difference <= OP_TRIAL_TOLERANCE)) print_error("%s %s: off by %g\n", text, instance->impl->name, difference);
    assert_true(difference <= OP_TRIAL_TOLERANCE);
    op_operands_free(&got);
    op_operands_free(&answer);
}

static void build_and_check(opencl_fixture *f, size_t most, size_t least_together) {
    clae_device *device = &f->device->base, *judge = NULL;
    op_instance *instances[MOST_OPS] = {NULL};
    f->device->keeps_programs = true;
    assert_int_equal(device_open_judge(f->context, &judge), CLAE_OK);
    const size_t count = prepare(device, most, instances);
    assert_true(count < MOST_OPS);
    for (size_t i = 0; i < count; i++) check(device, judge, instances[i]);
    size_t together = 0;
    for (const opencl_program *p = opencl_program_cache_first(f->device->programs); p; p = p->next) {
        assert_non_null(p->program);
        together += p->number >= 0;
    }
    assert_null(strstr(f->debug, "cannot be built as one program"));
    assert_true(together >
                least_together); /* some are built when they are prepared, to be asked for their work-groups */
    for (size_t i = 0; i < count; i++) op_release(instances[i]);
    clae_device_close(judge);
}

static void waiting_programs_are_built_as_one(void **state) {
    failed_builds = 0;
    build_and_check(*state, MOST_OPS, 10);
    assert_int_equal(failed_builds, 0);
}

/* What could not be retained is built later, and nothing is released once too often. */
static void a_driver_that_cannot_retain_is_endured(void **state) {
    opencl_fixture *f = *state;
    opencl_fixture_close(f);
    assert_int_equal(opencl_fixture_open(f), CLAE_OK);
    retaining_fails = true;
    failed_retains = 0;
    build_and_check(f, 22, 5);
    retaining_fails = false;
    assert_true(failed_retains > 2);
}

static void a_file_of_the_user_is_built_alone(void **state) {
    opencl_fixture *f = *state;
    opencl_kernel kernel = {0};
    f->device->keeps_programs = true;
    write_kernel(f, "activation.cl", "__kernel void activation_fwd(__global float *y) { y[0] = 1; }\n");
    assert_int_equal(opencl_kernel_create(f->device, "activation.cl", "", "activation_fwd", &kernel), CLAE_OK);
    assert_non_null(kernel.kernel);
    assert_int_equal(kernel.program->number, -1);
    opencl_kernel_release(&kernel);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_programs_are_built_as_one),
        cmocka_unit_test(a_driver_that_cannot_retain_is_endured),
        cmocka_unit_test(a_file_of_the_user_is_built_alone),
    };
    return cmocka_run_group_tests_name("program_batch", tests, opencl_fixture_setup, opencl_fixture_teardown);
}
