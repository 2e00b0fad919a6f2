#include "data/dataset.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/pixels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BYTE_VALUES 256
#define HISTOGRAMS 4

size_t dataset_image_bytes(const clae_dataset_info *info) {
    return info->c * info->h * info->w * pixels_element_bytes(info->is_float);
}

/* Of one channel. */
static void set_statistics_of_histogram(const uint64_t histogram[BYTE_VALUES], size_t count, double *mean,
                                        double *std) {
    uint64_t sum = 0;
    for (size_t v = 0; v < BYTE_VALUES; v++) sum += v * histogram[v];
    const double centre = (double)sum / (double)count;
    double squares = 0;
    for (size_t v = 0; v < BYTE_VALUES; v++)
        squares += (double)histogram[v] * ((double)v - centre) * ((double)v - centre);
    *mean = centre / pixels_unit(false);
    *std = sqrt(squares / (double)count) / pixels_unit(false);
}

/* `count` pixels. A pass over them takes some channels. */
static void set_byte_statistics(clae_dataset_info *info, const uint8_t *elements, size_t count) {
    for (size_t first = 0; first < info->c; first += HISTOGRAMS) {
        const size_t channels = info->c - first < HISTOGRAMS ? info->c - first : HISTOGRAMS;
        uint64_t histogram[HISTOGRAMS][BYTE_VALUES] = {0};
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < channels; k++) histogram[k][elements[i * info->c + first + k]]++;
        for (size_t k = 0; k < channels; k++)
            set_statistics_of_histogram(histogram[k], count, &info->mean[first + k], &info->std[first + k]);
    }
}

static void set_float_statistics(clae_dataset_info *info, const float *elements, size_t count) {
    double sum[CLAE_MAX_CHANNELS] = {0}, squares[CLAE_MAX_CHANNELS] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < info->c; k++) sum[k] += elements[i * info->c + k];
    for (size_t k = 0; k < info->c; k++) info->mean[k] = sum[k] / (double)count;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < info->c; k++) {
            const double deviation = elements[i * info->c + k] - info->mean[k];
            squares[k] += deviation * deviation;
        }
    for (size_t k = 0; k < info->c; k++) info->std[k] = sqrt(squares[k] / (double)count);
}

static void describe(clae_dataset *dataset) {
    clae_dataset_info *info = &dataset->info;
    const void *elements = dataset->elements;
    const size_t count = info->n * info->h * info->w;
    if (info->is_float)
        set_float_statistics(info, elements, count);
    else
        set_byte_statistics(info, elements, count);
    const uint64_t shape[] = {info->n, info->c, info->h, info->w, info->is_float};
    size_t bytes = info->n * dataset_image_bytes(info);
    uint64_t fnv = hash_fnv1a(hash_fnv1a(HASH_FNV1A_START, shape, sizeof shape), elements, bytes);
    snprintf(info->fingerprint, sizeof info->fingerprint, "%zu-%08x-%016llx", info->n,
             (unsigned)hash_crc32(0, elements, bytes), (unsigned long long)fnv);
}

clae_status dataset_check_size(const clae_context *context, const clae_dataset_info *shape, const char *source,
                               size_t *bytes) {
    const size_t sizes[] = {shape->n, shape->c, shape->h, shape->w, pixels_element_bytes(shape->is_float)};
    const bool fits = size_product(sizes, ARRAY_LENGTH(sizes), bytes);
    if (fits && *bytes == 0)
        return fail(context, CLAE_ERROR_INPUT, "%s is empty: %zu images of %zux%zux%zu (channels, height, width)",
                    source, shape->n, shape->c, shape->h, shape->w);
    if (shape->c > CLAE_MAX_CHANNELS)
        return fail(context, CLAE_ERROR_INPUT, "%s has images of %zu channels: at most %d can be used", source,
                    shape->c, CLAE_MAX_CHANNELS);
    if (!fits || shape->n > UINT32_MAX)
        return fail(context, CLAE_ERROR_INPUT,
                    "%s is too large: %zu images of %zux%zux%zu (channels, height, width); at most %u images can be "
                    "counted",
                    source, shape->n, shape->c, shape->h, shape->w, UINT32_MAX);
    return CLAE_OK;
}

/* A sum of finite floats stays finite in double precision. */
static clae_status check_finite(const clae_dataset *dataset) {
    const clae_dataset_info *info = &dataset->info;
    const size_t elements = info->c * info->h * info->w;
    const float *values = dataset->elements;
    size_t i = 0, channel = 0;
    while (channel < info->c && isfinite(info->std[channel])) channel++;
    if (channel == info->c) return CLAE_OK;
    while (isfinite(values[i])) i++;
    return fail(dataset->context, CLAE_ERROR_INPUT, "%s: image %zu has a pixel that is %s", info->source, i / elements,
                isnan(values[i]) ? "not a number" : "infinite");
}

static void free_elements(clae_dataset *dataset) {
    if (dataset->mapping)
        munmap(dataset->mapping, dataset->mapping_bytes);
    else
        free(dataset->elements);
}

/* Makes a dataset of `content`, whose elements it takes over. */
static clae_status make(clae_context *context, const clae_dataset *content, const char *source,
                        clae_dataset **dataset) {
    clae_dataset *d = malloc(sizeof *d);
    char *copy = strdup(source);
    if (!d || !copy) {
        free(d);
        free(copy);
        return fail_memory(context, sizeof *d, source);
    }
    *d = *content;
    d->context = context;
    d->info.source = d->source = copy;
    *dataset = d;
    return CLAE_OK;
}

static clae_status adopt(clae_context *context, clae_dataset *content, const char *source, clae_dataset **dataset) {
    size_t bytes;
    clae_dataset *d = NULL;
    clae_status status = dataset_check_size(context, &content->info, source, &bytes);
    if (status == CLAE_OK) status = make(context, content, source, &d);
    if (status != CLAE_OK) {
        free_elements(content);
        return status;
    }
    if (!*d->info.fingerprint) describe(d);
    status = check_finite(d);
    if (status == CLAE_OK)
        *dataset = d;
    else
        clae_dataset_free(d);
    return status;
}

clae_status dataset_adopt(clae_context *context, const clae_dataset_info *shape, void *elements, const char *source,
                          clae_dataset **dataset) {
    clae_dataset content = {.info = *shape, .elements = elements};
    return adopt(context, &content, source, dataset);
}

clae_status dataset_adopt_mapped(clae_context *context, const clae_dataset_info *info, void *mapping,
                                 size_t mapping_bytes, size_t offset, const char *source, clae_dataset **dataset) {
    clae_dataset content = {
        .info = *info, .elements = (char *)mapping + offset, .mapping = mapping, .mapping_bytes = mapping_bytes};
    return adopt(context, &content, source, dataset);
}

static clae_status copy_elements(clae_context *context, const clae_dataset_info *shape, const void *elements,
                                 clae_dataset **dataset) {
    size_t bytes;
    clae_status status = dataset_check_size(context, shape, "the dataset", &bytes);
    if (status != CLAE_OK) return status;
    if (!elements) return fail(context, CLAE_ERROR_INPUT, "the dataset has no elements: the pointer is NULL");
    void *copy = malloc(bytes);
    if (!copy) return fail_memory(context, bytes, "a dataset");
    memcpy(copy, elements, bytes);
    return dataset_adopt(context, shape, copy, "memory", dataset);
}

clae_status clae_dataset_from_bytes(clae_context *context, const uint8_t *pixels, size_t n, size_t c, size_t h,
                                    size_t w, clae_dataset **dataset) {
    *dataset = NULL;
    const clae_dataset_info shape = {.n = n, .c = c, .h = h, .w = w};
    return copy_elements(context, &shape, pixels, dataset);
}

clae_status clae_dataset_from_floats(clae_context *context, const float *values, size_t n, size_t c, size_t h, size_t w,
                                     clae_dataset **dataset) {
    *dataset = NULL;
    const clae_dataset_info shape = {.n = n, .c = c, .h = h, .w = w, .is_float = true};
    return copy_elements(context, &shape, values, dataset);
}

void clae_dataset_limit(clae_dataset *dataset, size_t n) {
    if (n == 0 || n >= dataset->info.n) return;
    dataset->info.n = n;
    describe(dataset);
}

clae_status dataset_check_shape(const clae_dataset *dataset, clae_shape shape, const char *taker) {
    const clae_dataset_info *info = &dataset->info;
    if (info->c == shape.c && info->h == shape.h && info->w == shape.w) return CLAE_OK;
    return fail(dataset->context, CLAE_ERROR_INPUT,
                "%s takes images of %zux%zux%zu (channels, height, width), those of %s are %zux%zux%zu", taker, shape.c,
                shape.h, shape.w, info->source, info->c, info->h, info->w);
}

clae_status dataset_check_range(const clae_dataset *dataset, size_t first, size_t n) {
    const clae_dataset_info *info = &dataset->info;
    if (n >= 1 && first <= info->n && n <= info->n - first) return CLAE_OK;
    return fail(dataset->context, CLAE_ERROR_INPUT, "%s: images %zu to %zu of %zu", info->source, first, first + n,
                info->n);
}

static const void *dataset_elements_at(const clae_dataset *dataset, size_t image) {
    const size_t place = dataset->chosen ? dataset->chosen[image] : image;
    return (const char *)dataset->elements + place * dataset_image_bytes(&dataset->info);
}

clae_status dataset_read_elements(const clae_dataset *dataset, size_t first, size_t n, void *elements) {
    const size_t bytes = dataset_image_bytes(&dataset->info);
    if (!dataset->chosen) memcpy(elements, dataset_elements_at(dataset, first), n * bytes);
    for (size_t i = 0; dataset->chosen && i < n; i++)
        memcpy((char *)elements + i * bytes, dataset_elements_at(dataset, first + i), bytes);
    return CLAE_OK;
}

clae_status dataset_read_values(const clae_dataset *dataset, size_t image, double *values) {
    const clae_dataset_info *info = &dataset->info;
    pixels_to_doubles(dataset_elements_at(dataset, image), info->is_float, info->c * info->h * info->w, values);
    return CLAE_OK;
}

clae_status clae_dataset_read(const clae_dataset *dataset, size_t first, size_t n, float *pixels) {
    const clae_dataset_info *info = &dataset->info;
    const clae_status status = dataset_check_range(dataset, first, n);
    const size_t count = info->c * info->h * info->w;
    for (size_t i = 0; i < n && status == CLAE_OK; i++)
        pixels_to_floats(dataset_elements_at(dataset, first + i), info->is_float, count, pixels + i * count);
    return status;
}

const clae_dataset_info *clae_dataset_get_info(const clae_dataset *dataset) {
    return &dataset->info;
}

void clae_dataset_free(clae_dataset *dataset) {
    if (!dataset) return;
    dataset_labels_free(&dataset->labels);
    if (!dataset->chosen) free_elements(dataset);
    free(dataset->chosen);
    free(dataset->source);
    free(dataset);
}
