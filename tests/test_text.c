/* Text from outside: fit for a terminal, and kept in JSON byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void escapes_what_a_terminal_obeys(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"/data/caf\xc3\xa9 \xe2\x88\x98 \xf0\x9f\x98\x80", "/data/caf\xc3\xa9 \xe2\x88\x98 \xf0\x9f\x98\x80"},
        {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
        {"\x1b]0;title\a\x1b[31m", "\\x1b]0;title\\x07\\x1b[31m"},
        {"\x7f", "\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"},
        {"\xc2\xa0", "\xc2\xa0"},
        {"caf\xe9.png", "caf\\xe9.png"},
        {"cut \xe2\x88", "cut \\xe2\\x88"},
        {"\xc0\x9b \xe0\x82\x9b", "\\xc0\\x9b \\xe0\\x82\\x9b"}, /* overlong forms of C1 */
        {"\xed\xa0\x80 \xf4\x90\x80\x80 \xff", "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xff"},
        {"a\\x1b", "a\\x1b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[128];
        assert_int_equal(text_sanitise(cases[i][0], out, sizeof out), strlen(cases[i][1]));
        assert_string_equal(out, cases[i][1]);
        char *whole = text_sanitised(cases[i][0]);
        assert_string_equal(whole, cases[i][1]);
        assert_int_equal(text_sanitise(whole, out, sizeof out), strlen(whole)); /* again changes nothing */
        assert_string_equal(out, whole);
        free(whole);
    }
}

/* A cut text ends before a character or an escape, never within. */
static void cuts_between_characters(void **state) {
    (void)state;
    static const char *const cuts[] = {
        "", "a", "a", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9\\x1b", "a\xc3\xa9\\x1bz"};
    for (size_t size = 1; size <= sizeof cuts / sizeof *cuts; size++) {
        char out[16];
        memset(out, '#', sizeof out);
        assert_int_equal(text_sanitise("a\xc3\xa9\x1bz", out, size), 8);
        assert_string_equal(out, cuts[size - 1]);
        assert_int_equal(out[size], '#');
    }
}

static void survives_json(void **state) {
    (void)state;
    char every[256];
    for (int i = 1; i < 256; i++) every[i - 1] = (char)i;
    every[255] = '\0';
    const char *const paths[] = {"",
                                 "/data/mnist",
                                 "/data/caf\xe9",
                                 "caf\xc3\xa9",
                                 "\xff\xfe",
                                 "\x1a"
                                 "e9",
                                 "a\x1a",
                                 "\xe2\x88",
                                 every};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *text = text_encode(paths[i]);
        assert_non_null(text);
        json_t *object = json_pack("{s:s}", "data", text);
        assert_non_null(object);
        char *dumped = json_dumps(object, JSON_COMPACT);
        json_t *again = json_loads(dumped, 0, NULL);
        assert_non_null(again);
        char *back = strdup(json_string_value(json_object_get(again, "data")));
        text_decode(back);
        assert_string_equal(back, paths[i]);
        free(back);
        free(dumped);
        free(text);
        json_decref(object);
        json_decref(again);
    }
    char *plain = text_encode("/data/caf\xc3\xa9"), other[] = "no code: \x1azz \x1a"
                                                              "e \x1a"
                                                              "00 \x1a";
    assert_string_equal(plain, "/data/caf\xc3\xa9");
    free(plain);
    text_decode(other);
    assert_string_equal(other, "no code: \x1azz \x1a"
                               "e \x1a"
                               "00 \x1a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_a_terminal_obeys),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(survives_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
