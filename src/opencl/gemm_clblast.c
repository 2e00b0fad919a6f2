/* GEMM by CLBlast. */
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <clblast_c.h>

static CLBlastTranspose transposed(bool yes) { return yes ? CLBlastTransposeYes : CLBlastTransposeNo; }

static const char *status_text(CLBlastStatusCode code) {
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

static clae_status check(const clae_device *device, CLBlastStatusCode code, const char *call) {
    if (code == CLBlastSuccess) return CLAE_OK;
    return fail(device->context, CLAE_ERROR_DEVICE,
                "OpenCL device %s (%s): %s failed: %s (%d); force another implementation by gemm=plain",
                device->info.id, device->info.name, call, status_text(code), (int)code);
}

/* CLBlast takes a buffer for its copies, but no place in one, so that it cannot be given the plan's workspace. */
typedef struct clblast_instance {
    opencl_instance base;
    buffer *copies;  /* NULL: none needed */
} clblast_instance;

static clae_status run(op_instance *instance, const op_args *args) {
    const gemm_desc *desc = &instance->desc.gemm;
    const view a = args->operand[GEMM_A], b = args->operand[GEMM_B], c = args->operand[GEMM_C];
    buffer *copies = ((clblast_instance *)instance)->copies;
    CLBlastStatusCode code = CLBlastSgemmWithTempBuffer(
        CLBlastLayoutRowMajor, transposed(desc->transpose_a), transposed(desc->transpose_b), desc->m, desc->n, desc->k,
        desc->alpha, opencl_memory_of(a), a.offset, desc->transpose_a ? desc->m : desc->k, opencl_memory_of(b),
        b.offset, desc->transpose_b ? desc->k : desc->n, desc->beta, opencl_memory_of(c), c.offset, desc->n,
        &opencl_device_of(instance->device)->queue, NULL, copies ? ((opencl_buffer *)copies)->memory : NULL);
    return check(instance->device, code, "CLBlastSgemm");
}

static void release(op_instance *instance) {
    if (instance) buffer_free(((clblast_instance *)instance)->copies);
    opencl_instance_release(instance);
}

static clae_status prepare(clae_device *device, const op_desc *desc, op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, &opencl_gemm_clblast, sizeof(clblast_instance), run, instance);
    if (status) return status;
    clblast_instance *self = (clblast_instance *)*instance;
    self->base.base.release = release;
    const gemm_desc *gemm = &desc->gemm;
    /* Offsets are not known yet; those that are not 0 need the most copies. */
    size_t bytes = 0;
    CLBlastStatusCode code = CLBlastSGemmTempBufferSize(
        CLBlastLayoutRowMajor, transposed(gemm->transpose_a), transposed(gemm->transpose_b), gemm->m, gemm->n, gemm->k,
        1, gemm->transpose_a ? gemm->m : gemm->k, 1, gemm->transpose_b ? gemm->k : gemm->n, 1, gemm->n,
        &opencl_device_of(device)->queue, &bytes);
    status = check(device, code, "CLBlastSGemmTempBufferSize");
    if (!status && bytes > 0) status = buffer_create(device, bytes, &self->copies);
    return opencl_instance_finish(instance, status);
}

/* On CPUs it reaches a fraction of what the kernel in their style does. */
static bool supports(const clae_device *device, const op_desc *desc) { return !opencl_is_cpu(device, desc); }

const op_impl opencl_gemm_clblast = {"clblast", supports, prepare};
