#include "plain/parallel.h"
#include "base/numbers.h"

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

int plain_share_out(const plain_device *device, int count) {
    const int threads = plain_threads(device, count);
    for (int i = 0; i < device->threads; i++) {
        const int first = (int)((int64_t)count * smaller(i, threads) / threads);
        const int end = (int)((int64_t)count * smaller(i + 1, threads) / threads);
        atomic_store_explicit(&device->shares[i].left, tasks_of(first, end), memory_order_relaxed);
    }
    return threads;
}

/* The first task of a share or its last one, or -1. */
static int take_of(plain_share *share, bool last) {
    uint_least64_t left = atomic_load_explicit(&share->left, memory_order_relaxed);
    while (first_of(left) < end_of(left)) {
        const int first = first_of(left), end = end_of(left);
        const uint_least64_t rest = last ? tasks_of(first, end - 1) : tasks_of(first + 1, end);
        if (atomic_compare_exchange_weak_explicit(&share->left, &left, rest, memory_order_relaxed,
                                                  memory_order_relaxed))
            return last ? end - 1 : first;
    }
    return -1;
}

int plain_take(const plain_device *device) {
    const int thread = plain_thread();
    int task = take_of(&device->shares[thread], false);
    for (int i = 1; task < 0 && i < device->threads; i++)
        task = take_of(&device->shares[(thread + i) % device->threads], true);
    if (task < 0) atomic_thread_fence(memory_order_seq_cst); /* stores past the caches too are before what follows */
    return task;
}
