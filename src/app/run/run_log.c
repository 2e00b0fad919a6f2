#include "app/run/run_log.h"

#include "base/decimal.h"
#include "base/files.h"
#include "base/memory.h"
#include "app/figures/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER "epoch,step,train_loss,test_loss,test_mse_per_pixel,seconds,images_per_second"
#define VALIDATION_COLUMN ",validation_loss"
#define HEADER_OF(has_validation) ((has_validation) ? HEADER VALIDATION_COLUMN "\n" : HEADER "\n")
#define STEP_HEADER "step,loss\n"
#define LOG_BYTES_MAX ((size_t)1 << 30)

/* The whole file; an empty string when there is none. A file that cannot be looked at is not taken for none. */
static clae_status read_text(const clae_context *context, const char *path, char **text) {
    struct stat info;
    uint8_t *data = NULL;
    size_t bytes;
    if (!stat(path, &info)) {
        clae_status status = file_read(context, path, "log", LOG_BYTES_MAX, &data, &bytes);
        if (status) return status;
        *text = (char *)data;
        return CLAE_OK;
    }
    if (errno != ENOENT) return fail(context, status_of_errno(CLAE_ERROR_INPUT), "%s: %s", path, strerror(errno));
    *text = string_format("%s", "");
    return *text ? CLAE_OK : fail_memory(context, 1, "a log");
}

static bool parse_row(const char *line, bool has_validation, run_log_row *row) {
    row->validation_loss = NAN;
    const decimal_scope scope = decimal_begin();
    const int count = sscanf(line, "%" SCNu64 ",%" SCNu64 ",%lf,%lf,%lf,%lf,%lf,%lf", &row->epoch, &row->step,
                             &row->train_loss, &row->test_loss, &row->test_mse_per_pixel, &row->seconds,
                             &row->images_per_second, &row->validation_loss);
    decimal_end(scope);
    return count == (has_validation ? 8 : 7);
}

static clae_status keep_row(const clae_context *context, run_log *log, const run_log_row *row) {
    run_log_row *rows = realloc(log->rows, (log->count + 1) * sizeof *rows);
    if (!rows) return fail_memory(context, (log->count + 1) * sizeof *rows, "the log");
    log->rows = rows;
    rows[log->count++] = *row;
    return CLAE_OK;
}

clae_status run_log_open(const clae_context *context, const char *path, uint64_t epochs, bool has_validation,
                         run_log *log) {
    *log = (run_log){.has_validation = has_validation};
    clae_status status = read_text(context, path, &log->text);
    if (status) return status;
    const char *header = HEADER_OF(has_validation);
    size_t kept = strncmp(log->text, header, strlen(header)) ? 0 : strlen(header);
    while (kept && !status) {
        const char *line = log->text + kept, *end = strchr(line, '\n');
        run_log_row row;
        if (!end || !parse_row(line, has_validation, &row) || row.epoch > epochs) break;
        status = keep_row(context, log, &row);
        kept = (size_t)(end + 1 - log->text);
    }
    log->text[kept] = 0;
    return status;
}

clae_status run_log_append(const clae_context *context, const char *path, run_log *log, const run_log_row *row) {
    clae_status status = keep_row(context, log, row);
    if (status) return status;
    char *last = log->has_validation ? string_format(",%.6f", row->validation_loss) : strdup("");
    char *text = !last ? NULL
                       : string_format("%s%s%" PRIu64 ",%" PRIu64 ",%.6f,%.6f,%.6f,%.2f,%.1f%s\n",
                                       *log->text ? "" : HEADER_OF(log->has_validation), log->text, row->epoch,
                                       row->step, row->train_loss, row->test_loss, row->test_mse_per_pixel,
                                       row->seconds, row->images_per_second, last);
    free(last);
    if (!text) return fail_memory(context, strlen(log->text), "the log");
    free(log->text);
    log->text = text;
    file_part part = {text, strlen(text)};
    return file_write_atomic(context, path, &part, 1);
}

const run_log_row *run_log_best(const run_log *log) {
    const run_log_row *best = NULL;
    for (size_t i = 0; i < log->count; i++)
        if (isfinite(log->rows[i].validation_loss) && (!best || log->rows[i].validation_loss < best->validation_loss))
            best = &log->rows[i];
    return best;
}

clae_status run_log_plot(const clae_context *context, const char *path, const run_log *log) {
    double *columns = malloc(4 * log->count * sizeof *columns);
    if (!columns) return fail_memory(context, 4 * log->count * sizeof *columns, "a plot");
    double *epoch = columns, *train = columns + log->count, *test = columns + 2 * log->count;
    double *validation = columns + 3 * log->count;
    for (size_t i = 0; i < log->count; i++) {
        epoch[i] = (double)log->rows[i].epoch;
        train[i] = log->rows[i].train_loss;
        test[i] = log->rows[i].test_loss;
        validation[i] = log->rows[i].validation_loss;
    }
    /* A single epoch is no line. */
    bool points = log->count == 1;
    plot_series series[] = {
        {.label = "training", .x = epoch, .y = train, .count = log->count, .points = points},
        {.label = "test", .x = epoch, .y = test, .count = log->count, .points = points},
        {.label = "validation", .x = epoch, .y = validation, .count = log->count, .points = points},
    };
    plot_style style = {.title = "Loss", .x_label = "epoch", .y_label = "loss per image", .whole_x = true};
    clae_status status = plot_write(context, path, &style, series, log->has_validation ? 3 : 2);
    free(columns);
    return status;
}

void run_log_free(run_log *log) {
    free(log->text);
    free(log->rows);
    *log = (run_log){0};
}

/* The header and the lines of steps up to `steps`; *bytes is 0 when there are none. */
static clae_status kept_steps(const clae_context *context, const char *path, uint64_t steps, char **text,
                              size_t *bytes) {
    *bytes = 0;
    *text = NULL;
    clae_status status = steps ? read_text(context, path, text) : CLAE_OK;
    if (status || !*text || strncmp(*text, STEP_HEADER, strlen(STEP_HEADER))) return status;
    for (*bytes = strlen(STEP_HEADER);;) {
        const char *line = *text + *bytes, *end = strchr(line, '\n');
        uint64_t step;
        if (!end || sscanf(line, "%" SCNu64 ",", &step) != 1 || step > steps) return CLAE_OK;
        *bytes = (size_t)(end + 1 - *text);
    }
}

/* Replaced at once by what is kept of it, so that no moment is without those lines. */
static clae_status start_file(const clae_context *context, const char *path, uint64_t steps) {
    char *text;
    size_t bytes;
    clae_status status = kept_steps(context, path, steps, &text, &bytes);
    const file_part part = bytes ? (file_part){text, bytes} : (file_part){STEP_HEADER, strlen(STEP_HEADER)};
    if (!status) status = file_write_atomic(context, path, &part, 1);
    free(text);
    return status;
}

clae_status step_log_open(const clae_context *context, const char *path, uint64_t steps, FILE **file) {
    struct stat info;
    const bool is_stream = !stat(path, &info) && !S_ISREG(info.st_mode);
    const clae_status status = is_stream ? CLAE_OK : start_file(context, path, steps);
    if (status) return status;
    *file = fopen(path, "ae");
    if (*file && (!is_stream || fputs(STEP_HEADER, *file) >= 0)) return CLAE_OK;
    return fail(context, CLAE_ERROR_OUTPUT, "%s: %s", path, strerror(errno));
}
