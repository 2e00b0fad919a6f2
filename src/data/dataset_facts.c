#include "data/dataset_facts.h"

#include "base/files.h"
#include "data/pixels.h"

#include <math.h>
#include <stdlib.h>

static int by_hash(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static clae_status look_at(const clae_dataset *dataset, dataset_facts *facts, void *elements, double *values) {
    const size_t bytes = dataset_image_bytes(&dataset->info);
    const size_t count = dataset->info.c * dataset->info.h * dataset->info.w;
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < facts->n && status == CLAE_OK; i++) {
        status = dataset_read_elements(dataset, i, 1, elements);
        if (status == CLAE_OK) status = dataset_read_values(dataset, i, values);
        if (status != CLAE_OK) break;
        facts->hashes[i] = hash_fnv1a(HASH_FNV1A_START, elements, bytes);
        for (size_t k = 0; k < count; k++) {
            if (values[k] < facts->least) facts->least = values[k];
            if (values[k] > facts->most) facts->most = values[k];
        }
    }
    const double unit = pixels_unit(dataset->info.is_float);
    facts->least /= unit;
    facts->most /= unit;
    return status;
}

clae_status dataset_facts_make(const clae_dataset *dataset, dataset_facts *facts) {
    const size_t n = dataset->info.n, elements = dataset->info.c * dataset->info.h * dataset->info.w;
    void *image = malloc(dataset_image_bytes(&dataset->info));
    double *values = malloc(elements * sizeof *values);
    *facts = (dataset_facts){.n = n, .hashes = malloc(n * sizeof(uint64_t)), .least = INFINITY, .most = -INFINITY};
    clae_status status = image && values && facts->hashes
                             ? look_at(dataset, facts, image, values)
                             : fail_memory(dataset->context, n * sizeof(uint64_t), "images");
    if (status == CLAE_OK) qsort(facts->hashes, n, sizeof *facts->hashes, by_hash);
    free(values);
    free(image);
    return status;
}

void dataset_facts_free(dataset_facts *facts) {
    free(facts->hashes);
    *facts = (dataset_facts){0};
}

size_t dataset_facts_copies(const dataset_facts *facts) {
    size_t copies = 0;
    for (size_t i = 1; i < facts->n; i++) copies += facts->hashes[i] == facts->hashes[i - 1];
    return copies;
}

size_t dataset_facts_shared(const dataset_facts *a, const dataset_facts *b) {
    size_t shared = 0;
    for (size_t i = 0; i < a->n; i++)
        shared += bsearch(&a->hashes[i], b->hashes, b->n, sizeof *b->hashes, by_hash) != NULL;
    return shared;
}
