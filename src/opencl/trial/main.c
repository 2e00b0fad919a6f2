/* clae-opencl-trial CACHE_DIR KERNEL_DIR: asks and tries OpenCL drivers for the library, which starts it. Questions are
 * lines on descriptor 3, answers lines of JSON:
 *   list           {"devices": [...], "platforms": [...]}
 *   try P:D        {"works": true, "mma": 0, ...} or {"works": false, "reason": "..."}
 *   load LIBRARY   {"works": true} or {"works": false, "reason": "..."}
 * and before each any number of {"log": level, "line": "..."}. Its first line is {"ready": true}. */
#include "base/child.h"
#include "base/memory.h"
#include "base/text.h"
#include "opencl/helper.h"
#include "opencl/listing.h"

#include <clae/clae.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

/* After the library's own limits: for the case that it is no more. */
#define LONGEST_ANSWER_S 120

typedef struct service {
    FILE *questions;
    clae_context *context;
    opencl_listing listing;
    char error[768]; /* the first since the question */
} service;

static void answer(json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT);
    if (text) dprintf(CHILD_DESCRIPTOR, "%s\n", text);
    free(text);
    json_decref(json);
}

static void log_to_answers(void *user, clae_log_level level, const char *line) {
    service *s = user;
    char text[1024];
    text_tidy(text, sizeof text, line);
    if (level == CLAE_LOG_ERROR) {
        if (!s->error[0]) snprintf(s->error, sizeof s->error, "%.*s", (int)sizeof s->error - 1, text);
        return;
    }
    answer(json_pack("{s:i, s:s}", "log", (int)level, "line", text));
}

static void answer_reason(const char *reason) {
    char text[768];
    text_tidy(text, sizeof text, reason);
    answer(json_pack("{s:b, s:s}", "works", 0, "reason", text));
}

static void list(service *s) {
    opencl_listing_release(&s->listing);
    if (opencl_list_here(s->context, &s->listing) != CLAE_OK) opencl_listing_release(&s->listing);
    answer(opencl_listing_pack(&s->listing));
}

static const clae_device_info *find(service *s, const char *id) {
    if (!s->listing.devices) opencl_list_here(s->context, &s->listing);
    for (size_t i = 0; i < s->listing.device_count; i++)
        if (strcmp(s->listing.devices[i].id, id) == 0) return &s->listing.devices[i];
    return NULL;
}

static void answer_try(service *s, const char *id) {
    opencl_findings findings = {0};
    const clae_device_info *info = find(s, id);
    if (!info) {
        char reason[96];
        snprintf(reason, sizeof reason, "there is no OpenCL device %s any more", id);
        answer_reason(reason);
    } else if (opencl_try_here(s->context, info, &findings) != CLAE_OK) {
        answer_reason(s->error);
    } else {
        answer(json_pack("{s:b, s:b, s:b, s:i, s:b, s:b}", "works", 1, "without_fma", (int)findings.without_fma,
                         "loops_end_early", (int)findings.loops_end_early, "mma", (int)findings.mma,
                         "asm_has_underscores", (int)findings.asm_has_underscores, "mma_fails",
                         (int)findings.mma_fails));
    }
}

/* One that the loader has loaded already is not loaded again. */
static void load(const char *library) {
    const void *loaded = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
    if (!loaded) loaded = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    const char *why = loaded ? NULL : dlerror();
    if (loaded)
        answer(json_pack("{s:b}", "works", 1));
    else
        answer_reason(why ? why : "it cannot be loaded");
}

static void take(service *s, const char *question) {
    s->error[0] = '\0';
    alarm(LONGEST_ANSWER_S);
    if (strcmp(question, "list") == 0)
        list(s);
    else if (strncmp(question, "try ", 4) == 0)
        answer_try(s, question + 4);
    else if (strncmp(question, "load ", 5) == 0)
        load(question + 5);
    alarm(0);
}

static bool open_service(service *s, char **argv) {
    const clae_context_options options = {
        .log = log_to_answers, .log_user = s, .log_level = CLAE_LOG_DEBUG, .cache_dir = argv[1], .kernel_dir = argv[2]};
    s->questions = fdopen(CHILD_DESCRIPTOR, "r");
    return s->questions && clae_context_create(&options, &s->context) == CLAE_OK;
}

int main(int argc, char **argv) {
    service s = {0};
    char *question = NULL;
    size_t room = 0;
    if (argc != 3 || fcntl(CHILD_DESCRIPTOR, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr, "clae-opencl-trial is started by clae's library, and has no use by itself\n");
        return 2;
    }
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    /* Before any driver is there: they start threads that would inherit it. */
    if (!open_service(&s, argv)) _exit(1);
    answer(json_pack("{s:b}", "ready", 1));
    for (;;) {
        const ssize_t length = getline(&question, &room, s.questions);
        if (length <= 0) break;
        question[strcspn(question, "\n")] = '\0';
        take(&s, question);
    }
    /* What drivers do at the end of a program is of no interest here. */
    _exit(0);
}
