/* Loops whose tasks are independent of each other. Each thread begins with a share of neighbouring tasks, the same
 * share of the images in one loop after the other, so that what it wrote stays in its own caches: cores that share no
 * cache are slow to exchange lines. A thread that is done takes tasks from the ends of the others' shares. */
#ifndef CLAE_PLAIN_PARALLEL_H
#define CLAE_PLAIN_PARALLEL_H

#include "base/memory.h"
#include "plain/plain.h"

#include <stdatomic.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* Of a thread, on lines of its own: the tasks that are left, the first one in the lower half, the end in the upper. */
struct plain_share {
    _Alignas(MEMORY_ALIGNMENT) atomic_uint_least64_t left;
};

/* Shares tasks 0 .. count - 1 out, and returns how many threads take them. */
int plain_share_out(const plain_device *device, int count);
/* A task for the thread that calls, or -1 when there is none left. */
int plain_take(const plain_device *device);

/* The calling thread's number within a parallel loop. */
static inline int plain_thread(void) {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#ifdef _OPENMP
#define PLAIN_PRAGMA(text) _Pragma(#text)
#define PLAIN_PARALLEL_FOR(device, i, count)                                                                           \
    PLAIN_PRAGMA(omp parallel num_threads(plain_share_out(device, count)))                                             \
    for (int i = plain_take(device); i >= 0; i = plain_take(device))
#else
#define PLAIN_PARALLEL_FOR(device, i, count)                                                                           \
    for (int i = (plain_share_out(device, count), plain_take(device)); i >= 0; i = plain_take(device))
#endif

#endif
