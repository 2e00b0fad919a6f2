/* What commands on a finished model need: session, images, model and PCA of equal dimension. */
#ifndef CLAE_CLI_MATERIALS_H
#define CLAE_CLI_MATERIALS_H

#include "cli/output.h"
#include "cli/session.h"

typedef struct materials {
    session session;
    clae_settings settings; /* the command's, and of images the run's for what is not given */
    clae_dataset *train, *test;
    clae_model *model;
    clae_infer *infer;
    clae_pca *pca; /* of at least `dims` components; NULL: there are not so many */
    size_t dims;   /* of the model's codes */
    clae_shape shape;
} materials;

/* What to open, besides the model; the device comes with any of them. */
enum { MATERIALS_TEST = 1, MATERIALS_TRAIN = 2, MATERIALS_PCA = 4 | MATERIALS_TRAIN };

/* The model, and the images that its run was trained with unless others are given. `out` may be NULL where nothing is
 * written: its place is checked before the device is opened. */
clae_status materials_open(materials *materials, console *console, const common_args *args, unsigned what, output *out);
/* Steps of the above, for commands with several models; images are of the model's size where there is a model and no
 * size is given. */
clae_status materials_open_session(materials *materials, console *console, const common_args *args);
clae_status materials_open_data(materials *materials, unsigned what);
clae_status materials_load_model(materials *materials, const char *path);
clae_status materials_start_model(materials *materials, const common_args *args);
clae_status materials_fit_pca(materials *materials, const common_args *args, size_t dims);
void materials_drop_model(materials *materials);
/* Takes one that was opened half, too. */
void materials_close(materials *materials);

/* Reports a shortage of memory. */
clae_status materials_no_memory(const materials *materials, const char *what);

#endif
