#include "latent/pca.h"

#include "base/memory.h"
#include "data/dataset.h"
#include "data/pixels.h"
#include "train/settings.h"

#include <stdlib.h>
#include <string.h>

#define FIT_ROWS 4096
#define MAX_CHUNK_BYTES ((size_t)64 << 20)

size_t pca_chunk_rows(size_t elements, size_t rows) {
    size_t fitting = MAX_CHUNK_BYTES / (sizeof(float) * elements);
    if (fitting < 1) return 1;
    return rows < fitting ? rows : fitting;
}

clae_status pca_centre(const clae_pca *pca, const clae_dataset *images, size_t first, size_t n, size_t chunk_rows,
                       float *centred) {
    const size_t elements = pca->elements;
    const double unit = pixels_unit(images->info.is_float);
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < n && status == CLAE_OK; i++) {
        float *row = centred + i * elements;
        status = dataset_read_values(images, first + i, pca->image);
        for (size_t e = 0; e < elements && status == CLAE_OK; e++)
            row[e] = (float)(pca->image[e] / unit - pca->mean[e]);
    }
    memset(centred + n * elements, 0, (chunk_rows - n) * elements * sizeof *centred);
    return status;
}

clae_status pca_multiply(op_instance *gemm, buffer *a, buffer *b, buffer *c, buffer *workspace) {
    const op_args args = {.operand = {[GEMM_A] = {a}, [GEMM_B] = {b}, [GEMM_C] = {c}}, .workspace = {workspace}};
    return op_run(gemm, &args);
}

static clae_status compute_mean(clae_pca *pca, const clae_dataset *images) {
    const size_t elements = pca->elements, n = images->info.n;
    clae_status status = CLAE_OK;
    for (size_t e = 0; e < elements; e++) pca->mean[e] = 0;
    for (size_t i = 0; i < n && status == CLAE_OK; i++) {
        status = dataset_read_values(images, i, pca->image);
        for (size_t e = 0; e < elements && status == CLAE_OK; e++) pca->mean[e] += pca->image[e];
    }
    for (size_t e = 0; e < elements; e++) pca->mean[e] /= pixels_unit(images->info.is_float) * (double)n;
    return status;
}

/* What the device needs to multiply a chunk of centred images with itself. */
typedef struct covariance_work {
    size_t rows;
    float *pixels, *product; /* host: [rows][elements], [elements][elements] */
    buffer *pixels_buffer, *product_buffer, *workspace;
    op_instance *gemm;
} covariance_work;

static clae_status open_work(clae_device *device, const numerics *numerics, size_t elements, size_t images,
                             covariance_work *work) {
    work->rows = pca_chunk_rows(elements, images < FIT_ROWS ? images : FIT_ROWS);
    size_t pixel_bytes = work->rows * elements * sizeof(float), product_bytes = elements * elements * sizeof(float);
    if (!(work->pixels = malloc(pixel_bytes))) return fail_memory(device->context, pixel_bytes, "centred images");
    if (!(work->product = malloc(product_bytes))) return fail_memory(device->context, product_bytes, "a covariance");
    op_desc desc = {.op = OP_gemm,
                    .gemm = {.m = elements, .n = elements, .k = work->rows, .transpose_a = true, .alpha = 1}};
    clae_status status = op_prepare(device, &desc, numerics, &work->gemm);
    if (!status) status = buffer_create(device, pixel_bytes, &work->pixels_buffer);
    if (!status) status = buffer_create(device, product_bytes, &work->product_buffer);
    if (!status && work->gemm->workspace_bytes)
        status = buffer_create(device, work->gemm->workspace_bytes, &work->workspace);
    return status;
}

static void close_work(covariance_work *work) {
    op_release(work->gemm);
    buffer_free(work->workspace);
    buffer_free(work->product_buffer);
    buffer_free(work->pixels_buffer);
    free(work->product);
    free(work->pixels);
}

/* covariance += the sum over a chunk of images, in double, of what the device gives in single precision. */
static clae_status add_chunk(covariance_work *work, const clae_pca *pca, const clae_dataset *images, size_t first,
                             size_t n, double *covariance) {
    const size_t elements = pca->elements;
    clae_status status = pca_centre(pca, images, first, n, work->rows, work->pixels);
    if (!status) status = buffer_upload(work->pixels_buffer, 0, work->pixels, work->rows * elements * sizeof(float));
    if (!status)
        status =
            pca_multiply(work->gemm, work->pixels_buffer, work->pixels_buffer, work->product_buffer, work->workspace);
    if (!status) status = buffer_download(work->product_buffer, 0, work->product, elements * elements * sizeof(float));
    if (status) return status;
    for (size_t i = 0; i < elements * elements; i++) covariance[i] += work->product[i];
    return CLAE_OK;
}

static clae_status compute_covariance(const clae_pca *pca, const numerics *numerics, const clae_dataset *images,
                                      double *covariance) {
    covariance_work work = {0};
    const size_t n = images->info.n;
    clae_status status = open_work(pca->device, numerics, pca->elements, n, &work);
    for (size_t first = 0; first < n && !status; first += work.rows) {
        size_t left = n - first;
        status = add_chunk(&work, pca, images, first, left < work.rows ? left : work.rows, covariance);
    }
    close_work(&work);
    return status;
}

clae_status pca_fit_exact(clae_pca *pca, const numerics *numerics, const clae_dataset *images) {
    const clae_context *context = pca->device->context;
    size_t square_bytes;
    if (!size_product((const size_t[]){pca->elements, pca->elements, sizeof(double)}, 3, &square_bytes))
        return fail(context, CLAE_ERROR_INPUT, "PCA of images of %zu elements needs more memory than there can be",
                    pca->elements);
    double *covariance = calloc(1, square_bytes);
    if (!covariance) return fail_memory(context, square_bytes, "PCA");
    clae_status status = compute_covariance(pca, numerics, images, covariance);
    if (!status) status = pca_principal_components(context, covariance, pca->elements, pca->max_dims, pca->components);
    free(covariance);
    return status;
}

pca_cost pca_fit_cost(size_t elements, size_t dims) {
    const double e = (double)elements;
    return elements <= PCA_EXACT_ELEMENTS ? (pca_cost){.per_image = e * e, .fixed = 2 * e * e * e}
                                          : pca_subspace_cost(elements, dims);
}

static clae_status fit_components(clae_pca *pca, const numerics *numerics, const clae_dataset *images) {
    const size_t component_bytes = pca->max_dims * pca->elements * sizeof(double);
    pca->image = malloc(pca->elements * sizeof *pca->image);
    pca->mean = malloc(pca->elements * sizeof *pca->mean);
    pca->components = malloc(component_bytes);
    if (!pca->image || !pca->mean || !pca->components) return fail_memory(pca->device->context, component_bytes, "PCA");
    const clae_status status = compute_mean(pca, images);
    if (status != CLAE_OK) return status;
    return pca->elements <= PCA_EXACT_ELEMENTS ? pca_fit_exact(pca, numerics, images)
                                               : pca_fit_subspace(pca, numerics, images);
}

clae_status clae_pca_fit(clae_device *device, const clae_dataset *train, const clae_settings *settings, size_t max_dims,
                         clae_pca **pca) {
    const clae_dataset_info *info = clae_dataset_get_info(train);
    size_t elements = info->c * info->h * info->w;
    numerics numerics;
    *pca = NULL;
    if (max_dims == 0 || max_dims > elements)
        return fail(device->context, CLAE_ERROR_INPUT,
                    "PCA of images of %zu elements has 1 to %zu dimensions: %zu were asked for", elements, elements,
                    max_dims);
    if (info->n == 0) return fail(device->context, CLAE_ERROR_INPUT, "PCA needs at least one image");
    clae_status status = settings_numerics(device->context, settings, &numerics);
    if (status) return status;
    clae_pca *made = calloc(1, sizeof *made);
    if (!made) return fail_memory(device->context, sizeof *made, "PCA");
    *made = (clae_pca){
        .device = device, .c = info->c, .h = info->h, .w = info->w, .elements = elements, .max_dims = max_dims};
    status = fit_components(made, &numerics, train);
    if (!status) status = pca_prepare_coding(made, &numerics);
    if (status) {
        clae_pca_free(made);
        return status;
    }
    *pca = made;
    return CLAE_OK;
}

void clae_pca_free(clae_pca *pca) {
    if (!pca) return;
    pca_free_coding(pca);
    free(pca->components);
    free(pca->mean);
    free(pca->image);
    free(pca);
}
