/* The six convolution ops as copies and matrix products, some images at a time. */
#include "base/memory.h"
#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/conv.h"

#include <stdio.h>
#include <string.h>

#define MOST_COLUMN_BYTES ((size_t)256 << 20)
#define LEAST_FLOPS 1e9
enum { COPY_ITEMS = 64, CPU_VECTOR = 16, GPU_VECTOR = 4, PLACE_FLOATS = 16 };

enum { COPY, SWAP };          /* launches */
enum { FIRST, MIDDLE, LAST }; /* matrix products: of the first images, of further ones, and of what is left */

typedef struct im2col_instance {
    opencl_instance base;
    conv_kernel kind;
    size_t chunk;      /* images at a time */
    size_t taps, rows; /* kernel positions; rows of the columns for one image */
    size_t vector;
    op_instance *gemm[3];
    size_t weight_place, gemm_place; /* in the workspace, in floats; the columns come first */
} im2col_instance;

static clae_status conv_im2col_run_over(opencl_launch *launch, size_t count) {
    launch->global[0] = divide_up_size(count, launch->local[0]) * launch->local[0];
    return opencl_launch_run(launch);
}

/* Columns from a wide image, or a wide image from columns. */
static clae_status conv_im2col_run_copy(im2col_instance *self, view from, view to, size_t images) {
    const conv_geometry *g = &self->base.base.desc.conv.g;
    const size_t pixels = self->kind == CONV_SPREAD ? (size_t)g->wide_h * g->wide_w : self->rows * self->taps;
    const size_t count = images * pixels * (g->wide_c / self->vector);
    opencl_launch *launch = &self->base.launch[COPY];
    clae_status status = opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(from), arg_view(to), arg_uint(count)));
    return status ? status : conv_im2col_run_over(launch, count);
}

static clae_status conv_im2col_run_swap(im2col_instance *self, view from, view to, size_t from_a, size_t from_b) {
    opencl_launch *launch = &self->base.launch[SWAP];
    clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(from), arg_view(to), arg_uint(self->taps),
                                                       arg_uint(from_a), arg_uint(from_b)));
    return status ? status : conv_im2col_run_over(launch, self->taps * from_a * from_b);
}

static clae_status conv_im2col_run_gemm(im2col_instance *self, const op_args *args, int which, view a, view b, view c) {
    const op_args own = {.operand = {[GEMM_A] = a, [GEMM_B] = b, [GEMM_C] = c},
                         .workspace = view_moved(args->workspace, self->gemm_place)};
    return op_run(self->gemm[which], &own);
}

/* The wide and narrow images of a step. */
static clae_status conv_im2col_run_step(im2col_instance *self, const op_args *args, int which, size_t images, view wide,
                                        view narrow, view weight) {
    const view columns = args->workspace;
    clae_status status;
    switch (self->kind) {
    case CONV_GATHER:
        status = conv_im2col_run_copy(self, wide, columns, images);
        return status ? status : conv_im2col_run_gemm(self, args, which, columns, weight, narrow);
    case CONV_SPREAD:
        status = conv_im2col_run_gemm(self, args, which, narrow, weight, columns);
        return status ? status : conv_im2col_run_copy(self, columns, wide, images);
    case CONV_WGRAD:
        break;
    }
    status = conv_im2col_run_copy(self, wide, columns, images);
    return status ? status : conv_im2col_run_gemm(self, args, which, columns, narrow, weight);
}

static clae_status conv_im2col_run(op_instance *instance, const op_args *args) {
    im2col_instance *self = (im2col_instance *)instance;
    const conv_geometry *g = &instance->desc.conv.g;
    const size_t n = (size_t)g->n, narrow_c = (size_t)g->narrow_c, wide_c = (size_t)g->wide_c;
    const size_t wide_image = (size_t)g->wide_h * g->wide_w * wide_c, narrow_image = self->rows * narrow_c;
    const bool transposed = op_is_transposed(instance->desc.op), wgrad = self->kind == CONV_WGRAD;
    /* Input, weight and output come in this order but for wgrad, where dweight is the output. */
    const view *operand = args->operand;
    const view weight = wgrad ? operand[CONV_BWD_WEIGHTS_DWEIGHT] : operand[CONV_WEIGHT];
    const view in = operand[0], out = wgrad ? operand[CONV_BWD_WEIGHTS_DY] : operand[CONV_Y];
    const bool in_is_wide = wgrad ? !transposed : self->kind == CONV_GATHER;
    const view wide = in_is_wide ? in : out, narrow = in_is_wide ? out : in;
    const view swapped = view_moved(args->workspace, self->weight_place);
    clae_status status = CLAE_OK;
    if (transposed && !wgrad) status = conv_im2col_run_swap(self, weight, swapped, narrow_c, wide_c);
    for (size_t first = 0; !status && first < n; first += self->chunk) {
        const size_t images = smaller_size(n - first, self->chunk);
        const int which = first == 0 ? FIRST : images == self->chunk ? MIDDLE : LAST;
        status = conv_im2col_run_step(self, args, which, images, view_moved(wide, first * wide_image),
                                      view_moved(narrow, first * narrow_image), transposed ? swapped : weight);
    }
    if (!status && transposed && wgrad) status = conv_im2col_run_swap(self, swapped, weight, wide_c, narrow_c);
    return status;
}

static void conv_im2col_release(op_instance *instance) {
    if (!instance) return;
    for (int i = 0; i < 3; ++i) op_release(((im2col_instance *)instance)->gemm[i]);
    opencl_instance_release(instance);
}

static gemm_desc conv_im2col_product(const im2col_instance *self, size_t images, float beta) {
    const conv_geometry *g = &self->base.base.desc.conv.g;
    const size_t rows = images * self->rows, depth = self->taps * g->wide_c, narrow_c = (size_t)g->narrow_c;
    switch (self->kind) {
    case CONV_GATHER:
        return (gemm_desc){.m = rows, .n = narrow_c, .k = depth, .alpha = 1.0f};
    case CONV_SPREAD:
        return (gemm_desc){.m = rows, .n = depth, .k = narrow_c, .transpose_b = true, .alpha = 1.0f};
    case CONV_WGRAD:
        break;
    }
    return (gemm_desc){.m = depth, .n = narrow_c, .k = rows, .transpose_a = true, .alpha = 1.0f, .beta = beta};
}

static clae_status conv_im2col_prepare_gemm(im2col_instance *self, const numerics *numerics, int which, size_t images,
                                            float beta, size_t *workspace) {
    if (images == 0) return CLAE_OK;
    const op_desc desc = {.op = OP_gemm, .gemm = conv_im2col_product(self, images, beta)};
    clae_status status = op_prepare(self->base.base.device, &desc, numerics, &self->gemm[which]);
    if (!status && self->gemm[which]->workspace_bytes > *workspace) *workspace = self->gemm[which]->workspace_bytes;
    return status;
}

static clae_status conv_im2col_prepare_gemms(im2col_instance *self, const numerics *numerics) {
    const conv_geometry *g = &self->base.base.desc.conv.g;
    const size_t n = (size_t)g->n, column_floats = self->chunk * self->rows * self->taps * g->wide_c;
    size_t gemm_bytes = 0;
    clae_status status = conv_im2col_prepare_gemm(self, numerics, FIRST, self->chunk, 0.0f, &gemm_bytes);
    if (!status)
        status =
            conv_im2col_prepare_gemm(self, numerics, MIDDLE, n >= 2 * self->chunk ? self->chunk : 0, 1.0f, &gemm_bytes);
    if (!status) status = conv_im2col_prepare_gemm(self, numerics, LAST, n % self->chunk, 1.0f, &gemm_bytes);
    self->weight_place = divide_up_size(column_floats, PLACE_FLOATS) * PLACE_FLOATS;
    const size_t weight_floats = op_is_transposed(self->base.base.desc.op) ? self->taps * g->wide_c * g->narrow_c : 0;
    self->gemm_place = self->weight_place + divide_up_size(weight_floats, PLACE_FLOATS) * PLACE_FLOATS;
    self->base.base.workspace_bytes = self->gemm_place * sizeof(float) + gemm_bytes;
    return status;
}

static clae_status conv_im2col_prepare_kernels(im2col_instance *self) {
    opencl_device *device = opencl_device_of(self->base.base.device);
    const conv_geometry *g = &self->base.base.desc.conv.g;
    self->vector = device->class == OPENCL_CLASS_CPU ? CPU_VECTOR : GPU_VECTOR;
    while (g->wide_c % self->vector != 0) self->vector /= 2;
    char options[256];
    snprintf(
        options, sizeof options,
        "-DVEC=%zu -DWIDE_H=%d -DWIDE_W=%d -DWIDE_C=%d -DNARROW_H=%d -DNARROW_W=%d -DKH=%d -DKW=%d -DSH=%d -DSW=%d "
        "-DPH=%d -DPW=%d",
        self->vector, g->wide_h, g->wide_w, g->wide_c, g->narrow_h, g->narrow_w, g->kh, g->kw, g->sh, g->sw, g->ph,
        g->pw);
    clae_status status =
        opencl_launch_create(device, "conv_im2col.cl", options, self->kind == CONV_SPREAD ? "col2im" : "im2col",
                             COPY_ITEMS, &self->base.launch[COPY]);
    opencl_launch_share(&self->base.launch[COPY], divide_up_size((size_t)g->n, self->chunk));
    if (status || !op_is_transposed(self->base.base.desc.op)) return status;
    return opencl_launch_create(device, "conv_im2col.cl", options, "swap_channels", COPY_ITEMS,
                                &self->base.launch[SWAP]);
}

/* Images whose columns fit into the memory set aside for them; 0 when not even one does. */
static size_t chunk_of(const clae_device *device, const conv_geometry *g) {
    const size_t factors[] = {(size_t)g->narrow_h, (size_t)g->narrow_w, (size_t)g->kh,
                              (size_t)g->kw,       (size_t)g->wide_c,   sizeof(float)};
    const size_t most = smaller_size(MOST_COLUMN_BYTES, device->info.largest_allocation_bytes / 2);
    size_t image_bytes;
    if (!size_product(factors, ARRAY_LENGTH(factors), &image_bytes) || image_bytes == 0) return 0;
    return smaller_size(most / image_bytes, (size_t)g->n);
}

/* Neither bias nor ReLU, and there must be room for the columns of one image. */
static bool conv_im2col_supports(const clae_device *device, const op_desc *desc) {
    return !desc->conv.with_bias && desc->conv.activation == ACTIVATION_NONE && chunk_of(device, &desc->conv.g) > 0;
}

static clae_status conv_im2col_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(im2col_instance), conv_im2col_run, instance);
    if (status) return status;
    im2col_instance *self = (im2col_instance *)*instance;
    const conv_geometry *g = &desc->conv.g;
    self->base.base.release = conv_im2col_release;
    self->kind = conv_kernel_of(desc->op);
    self->chunk = chunk_of(device, g);
    self->taps = (size_t)g->kh * g->kw;
    self->rows = (size_t)g->narrow_h * g->narrow_w;
    status = conv_im2col_prepare_kernels(self);
    if (!status) status = conv_im2col_prepare_gemms(self, choice->numerics);
    return opencl_instance_finish(instance, status);
}

/* Its launches are at least three, which are not for small products. */
static bool conv_im2col_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    return op_flops(desc) >= LEAST_FLOPS;
}

const op_impl opencl_conv_im2col = {.name = "im2col", .suits = conv_im2col_suits, .supports = conv_im2col_supports, .prepare = conv_im2col_prepare};
