/* The lecture's figures. */
#ifndef CLAE_CLI_PICTURES_H
#define CLAE_CLI_PICTURES_H

#include "cli/materials.h"

/* Pictures, and the images themselves: floats of shape (images, height, width), with the blocks in front where there
 * are several, and the channels behind. */
extern const output_format picture_formats[];

typedef struct picture_style {
    option_grid grid;
    bool no_invert;
    uint64_t seed;
} picture_style;

/* The first test images, and what the model and PCA make of them. */
clae_status picture_reconstruction(const materials *materials, const picture_style *style, const output *out);
/* Between pairs of test images, a pair a row, for the model and for PCA. */
clae_status picture_interpolation(const materials *materials, const picture_style *style, const output *out);
/* Codes drawn from a Gaussian fitted on the training images' codes, decoded. */
clae_status picture_samples(const materials *materials, const picture_style *style, const output *out);

/* A whole command that draws from the test images by one of the first two; gives the exit code. */
typedef clae_status (*picture_fn)(const materials *materials, const picture_style *style, const output *out);
int picture_of_tests(console *console, const common_args *common, const char *path, const picture_style *style,
                     picture_fn draw);

#endif
