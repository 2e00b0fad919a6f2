/* The insides of a dataset. */
#ifndef CLAE_DATA_DATASET_H
#define CLAE_DATA_DATASET_H

#include "data/picture_dataset.h"

#include <clae/dataset.h>
#include <clae/model.h>

/* Labels of images, as clae_dataset_label gives them. */
typedef struct dataset_labels {
    size_t count;       /* they are below it */
    uint32_t *of_image; /* as many as images, or CLAE_NO_LABEL; NULL: there are none */
    char **names;       /* `count` of them; NULL: labels are numbers */
} dataset_labels;

struct clae_dataset {
    clae_context *context;
    clae_dataset_info info;
    void *elements; /* read by dataset.c alone: others call the functions below */
    void *mapping;  /* the file that the elements are in; NULL: they are a block of memory */
    size_t mapping_bytes;
    char *source;
    dataset_labels labels;
    uint32_t *chosen; /* of a subset: its images among those of the elements, which are another dataset's */
};

/* Bytes of one image's elements as they are stored. */
size_t dataset_image_bytes(const clae_dataset_info *info);

/* CLAE_ERROR_INPUT when the images are not of the shape that `taker` ("the model") takes, or not all there. */
clae_status dataset_check_shape(const clae_dataset *dataset, clae_shape shape, const char *taker);
clae_status dataset_check_range(const clae_dataset *dataset, size_t first, size_t n);

/* Images of the dataset, [n][h][w][c]: elements as they are stored, or one image's as doubles, which pixels_unit makes
 * pixels. The images are all there. */
clae_status dataset_read_elements(const clae_dataset *dataset, size_t first, size_t n, void *elements);
clae_status dataset_read_values(const clae_dataset *dataset, size_t image, double *values);

/* The file that clae_dataset_open reads for a name and a split, as a fresh string; NULL after a failure. */
clae_status dataset_find(const clae_context *context, const char *name, clae_split split, char **path);

/* Whether a file is one that the dataset is read from: an array of either split, its labels beside it, or a picture of a
 * folder or list; and whether it is a file of labels (FILE or FILE.npz:NAME, NULL: none). */
bool dataset_has_file(const clae_context *context, const char *name, const char *path);
bool dataset_is_labels(const char *labels, const char *path);

/* Whether what dataset_find has found are pictures, and of what kind, not an array. */
bool dataset_has_pictures(const clae_context *context, const char *path, picture_origin *origin);

/* *bytes: of the elements of `shape` (n, c, h, w and is_float of it). CLAE_ERROR_INPUT when there are none or too many.
 */
clae_status dataset_check_size(const clae_context *context, const clae_dataset_info *shape, const char *source,
                               size_t *bytes);

/* Makes a dataset of `shape` that owns `elements`, which are freed after a failure: CLAE_ERROR_INPUT for floats that
 * are not finite. */
clae_status dataset_adopt(clae_context *context, const clae_dataset_info *shape, void *elements, const char *source,
                          clae_dataset **dataset);

/* Makes one of elements that are `offset` bytes behind the start of a mapped file, which is unmapped with it, or after
 * a failure. Statistics and fingerprint are taken from `info`, where it has them. */
clae_status dataset_adopt_mapped(clae_context *context, const clae_dataset_info *info, void *mapping,
                                 size_t mapping_bytes, size_t offset, const char *source, clae_dataset **dataset);

/* A dataset of some images of another one, which must outlive it, with the mean and deviation of that one. */
clae_status dataset_subset(const clae_dataset *of, const uint32_t *images, size_t n, clae_dataset **subset);
/* Divides a dataset by a permutation that follows from the seed: the share that is held out, one image at least, and
 * the rest. Both are freed before the dataset. CLAE_ERROR_INPUT where nothing is left. */
clae_status dataset_hold_out(const clae_dataset *of, double share, uint64_t seed, clae_dataset **rest,
                             clae_dataset **held_out);

/* Takes the labels over, each block of which is freed by free(). */
void dataset_set_labels(clae_dataset *dataset, const dataset_labels *labels);
void dataset_labels_free(dataset_labels *labels);
/* The label of image i has the name names[i], NULL or empty: none. Labels are numbered in natural order. */
clae_status dataset_labels_from_names(const clae_context *context, const char *const *names, size_t n,
                                      dataset_labels *labels);

#endif
