#include "latent/pca.h"

#include "base/memory.h"
#include "data/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CODING_ROWS 512

static clae_status prepare_ops(clae_pca *pca, const numerics *numerics) {
    op_desc encode = {
        .op = OP_gemm,
        .gemm = {.m = pca->chunk_rows, .n = pca->max_dims, .k = pca->elements, .transpose_b = true, .alpha = 1}};
    op_desc decode = {.op = OP_gemm,
                      .gemm = {.m = pca->chunk_rows, .n = pca->elements, .k = pca->max_dims, .alpha = 1}};
    clae_status status = op_prepare(pca->device, &encode, numerics, &pca->encode);
    if (!status) status = op_prepare(pca->device, &decode, numerics, &pca->decode);
    if (status) return status;
    size_t workspace_bytes = pca->encode->workspace_bytes > pca->decode->workspace_bytes ? pca->encode->workspace_bytes
                                                                                         : pca->decode->workspace_bytes;
    return workspace_bytes ? buffer_create(pca->device, workspace_bytes, &pca->workspace) : CLAE_OK;
}

static clae_status upload_components(clae_pca *pca) {
    size_t count = pca->max_dims * pca->elements, bytes = count * sizeof(float);
    float *components = malloc(bytes);
    if (!components) return fail_memory(pca->device->context, bytes, "principal components");
    for (size_t i = 0; i < count; i++) components[i] = (float)pca->components[i];
    clae_status status = buffer_create(pca->device, bytes, &pca->components_buffer);
    if (!status) status = buffer_upload(pca->components_buffer, 0, components, bytes);
    free(components);
    return status;
}

static size_t pixel_bytes(const clae_pca *pca) {
    return pca->chunk_rows * pca->elements * sizeof(float);
}
static size_t code_bytes(const clae_pca *pca) {
    return pca->chunk_rows * pca->max_dims * sizeof(float);
}

clae_status pca_prepare_coding(clae_pca *pca, const numerics *numerics) {
    pca->chunk_rows = pca_chunk_rows(pca->elements, CODING_ROWS);
    pca->pixels = malloc(pixel_bytes(pca));
    pca->codes = malloc(code_bytes(pca));
    if (!pca->pixels || !pca->codes)
        return fail_memory(pca->device->context, pixel_bytes(pca) + code_bytes(pca), "PCA");
    clae_status status = prepare_ops(pca, numerics);
    if (!status) status = buffer_create(pca->device, pixel_bytes(pca), &pca->pixels_buffer);
    if (!status) status = buffer_create(pca->device, code_bytes(pca), &pca->codes_buffer);
    if (!status) status = upload_components(pca);
    return status;
}

void pca_free_coding(clae_pca *pca) {
    op_release(pca->encode);
    op_release(pca->decode);
    buffer_free(pca->workspace);
    buffer_free(pca->components_buffer);
    buffer_free(pca->codes_buffer);
    buffer_free(pca->pixels_buffer);
    free(pca->codes);
    free(pca->pixels);
}

/* Staged pixels to staged codes, all max_dims of them. */
static clae_status encode_chunk(const clae_pca *pca) {
    clae_status status = buffer_upload(pca->pixels_buffer, 0, pca->pixels, pixel_bytes(pca));
    if (!status)
        status =
            pca_multiply(pca->encode, pca->pixels_buffer, pca->components_buffer, pca->codes_buffer, pca->workspace);
    if (!status) status = buffer_download(pca->codes_buffer, 0, pca->codes, code_bytes(pca));
    return status;
}

/* Staged codes to staged pixels, still centred. */
static clae_status decode_chunk(const clae_pca *pca) {
    clae_status status = buffer_upload(pca->codes_buffer, 0, pca->codes, code_bytes(pca));
    if (!status)
        status =
            pca_multiply(pca->decode, pca->codes_buffer, pca->components_buffer, pca->pixels_buffer, pca->workspace);
    if (!status) status = buffer_download(pca->pixels_buffer, 0, pca->pixels, pixel_bytes(pca));
    return status;
}

static clae_status check_dims(const clae_pca *pca, size_t dims) {
    if (dims >= 1 && dims <= pca->max_dims) return CLAE_OK;
    return fail(pca->device->context, CLAE_ERROR_INPUT, "PCA was fitted for 1 to %zu dimensions: %zu were asked for",
                pca->max_dims, dims);
}

static clae_status check_images(const clae_pca *pca, const clae_dataset *images) {
    return dataset_check_shape(images, (clae_shape){pca->c, pca->h, pca->w}, "the PCA");
}

static size_t rows_of_chunk(const clae_pca *pca, size_t first, size_t n) {
    return n - first < pca->chunk_rows ? n - first : pca->chunk_rows;
}

clae_status clae_pca_encode(const clae_pca *pca, size_t dims, const clae_dataset *images, float *codes) {
    const size_t n = images->info.n;
    clae_status status = check_dims(pca, dims);
    if (!status) status = check_images(pca, images);
    for (size_t first = 0; first < n && !status; first += pca->chunk_rows) {
        size_t rows = rows_of_chunk(pca, first, n);
        status = pca_centre(pca, images, first, rows, pca->chunk_rows, pca->pixels);
        if (!status) status = encode_chunk(pca);
        for (size_t i = 0; i < rows && !status; i++)
            memcpy(codes + (first + i) * dims, pca->codes + i * pca->max_dims, dims * sizeof *codes);
    }
    return status;
}

clae_status clae_pca_decode(const clae_pca *pca, size_t dims, const float *codes, size_t n, float *images) {
    clae_status status = check_dims(pca, dims);
    for (size_t first = 0; first < n && !status; first += pca->chunk_rows) {
        size_t rows = rows_of_chunk(pca, first, n);
        memset(pca->codes, 0, code_bytes(pca));
        for (size_t i = 0; i < rows; i++)
            memcpy(pca->codes + i * pca->max_dims, codes + (first + i) * dims, dims * sizeof *codes);
        status = decode_chunk(pca);
        for (size_t i = 0; i < rows * pca->elements && !status; i++)
            images[first * pca->elements + i] = (float)(pca->pixels[i] + pca->mean[i % pca->elements]);
    }
    return status;
}

/* Adds the squared errors of the chunk of images that starts at `first`, of each channel. */
static clae_status add_errors(const clae_pca *pca, size_t dims, const clae_dataset *images, size_t first,
                              float *centred, double *sums) {
    size_t rows = rows_of_chunk(pca, first, images->info.n);
    clae_status status = pca_centre(pca, images, first, rows, pca->chunk_rows, centred);
    if (status) return status;
    memcpy(pca->pixels, centred, pixel_bytes(pca));
    status = encode_chunk(pca);
    if (status) return status;
    for (size_t i = 0; i < pca->chunk_rows; i++)
        memset(pca->codes + i * pca->max_dims + dims, 0, (pca->max_dims - dims) * sizeof *pca->codes);
    status = decode_chunk(pca);
    if (status) return status;
    for (size_t i = 0; i < rows * pca->elements; i++) {
        double error = (double)pca->pixels[i] - centred[i];
        sums[i % pca->c] += error * error;
    }
    return CLAE_OK;
}

clae_status clae_pca_evaluate(const clae_pca *pca, size_t dims, const clae_dataset *images, const double *std,
                              clae_evaluation *evaluation) {
    const size_t count = images->info.n;
    clae_status status = check_dims(pca, dims);
    if (!status) status = check_images(pca, images);
    if (status) return status;
    float *centred = malloc(pixel_bytes(pca));
    if (!centred) return fail_memory(pca->device->context, pixel_bytes(pca), "centred images");
    double sums[CLAE_MAX_CHANNELS] = {0}, sum = 0, loss = 0;
    for (size_t first = 0; first < count && !status; first += pca->chunk_rows)
        status = add_errors(pca, dims, images, first, centred, sums);
    free(centred);
    const double n = (double)count;
    for (size_t k = 0; k < pca->c; k++) {
        sum += sums[k];
        loss += 0.5 * sums[k] / (n * std[k] * std[k]);
    }
    const double mse = sum / (n * (double)pca->elements);
    *evaluation = (clae_evaluation){.loss = loss, .mse_per_pixel = mse, .psnr_db = -10 * log10(mse)};
    return status;
}
