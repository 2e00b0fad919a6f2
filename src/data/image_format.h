/* Formats of files of images. A line of formats.def names one: FORMAT(name) is image_format_name, in name.c here. */
#ifndef CLAE_DATA_IMAGE_FORMAT_H
#define CLAE_DATA_IMAGE_FORMAT_H

#include "data/byte_source.h"
#include "data/dataset.h"

/* A file that is open, at its start. */
typedef struct image_file {
    const clae_context *context;
    const char *path;
    const char *member; /* that is asked for, of files with several arrays; NULL: none */
    clae_split split;
    const clae_dataset_options *options;
    byte_source *bytes;     /* decompressed where it is a gzip file */
    bool has_columns_first; /* arrays of rank 3 are (images, width, height) */
    bool is_of_images;      /* of labels: `member` is the images', whose labels are looked for */
} image_file;

typedef struct image_format {
    const char *name;            /* in the plural: "IDX files" */
    const char *const *suffixes; /* in folders, after "train-images" and "t10k-images", without .gz; the last is NULL */
    /* Whether a file is of the format, by its first bytes, of which there are at most BYTE_SOURCE_START_BYTES. */
    bool (*is_a)(const uint8_t *start, size_t bytes);
    /* Gives n, c, h, w and is_float of *shape, and *elements, [n][h][w][c], which the caller frees. All of the file
     * must be as the format has it; CLAE_ERROR_INPUT otherwise, with the path in the message. */
    clae_status (*read)(const image_file *file, clae_dataset_info *shape, void **elements);
    /* Whether the two splits are different images of the file; NULL: never. */
    bool (*has_splits)(const image_file *file);
    /* The labels of n images, integers. *labels without of_image: the file is the images' own, and has none. */
    clae_status (*read_labels)(const image_file *file, size_t n, dataset_labels *labels);
} image_format;

/* All of formats.def, with NULL after the last. */
extern const image_format *const image_formats[];

/* Whether a file is of one of the formats, by its first bytes. */
bool image_file_is_array(const clae_context *context, const char *path);

/* The colon of "FILE.npz:NAME", where there is such a file; NULL for all else. */
const char *image_path_member(const char *path);

/* The absolute path of a file or folder, or of FILE.npz:NAME; the caller frees it. NULL where there is none, or without
 * memory, with errno ENOMEM. */
char *image_path_absolute(const char *value);

/* Reads a file of any format, or a member of one: FILE.npz:NAME. */
clae_status image_file_read(const clae_context *context, const char *path, clae_split split,
                            const clae_dataset_options *options, clae_dataset_info *shape, void **elements);

/* Whether the file, or the member of one, may have other images for each split: false only where it has the same. */
bool image_file_has_splits(const clae_context *context, const char *path);

/* Reads labels from a file of any format, or a member of one; is_of_images: `path` is that of the images. */
clae_status image_labels_read(const clae_context *context, const char *path, clae_split split, bool is_of_images,
                              size_t n, dataset_labels *labels);

/* For formats whose pixels are the rest of the file, as they are, of element_bytes each: reads them into *stored, which
 * the caller frees. Refuses shapes without images and those that are too large, before it allocates anything, and files
 * that are shorter or longer than the shape. */
clae_status image_file_read_rest(const image_file *file, const clae_dataset_info *shape, size_t element_bytes,
                                 uint8_t **stored);

#endif
