/* The insides of a PCA. */
#ifndef CLAE_LATENT_PCA_H
#define CLAE_LATENT_PCA_H

#include "backend/backend.h"

#include <clae/latent.h>

struct clae_pca {
    clae_device *device;
    size_t c, h, w;  /* of an image */
    size_t elements; /* c h w */
    size_t max_dims;
    double *image;      /* for pca_centre: one image */
    double *mean;       /* of each element, in units of 1.0 */
    double *components; /* [max_dims][elements], orthonormal, of falling variance */

    /* For encoding and decoding chunk_rows images at a time; smaller chunks are filled up with zeros. */
    size_t chunk_rows;
    float *pixels, *codes; /* staging: [chunk_rows][elements], [chunk_rows][max_dims] */
    buffer *pixels_buffer, *codes_buffer, *components_buffer, *workspace;
    op_instance *encode, *decode; /* codes = pixels components^T; pixels = codes components */
};

/* Rows that a chunk of images of that size has, at most `rows`; at least one. */
size_t pca_chunk_rows(size_t elements, size_t rows);

/* centred[i][e] = images[first + i][e] - mean[e], followed by zero rows from n to chunk_rows. */
clae_status pca_centre(const clae_pca *pca, const clae_dataset *images, size_t first, size_t n, size_t chunk_rows,
                       float *centred);

/* C = A B, or what the gemm's descriptor makes of them. */
clae_status pca_multiply(op_instance *gemm, buffer *a, buffer *b, buffer *c, buffer *workspace);

/* Allocates and prepares what encoding and decoding need, and uploads the components. */
clae_status pca_prepare_coding(clae_pca *pca, const numerics *numerics);
void pca_free_coding(clae_pca *pca);

/* Images of more elements have no covariance matrix made of them: it would have more than 8 MiB, and its eigenvectors
 * take time of the third power. */
#define PCA_EXACT_ELEMENTS 1024

/* Components of images whose mean is known, on the device: by the covariance matrix, or by randomised subspace
 * iteration, whose components have the variance of the exact ones to about 1e-6. The same bits for the same images and
 * device. */
clae_status pca_fit_exact(clae_pca *pca, const numerics *numerics, const clae_dataset *images);
clae_status pca_fit_subspace(clae_pca *pca, const numerics *numerics, const clae_dataset *images);

/* Multiply-adds that a fit takes, about: for each image, and besides. */
typedef struct pca_cost {
    double per_image, fixed;
} pca_cost;
pca_cost pca_fit_cost(size_t elements, size_t dims);
/* Its part for images without a covariance matrix. */
pca_cost pca_subspace_cost(size_t elements, size_t dims);

/* Makes the largest element positive. */
void pca_fix_sign(double *component, size_t elements);

/* Principal components, without a device: covariance [elements][elements] is destroyed. The sign of a
 * component is such that its largest element is positive. */
clae_status pca_principal_components(const clae_context *context, double *covariance, size_t elements, size_t max_dims,
                                     double *components);

#endif
