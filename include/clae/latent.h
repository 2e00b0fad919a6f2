/* What is done with codes: PCA as the linear autoencoder, Gaussian densities, interpolation. */
#ifndef CLAE_LATENT_H
#define CLAE_LATENT_H

#include <clae/infer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Principal components of centred pixels: the optimal linear autoencoder (Baldi and Hornik, 1989). */
typedef struct clae_pca clae_pca;

/* Fits up to max_dims components. Of images of 1024 elements at most, the covariance is computed on the device and its
 * eigenvectors in double on the host; larger images have no covariance made of them, and components by randomised
 * subspace iteration, in passes over the images, which have the variance of the exact ones to about 1e-6. Of `settings`
 * it takes those of numerics (clae/settings.h), NULL: the defaults. CLAE_ERROR_INPUT when max_dims exceeds the elements
 * of an image. The device must outlive the result. */
CLAE_API clae_status clae_pca_fit(clae_device *device, const clae_dataset *train, const clae_settings *settings,
                                  size_t max_dims, clae_pca **pca);

/* The functions below use the first `dims` components, dims <= max_dims. Codes are [n][dims]. */
CLAE_API clae_status clae_pca_encode(const clae_pca *pca, size_t dims, const clae_dataset *images, float *codes);
CLAE_API clae_status clae_pca_decode(const clae_pca *pca, size_t dims, const float *codes, size_t n, float *images);
/* `loss` is in units of pixels normalised by `std`, of each channel: pass the training set's deviations. */
CLAE_API clae_status clae_pca_evaluate(const clae_pca *pca, size_t dims, const clae_dataset *images, const double *std,
                                       clae_evaluation *evaluation);
CLAE_API void clae_pca_free(clae_pca *pca);

/* Mean and deviation of each dimension of n codes: the Gaussian with diagonal covariance. mean, std: dims each. */
CLAE_API void clae_gaussian_fit(const float *codes, size_t n, size_t dims, double *mean, double *std);
/* Draws n codes; a pure function of its arguments. */
CLAE_API void clae_gaussian_sample(const double *mean, const double *std, size_t dims, uint64_t seed, size_t n,
                                   float *codes);

/* steps codes from a to b, both included: (1 - alpha) a + alpha b. */
CLAE_API void clae_interpolate(const float *a, const float *b, size_t dims, size_t steps, float *codes);

#ifdef __cplusplus
}
#endif
#endif
