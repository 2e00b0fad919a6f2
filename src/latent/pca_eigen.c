#include "latent/pca.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void pca_fix_sign(double *component, size_t elements) {
    size_t largest = 0;
    for (size_t e = 1; e < elements; e++)
        if (fabs(component[e]) > fabs(component[largest])) largest = e;
    if (component[largest] >= 0) return;
    for (size_t e = 0; e < elements; e++) component[e] = -component[e];
}

clae_status pca_principal_components(const clae_context *context, double *covariance, size_t elements, size_t max_dims,
                                     double *components) {
    lapack_int order = (lapack_int)elements, found = 0;
    lapack_int first = (lapack_int)(elements - max_dims + 1); /* eigenvalues come in rising order, from 1 */
    size_t vector_bytes = elements * max_dims * sizeof(double);
    double *values = malloc(elements * sizeof *values), *vectors = malloc(vector_bytes);
    lapack_int *support = malloc(2 * max_dims * sizeof *support);
    clae_status status = CLAE_OK;
    if (!values || !vectors || !support) {
        status = fail_memory(context, vector_bytes, "principal components");
        goto done;
    }
    /* Column-major order costs no transposition here: the matrix is symmetric, and the vectors come out row by row. */
    lapack_int info = LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'U', order, covariance, order, 0, 0, first, order, 0,
                                     &found, values, vectors, order, support);
    if (info != 0 || found != (lapack_int)max_dims) {
        status = fail(context, CLAE_ERROR_INTERNAL,
                      "LAPACK found %d of %zu eigenvectors of the %zux%zu covariance (dsyevr gave %d): the images may "
                      "hold values that are not finite",
                      (int)found, max_dims, elements, elements, (int)info);
        goto done;
    }
    for (size_t d = 0; d < max_dims; d++) {
        double *component = components + d * elements;
        memcpy(component, vectors + (max_dims - 1 - d) * elements, elements * sizeof *component);
        pca_fix_sign(component, elements);
    }
done:
    free(support);
    free(vectors);
    free(values);
    return status;
}
