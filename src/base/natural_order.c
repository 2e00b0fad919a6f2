#include "base/natural_order.h"

#include <stdbool.h>
#include <string.h>

#define DIGITS "0123456789"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Of two runs of digits, behind which both texts go on. */
static int order_of_numbers(const char **a, const char **b) {
    const char *const left = *a + strspn(*a, "0"), *const right = *b + strspn(*b, "0");
    const size_t m = strspn(left, DIGITS), n = strspn(right, DIGITS);
    *a = left + m;
    *b = right + n;
    if (m != n) return m < n ? -1 : 1;
    return memcmp(left, right, m);
}

static int rank(char c) {
    return c == '\0' ? 0 : c == '/' ? 1 : (unsigned char)c + 2;
}

int natural_order(const char *a, const char *b) {
    const char *left = a, *right = b;
    for (;;) {
        if (is_digit(*left) && is_digit(*right)) {
            const int order = order_of_numbers(&left, &right);
            if (order) return order;
        } else {
            if (*left != *right) return rank(*left) < rank(*right) ? -1 : 1;
            if (!*left) return strcmp(a, b); /* img1 and img01 */
            left++;
            right++;
        }
    }
}

int natural_order_of(const void *a, const void *b) {
    return natural_order(*(const char *const *)a, *(const char *const *)b);
}
