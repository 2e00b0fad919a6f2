/* GEMM in the style of GPUs: tiles in local memory; k is divided where there are too few tiles to fill the device. */
#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

enum { WANTED_SIDE = 16, ITEM_TILE = 4, GROUPS_PER_UNIT = 2, SMALLEST_PART = 512, MOST_PARTS = 64 };
enum { SUM_ITEMS = 256 };
#define MOST_PARTS_BYTES ((size_t)64 << 20)

typedef struct tiled_instance {
    opencl_instance base;
    size_t part, parts;
} tiled_instance;

static clae_status gemm_plain_run(op_instance *instance, const op_args *args) {
    tiled_instance *self = (tiled_instance *)instance;
    const gemm_desc *desc = &instance->desc.gemm;
    opencl_launch *launch = self->base.launch;
    const bool whole = self->parts == 1;
    const view c = args->operand[GEMM_C];
    clae_status status = opencl_kernel_set(
        &launch[0].kernel,
        OPENCL_ARGS(arg_view(args->operand[GEMM_A]), arg_view(args->operand[GEMM_B]),
                    arg_view(whole ? c : args->workspace), arg_uint(desc->m), arg_uint(desc->n), arg_uint(desc->k),
                    arg_uint(self->part), arg_float(whole ? desc->alpha : 1.0f), arg_float(whole ? desc->beta : 0.0f)));
    if (!status) status = opencl_launch_run(&launch[0]);
    if (status || whole) return status;
    status = opencl_kernel_set(&launch[1].kernel,
                               OPENCL_ARGS(arg_view(args->workspace), arg_view(c), arg_ulong(desc->m * desc->n),
                                           arg_uint(self->parts), arg_float(desc->alpha), arg_float(desc->beta)));
    return status ? status : opencl_launch_run(&launch[1]);
}

/* Local memory of two tiles, as in cl/gemm_plain.cl. */
static size_t gemm_plain_local_bytes(size_t side) {
    return 2 * side * (ITEM_TILE * side + 1) * sizeof(float);
}

/* Side of the square work-group: the largest power of two whose square the built kernel allows. */
static clae_status gemm_plain_create_tiles(opencl_device *device, const gemm_desc *desc, opencl_launch *launch) {
    size_t side = WANTED_SIDE;
    while (side > 1 && (side * side > device->max_work_group_items ||
                        (device->local_bytes && gemm_plain_local_bytes(side) > device->local_bytes)))
        side /= 2;
    for (;; side /= 2) {
        char options[96];
        snprintf(options, sizeof options, "-DSIDE=%zu%s%s", side, desc->transpose_a ? " -DTRANSPOSE_A" : "",
                 desc->transpose_b ? " -DTRANSPOSE_B" : "");
        clae_status status = opencl_kernel_create(device, "gemm_plain.cl", options, "gemm_tiled", &launch->kernel);
        if (status) return status;
        launch->dimensions = 3;
        launch->local[0] = launch->local[1] = side;
        launch->local[2] = 1;
        if (side == 1 || opencl_kernel_work_group_items(&launch->kernel) >= side * side) return CLAE_OK;
        opencl_kernel_release(&launch->kernel);
    }
}

static void gemm_plain_divide_k(tiled_instance *self, size_t tiles, size_t side) {
    const gemm_desc *desc = &self->base.base.desc.gemm;
    const size_t wanted_groups = (size_t)self->base.base.device->info.compute_units * GROUPS_PER_UNIT;
    const size_t part_bytes = desc->m * desc->n * sizeof(float);
    size_t parts = tiles < wanted_groups ? divide_up_size(wanted_groups, tiles) : 1;
    if (parts > desc->k / SMALLEST_PART) parts = desc->k / SMALLEST_PART;
    if (parts > MOST_PARTS) parts = MOST_PARTS;
    if (parts > MOST_PARTS_BYTES / part_bytes) parts = MOST_PARTS_BYTES / part_bytes;
    self->part = parts > 1 ? divide_up_size(divide_up_size(desc->k, parts), side) * side : desc->k;
    self->parts = divide_up_size(desc->k, self->part);
    if (self->parts > 1) self->base.base.workspace_bytes = self->parts * part_bytes;
}

static clae_status gemm_plain_prepare(clae_device *base, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    clae_status status = opencl_instance_create(base, desc, choice, sizeof(tiled_instance), gemm_plain_run, instance);
    if (status) return status;
    tiled_instance *self = (tiled_instance *)*instance;
    opencl_device *device = opencl_device_of(base);
    opencl_launch *launch = self->base.launch;
    status = gemm_plain_create_tiles(device, &desc->gemm, &launch[0]);
    if (status) return opencl_instance_finish(instance, status);
    const size_t side = launch[0].local[0];
    const size_t m_tiles = divide_up_size(desc->gemm.m, ITEM_TILE * side),
                 n_tiles = divide_up_size(desc->gemm.n, ITEM_TILE * side);
    gemm_plain_divide_k(self, m_tiles * n_tiles, side);
    launch[0].global[0] = m_tiles * side;
    launch[0].global[1] = n_tiles * side;
    launch[0].global[2] = self->parts;
    if (self->parts == 1) return CLAE_OK;
    char options[96];
    snprintf(options, sizeof options, "-DSIDE=%zu%s%s", side, desc->gemm.transpose_a ? " -DTRANSPOSE_A" : "",
             desc->gemm.transpose_b ? " -DTRANSPOSE_B" : "");
    status = opencl_kernel_create(device, "gemm_plain.cl", options, "gemm_sum", &launch[1].kernel);
    launch[1].dimensions = 1;
    launch[1].local[0] = opencl_group_items(device, SUM_ITEMS);
    launch[1].global[0] = divide_up_size(desc->gemm.m * desc->gemm.n, launch[1].local[0]) * launch[1].local[0];
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_gemm_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = gemm_plain_prepare};
