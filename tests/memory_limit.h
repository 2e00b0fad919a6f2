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

static inline void memory_limit_restore(const struct rlimit *old) {
    assert_int_equal(setrlimit(RLIMIT_AS, old), 0);
}

#endif
