/* GEMM by CLBlast. */
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <clblast_c.h>

/* Most of its tuned kernels are compiled for that many. */
enum { LEAST_GROUP_ITEMS = 256 };

static CLBlastTranspose gemm_clblast_transposed(bool yes) {
    return yes ? CLBlastTransposeYes : CLBlastTransposeNo;
}

static const char *gemm_clblast_status_text(CLBlastStatusCode code) {
    switch ((int)code) {
    case CLBlastNotImplemented:
        return "CLBlastNotImplemented";
    case CLBlastInvalidMatrixA:
    case CLBlastInvalidMatrixB:
    case CLBlastInvalidMatrixC:
        return "CLBlastInvalidMatrix";
    case CLBlastInvalidDimension:
        return "CLBlastInvalidDimension";
    case CLBlastInvalidLeadDimA:
    case CLBlastInvalidLeadDimB:
    case CLBlastInvalidLeadDimC:
        return "CLBlastInvalidLeadDim";
    case CLBlastInsufficientMemoryA:
    case CLBlastInsufficientMemoryB:
    case CLBlastInsufficientMemoryC:
        return "CLBlastInsufficientMemory";
    case CLBlastInsufficientMemoryTemp:
        return "CLBlastInsufficientMemoryTemp";
    case CLBlastInvalidLocalMemUsage:
        return "CLBlastInvalidLocalMemUsage";
    case CLBlastDatabaseError:
        return "CLBlastDatabaseError";
    case CLBlastUnknownError:
        return "CLBlastUnknownError";
    case CLBlastUnexpectedError:
        return "CLBlastUnexpectedError";
    default:
        return opencl_error_text((cl_int)code);
    }
}

static clae_status gemm_clblast_check(const clae_device *device, CLBlastStatusCode code, const char *call) {
    if (code == CLBlastSuccess) return CLAE_OK;
    return fail(device->context, CLAE_ERROR_DEVICE,
                "OpenCL device %s (%s): %s failed: %s (%d); force another implementation by gemm=plain",
                device->info.id, device->info.name, call, gemm_clblast_status_text(code), (int)code);
}

/* CLBlast takes a buffer for its copies, but no place in one, so that it cannot be given the plan's workspace. */
typedef struct clblast_instance {
    opencl_instance base;
    buffer *copies; /* NULL: none needed */
} clblast_instance;

static CLBlastStatusCode gemm_clblast_multiply(const opencl_device *device, const gemm_desc *desc, view a, view b,
                                               view c, cl_mem copies) {
    cl_command_queue queue = device->queue;
    return CLBlastSgemmWithTempBuffer(CLBlastLayoutRowMajor, gemm_clblast_transposed(desc->transpose_a),
                                      gemm_clblast_transposed(desc->transpose_b), desc->m, desc->n, desc->k,
                                      desc->alpha, opencl_memory_of(a), a.offset, desc->transpose_a ? desc->m : desc->k,
                                      opencl_memory_of(b), b.offset, desc->transpose_b ? desc->k : desc->n, desc->beta,
                                      opencl_memory_of(c), c.offset, desc->n, &queue, NULL, copies);
}

static clae_status gemm_clblast_run(op_instance *instance, const op_args *args) {
    buffer *copies = ((clblast_instance *)instance)->copies;
    CLBlastStatusCode code = gemm_clblast_multiply(opencl_device_of(instance->device), &instance->desc.gemm,
                                                   args->operand[GEMM_A], args->operand[GEMM_B], args->operand[GEMM_C],
                                                   copies ? ((opencl_buffer *)copies)->memory : NULL);
    return gemm_clblast_check(instance->device, code, "CLBlastSgemm");
}

static void gemm_clblast_release(op_instance *instance) {
    if (instance) buffer_free(((clblast_instance *)instance)->copies);
    opencl_instance_release(instance);
}

/* CLBlast compiles when it is first run: that must not be in the training loop. */
static clae_status gemm_clblast_run_small(clae_device *device, const gemm_desc *desc) {
    const gemm_desc small = {.m = 1, .n = 1, .k = 1, .transpose_a = desc->transpose_a, .alpha = 1.0f};
    buffer *numbers = NULL;
    clae_status status = buffer_create(device, 3 * sizeof(float), &numbers);
    if (!status) status = buffer_zero(numbers, 0, numbers->bytes);
    if (!status)
        status = gemm_clblast_check(device,
                                    gemm_clblast_multiply(opencl_device_of(device), &small, (view){numbers, 0},
                                                          (view){numbers, 1}, (view){numbers, 2}, NULL),
                                    "CLBlastSgemm");
    if (!status) status = device_finish(device);
    buffer_free(numbers);
    return status;
}

static clae_status gemm_clblast_create_copies(clblast_instance *self) {
    clae_device *device = self->base.base.device;
    const gemm_desc *desc = &self->base.base.desc.gemm;
    cl_command_queue queue = opencl_device_of(device)->queue;
    size_t bytes = 0;
    /* Offsets are not known yet; those that are not 0 need the most copies. */
    CLBlastStatusCode code = CLBlastSGemmTempBufferSize(
        CLBlastLayoutRowMajor, gemm_clblast_transposed(desc->transpose_a), gemm_clblast_transposed(desc->transpose_b),
        desc->m, desc->n, desc->k, 1, desc->transpose_a ? desc->m : desc->k, 1, desc->transpose_b ? desc->k : desc->n,
        1, desc->n, &queue, &bytes);
    clae_status status = gemm_clblast_check(device, code, "CLBlastSGemmTempBufferSize");
    return status || bytes == 0 ? status : buffer_create(device, bytes, &self->copies);
}

static clae_status gemm_clblast_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(clblast_instance), gemm_clblast_run, instance);
    if (status) return status;
    (*instance)->release = gemm_clblast_release;
    status = gemm_clblast_run_small(device, &desc->gemm);
    if (!status) status = gemm_clblast_create_copies((clblast_instance *)*instance);
    return opencl_instance_finish(instance, status);
}

/* On CPUs it reaches a fraction of what the kernel in their style does. */
static bool gemm_clblast_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

static bool gemm_clblast_supports(const clae_device *device, const op_desc *desc) {
    (void)desc;
    return ((const opencl_device *)device)->max_work_group_items >= LEAST_GROUP_ITEMS;
}

const op_impl opencl_gemm_clblast = {
    .name = "clblast", .suits = gemm_clblast_suits, .supports = gemm_clblast_supports, .prepare = gemm_clblast_prepare};
