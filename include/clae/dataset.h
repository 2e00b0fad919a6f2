/* Datasets: n images of h x w pixels and c channels in host memory, [n][h][w][c]. */
#ifndef CLAE_DATASET_H
#define CLAE_DATASET_H

#include <clae/context.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_dataset clae_dataset;

typedef enum clae_split { CLAE_SPLIT_TRAIN, CLAE_SPLIT_TEST } clae_split;

typedef struct clae_dataset_info {
    size_t n, c, h, w;
    bool is_float;        /* pixels are kept as floats; otherwise as bytes, of which 255 is 1.0 */
    double mean, std;     /* over all elements, in units of 1.0; the deviation is the population's */
    char fingerprint[40]; /* of shape and contents */
    const char *source;   /* the path it was read from, or "memory" */
} clae_dataset_info;

/* Opens images by name or path: "mnist" and "fashion-mnist" are looked up in the context's data folder
 * ($CLAE_DATA_DIR by default; a folder of the name in it, or the data folder itself), in $XDG_DATA_HOME/clae
 * (~/.local/share/clae) and in /usr/share/datasets; a folder holds MNIST-named files (train-images-idx3-ubyte and
 * t10k-images-idx3-ubyte, or train-images.npy and t10k-images.npy, plain or .gz); a file is used for both splits. Files are
 * IDX files of rank 3 of unsigned bytes, or NumPy arrays (n, h, w), (n, c, h, w) or (n, h, w, c), c from 1 to 4: uint8 and
 * uint16 are divided by 255 and 65535, float32 and float64 are used as they are. A path that exists wins over a name.
 * CLAE_ERROR_INPUT when it is missing, damaged, of another kind or not finite, or when c may be either of two axes. */
CLAE_API clae_status clae_dataset_open(clae_context *context, const char *name, clae_split split,
                                       clae_dataset **dataset);

/* Copies n*h*w*c elements, [n][h][w][c]; at most 2^32 - 1 images. CLAE_ERROR_INPUT when there are none, or when a float
 * is not finite. */
CLAE_API clae_status clae_dataset_from_bytes(clae_context *context, const uint8_t *pixels, size_t n, size_t c, size_t h,
                                             size_t w, clae_dataset **dataset);
CLAE_API clae_status clae_dataset_from_floats(clae_context *context, const float *values, size_t n, size_t c, size_t h,
                                              size_t w, clae_dataset **dataset);

/* Keeps the first n images, all of them when n is 0 or larger than the set; statistics and fingerprint follow. */
CLAE_API void clae_dataset_limit(clae_dataset *dataset, size_t n);

/* Copies the pixels of images first .. first + n - 1, in units of 1.0, [n][h][w][c]. CLAE_ERROR_INPUT when there are no
 * such images. */
CLAE_API clae_status clae_dataset_read(const clae_dataset *dataset, size_t first, size_t n, float *pixels);

/* What images show, where the data say so; training never uses it. Labels are below clae_dataset_label_count, which is 0
 * where there are none; an image may be without one. A label's name is NULL where labels are numbers alone. */
#define CLAE_NO_LABEL UINT32_MAX
CLAE_API size_t clae_dataset_label_count(const clae_dataset *dataset);
CLAE_API uint32_t clae_dataset_label(const clae_dataset *dataset, size_t image);
CLAE_API const char *clae_dataset_label_name(const clae_dataset *dataset, uint32_t label);

CLAE_API const clae_dataset_info *clae_dataset_get_info(const clae_dataset *dataset);
CLAE_API void clae_dataset_free(clae_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
