#include "data/picture_work.h"

#include "base/clock.h"
#include "base/log_capture.h"

#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#define PROGRESS_MS 100

typedef struct work {
    const clae_context *context;
    const char *what;
    const picture_list *list;
    const picture_task *tasks;
    const picture_source *source;
    picture_work_fn fn;
    void *user;
    picture_faults *faults;
    size_t done, total;
    clae_status status; /* of what is no fault of a picture */
    double told_ms;     /* when the progress was told last */
} work;

static int work_threads(const clae_context *context) {
#ifdef _OPENMP
    return context->threads ? (int)context->threads : omp_get_max_threads();
#else
    (void)context;
    return 1;
#endif
}

static bool is_first_thread(void) {
#ifdef _OPENMP
    return omp_get_thread_num() == 0;
#else
    return true;
#endif
}

static clae_status work_on(const work *w, const clae_context *context, size_t i) {
    const picture_task *task = &w->tasks[i];
    picture_bytes bytes;
    clae_status status = picture_source_read(w->source, context, i, &bytes);
    if (status == CLAE_OK) status = w->fn(context, &w->list->entries[task->entry], task, &bytes, w->user);
    picture_bytes_free(&bytes);
    return status;
}

/* Under the lock of work_one. */
static void work_note(work *w, size_t entry, clae_status status, const char *reason) {
    if (status == CLAE_ERROR_INPUT && !picture_faults_add(w->faults, entry, reason)) status = CLAE_ERROR_INTERNAL;
    if (status == CLAE_OK || status == CLAE_ERROR_INPUT || w->status != CLAE_OK) return;
    status = fail(w->context, status, "%s", *reason ? reason : "not enough memory for pictures");
#pragma omp atomic write
    w->status = status;
}

static void work_one(work *w, size_t i) {
    clae_context own = *w->context;
    log_capture capture;
    clae_status ended;
    size_t done;
    own.log_level = CLAE_LOG_ERROR;
#pragma omp atomic read
    ended = w->status;
    if (ended != CLAE_OK) return;
    log_capture_begin(&capture, &own);
    const clae_status status = work_on(w, &own, i);
    log_capture_end(&capture);
    if (status != CLAE_OK) {
#pragma omp critical
        work_note(w, w->tasks[i].entry, status, capture.error);
    }
#pragma omp atomic capture
    done = ++w->done;
    if (!is_first_thread() || clock_ms() - w->told_ms < PROGRESS_MS) return;
    w->told_ms = clock_ms();
    if (done < w->total) context_progress(w->context, w->what, done, w->total);
}

static void work_range(work *w, size_t first, size_t end) {
#pragma omp parallel for schedule(dynamic) num_threads(work_threads(w->context))
    for (size_t i = first; i < end; i++) work_one(w, i);
}

clae_status picture_work(const clae_context *context, const char *what, const picture_list *list, picture_task *tasks,
                         size_t count, picture_work_fn fn, void *user, picture_faults *faults) {
    picture_source *source;
    clae_status status = picture_source_open(context, list, tasks, count, &source);
    work w = {.context = context,
              .what = what,
              .list = list,
              .tasks = tasks,
              .source = source,
              .fn = fn,
              .user = user,
              .faults = faults,
              .total = count,
              .told_ms = clock_ms()};
    context_progress(context, what, 0, count);
    for (size_t first = 0, end; status == CLAE_OK && first < count; first = end) {
        status = picture_source_advance(source, first, &end);
        if (status == CLAE_OK) work_range(&w, first, end);
        if (status == CLAE_OK) status = w.status;
    }
    context_progress(context, what, count, count);
    picture_source_close(source);
    return status;
}

clae_status picture_work_all(const clae_context *context, const char *what, const picture_list *list,
                             picture_work_fn fn, void *user, picture_faults *faults) {
    picture_task *tasks = calloc(list->count + 1, sizeof *tasks);
    if (!tasks) return fail_memory(context, list->count * sizeof *tasks, "the order of pictures");
    for (size_t i = 0; i < list->count; i++) tasks[i].entry = i;
    const clae_status status = picture_work(context, what, list, tasks, list->count, fn, user, faults);
    free(tasks);
    return status;
}
