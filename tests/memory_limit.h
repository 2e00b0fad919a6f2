/* Less memory for a part of a test: what is refused must not have been allocated. */
#ifndef CLAE_TESTS_MEMORY_LIMIT_H
#define CLAE_TESTS_MEMORY_LIMIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>

/* Sanitizers need all address space for themselves. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#endif

/* Gives the limit there was, for memory_limit_restore. */
static inline struct rlimit memory_limit_set(rlim_t bytes) {
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
#if !defined(HAS_ADDRESS_SANITIZER)
    struct rlimit small = old;
    small.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
#else
    (void)bytes;
#endif
    return old;
}

/* The most that the process has had. Sanitizers keep what is freed: 0 then. */
static inline double memory_peak_mib(void) {
#if defined(HAS_ADDRESS_SANITIZER)
    return 0;
#else
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)usage.ru_maxrss / 1024;
#endif
}

static inline void memory_limit_restore(const struct rlimit *old) {
    assert_int_equal(setrlimit(RLIMIT_AS, old), 0);
}

#endif
