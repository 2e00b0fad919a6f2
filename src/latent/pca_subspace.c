/* Principal components without a covariance matrix: randomised subspace iteration (Halko, Martinsson and Tropp,
 * "Finding structure with randomness", 2011, algorithm 4.4) on the covariance C = X^T X of centred images X, which pass
 * in chunks. Each pass gives Y = C Q for an orthonormal basis Q of a few more columns than are asked for; the
 * eigenvectors of Q^T Y, a small matrix, turn Q into estimates, and an orthonormal basis of Y is the next Q. */
#include "latent/pca.h"

#include "base/memory.h"
#include "base/philox.h"
#include "data/dataset.h"

#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#define MORE_COLUMNS 10
#define LEAST_PASSES 4
#define MOST_PASSES 24
#define USUAL_PASSES 8
#define SETTLED 1e-6 /* share by which the sum of the variances still grows in a pass */
#define CHUNK_ROWS 512

typedef struct subspace {
    const clae_pca *pca;
    const clae_dataset *images;
    size_t columns, rows;         /* of Q; of a chunk of images */
    double *q, *y;                /* [columns][elements]: columns one after another */
    double *small, *values, *tau; /* [columns][columns], [columns] */
    float *pixels, *staged;       /* [rows][elements], [elements][columns] */
    buffer *pixels_buffer, *q_buffer, *codes, *y_buffer, *workspace; /* codes = pixels Q; y = pixels^T codes */
    op_instance *encode, *decode;
} subspace;

static clae_status subspace_allocate(subspace *s) {
    const size_t elements = s->pca->elements, columns = s->columns;
    const size_t basis_bytes = elements * columns * sizeof(double), pixel_bytes = s->rows * elements * sizeof(float);
    s->q = malloc(basis_bytes);
    s->y = malloc(basis_bytes);
    s->staged = malloc(elements * columns * sizeof *s->staged);
    s->pixels = malloc(pixel_bytes);
    s->small = malloc(columns * columns * sizeof *s->small);
    s->values = malloc(columns * sizeof *s->values);
    s->tau = malloc(columns * sizeof *s->tau);
    if (s->q && s->y && s->staged && s->pixels && s->small && s->values && s->tau) return CLAE_OK;
    return fail_memory(s->pca->device->context, 2 * basis_bytes + pixel_bytes, "principal components");
}

static clae_status subspace_prepare(subspace *s, const numerics *numerics) {
    clae_device *device = s->pca->device;
    const size_t elements = s->pca->elements, basis_bytes = elements * s->columns * sizeof(float);
    const op_desc encode = {.op = OP_gemm, .gemm = {.m = s->rows, .n = s->columns, .k = elements, .alpha = 1}};
    const op_desc decode = {.op = OP_gemm,
                            .gemm = {.m = elements, .n = s->columns, .k = s->rows, .transpose_a = true, .alpha = 1}};
    clae_status status = op_prepare(device, &encode, numerics, &s->encode);
    if (status == CLAE_OK) status = op_prepare(device, &decode, numerics, &s->decode);
    if (status != CLAE_OK) return status;
    const size_t a = s->encode->workspace_bytes, b = s->decode->workspace_bytes;
    status = buffer_create(device, s->rows * elements * sizeof(float), &s->pixels_buffer);
    if (status == CLAE_OK) status = buffer_create(device, basis_bytes, &s->q_buffer);
    if (status == CLAE_OK) status = buffer_create(device, s->rows * s->columns * sizeof(float), &s->codes);
    if (status == CLAE_OK) status = buffer_create(device, basis_bytes, &s->y_buffer);
    if (status == CLAE_OK && (a || b)) status = buffer_create(device, a > b ? a : b, &s->workspace);
    return status;
}

static void subspace_release(subspace *s) {
    op_release(s->encode);
    op_release(s->decode);
    buffer_free(s->workspace);
    buffer_free(s->y_buffer);
    buffer_free(s->codes);
    buffer_free(s->q_buffer);
    buffer_free(s->pixels_buffer);
    free(s->tau);
    free(s->values);
    free(s->small);
    free(s->pixels);
    free(s->staged);
    free(s->y);
    free(s->q);
}

/* y += C q for a chunk of images; sums over chunks are in double. */
static clae_status subspace_add_chunk(subspace *s, size_t first, size_t n) {
    const size_t elements = s->pca->elements, columns = s->columns;
    clae_status status = pca_centre(s->pca, s->images, first, n, s->rows, s->pixels);
    if (status == CLAE_OK)
        status = buffer_upload(s->pixels_buffer, 0, s->pixels, s->rows * elements * sizeof *s->pixels);
    if (status == CLAE_OK) status = pca_multiply(s->encode, s->pixels_buffer, s->q_buffer, s->codes, s->workspace);
    if (status == CLAE_OK) status = pca_multiply(s->decode, s->pixels_buffer, s->codes, s->y_buffer, s->workspace);
    if (status == CLAE_OK) status = buffer_download(s->y_buffer, 0, s->staged, elements * columns * sizeof *s->staged);
    if (status != CLAE_OK) return status;
    for (size_t e = 0; e < elements; e++)
        for (size_t k = 0; k < columns; k++) s->y[k * elements + e] += (double)s->staged[e * columns + k];
    return CLAE_OK;
}

/* y = C q, by a pass over all images. */
static clae_status subspace_pass(subspace *s) {
    const size_t elements = s->pca->elements, columns = s->columns, n = s->images->info.n;
    for (size_t e = 0; e < elements; e++)
        for (size_t k = 0; k < columns; k++) s->staged[e * columns + k] = (float)s->q[k * elements + e];
    memset(s->y, 0, elements * columns * sizeof *s->y);
    clae_status status = buffer_upload(s->q_buffer, 0, s->staged, elements * columns * sizeof *s->staged);
    for (size_t first = 0; first < n && status == CLAE_OK; first += s->rows)
        status = subspace_add_chunk(s, first, n - first < s->rows ? n - first : s->rows);
    return status;
}

static clae_status subspace_check(const subspace *s, const char *function, lapack_int info) {
    return info == 0
               ? CLAE_OK
               : fail(s->pca->device->context, CLAE_ERROR_INTERNAL, "PCA: LAPACK's %s gave %d", function, (int)info);
}

/* q = an orthonormal basis of y's columns, which are its as they are. */
static clae_status subspace_orthonormalise(subspace *s) {
    const lapack_int rows = (lapack_int)s->pca->elements, columns = (lapack_int)s->columns;
    double *swapped = s->q;
    s->q = s->y;
    s->y = swapped;
    clae_status status =
        subspace_check(s, "dgeqrf", LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, s->q, rows, s->tau));
    if (status != CLAE_OK) return status;
    return subspace_check(s, "dorgqr", LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, columns, s->q, rows, s->tau));
}

/* small = the eigenvectors of q^T y, one after another, with their values, in rising order. */
static clae_status subspace_solve(subspace *s) {
    const size_t elements = s->pca->elements, columns = s->columns;
    for (size_t a = 0; a < columns; a++)
        for (size_t b = a; b < columns; b++) {
            double ab = 0, ba = 0;
            for (size_t e = 0; e < elements; e++) {
                ab += s->q[a * elements + e] * s->y[b * elements + e];
                ba += s->q[b * elements + e] * s->y[a * elements + e];
            }
            s->small[a * columns + b] = s->small[b * columns + a] = (ab + ba) / 2;
        }
    return subspace_check(
        s, "dsyev",
        LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)columns, s->small, (lapack_int)columns, s->values));
}

static double subspace_variance(const subspace *s) {
    double sum = 0;
    for (size_t d = 0; d < s->pca->max_dims; d++) sum += s->values[s->columns - 1 - d];
    return sum;
}

/* components = q times the eigenvectors of the largest values. */
static void subspace_finish(const subspace *s, double *components) {
    const size_t elements = s->pca->elements, columns = s->columns;
    for (size_t d = 0; d < s->pca->max_dims; d++) {
        const double *vector = s->small + (columns - 1 - d) * columns;
        double *component = components + d * elements;
        memset(component, 0, elements * sizeof *component);
        for (size_t k = 0; k < columns; k++)
            for (size_t e = 0; e < elements; e++) component[e] += vector[k] * s->q[k * elements + e];
        pca_fix_sign(component, elements);
    }
}

static clae_status subspace_iterate(subspace *s) {
    const size_t count = s->pca->elements * s->columns;
    double before = 0;
    for (size_t i = 0; i < count; i++) s->y[i] = philox_normal((philox_stream){0, PHILOX_PCA, 0}, i);
    for (int pass = 1; pass <= MOST_PASSES; pass++) {
        clae_status status = subspace_orthonormalise(s);
        if (status == CLAE_OK) status = subspace_pass(s);
        if (status == CLAE_OK) status = subspace_solve(s);
        if (status != CLAE_OK) return status;
        const double variance = subspace_variance(s);
        if (pass >= LEAST_PASSES && variance - before <= SETTLED * variance) break;
        before = variance;
    }
    return CLAE_OK;
}

/* An image is multiplied twice in a pass; the basis is made orthonormal, and Q^T Y made, in about four products. */
pca_cost pca_subspace_cost(size_t elements, size_t dims) {
    const double e = (double)elements, columns = (double)(dims + MORE_COLUMNS);
    return (pca_cost){.per_image = USUAL_PASSES * 2 * e * columns, .fixed = USUAL_PASSES * 4 * e * columns * columns};
}

clae_status pca_fit_subspace(clae_pca *pca, const numerics *numerics, const clae_dataset *images) {
    const size_t wanted = pca->max_dims + MORE_COLUMNS, n = images->info.n;
    subspace s = {.pca = pca,
                  .images = images,
                  .columns = wanted < pca->elements ? wanted : pca->elements,
                  .rows = pca_chunk_rows(pca->elements, n < CHUNK_ROWS ? n : CHUNK_ROWS)};
    clae_status status = subspace_allocate(&s);
    if (status == CLAE_OK) status = subspace_prepare(&s, numerics);
    if (status == CLAE_OK) status = subspace_iterate(&s);
    if (status == CLAE_OK) subspace_finish(&s, pca->components);
    subspace_release(&s);
    return status;
}
