/* Every kind of message with a hostile name in it: what reaches the terminal is lines of text. */
#include "cli_program.h"

/* A title, a colour and a forged line; and a colour by C1's CSI, beside a byte that is not UTF-8. */
static const char *const names[] = {"x\x1b]0;PWNED\a\x1b[31m\nclae: forged", "c1\xc2\x9b"
                                                                             "31mX\xff"};
static const char *const escaped[] = {"x\\x1b]0;PWNED\\x07\\x1b[31m\\x0aclae: forged", "c1\\xc2\\x9b31mX\\xff"};

static void assert_harmless(const char *text) {
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p, next = (unsigned char)p[1];
        assert_true(c == '\n' || c >= 0x20);
        assert_true(c != 0x7f && c != 0xff && !(c == 0xc2 && next < 0xa0));
    }
    assert_null(strstr(text, "\nclae: forged"));
}

/* %s is where the name goes. */
static void check(const char *words, const char *name, const char *expected) {
    char all[1000];
    size_t used = 0;
    for (const char *p = words; *p; p++) {
        if (p[0] == '%') {
            used += (size_t)snprintf(all + used, sizeof all - used, "%s", name);
        } else {
            all[used++] = *p;
        }
        all[used] = '\0';
    }
    clae("%s", all);
    assert_harmless(out);
    assert_harmless(err);
    if (expected && !strstr(err, expected)) print_message("%s\n", words);
    if (expected) assert_contains(err, expected);
}

static void errors(void **state) {
    (void)state;
    static const char *const cases[] = {
        "'%'",
        "help '%'",
        "eval '--%'",
        "eval run --data data --threads '%'",
        "eval '%' --data data",
        "eval run --data '%'",
        "eval '%' '%'",
        "devices '%'",
        "eval run --data data --device '%'",
        "eval run --data data --impl '%=%'",
        "eval run --data data --kernels '%'",
        "encode run --data data --out '%.gif'",
        "encode run --data data --out 'steps.csv/%'",
        "sample run --data data --out 'steps.csv/%'",
        "train --data data --out 'steps.csv/%'",
        "train --data data --out r --log-steps 'steps.csv/%'",
        "train --data data --out r --init '%'",
        "decode run --codes '%' --out z.npy",
        "lecture --data data --out 'steps.csv/%'",
        "spiral --out 'steps.csv/%'",
        "compare --data '%' --devices c,c",
    };
    for (size_t n = 0; n < COUNT(names); n++)
        for (size_t i = 0; i < COUNT(cases); i++)
            check(cases[i], names[n], strstr(cases[i], "steps.csv/") ? NULL : escaped[n]);
}

static void reports(void **state) {
    (void)state;
    for (size_t n = 0; n < COUNT(names); n++) {
        const char *name = names[n];
        assert_int_equal(shell("cd '%s' && cp -r data 'data%s' && cp -r run 'run%s'", scratch, name, name), 0);
        check("encode 'run%' --data data --out '%'", name, escaped[n]);
        check("sample 'run%' --data data --out '%.png'", name, escaped[n]);
        check("eval 'run%' --data 'data%' --json", name, NULL);
        check("describe 'run%'", name, NULL);
        check("train --data 'data%' --out 'r%' --epochs 1 --batch-size 50 --channels 4", name, escaped[n]);
        check("train --resume --out 'r%' --epochs 2", name, escaped[n]);
        check("train --resume --out 'r%' --epochs 2", name, escaped[n]);
        check("train --resume --out 'r%' --epochs 3 --data data", name, escaped[n]);
    }
}

static void environment(void **state) {
    (void)state;
    for (size_t n = 0; n < COUNT(names); n++) {
        setenv("CLAE_DATA_DIR", names[n], 1);
        check("eval run --data mnist", names[n], escaped[n]);
        unsetenv("CLAE_DATA_DIR");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors),
        cmocka_unit_test(reports),
        cmocka_unit_test(environment),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
