/* For tests of the program: runs it in the scratch folder, and keeps its output. */
#ifndef CLAE_TESTS_CLI_PROGRAM_H
#define CLAE_TESTS_CLI_PROGRAM_H

#include "cli_support.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *program;
static char *out, *err; /* of the latest call */

/* Runs `clae` with words for a shell; gives its exit code. */
__attribute__((format(printf, 1, 2))) static inline int clae(const char *format, ...) {
    char words[3000];
    va_list list;
    va_start(list, format);
    vsnprintf(words, sizeof words, format, list);
    va_end(list);
    free(out);
    free(err);
    int code = shell("cd '%s' && CLAE_DEVICE=%s '%s' %s >out 2>err </dev/null", scratch, device_spec(), program, words);
    out = read_whole(in_scratch("out"), NULL);
    err = read_whole(in_scratch("err"), NULL);
    assert_non_null(out);
    assert_non_null(err);
    return code;
}

static inline void assert_code(int got, int expected) {
    if (got != expected) print_message("stderr: %s\nstdout: %.300s\n", err, out);
    assert_int_equal(got, expected);
}

static inline size_t lines(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static inline void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part)) print_message("no \"%s\" in: %s\n", part, text);
    assert_non_null(strstr(text, part));
}

static inline void assert_png(const char *name) {
    size_t bytes;
    char *data = read_whole(in_scratch(name), &bytes);
    assert_non_null(data);
    assert_true(bytes > 1000);
    assert_memory_equal(data, "\x89PNG\r\n\x1a\n", 8);
    free(data);
}

/* Makes the dataset "data" and a run in "run". */
static inline int set_up(void **state) {
    program = getenv("CLAE_TEST_PROGRAM");
    if (!program) return -1;
    setenv("OMP_WAIT_POLICY", "passive", 0); /* threads that wait do not take the cores of other tests */
    if (make_scratch(state)) return -1;
    int code = clae("train --data data --out run --epochs 2 --batch-size 50 --channels 4 --latent-dim 3 "
                    "--log-steps steps.csv");
    if (code) print_message("%s", err);
    return code;
}

static inline int tear_down(void **state) {
    free(out);
    free(err);
    return remove_scratch(state);
}

#endif
