/* Gradients of weights as a product of matrices for each tap, over the positions by which it meets both images: sums
 * are loaded and stored once for many positions, and need no partial ones. */
#include "base/memory.h"
#include "base/numbers.h"
#include "ops/conv.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/matrix_product.h"

#include <stdlib.h>
#include <string.h>

/* The narrow positions of an image that a tap meets, and where it finds them in wide. */
typedef struct tap {
    const conv_geometry *g;
    bool transposed;
    int y, x;
    conv_range ys, xs;
} tap;

typedef struct conv_gemm_wgrad {
    op_instance base;
    tap *taps;
    matrix_product *products;
    int tap_count;
} conv_gemm_wgrad;

static bool conv_gemm_wgrad_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_has_few_terms(&desc->conv.g);
}

/* x is wide, and narrow of a transposed convolution. */
static void conv_gemm_wgrad_place(const matrix_product *p, size_t first, size_t count, ptrdiff_t *x, ptrdiff_t *dy) {
    const tap *t = p->places;
    const conv_geometry *g = t->g;
    ptrdiff_t *wide = t->transposed ? dy : x, *narrow = t->transposed ? x : dy;
    const size_t rows = (size_t)(t->ys.end - t->ys.first), columns = (size_t)(t->xs.end - t->xs.first);
    int image = (int)(first / (rows * columns)), iy = t->ys.first + (int)(first / columns % rows),
        ix = t->xs.first + (int)(first % columns);
    for (size_t l = 0; l < count; l++) {
        const ptrdiff_t wide_y = (ptrdiff_t)image * g->wide_h + iy * g->sh + t->y - g->ph,
                        wide_x = (ptrdiff_t)ix * g->sw + t->x - g->pw;
        wide[l] = (wide_y * g->wide_w + wide_x) * g->wide_c;
        narrow[l] = (((ptrdiff_t)image * g->narrow_h + iy) * g->narrow_w + ix) * g->narrow_c;
        if (++ix < t->xs.end) continue;
        ix = t->xs.first;
        if (++iy < t->ys.end) continue;
        iy = t->ys.first;
        image++;
    }
}

static clae_status conv_gemm_wgrad_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    conv_gemm_wgrad *self = (conv_gemm_wgrad *)instance;
    const conv_wgrad_operands o = conv_wgrad_operands_of(instance, args);
    for (int i = 0; i < self->tap_count; i++) {
        matrix_product *p = &self->products[i];
        p->a = o.x;
        p->b = o.dy;
        p->c = o.dweight + (size_t)i * p->m * p->n;
    }
    matrix_product_run(device, self->products, self->tap_count, plain_floats(args->workspace));
    if (o.dbias)
        plain_sum_columns(device, o.dy, conv_dy_pixels(&instance->desc), self->products->n,
                          plain_floats(args->workspace), o.dbias);
    return CLAE_OK;
}

static void conv_gemm_wgrad_free(op_instance *instance) {
    conv_gemm_wgrad *self = (conv_gemm_wgrad *)instance;
    free(self->taps);
    free(self->products);
    free(self);
}

static void conv_gemm_wgrad_describe(conv_gemm_wgrad *self, const conv_geometry *g, bool transposed, int index) {
    tap *t = &self->taps[index];
    *t = (tap){.g = g, .transposed = transposed, .y = index / g->kw, .x = index % g->kw};
    t->ys = conv_positions_inside(t->y, g->narrow_h, g->wide_h, g->sh, g->ph);
    t->xs = conv_positions_inside(t->x, g->narrow_w, g->wide_w, g->sw, g->pw);
    const size_t wide_c = (size_t)g->wide_c, narrow_c = (size_t)g->narrow_c;
    const size_t positions = (size_t)g->n * (size_t)(t->ys.end - t->ys.first) * (size_t)(t->xs.end - t->xs.first);
    matrix_product *p = &self->products[index];
    *p = (matrix_product){.m = transposed ? narrow_c : wide_c,
                          .n = transposed ? wide_c : narrow_c,
                          .k = positions,
                          .transpose_a = true,
                          .alpha = 1,
                          .is_shared = true,
                          .place = conv_gemm_wgrad_place,
                          .places = t};
}

static clae_status conv_gemm_wgrad_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                           op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(conv_gemm_wgrad), conv_gemm_wgrad_run,
                                               conv_gemm_wgrad_free, instance);
    if (status != CLAE_OK) return status;
    conv_gemm_wgrad *self = (conv_gemm_wgrad *)*instance;
    const conv_geometry *g = &(*instance)->desc.conv.g;
    self->tap_count = g->kh * g->kw;
    self->taps = calloc((size_t)self->tap_count, sizeof(*self->taps));
    self->products = calloc((size_t)self->tap_count, sizeof(*self->products));
    if (!self->taps || !self->products) {
        const size_t bytes = (size_t)self->tap_count * sizeof(*self->products);
        conv_gemm_wgrad_free(*instance);
        *instance = NULL;
        return fail_memory(device->context, bytes, op_name(desc->op));
    }
    for (int i = 0; i < self->tap_count; i++) conv_gemm_wgrad_describe(self, g, op_is_transposed(desc->op), i);
    const size_t sum_floats = plain_sum_columns_floats(conv_dy_pixels(desc), self->products->n);
    (*instance)->workspace_bytes =
        larger_size(matrix_product_workspace_floats(plain_device_of(device)), sum_floats) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_conv_gemm_wgrad = {
    .name = "gemm", .suits = conv_gemm_wgrad_suits, .supports = plain_supports_all, .prepare = conv_gemm_wgrad_prepare};
