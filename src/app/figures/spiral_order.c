#include "app/figures/spiral.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define NO_NODE UINT32_MAX

/* A tree whose nodes are points; nodes of `grown` come after their parents. */
typedef struct tree {
    uint32_t *parent; /* NO_NODE for the root */
    uint32_t *grown;
    double *edge;     /* length of the edge to the parent */
    double *distance; /* along the tree, from the point last asked for */
    bool *done;
} tree;

static void tree_free(tree *t) {
    free(t->parent);
    free(t->grown);
    free(t->edge);
    free(t->distance);
    free(t->done);
}

static bool tree_allocate(tree *t, size_t n) {
    t->parent = malloc(n * sizeof *t->parent);
    t->grown = malloc(n * sizeof *t->grown);
    t->edge = malloc(n * sizeof *t->edge);
    t->distance = malloc(n * sizeof *t->distance);
    t->done = calloc(n, sizeof *t->done);
    return t->parent && t->grown && t->edge && t->distance && t->done;
}

static double point_distance(const float *xy, size_t a, size_t b) {
    return hypot((double)xy[2 * a] - xy[2 * b], (double)xy[2 * a + 1] - xy[2 * b + 1]);
}

/* The minimum spanning tree (Prim, 1957), from point 0. */
static void grow_tree(tree *t, const float *xy, size_t n) {
    for (size_t i = 0; i < n; i++) {
        t->parent[i] = NO_NODE;
        t->edge[i] = INFINITY;
    }
    size_t node = 0;
    for (size_t count = 0; count < n; count++) {
        t->done[node] = true;
        t->grown[count] = (uint32_t)node;
        size_t nearest = node;
        double nearest_edge = INFINITY;
        for (size_t i = 0; i < n; i++) {
            if (t->done[i]) continue;
            double length = point_distance(xy, node, i);
            if (length < t->edge[i]) {
                t->edge[i] = length;
                t->parent[i] = (uint32_t)node;
            }
            if (t->edge[i] < nearest_edge) {
                nearest_edge = t->edge[i];
                nearest = i;
            }
        }
        node = nearest;
    }
}

/* Distances from a node: up to the root along its ancestors, then down to all others. */
static void measure_from(tree *t, size_t n, uint32_t start) {
    for (size_t i = 0; i < n; i++) t->distance[i] = INFINITY;
    t->distance[start] = 0;
    for (uint32_t node = start; t->parent[node] != NO_NODE; node = t->parent[node])
        t->distance[t->parent[node]] = t->distance[node] + t->edge[node];
    for (size_t k = 0; k < n; k++) {
        uint32_t node = t->grown[k];
        if (isinf(t->distance[node])) t->distance[node] = t->distance[t->parent[node]] + t->edge[node];
    }
}

static uint32_t farthest(const tree *t, size_t n) {
    uint32_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (t->distance[i] > t->distance[best]) best = (uint32_t)i;
    return best;
}

typedef struct ranked_point {
    double distance;
    uint32_t index;
} ranked_point;

static int compare_ranked(const void *a, const void *b) {
    const ranked_point *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

clae_status spiral_order(const clae_context *context, const float *xy, size_t n, uint32_t *order) {
    tree t = {0};
    ranked_point *ranked = malloc(n * sizeof *ranked);
    if (!ranked || !tree_allocate(&t, n)) {
        free(ranked);
        tree_free(&t);
        return fail_memory(context, n * 40, "the order of points along a curve");
    }
    grow_tree(&t, xy, n);
    measure_from(&t, n, 0);
    measure_from(&t, n, farthest(&t, n));
    for (size_t i = 0; i < n; i++) ranked[i] = (ranked_point){t.distance[i], (uint32_t)i};
    qsort(ranked, n, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i < n; i++) order[i] = ranked[i].index;
    free(ranked);
    tree_free(&t);
    return CLAE_OK;
}
