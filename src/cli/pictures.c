#include "cli/pictures.h"

#include "app/figures/grid.h"
#include "base/memory.h"
#include "base/philox.h"
#include "data/npy_array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTION_BYTES 80

static size_t image_elements(const materials *materials) {
    return materials->shape.c * materials->shape.h * materials->shape.w;
}

/* Images by their numbers, as floats. */
static clae_status copy_images(const clae_dataset *dataset, const uint32_t *numbers, size_t count, float *images) {
    const clae_dataset_info *info = clae_dataset_get_info(dataset);
    const size_t elements = info->c * info->h * info->w;
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < count && status == CLAE_OK; i++)
        status = clae_dataset_read(dataset, numbers[i], 1, images + i * elements);
    return status;
}

const output_format picture_formats[] = {{".png", "a picture"}, {".npy", "the images as floats"}, {0}};

typedef clae_status (*write_fn)(const materials *materials, const picture_style *style, const char *path,
                                const grid_block *blocks, size_t count);

static clae_status write_png(const materials *materials, const picture_style *style, const char *path,
                             const grid_block *blocks, size_t count) {
    grid_style grid = {
        .h = materials->shape.h, .w = materials->shape.w, .c = materials->shape.c, .no_invert = style->no_invert};
    return grid_write(materials->session.context, path, &grid, blocks, count);
}

/* All blocks have as many images. */
static clae_status write_npy(const materials *materials, const picture_style *style, const char *path,
                             const grid_block *blocks, size_t count) {
    const clae_shape *shape = &materials->shape;
    size_t floats = blocks[0].count * image_elements(materials);
    float *values = malloc(count * floats * sizeof *values);
    (void)style;
    if (!values) return materials_no_memory(materials, "the images");
    for (size_t i = 0; i < count; i++) memcpy(values + i * floats, blocks[i].images, floats * sizeof *values);
    npy_array array = {.values = values};
    if (count > 1) array.shape[array.rank++] = count;
    array.shape[array.rank++] = blocks[0].count;
    array.shape[array.rank++] = shape->h;
    array.shape[array.rank++] = shape->w;
    if (shape->c > 1) array.shape[array.rank++] = shape->c;
    clae_status status = npy_write(materials->session.context, path, &array);
    free(values);
    return status;
}

/* Before anything is computed. */
static clae_status check_channels(const materials *materials, const output *out) {
    if (out->format != 0) return CLAE_OK; /* what is written as floats may have any */
    return grid_check_channels(materials->session.context, materials->shape.c);
}

/* In the order of picture_formats. */
static const write_fn writers[] = {write_png, write_npy};

static clae_status write_blocks(const materials *materials, const picture_style *style, const output *out,
                                const grid_block *blocks, size_t count) {
    clae_status status = writers[out->format](materials, style, out->path, blocks, count);
    if (!status) console_message(materials->session.console, CLAE_LOG_INFO, "wrote %s", out->path);
    return status;
}

static grid_block make_block(const picture_style *style, const char *caption, const float *images, size_t count) {
    return (grid_block){
        .caption = caption, .images = images, .count = count, .rows = style->grid.rows, .columns = style->grid.columns};
}

/* A dataset of copies, so that PCA can be asked about a few images. */
static clae_status few_images(const materials *materials, const float *images, size_t n, clae_dataset **few) {
    return clae_dataset_from_floats(materials->session.context, images, n, materials->shape.c, materials->shape.h,
                                    materials->shape.w, few);
}

static clae_status reconstruct(const materials *materials, size_t n, float *original, float *model, float *pca,
                               float *codes) {
    clae_dataset *few = NULL;
    clae_status status = clae_dataset_read(materials->test, 0, n, original);
    if (!status) status = clae_infer_reconstruct(materials->infer, materials->test, 0, n, model);
    if (status || !materials->pca) return status;
    status = few_images(materials, original, n, &few);
    if (!status) status = clae_pca_encode(materials->pca, materials->dims, few, codes);
    if (!status) status = clae_pca_decode(materials->pca, materials->dims, codes, n, pca);
    clae_dataset_free(few);
    return status;
}

clae_status picture_reconstruction(const materials *materials, const picture_style *style, const output *out) {
    size_t n = style->grid.rows * style->grid.columns, available = clae_dataset_get_info(materials->test)->n;
    if (check_channels(materials, out)) return CLAE_ERROR_INPUT;
    if (n > available) n = available;
    size_t floats = n * image_elements(materials);
    float *block = malloc((3 * floats + n * materials->dims) * sizeof *block);
    if (!block) return materials_no_memory(materials, "the pictures");
    float *model = block + floats, *pca = block + 2 * floats, *codes = block + 3 * floats;
    char model_caption[CAPTION_BYTES], pca_caption[CAPTION_BYTES];
    snprintf(model_caption, CAPTION_BYTES, "g ∘ f(X) (CNN, d = %zu)", materials->dims);
    snprintf(pca_caption, CAPTION_BYTES, "g ∘ f(X) (PCA, d = %zu)", materials->dims);
    clae_status status = reconstruct(materials, n, block, model, pca, codes);
    if (!status) {
        grid_block blocks[] = {
            make_block(style, "X (original samples)", block, n),
            make_block(style, model_caption, model, n),
            make_block(style, pca_caption, pca, n),
        };
        status = write_blocks(materials, style, out, blocks, ARRAY_LENGTH(blocks) - !materials->pca);
    }
    free(block);
    return status;
}

/* For each pair of codes a row of steps from the one to the other. */
static void interpolate_rows(const float *ends, size_t dims, size_t rows, size_t steps, float *codes) {
    for (size_t row = 0; row < rows; row++) {
        const float *a = ends + 2 * row * dims;
        clae_interpolate(a, a + dims, dims, steps, codes + row * steps * dims);
    }
}

typedef struct interpolation {
    clae_dataset *ends; /* two images a row */
    float *end_images, *end_codes, *codes, *model, *pca;
    void *memory;
} interpolation;

static clae_status choose_ends(const materials *materials, const picture_style *style, interpolation *made) {
    size_t n = clae_dataset_get_info(materials->test)->n, count = 2 * style->grid.rows;
    philox_stream stream = {.seed = style->seed, .purpose = PHILOX_PAIRS};
    uint32_t *order = malloc(n * sizeof *order);
    if (!order) return materials_no_memory(materials, "the pairs");
    philox_permutation(stream, order, n);
    const clae_status status = copy_images(materials->test, order, count, made->end_images);
    free(order);
    return status ? status : few_images(materials, made->end_images, count, &made->ends);
}

static clae_status interpolation_make(const materials *materials, const picture_style *style, interpolation *made) {
    size_t rows = style->grid.rows, steps = style->grid.columns, n = rows * steps, dims = materials->dims;
    size_t elements = image_elements(materials);
    float *memory = malloc((2 * rows * (elements + dims) + n * (dims + 2 * elements)) * sizeof *memory);
    if (!memory) return materials_no_memory(materials, "the pictures");
    made->memory = memory;
    made->end_images = memory;
    made->end_codes = made->end_images + 2 * rows * elements;
    made->codes = made->end_codes + 2 * rows * dims;
    made->model = made->codes + n * dims;
    made->pca = made->model + n * elements;

    clae_status status = choose_ends(materials, style, made);
    if (!status) status = clae_infer_encode(materials->infer, made->ends, made->end_codes);
    if (status) return status;
    interpolate_rows(made->end_codes, dims, rows, steps, made->codes);
    status = clae_infer_decode(materials->infer, made->codes, n, made->model);
    if (status || !materials->pca) return status;
    status = clae_pca_encode(materials->pca, dims, made->ends, made->end_codes);
    if (status) return status;
    interpolate_rows(made->end_codes, dims, rows, steps, made->codes);
    return clae_pca_decode(materials->pca, dims, made->codes, n, made->pca);
}

clae_status picture_interpolation(const materials *materials, const picture_style *style, const output *out) {
    size_t n = clae_dataset_get_info(materials->test)->n;
    if (check_channels(materials, out)) return CLAE_ERROR_INPUT;
    if (2 * style->grid.rows > n || style->grid.columns < 2) {
        console_usage(materials->session.console, "--grid",
                      "expected at least 2 columns, and at most half as many rows as there are test images (%zu)", n);
        return CLAE_ERROR_INPUT;
    }
    interpolation made = {0};
    clae_status status = interpolation_make(materials, style, &made);
    if (!status) {
        char model_caption[CAPTION_BYTES], pca_caption[CAPTION_BYTES];
        snprintf(model_caption, CAPTION_BYTES, "Autoencoder interpolation (d = %zu)", materials->dims);
        snprintf(pca_caption, CAPTION_BYTES, "PCA interpolation (d = %zu)", materials->dims);
        size_t count = style->grid.rows * style->grid.columns;
        grid_block blocks[] = {
            make_block(style, model_caption, made.model, count),
            make_block(style, pca_caption, made.pca, count),
        };
        status = write_blocks(materials, style, out, blocks, ARRAY_LENGTH(blocks) - !materials->pca);
    }
    clae_dataset_free(made.ends);
    free(made.memory);
    return status;
}

/* Codes of the training images give the density; n codes drawn from it are decoded. */
static clae_status draw_samples(const materials *materials, uint64_t seed, size_t n, float *images) {
    size_t dims = materials->dims, train = clae_dataset_get_info(materials->train)->n;
    float *codes = malloc((train + n) * dims * sizeof *codes);
    double *mean = malloc(2 * dims * sizeof *mean);
    clae_status status = codes && mean ? CLAE_OK : materials_no_memory(materials, "the codes");
    if (!status) status = clae_infer_encode(materials->infer, materials->train, codes);
    if (!status) {
        clae_gaussian_fit(codes, train, dims, mean, mean + dims);
        clae_gaussian_sample(mean, mean + dims, dims, seed, n, codes + train * dims);
        status = clae_infer_decode(materials->infer, codes + train * dims, n, images);
    }
    free(codes);
    free(mean);
    return status;
}

clae_status picture_samples(const materials *materials, const picture_style *style, const output *out) {
    size_t n = style->grid.rows * style->grid.columns;
    if (check_channels(materials, out)) return CLAE_ERROR_INPUT;
    float *images = malloc(n * image_elements(materials) * sizeof *images);
    if (!images) return materials_no_memory(materials, "the pictures");
    clae_status status = draw_samples(materials, style->seed, n, images);
    if (!status) {
        char caption[CAPTION_BYTES];
        snprintf(caption, CAPTION_BYTES, "Autoencoder sampling (d = %zu)", materials->dims);
        grid_block block = make_block(style, caption, images, n);
        status = write_blocks(materials, style, out, &block, 1);
    }
    free(images);
    return status;
}

int picture_of_tests(console *console, const common_args *common, const char *path, const picture_style *style,
                     picture_fn draw) {
    materials materials;
    output out = {.option = "--out", .path = path, .formats = picture_formats, .inputs = {.model = common->model}};
    clae_status status = materials_open(&materials, console, common, MATERIALS_TEST | MATERIALS_PCA, &out);
    if (!status) status = draw(&materials, style, &out);
    materials_close(&materials);
    return exit_code(status);
}
