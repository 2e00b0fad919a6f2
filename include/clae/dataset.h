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

/* Of images, at most. */
#define CLAE_MAX_CHANNELS 64

typedef struct clae_dataset clae_dataset;

typedef enum clae_split { CLAE_SPLIT_TRAIN, CLAE_SPLIT_TEST } clae_split;

typedef struct clae_dataset_info {
    size_t n, c, h, w;
    bool is_float; /* pixels are kept as floats; otherwise as bytes, of which 255 is 1.0 */
    /* Of each channel's pixels, in units of 1.0; the deviation is the population's. */
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS];
    char fingerprint[40]; /* of shape and contents */
    const char *source;   /* the path it was read from, or "memory" */
} clae_dataset_info;

/* How pictures of any size are made images of one size: scaled until they cover it, with the middle cut out; scaled
 * until they fit into it, with a border of the background; or stretched to it. */
typedef enum clae_fit { CLAE_FIT_COVER, CLAE_FIT_CONTAIN, CLAE_FIT_STRETCH } clae_fit;

/* Where the channels of an array of rank 4 are: after the images or last; by default at the axis that may be channels,
 * where one alone may be (of at most 4, or of at most CLAE_MAX_CHANNELS where the other has more). */
typedef enum clae_layout { CLAE_LAYOUT_AUTO, CLAE_LAYOUT_NCHW, CLAE_LAYOUT_NHWC } clae_layout;

/* What becomes of pictures; zero or NULL means the default. Arrays heed `layout` and `labels` alone. */
typedef struct clae_dataset_options {
    size_t h, w; /* default: the size that all pictures have */
    clae_fit fit;
    size_t c;               /* 1: grey, 3: colours; default: 3 where any picture has colours */
    const char *background; /* behind what is transparent, and of borders: white (default), black, grey or #rrggbb */
    double test_share;      /* where there are no folders train and test; default: 0.1; negative: none */
    const char *labels;     /* see clae_dataset_open; default: folders' names, and what is beside arrays */
    const char *cache_dir;  /* for decoded pictures; default: images in the context's cache_dir */
    bool skip_bad;          /* leaves out pictures that cannot be read */
    clae_layout layout;
} clae_dataset_options;

/* Opens images by name or path: "mnist" and "fashion-mnist" are looked up in the context's data folder
 * ($CLAE_DATA_DIR by default; a folder of the name in it, or the data folder itself), in $XDG_DATA_HOME/clae
 * (~/.local/share/clae) and in /usr/share/datasets; a folder holds MNIST-named files (train-images-idx3-ubyte and
 * t10k-images-idx3-ubyte, or train-images.npy and t10k-images.npy, plain or .gz; test for t10k, and a prefix, as in
 * emnist-letters-train-images-idx3-ubyte, are taken too, and all of these in the folder "raw" or "MNIST/raw" below, or
 * a relative's; FOLDER/emnist-letters chooses a prefix; the images of IDX files called emnist-*, which are stored
 * transposed, are turned upright), or pictures; a file is used for both splits. Arrays are IDX
 * files of unsigned bytes, or NumPy arrays, (n, h, w), (n, c, h, w) or (n, h, w, c), in a .npy or a .npz file: of the
 * latter the one called x_train or x_test by the split, x, images, data or arr_0, the only one, or that of
 * FILE.npz:NAME. uint8 and uint16 are divided by 255 and 65535, float32 and float64 are used as they are. Labels are
 * those of the file beside ("labels" for "images" in its name), or of the archive: y_train for x_train, y for x, labels
 * for images; or those of options.labels: an array of integers, one for each image, in an IDX, .npy or .npz file
 * (y_train or y_test of the latter by the split), or lines of text, one for each image. A path that exists wins over a
 * name. CLAE_ERROR_INPUT when it is missing, damaged, of another kind or not finite, or when c may be either of two
 * axes.
 *
 * Pictures are those of a folder and the folders in it, in natural order (img2 before img10), without hidden files and
 * runs; those that a text file lists, one path a line, relative to the list; those of a tar archive, compressed or not;
 * or a single one. The folders train and test (or val) are the splits; otherwise test_share of the pictures is for
 * testing, chosen by their names. Folders in those are labels, or
 * options.labels is a file of lines `name,label`. Pictures are decoded by several threads into a file of
 * the cache for each split, from which they are mapped: they need not fit into memory, and are not decoded again until
 * names, sizes, times or options change. Those that cannot be read are named, and CLAE_ERROR_INPUT, unless skip_bad is
 * set. `options` NULL: the defaults. */
CLAE_API clae_status clae_dataset_open(clae_context *context, const char *name, clae_split split,
                                       clae_dataset **dataset);
CLAE_API clae_status clae_dataset_open_with(clae_context *context, const char *name, clae_split split,
                                            const clae_dataset_options *options, clae_dataset **dataset);

/* Copies n*h*w*c elements, [n][h][w][c]; at most 2^32 - 1 images and CLAE_MAX_CHANNELS channels. CLAE_ERROR_INPUT when
 * there are none, or when a float is not finite. */
CLAE_API clae_status clae_dataset_from_bytes(clae_context *context, const uint8_t *pixels, size_t n, size_t c, size_t h,
                                             size_t w, clae_dataset **dataset);
CLAE_API clae_status clae_dataset_from_floats(clae_context *context, const float *values, size_t n, size_t c, size_t h,
                                              size_t w, clae_dataset **dataset);

/* Keeps the first n images, all of them when n is 0 or larger than the set; statistics and fingerprint follow. */
CLAE_API void clae_dataset_limit(clae_dataset *dataset, size_t n);

/* Copies the pixels of images first .. first + n - 1, in units of 1.0, [n][h][w][c]. CLAE_ERROR_INPUT when there are no
 * such images. */
CLAE_API clae_status clae_dataset_read(const clae_dataset *dataset, size_t first, size_t n, float *pixels);

/* What images show, where the data say so; training never uses it. Labels are below clae_dataset_label_count, which is
 * 0 where there are none; an image may be without one. A label's name is NULL where labels are numbers alone. */
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
