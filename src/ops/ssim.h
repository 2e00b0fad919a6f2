/* What backends share of the op `ssim`. */
#ifndef CLAE_OPS_SSIM_H
#define CLAE_OPS_SSIM_H

#include "ops/op.h"

#define SSIM_WINDOW 11
#define SSIM_C1 1e-4
#define SSIM_C2 9e-4

/* The windows of an axis: how many pixels they have, and at how many places they are. */
int ssim_window(int pixels);
int ssim_places(int pixels);
/* Weights of a window's rows or columns, which add up to 1; of a pixel they are multiplied. */
void ssim_weights(int window, float weights[SSIM_WINDOW]);
/* Windows of an image, of all channels. */
size_t ssim_image_windows(const ssim_desc *desc);

#endif
