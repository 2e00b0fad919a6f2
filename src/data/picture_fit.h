/* Resampling of pictures to another size. */
#ifndef CLAE_DATA_PICTURE_FIT_H
#define CLAE_DATA_PICTURE_FIT_H

#include "data/picture_decoder.h"

/* What part of a picture goes to which part of the pixels of a form, along height or width. */
typedef struct fit_span {
    double from, length; /* of the picture, in its pixels */
    size_t to, count;    /* of the form */
} fit_span;

typedef struct fit_plan {
    fit_span y, x;
} fit_plan;

/* For an upright picture of h x w, and a form without zeros. */
fit_plan picture_fit_plan(size_t h, size_t w, const picture_form *form);

/* How much smaller the picture becomes: the factor of height or width, whichever is the larger one. */
double picture_fit_scale(const fit_plan *plan);

/* Writes the form's pixels [h][w][c], the background included. The raster has the form's channels; it is the picture
 * of h x w that the plan was made for, or a smaller version of it. */
clae_status picture_fit_run(const picture_file *file, const picture_raster *raster, size_t h, size_t w,
                            const fit_plan *plan, const picture_form *form, uint8_t *pixels);

#endif
