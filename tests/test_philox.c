/* Philox against the vectors published with Random123 (kat_vectors), and the draws made from it. */
#include "data_support.h"

#include "base/memory.h"
#include "base/philox.h"

#include <math.h>

static void known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
        uint32_t out[4];
        philox4x32_10(vectors[i].counter, vectors[i].key, out);
        assert_memory_equal(out, vectors[i].out, sizeof out);
    }
}

static void streams_differ(void **state) {
    (void)state;
    philox_stream a = {7, PHILOX_INIT, 3}, seed = a, purpose = a, stream = a;
    seed.seed = 7 + (1ULL << 32);
    purpose.purpose = PHILOX_SHUFFLE;
    stream.stream = 4;
    for (uint64_t i = 0; i < 16; i++) {
        assert_int_not_equal(philox_bits(a, i), philox_bits(seed, i));
        assert_int_not_equal(philox_bits(a, i), philox_bits(purpose, i));
        assert_int_not_equal(philox_bits(a, i), philox_bits(stream, i));
        assert_int_not_equal(philox_bits(a, i), philox_bits(a, i + (1ULL << 34)));
    }
}

static void fills_as_one_by_one(void **state) {
    (void)state;
    enum { MOST = 39, GUARD = 7 };
    const philox_stream s = {3, PHILOX_INIT, 8};
    for (uint64_t first = 0; first < 12; first += 4)
        for (size_t count = 0; count < MOST; count++) {
            uint32_t bits[MOST + 1];
            bits[count] = GUARD;
            philox_fill_bits(s, first, bits, count);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(bits[i], philox_bits(s, first + i));
                assert_true(philox_to_uniform(bits[i]) == philox_uniform(s, first + i));
            }
            assert_int_equal(bits[count], GUARD);
        }
    uint32_t far[6];
    const uint64_t first = (1ULL << 34) - 4; /* its blocks pass 2^32 */
    philox_fill_bits(s, first, far, ARRAY_LENGTH(far));
    for (size_t i = 0; i < ARRAY_LENGTH(far); i++) assert_int_equal(far[i], philox_bits(s, first + i));
}

static void moments(void **state) {
    (void)state;
    enum { COUNT = 200000 };
    philox_stream s = {1, PHILOX_SAMPLE, 0};
    double uniform = 0, uniform2 = 0, normal = 0, normal2 = 0, normal4 = 0, neighbours = 0, before = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double u = philox_uniform(s, i), z = philox_normal(s, i);
        assert_true(u > 0 && u < 1);
        uniform += u;
        uniform2 += u * u;
        normal += z;
        normal2 += z * z;
        normal4 += z * z * z * z;
        neighbours += z * before;
        before = z;
    }
    /* Five standard errors each. */
    double e = 5 / sqrt(COUNT);
    assert_true(fabs(uniform / COUNT - 0.5) < 0.29 * e);
    assert_true(fabs(uniform2 / COUNT - 1.0 / 3) < 0.3 * e);
    assert_true(fabs(normal / COUNT) < e);
    assert_true(fabs(normal2 / COUNT - 1) < 1.42 * e);
    assert_true(fabs(normal4 / COUNT - 3) < 9.8 * e);
    assert_true(fabs(neighbours / COUNT) < e);
}

static void permutations(void **state) {
    (void)state;
    enum { COUNT = 60000 };
    static uint32_t first[COUNT], second[COUNT];
    static bool seen[COUNT];
    philox_stream s = {0, PHILOX_SHUFFLE, 0};
    philox_permutation(s, first, COUNT);
    size_t fixed = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(first[i] < COUNT && !seen[first[i]]);
        seen[first[i]] = true;
        fixed += first[i] == i;
    }
    assert_true(fixed < 10);
    philox_permutation(s, second, COUNT);
    assert_memory_equal(first, second, sizeof first);
    s.stream = 1;
    philox_permutation(s, second, COUNT);
    assert_memory_not_equal(first, second, sizeof first);
    philox_permutation(s, second, 0);
    philox_permutation(s, second, 1);
    assert_int_equal(second[0], 0);
}

/* All orders of three come up alike. */
static void permutations_are_fair(void **state) {
    (void)state;
    enum { COUNT = 60000 };
    unsigned times[27] = {0};
    for (uint32_t epoch = 0; epoch < COUNT; epoch++) {
        uint32_t p[3];
        philox_permutation((philox_stream){5, PHILOX_SHUFFLE, epoch}, p, 3);
        times[p[0] * 9 + p[1] * 3 + p[2]]++;
    }
    unsigned orders = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        if (times[i] == 0) continue;
        orders++;
        assert_true(abs((int)times[i] - COUNT / 6) < 500);
    }
    assert_int_equal(orders, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(streams_differ), cmocka_unit_test(fills_as_one_by_one),
        cmocka_unit_test(moments),       cmocka_unit_test(permutations),   cmocka_unit_test(permutations_are_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
