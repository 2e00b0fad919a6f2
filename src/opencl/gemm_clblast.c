/* GEMM by CLBlast. */
#include "base/numbers.h"
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
    size_t rows;    /* of a call at most */
    buffer *copies; /* NULL: none needed */
} clblast_instance;

/* `rows` of the product; a and c are where they begin. */
static CLBlastStatusCode gemm_clblast_multiply(const opencl_device *device, const gemm_desc *desc, size_t rows, view a,
                                               view b, view c, cl_mem copies) {
    cl_command_queue queue = device->queue;
    return CLBlastSgemmWithTempBuffer(CLBlastLayoutRowMajor, gemm_clblast_transposed(desc->transpose_a),
                                      gemm_clblast_transposed(desc->transpose_b), rows, desc->n, desc->k, desc->alpha,
                                      opencl_memory_of(a), a.offset, desc->transpose_a ? desc->m : desc->k,
                                      opencl_memory_of(b), b.offset, desc->transpose_b ? desc->k : desc->n, desc->beta,
                                      opencl_memory_of(c), c.offset, desc->n, &queue, NULL, copies);
}

static clae_status gemm_clblast_run(op_instance *instance, const op_args *args) {
    const clblast_instance *self = (const clblast_instance *)instance;
    const gemm_desc *desc = &instance->desc.gemm;
    CLBlastStatusCode code = CLBlastSuccess;
    for (size_t first = 0; first < desc->m && code == CLBlastSuccess; first += self->rows)
        code =
            gemm_clblast_multiply(opencl_device_of(instance->device), desc, smaller_size(self->rows, desc->m - first),
                                  view_moved(args->operand[GEMM_A], first * (desc->transpose_a ? 1 : desc->k)),
                                  args->operand[GEMM_B], view_moved(args->operand[GEMM_C], first * desc->n),
                                  self->copies ? ((opencl_buffer *)self->copies)->memory : NULL);
    return gemm_clblast_check(instance->device, code, "CLBlastSgemm");
}

/* Equal parts but for the last. */
static size_t gemm_clblast_rows(const clae_device *device, const op_desc *desc) {
    const double calls = device->call_flops > 0 ? op_flops(desc) / device->call_flops : 1;
    const size_t m = desc->gemm.m, parts = calls < (double)m ? (size_t)calls + 1 : m;
    return divide_up_size(m, parts);
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
                                    gemm_clblast_multiply(opencl_device_of(device), &small, 1, (view){numbers, 0},
                                                          (view){numbers, 1}, (view){numbers, 2}, NULL),
                                    "CLBlastSgemm");
    if (!status) status = device_finish(device);
    buffer_free(numbers);
    return status;
}

/* Offsets are not known yet; those that are not 0 need the most copies. */
static clae_status gemm_clblast_copies(const clblast_instance *self, size_t rows, size_t *most_bytes) {
    clae_device *device = self->base.base.device;
    const gemm_desc *desc = &self->base.base.desc.gemm;
    cl_command_queue queue = opencl_device_of(device)->queue;
    size_t bytes = 0;
    const CLBlastStatusCode code = CLBlastSGemmTempBufferSize(
        CLBlastLayoutRowMajor, gemm_clblast_transposed(desc->transpose_a), gemm_clblast_transposed(desc->transpose_b),
        rows, desc->n, desc->k, 1, desc->transpose_a ? desc->m : desc->k, 1, desc->transpose_b ? desc->k : desc->n, 1,
        desc->n, &queue, &bytes);
    if (bytes > *most_bytes) *most_bytes = bytes;
    return gemm_clblast_check(device, code, "CLBlastSGemmTempBufferSize");
}

static clae_status gemm_clblast_create_copies(clblast_instance *self) {
    const size_t last = self->base.base.desc.gemm.m % self->rows;
    size_t bytes = 0;
    clae_status status = gemm_clblast_copies(self, self->rows, &bytes);
    if (!status && last) status = gemm_clblast_copies(self, last, &bytes);
    return status || bytes == 0 ? status : buffer_create(self->base.base.device, bytes, &self->copies);
}

static clae_status gemm_clblast_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(clblast_instance), gemm_clblast_run, instance);
    if (status) return status;
    (*instance)->release = gemm_clblast_release;
    ((clblast_instance *)*instance)->rows = gemm_clblast_rows(device, desc);
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
