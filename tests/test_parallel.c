/* Plain C: loops over tasks. Each is taken once, by any number of threads, and one that keeps its thread busy leaves
 * the others of its share to the other threads. */
#include "device_support.h"
#include "plain/parallel.h"

#include <sched.h>

enum { MOST_TASKS = 1000 };

static clae_device *opened(unsigned threads, clae_context **context) {
    const clae_context_options options = {.threads = threads};
    clae_device *device;
    assert_int_equal(clae_context_create(&options, context), CLAE_OK);
    assert_int_equal(clae_device_open(*context, "c", &device), CLAE_OK);
    return device;
}

static void test_each_task_is_taken_once(void **state) {
    (void)state;
    const int counts[] = {0, 1, 2, 3, 4, 5, 7, 8, 64, MOST_TASKS};
    for (unsigned threads = 1; threads <= 9; threads++) {
        clae_context *context;
        clae_device *base = opened(threads, &context);
        const plain_device *device = plain_device_of(base);
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            atomic_int taken[MOST_TASKS] = {0};
            PLAIN_PARALLEL_FOR (device, i, counts[c]) atomic_fetch_add(&taken[i], 1);
            for (int i = 0; i < MOST_TASKS; i++)
                if (taken[i] != (i < counts[c])) fail_msg("%u threads: task %d of %d", threads, i, counts[c]);
        }
        clae_device_close(base);
        clae_context_free(context);
    }
}

/* Whether it is the only one of a parallel loop. */
static bool is_alone(void) {
#ifdef _OPENMP
    return omp_get_num_threads() == 1;
#else
    return true;
#endif
}

/* The first task ends when all others have. */
static void test_threads_take_the_tasks_of_busy_ones(void **state) {
    (void)state;
    clae_context *context;
    clae_device *base = opened(3, &context);
    const plain_device *device = plain_device_of(base);
    atomic_int done = 0;
    PLAIN_PARALLEL_FOR (device, i, MOST_TASKS) {
        while (i == 0 && !is_alone() && atomic_load(&done) < MOST_TASKS - 1) sched_yield();
        atomic_fetch_add(&done, 1);
    }
    assert_int_equal(done, MOST_TASKS);
    clae_device_close(base);
    clae_context_free(context);
}

/* Neighbours, in order, as long as nobody else takes of them. */
static void test_shares_are_of_neighbours(void **state) {
    (void)state;
    clae_context *context;
    clae_device *base = opened(4, &context);
    const plain_device *device = plain_device_of(base);
    assert_int_equal(plain_share_out(device, 10), 4);
    for (int i = 0; i < 2; i++) assert_int_equal(plain_take(device), i); /* the first thread's */
    assert_int_equal(plain_take(device), 4);                             /* the last of the second's */
    assert_int_equal(plain_share_out(device, 3), 3);
    assert_int_equal(plain_take(device), 0);
    assert_int_equal(plain_share_out(device, 0), 1);
    assert_int_equal(plain_take(device), -1);
    clae_device_close(base);
    clae_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_task_is_taken_once),
        cmocka_unit_test(test_threads_take_the_tasks_of_busy_ones),
        cmocka_unit_test(test_shares_are_of_neighbours),
    };
    return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
