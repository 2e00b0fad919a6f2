/* GEMM in the style of CPUs: panels packed for the cache, tiles in registers. */
#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

/* A panel of B, K_STEP x two vectors, stays in the first-level cache; M_BLOCK rows of A in the second. */
enum { K_STEP = 256, M_BLOCK_PANELS = 8, N_BLOCK_PANELS = 8, PACK_K_BLOCK = 64 };
enum { MOST_PACKED = 16384 }; /* rows or columns packed at once: bounds the workspace */

enum { PACK_A, PACK_B, TILES };

typedef struct packed_instance {
    opencl_instance base;
    size_t mr, nr;
    size_t most_m, most_n; /* rows and columns done at once */
    size_t b_elements;     /* of the workspace; the panels of A follow */
} packed_instance;

/* A part of the product: rows m0 .. m0 + m - 1, and so on. */
typedef struct part {
    size_t m0, m, n0, n, k0, k;
} part;

static clae_status gemm_vector_pack(opencl_launch *launch, view source, view panels, size_t extent, size_t k,
                                    size_t stride, size_t width) {
    clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(source), arg_view(panels), arg_uint(extent),
                                                       arg_uint(k), arg_ulong(stride)));
    launch->global[0] = divide_up_size(extent, width);
    launch->global[1] = divide_up_size(k, PACK_K_BLOCK);
    return status ? status : opencl_launch_run(launch);
}

static clae_status gemm_vector_run_tiles(packed_instance *self, const op_args *args, const part *p) {
    const gemm_desc *desc = &self->base.base.desc.gemm;
    opencl_launch *launch = &self->base.launch[TILES];
    const view panels_a = view_moved(args->workspace, self->b_elements);
    view a = args->operand[GEMM_A];
    clae_status status = CLAE_OK;
    if (desc->transpose_a) {
        status = gemm_vector_pack(&self->base.launch[PACK_A], view_moved(a, p->k0 * desc->m + p->m0), panels_a, p->m,
                                  p->k, desc->m, self->mr);
        a = panels_a;
    } else {
        a = view_moved(a, p->m0 * desc->k + p->k0);
    }
    if (status) return status;
    status = opencl_kernel_set(&launch->kernel,
                               OPENCL_ARGS(arg_view(a), arg_view(args->workspace),
                                           arg_view(view_moved(args->operand[GEMM_C], p->m0 * desc->n + p->n0)),
                                           arg_uint(p->m), arg_uint(p->n), arg_uint(p->k), arg_ulong(desc->k),
                                           arg_ulong(desc->n), arg_float(desc->alpha),
                                           arg_float(p->k0 == 0 ? desc->beta : 1.0f)));
    launch->global[0] = divide_up_size(p->m, self->mr * M_BLOCK_PANELS);
    launch->global[1] = divide_up_size(p->n, self->nr * N_BLOCK_PANELS);
    return status ? status : opencl_launch_run(launch);
}

static clae_status gemm_vector_run_columns(packed_instance *self, const op_args *args, part p) {
    const gemm_desc *desc = &self->base.base.desc.gemm;
    const size_t offset = desc->transpose_b ? p.n0 * desc->k + p.k0 : p.k0 * desc->n + p.n0;
    clae_status status = gemm_vector_pack(&self->base.launch[PACK_B], view_moved(args->operand[GEMM_B], offset),
                                          args->workspace, p.n, p.k, desc->transpose_b ? desc->k : desc->n, self->nr);
    for (p.m0 = 0; !status && p.m0 < desc->m; p.m0 += self->most_m) {
        p.m = smaller_size(desc->m - p.m0, self->most_m);
        status = gemm_vector_run_tiles(self, args, &p);
    }
    return status;
}

static clae_status gemm_vector_run(op_instance *instance, const op_args *args) {
    packed_instance *self = (packed_instance *)instance;
    const gemm_desc *desc = &instance->desc.gemm;
    clae_status status = CLAE_OK;
    part p = {0};
    for (p.n0 = 0; !status && p.n0 < desc->n; p.n0 += self->most_n) {
        p.n = smaller_size(desc->n - p.n0, self->most_n);
        for (p.k0 = 0; !status && p.k0 < desc->k; p.k0 += K_STEP) {
            p.k = smaller_size(desc->k - p.k0, K_STEP);
            status = gemm_vector_run_columns(self, args, p);
        }
    }
    return status;
}

static clae_status gemm_vector_create_pack(opencl_device *device, size_t width, bool transposed,
                                           opencl_launch *launch) {
    char options[96];
    snprintf(options, sizeof options, "-DVEC=%u -DWIDTH=%zu -DK_BLOCK=%d%s", device->vector_width, width, PACK_K_BLOCK,
             transposed ? " -DTRANSPOSED" : "");
    launch->dimensions = 2;
    launch->local[0] = launch->local[1] = 1;
    return opencl_kernel_create(device, "gemm_vector.cl", options, "gemm_pack", &launch->kernel);
}

static clae_status gemm_vector_create_tiles(opencl_device *device, const packed_instance *self, bool packed_a,
                                            opencl_launch *launch) {
    char options[128];
    snprintf(options, sizeof options, "-DVEC=%u -DMR=%zu -DM_BLOCK=%zu -DPANELS=%d%s", device->vector_width, self->mr,
             self->mr * M_BLOCK_PANELS, N_BLOCK_PANELS, packed_a ? " -DPACKED_A" : "");
    launch->dimensions = 2;
    launch->local[0] = launch->local[1] = 1;
    return opencl_kernel_create(device, "gemm_vector.cl", options, "gemm_tiles", &launch->kernel);
}

static clae_status gemm_vector_prepare(clae_device *base, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    clae_status status = opencl_instance_create(base, desc, choice, sizeof(packed_instance), gemm_vector_run, instance);
    if (status) return status;
    packed_instance *self = (packed_instance *)*instance;
    opencl_device *device = opencl_device_of(base);
    const gemm_desc *gemm = &desc->gemm;
    /* Sixteen vector registers take 6 x 2 sums; the thirty-two that come with vectors of 16 take twice that. */
    self->mr = device->vector_width == 16 ? 12 : 6;
    self->nr = 2 * (size_t)device->vector_width;
    self->most_n = MOST_PACKED;
    self->most_m = gemm->transpose_a ? MOST_PACKED / self->mr * self->mr : gemm->m;
    self->b_elements = K_STEP * divide_up_size(smaller_size(gemm->n, MOST_PACKED), self->nr) * self->nr;
    size_t a_elements =
        gemm->transpose_a ? K_STEP * divide_up_size(smaller_size(gemm->m, self->most_m), self->mr) * self->mr : 0;
    (*instance)->workspace_bytes = (self->b_elements + a_elements) * sizeof(float);
    if (gemm->transpose_a) status = gemm_vector_create_pack(device, self->mr, false, &self->base.launch[PACK_A]);
    if (!status) status = gemm_vector_create_pack(device, self->nr, gemm->transpose_b, &self->base.launch[PACK_B]);
    if (!status) status = gemm_vector_create_tiles(device, self, gemm->transpose_a, &self->base.launch[TILES]);
    const size_t n_parts = divide_up_size(gemm->n, self->most_n), m_parts = divide_up_size(gemm->m, self->most_m);
    for (int i = PACK_A; i <= TILES; i++)
        opencl_launch_share(&self->base.launch[i], n_parts * m_parts * divide_up_size(gemm->k, K_STEP));
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_gemm_vector = {
    .name = "vector", .suits = opencl_is_cpu, .supports = opencl_supports_long_loops, .prepare = gemm_vector_prepare};
