/* Using a model: codes, images, errors. Pixels are floats, 1.0 is white, [n][h][w][c]; codes are [n][latent_dim]: where
 * the latent shape has a height and a width, [n][h][w][c] as images are, and not the [n][c][h][w] of PyTorch. */
#ifndef CLAE_INFER_H
#define CLAE_INFER_H

#include <clae/dataset.h>
#include <clae/device.h>
#include <clae/model.h>
#include <clae/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_infer clae_infer;

typedef struct clae_evaluation {
    double loss;          /* 0.5 * sum of squared errors of normalised pixels, per image */
    double mse_per_pixel; /* of pixels in units of 1.0 */
    double psnr_db;       /* -10 log10(mse_per_pixel) */
} clae_evaluation;

/* Uploads the model's weights as they are now. Of `settings` it takes those of numerics (clae/settings.h): NULL is the
 * defaults; they are copied. batch_size 0 means 256, or less where the device's memory does not hold as much or fewer
 * images are given. Device and model must outlive it, and the model's normalisation must not change meanwhile.
 * CLAE_ERROR_INPUT when `impl` names no implementation. */
CLAE_API clae_status clae_infer_create(clae_device *device, const clae_model *model, const clae_settings *settings,
                                       size_t batch_size, clae_infer **infer);

/* codes: n * latent_dim floats for the n images of the dataset, by the caller. */
CLAE_API clae_status clae_infer_encode(clae_infer *infer, const clae_dataset *images, float *codes);
/* images: n * h * w * c floats by the caller. CLAE_ERROR_INPUT for codes that are not finite. */
CLAE_API clae_status clae_infer_decode(clae_infer *infer, const float *codes, size_t n, float *images);
/* g(f(x)) of images first .. first + n - 1. */
CLAE_API clae_status clae_infer_reconstruct(clae_infer *infer, const clae_dataset *images, size_t first, size_t n,
                                            float *reconstructed);
CLAE_API clae_status clae_infer_evaluate(clae_infer *infer, const clae_dataset *images, clae_evaluation *evaluation);

CLAE_API void clae_infer_free(clae_infer *infer);

#ifdef __cplusplus
}
#endif
#endif
