#include "opencl/helper.h"

#include "base/child.h"
#include "base/libexec.h"
#include "base/memory.h"
#include "opencl/listing.h"

#include <stdlib.h>
#include <string.h>

/* A driver that lists its devices takes a tenth of a second; a compiler that has to start, some seconds. */
#define LIST_LIMIT_MS 10e3
#define TRIAL_LIMIT_MS 60e3

struct opencl_helper {
    const clae_context *context;
    child *child;
};

static double limit_ms(double usual) {
    const char *set = getenv("CLAE_TEST_TIME_LIMIT_MS");
    return set && atof(set) > 0 ? atof(set) : usual;
}

static void forward_line(const clae_context *context, const json_t *answer) {
    const char *line = json_string_value(json_object_get(answer, "line"));
    const clae_log_level level = (clae_log_level)json_integer_value(json_object_get(answer, "log"));
    if (line && level >= CLAE_LOG_WARNING && level <= CLAE_LOG_DEBUG) log_line(context, level, "%s", line);
}

/* The next answer that is not a line for the log; NULL when the child has died. */
static json_t *next_answer(opencl_helper *h, double limit) {
    for (;;) {
        const char *line = child_answer(h->child, limit);
        if (!line) return NULL;
        json_t *answer = json_loads(line, 0, NULL);
        if (answer && !json_object_get(answer, "log")) return answer;
        forward_line(h->context, answer);
        json_decref(answer);
    }
}

static void describe_death(opencl_helper *h, char *why, size_t size) {
    child_describe_death(h->child, why, size);
    if (*child_last_words(h->child))
        log_line(h->context, CLAE_LOG_DEBUG, "the trial of an OpenCL driver %s; it had printed: %s", why,
                 child_last_words(h->child));
}

static json_t *helper_ask(opencl_helper *h, double limit, char *why, size_t size, const char *question) {
    json_t *answer = child_ask(h->child, question) ? next_answer(h, limit) : NULL;
    *why = '\0';
    if (!answer) describe_death(h, why, size);
    return answer;
}

static child *start_child(const clae_context *context, const char *vendors_folder, const char *pocl_folder) {
    char *program = libexec_find(OPENCL_HELPER_PROGRAM);
    char *vendors = vendors_folder ? string_format("OCL_ICD_VENDORS=%s", vendors_folder) : NULL;
    char *pocl = pocl_folder ? string_format("POCL_CACHE_DIR=%s", pocl_folder) : NULL;
    const char *changes[4] = {0};
    size_t count = 0;
    if (vendors) changes[count++] = vendors, changes[count++] = "OCL_ICD_FILENAMES";
    if (pocl) changes[count++] = pocl;
    char *const arguments[] = {program, context->cache_dir ? context->cache_dir : "",
                               context->kernel_dir ? context->kernel_dir : "", NULL};
    child *c = program ? child_start(program, arguments, changes) : NULL;
    if (!c)
        log_line(context, CLAE_LOG_DEBUG, "%s %s: OpenCL drivers are tried in this process", OPENCL_HELPER_PROGRAM,
                 program ? "does not start" : "is not found");
    free(pocl);
    free(vendors);
    free(program);
    return c;
}

opencl_helper *opencl_helper_start(const clae_context *context, const char *vendors_folder, const char *pocl_folder) {
    char why[256];
    opencl_helper *h = malloc(sizeof *h);
    if (!h) return NULL;
    *h = (opencl_helper){context, start_child(context, vendors_folder, pocl_folder)};
    json_t *answer = h->child ? next_answer(h, limit_ms(LIST_LIMIT_MS)) : NULL;
    const bool ready = json_is_true(json_object_get(answer, "ready"));
    json_decref(answer);
    if (ready) return h;
    if (h->child) {
        child_describe_death(h->child, why, sizeof why);
        log_line(context, CLAE_LOG_DEBUG, "%s %s (%s): OpenCL drivers are tried in this process", OPENCL_HELPER_PROGRAM,
                 why, child_last_words(h->child));
    }
    opencl_helper_end(h);
    return NULL;
}

void opencl_helper_end(opencl_helper *h) {
    if (!h) return;
    child_end(h->child);
    free(h);
}

opencl_outcome opencl_helper_list(opencl_helper *h, opencl_listing *listing, char *why, size_t size) {
    *listing = (opencl_listing){0};
    json_t *answer = helper_ask(h, limit_ms(LIST_LIMIT_MS), why, size, "list");
    if (!answer) return OPENCL_DIED;
    const bool listed = opencl_listing_unpack(answer, listing);
    json_decref(answer);
    if (listed) return OPENCL_WORKS;
    snprintf(why, size, "gave no list");
    opencl_listing_release(listing);
    return OPENCL_DIED;
}

static opencl_outcome unpack_reason(json_t *answer, char *why, size_t size) {
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    const bool works = json_is_true(json_object_get(answer, "works"));
    if (!works) snprintf(why, size, "%s", reason ? reason : "no reason was given");
    return works ? OPENCL_WORKS : OPENCL_REFUSED;
}

opencl_outcome opencl_helper_try(opencl_helper *h, const char *id, opencl_findings *findings, char *why, size_t size) {
    char question[64];
    snprintf(question, sizeof question, "try %s", id);
    json_t *answer = helper_ask(h, limit_ms(TRIAL_LIMIT_MS), why, size, question);
    if (!answer) return OPENCL_DIED;
    const opencl_outcome outcome = unpack_reason(answer, why, size);
    const int mma = (int)json_integer_value(json_object_get(answer, "mma"));
    *findings = (opencl_findings){.without_fma = json_is_true(json_object_get(answer, "without_fma")),
                                  .loops_end_early = json_is_true(json_object_get(answer, "loops_end_early")),
                                  .mma = mma >= OPENCL_MMA_COUNT || mma < 0 ? OPENCL_MMA_STAND_IN : (opencl_mma)mma,
                                  .asm_has_underscores = json_is_true(json_object_get(answer, "asm_has_underscores")),
                                  .mma_fails = json_is_true(json_object_get(answer, "mma_fails"))};
    json_decref(answer);
    return outcome;
}

opencl_outcome opencl_helper_load(opencl_helper *h, const char *library, char *why, size_t size) {
    char *question = string_format("load %s", library);
    if (!question) return OPENCL_WORKS;
    json_t *answer = helper_ask(h, limit_ms(LIST_LIMIT_MS), why, size, question);
    free(question);
    if (!answer) return OPENCL_DIED;
    const opencl_outcome outcome = unpack_reason(answer, why, size);
    json_decref(answer);
    return outcome;
}
