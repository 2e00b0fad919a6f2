#include "plain/parallel.h"

#include <stdlib.h>

#define END_SHIFT 32
#define FIRST_MASK UINT32_MAX

static uint_least64_t tasks_of(int first, int end) {
    return (uint_least64_t)(unsigned)end << END_SHIFT | (unsigned)first;
}

static int first_of(uint_least64_t left) {
    return (int)(left & FIRST_MASK);
}

static int end_of(uint_least64_t left) {
    return (int)(left >> END_SHIFT);
}

plain_share *plain_shares_create(int threads) {
    plain_share *shares = aligned_alloc(_Alignof(plain_share), (size_t)threads * sizeof(*shares));
    for (int i = 0; shares && i < threads; i++) atomic_init(&shares[i].left, 0);
    return shares;
}

int plain_share_out(const plain_device *device, int count) {
    const int threads = plain_threads(device, count);
    for (int i = 0; i < device->threads; i++) {
        const int first = i < threads ? (int)((int64_t)count * i / threads) : 0;
        const int end = i < threads ? (int)((int64_t)count * (i + 1) / threads) : 0;
        atomic_store_explicit(&device->shares[i].left, tasks_of(first, end), memory_order_relaxed);
    }
    return threads;
}

static int take_first(plain_share *share) {
    uint_least64_t left = atomic_load_explicit(&share->left, memory_order_relaxed);
    while (first_of(left) < end_of(left))
        if (atomic_compare_exchange_weak_explicit(&share->left, &left, tasks_of(first_of(left) + 1, end_of(left)),
                                                  memory_order_relaxed, memory_order_relaxed))
            return first_of(left);
    return -1;
}

static int take_last(plain_share *share) {
    uint_least64_t left = atomic_load_explicit(&share->left, memory_order_relaxed);
    while (first_of(left) < end_of(left))
        if (atomic_compare_exchange_weak_explicit(&share->left, &left, tasks_of(first_of(left), end_of(left) - 1),
                                                  memory_order_relaxed, memory_order_relaxed))
            return end_of(left) - 1;
    return -1;
}

int plain_take(const plain_device *device) {
    const int thread = plain_thread();
    int task = take_first(&device->shares[thread]);
    for (int i = 1; task < 0 && i < device->threads; i++)
        task = take_last(&device->shares[(thread + i) % device->threads]);
    if (task < 0) atomic_thread_fence(memory_order_seq_cst); /* stores past the caches too are before what follows */
    return task;
}
