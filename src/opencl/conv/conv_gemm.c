/* Convolutions as matrix products on CPUs, in one launch, with no copies of images or weights: 1x1 ones without
 * padding, such as linear layers, and gradients of weights as a product for each tap. */
#include "opencl/conv/conv.h"
#include "opencl/impls.h"

#include "base/numbers.h"

/* A row of the kernel's tiles, and what is packed for them, stay in the first-level cache; work-items are enough for
 * threads to end together. */
enum { MOST_ROWS = 96, DEPTH = 256, WGRAD_DEPTH = 64, PANELS_PER_ITEM = 4, ITEMS_PER_UNIT = 8 };

typedef struct gemm_instance {
    conv_instance conv;
    size_t m, n, k;
    size_t rows, columns, dbias_items; /* of a work-item; before those of the product */
} gemm_instance;

/* Sums of a tile: 6 x 2 of sixteen vector registers, twice that of the thirty-two that come with vectors of 16. */
static size_t conv_gemm_tile_rows(const opencl_device *device) {
    return device->vector_width == 16 ? 12 : 6;
}

static size_t conv_gemm_panel(const opencl_device *device) {
    return 2 * (size_t)device->vector_width;
}

/* Columns of a work-item: `blocks` of rows share the panels. The more, the less often are rows read. */
static size_t conv_gemm_columns(const opencl_device *device, size_t n, size_t blocks) {
    const size_t panel = conv_gemm_panel(device), panels = divide_up_size(n, panel);
    const size_t wanted = divide_up_size((size_t)device->base.info.compute_units * ITEMS_PER_UNIT, blocks);
    return panel * smaller_size(panels, larger_size(panels / wanted, PANELS_PER_ITEM));
}

static clae_status conv_gemm_run_data(op_instance *instance, const op_args *args) {
    const gemm_instance *self = (const gemm_instance *)instance;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const conv_job *job = &self->conv.job;
    const view *operand = args->operand;
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(operand[CONV_IN_WEIGHT]), arg_view(conv_bias_of(job, args)),
                    arg_view(conv_mask_of(job, args)), arg_view(operand[CONV_OUT]), arg_uint(self->m),
                    arg_uint(self->n), arg_uint(self->k), arg_int(job->relu), arg_uint(self->rows),
                    arg_uint(self->columns)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status conv_gemm_run_wgrad(op_instance *instance, const op_args *args) {
    const gemm_instance *self = (const gemm_instance *)instance;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const conv_wgrad_views v = conv_wgrad_views_of(&self->conv.job, args);
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(v.dweight), arg_view(v.dbias),
                                     arg_geometry(&instance->desc.conv.g), arg_int(self->conv.job.transposed),
                                     arg_uint(self->dbias_items), arg_uint(self->columns)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status conv_gemm_create(clae_device *device, const op_desc *desc, const op_choice *choice, const char *file,
                                    const char *kernel, const char *options,
                                    clae_status (*run)(op_instance *, const op_args *), gemm_instance **self) {
    op_instance *made;
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(gemm_instance), run, &made);
    if (status != CLAE_OK) return status;
    *self = (gemm_instance *)made;
    (*self)->conv.job = conv_job_of(desc);
    status = opencl_kernel_create(opencl_device_of(device), file, options, kernel,
                                  &opencl_instance_of(made)->launch[0].kernel);
    return opencl_instance_finish(&made, status);
}

static clae_status conv_gemm_prepare_data(clae_device *base, const op_desc *desc, const op_choice *choice,
                                          op_instance **instance) {
    const opencl_device *device = opencl_device_of(base);
    const size_t tile_rows = conv_gemm_tile_rows(device);
    const conv_sides s = conv_sides_of(desc);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options, "-DLANES=%u -DVECTORS=2 -DMR=%zu -DDEPTH=%d%s", device->vector_width, tile_rows, DEPTH,
                     conv_is_forward(desc->op) ? "" : " -DTRANSPOSED");
    gemm_instance *self;
    const clae_status status = conv_gemm_create(base, desc, choice, "conv_gather_spread_gemm.cl", "conv_gemm", options,
                                                conv_gemm_run_data, &self);
    if (status != CLAE_OK) return status;
    self->m = (size_t)desc->conv.g.n * (size_t)s.in_h * (size_t)s.in_w;
    self->n = (size_t)s.out_c;
    self->k = (size_t)s.in_c;
    self->rows = divide_up_size(divide_up_size(self->m, divide_up_size(self->m, MOST_ROWS)), tile_rows) * tile_rows;
    const size_t blocks = divide_up_size(self->m, self->rows);
    self->columns = conv_gemm_columns(device, self->n, blocks);
    conv_grid(&self->conv, 0, (const size_t[]){blocks, divide_up_size(self->n, self->columns), 1},
              (const size_t[]){1, 1, 1});
    *instance = &self->conv.opencl.base;
    return CLAE_OK;
}

static clae_status conv_gemm_prepare_wgrad(clae_device *base, const op_desc *desc, const op_choice *choice,
                                           op_instance **instance) {
    const opencl_device *device = opencl_device_of(base);
    const conv_geometry *g = &desc->conv.g;
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options, "-DLANES=%u -DVECTORS=2 -DMR=%zu -DROWS=%d -DDEPTH=%d", device->vector_width,
                     conv_gemm_tile_rows(device), MOST_ROWS, WGRAD_DEPTH);
    gemm_instance *self;
    const clae_status status = conv_gemm_create(base, desc, choice, "conv_wgrad_gemm.cl", "conv_wgrad_gemm", options,
                                                conv_gemm_run_wgrad, &self);
    if (status != CLAE_OK) return status;
    const bool transposed = self->conv.job.transposed;
    const size_t taps = (size_t)g->kh * (size_t)g->kw;
    self->m = (size_t)(transposed ? g->narrow_c : g->wide_c);
    self->n = (size_t)(transposed ? g->wide_c : g->narrow_c);
    const size_t blocks = taps * divide_up_size(self->m, MOST_ROWS);
    self->columns = conv_gemm_columns(device, self->n, blocks);
    self->dbias_items = divide_up_size((size_t)self->conv.job.dbias_count, conv_gemm_panel(device));
    conv_grid(&self->conv, 0,
              (const size_t[]){self->dbias_items + blocks * divide_up_size(self->n, self->columns), 1, 1},
              (const size_t[]){1, 1, 1});
    *instance = &self->conv.opencl.base;
    return CLAE_OK;
}

static clae_status conv_gemm_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    return conv_kernel_of(desc->op) == CONV_WGRAD ? conv_gemm_prepare_wgrad(device, desc, choice, instance)
                                                  : conv_gemm_prepare_data(device, desc, choice, instance);
}

static bool conv_gemm_supports(const clae_device *device, const op_desc *desc) {
    const bool is_product = conv_kernel_of(desc->op) == CONV_WGRAD || conv_is_pointwise(&desc->conv.g);
    return is_product && opencl_supports_long_loops(device, desc) && conv_has_relu_at_most(desc) &&
           conv_sizes_fit(desc, 1);
}

/* The sums of a matrix product stay in registers for all positions, and its weights are not packed. */
bool opencl_conv_is_product(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return conv_is_linear(g) ? conv_is_large_linear(g)
                             : conv_kernel_of(desc->op) == CONV_WGRAD && conv_has_few_terms(g);
}

static bool conv_gemm_suits(const clae_device *device, const op_desc *desc) {
    return opencl_is_cpu(device, desc) && opencl_conv_is_product(desc);
}

const op_impl opencl_conv_gemm = {
    .name = "gemm", .suits = conv_gemm_suits, .supports = conv_gemm_supports, .prepare = conv_gemm_prepare};
