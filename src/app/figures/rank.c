#include "app/figures/rank.h"

#include <math.h>
#include <stdlib.h>

typedef struct rank_entry {
    double value;
    size_t index;
} rank_entry;

static int compare_entries(const void *a, const void *b) {
    const rank_entry *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static void fill_ranks(const double *values, size_t n, rank_entry *entries, double *ranks) {
    for (size_t i = 0; i < n; i++) entries[i] = (rank_entry){values[i], i};
    qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && entries[end].value == entries[first].value;) end++;
        for (size_t i = first; i < end; i++) ranks[entries[i].index] = (double)(first + end - 1) / 2;
    }
}

clae_status rank_correlation(const clae_context *context, const double *a, const double *b, size_t n, double *rho) {
    *rho = 0;
    rank_entry *entries = malloc(n * sizeof *entries);
    double *ranks_a = malloc(n * sizeof *ranks_a), *ranks_b = malloc(n * sizeof *ranks_b);
    clae_status status = CLAE_OK;
    if (!entries || !ranks_a || !ranks_b) {
        status = fail_memory(context, n * (sizeof *entries + 2 * sizeof *ranks_a), "ranks");
        goto done;
    }
    fill_ranks(a, n, entries, ranks_a);
    fill_ranks(b, n, entries, ranks_b);
    double mean = (double)(n - 1) / 2, ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        double x = ranks_a[i] - mean, y = ranks_b[i] - mean;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if (aa > 0 && bb > 0) *rho = ab / sqrt(aa * bb);
done:
    free(entries);
    free(ranks_a);
    free(ranks_b);
    return status;
}
