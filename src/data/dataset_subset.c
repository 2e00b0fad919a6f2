/* Some images of a dataset as one of their own. */
#include "data/dataset.h"

#include "base/context.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/philox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

clae_status dataset_subset(const clae_dataset *of, const uint32_t *images, size_t n, clae_dataset **subset) {
    clae_dataset *d = *subset = calloc(1, sizeof *d);
    uint32_t *chosen = malloc(n * sizeof *chosen);
    if (!d || !chosen) {
        free(chosen);
        free(d);
        *subset = NULL;
        return fail_memory(of->context, n * sizeof *chosen, "a part of the images");
    }
    for (size_t i = 0; i < n; i++) chosen[i] = of->chosen ? of->chosen[images[i]] : images[i];
    *d = (clae_dataset){.context = of->context, .info = of->info, .elements = of->elements, .chosen = chosen};
    d->info.n = n;
    const uint64_t whole = hash_fnv1a(HASH_FNV1A_START, of->info.fingerprint, strlen(of->info.fingerprint));
    snprintf(d->info.fingerprint, sizeof d->info.fingerprint, "%zu-%016llx", n,
             (unsigned long long)hash_fnv1a(whole, images, n * sizeof *images));
    return CLAE_OK;
}

static size_t held_out_count(size_t n, double share) {
    const size_t count = (size_t)(share * (double)n + 0.5);
    return count < 1 ? 1 : count;
}

/* Into the first `count` places the images that are held out, into the others the rest; both in their order. */
static void divide(const uint32_t *order, size_t count, size_t n, bool *is_out, uint32_t *images) {
    size_t out = 0, rest = count;
    for (size_t i = 0; i < n; i++) is_out[i] = false;
    for (size_t i = 0; i < count; i++) is_out[order[i]] = true;
    for (size_t i = 0; i < n; i++) images[is_out[i] ? out++ : rest++] = (uint32_t)i;
}

clae_status dataset_hold_out(const clae_dataset *of, double share, uint64_t seed, clae_dataset **rest,
                             clae_dataset **held_out) {
    const size_t n = of->info.n, count = held_out_count(n, share);
    *rest = *held_out = NULL;
    if (count >= n)
        return fail(of->context, CLAE_ERROR_INPUT, "validation %g: of %zu training images none is left to train on",
                    share, n);
    uint32_t *order = malloc(2 * n * sizeof *order);
    bool *is_out = malloc(n * sizeof *is_out);
    clae_status status = order && is_out ? CLAE_OK : fail_memory(of->context, 2 * n * sizeof *order, "the images");
    if (status == CLAE_OK) {
        philox_permutation((philox_stream){seed, PHILOX_VALIDATION, 0}, order, n);
        divide(order, count, n, is_out, order + n);
        status = dataset_subset(of, order + n, count, held_out);
    }
    if (status == CLAE_OK) status = dataset_subset(of, order + n + count, n - count, rest);
    free(order);
    free(is_out);
    return status;
}
