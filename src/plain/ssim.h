/* What kernels are told of the op `ssim`. */
#ifndef CLAE_PLAIN_SSIM_H
#define CLAE_PLAIN_SSIM_H

#include "ops/ssim.h"

typedef struct plain_ssim_windows {
    int w, channels;                               /* of images */
    int kh, kw;                                    /* of windows */
    int places_h, places_w;                        /* at which they are */
    float rows[SSIM_WINDOW], columns[SSIM_WINDOW]; /* weights */
    float factor;                                  /* of the gradient */
} plain_ssim_windows;

/* Of each window of an image, [places_h][places_w][channels]; see ssim_place in ops/ssim.c. */
typedef struct plain_ssim_maps {
    float *my, *mt, *mean, *error, *spread;
} plain_ssim_maps;

#define PLAIN_SSIM_MAPS 5

#endif
