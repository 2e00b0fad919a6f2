#include "cli/training.h"

#include "cli/signals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_BYTES 32

/* "12:03", or "1:12:03". */
static const char *time_text(double seconds, char text[TIME_BYTES]) {
    if (!(seconds >= 0) || seconds > 1e8) return "?";
    unsigned long s = (unsigned long)(seconds + 0.5), minutes = s / 60 % 60, hours = s / 3600;
    if (hours) {
        snprintf(text, TIME_BYTES, "%lu:%02lu:%02lu", hours, minutes, s % 60);
    } else {
        snprintf(text, TIME_BYTES, "%lu:%02lu", minutes, s % 60);
    }
    return text;
}

/* With everything in it, the line is as wide as a terminal of 80 columns. */
static bool show_tick(void *user, const run_progress *progress) {
    console *console = user;
    static const char bar[] = "##########..........";
    enum { BAR_COLUMNS = (sizeof bar - 1) / 2 };
    char left[TIME_BYTES];
    int filled = (int)(BAR_COLUMNS * progress->fraction);
    console_progress(console, "epoch %llu/%llu [%.*s] %3.0f%%  %.0f images/s  loss %.2f  %s%s",
                     (unsigned long long)progress->epoch, (unsigned long long)progress->epochs, BAR_COLUMNS,
                     bar + BAR_COLUMNS - filled, floor(100 * progress->fraction), progress->images_per_second,
                     progress->loss, progress->is_testing ? "testing" : time_text(progress->seconds_left, left),
                     progress->is_testing ? "" : " left");
    return !signals_received(console->signals);
}

static void show_epoch(void *user, const run_progress *progress, const run_log_row *row) {
    char left[TIME_BYTES], validation[48] = "";
    bool is_last = progress->seconds_left <= 0;
    if (!isnan(row->validation_loss))
        snprintf(validation, sizeof validation, "  validation %.3f", row->validation_loss);
    console_message(user, CLAE_LOG_INFO,
                    "epoch %llu/%llu  loss %.3f%s  test loss %.3f  mse per pixel %.5f  %.0f images/s%s%s",
                    (unsigned long long)row->epoch, (unsigned long long)progress->epochs, row->train_loss, validation,
                    row->test_loss, row->test_mse_per_pixel, row->images_per_second, is_last ? "" : "  time left ",
                    is_last ? "" : time_text(progress->seconds_left, left));
}

void training_introduce(console *console, const run *run) {
    run_info info = run_get_info(run);
    clae_shape image = clae_model_input_shape(info.model), code = clae_model_latent_shape(info.model);
    char channels[32] = "";
    if (image.c > 1) snprintf(channels, sizeof channels, "%zux", image.c);
    const char *test_data = info.settings->test_data;
    console_message(console, CLAE_LOG_INFO, "data: %zu training and %zu test images of %s%zux%zu from %s%s%s",
                    info.train->n, info.test->n, channels, info.train->h, info.train->w, info.settings->data,
                    test_data ? " and " : "", test_data ? test_data : "");
    if (info.validation)
        console_message(console, CLAE_LOG_INFO, "%zu more training images are held out for validation",
                        info.validation->n);
    console_message(console, CLAE_LOG_INFO, "model: %zux%zux%zu -> %zux%zux%zu -> %zux%zux%zu, %zu parameters", image.c,
                    image.h, image.w, code.c, code.h, code.w, image.c, image.h, image.w,
                    clae_model_parameter_count(info.model));
    if (info.batch_size < info.settings->batch_size) {
        console_message(console, CLAE_LOG_INFO, "batches of %zu, not %llu: there are no more training images",
                        info.batch_size, (unsigned long long)info.settings->batch_size);
    }
    if (info.checkpoint) {
        console_message(console, CLAE_LOG_INFO, "going on from %s", info.checkpoint);
    }
}

static int report_end(console *console, const run *run, const char *go_on, clae_status status,
                      const run_result *result) {
    if (status == CLAE_ERROR_NOT_FINITE) {
        console_message(console, CLAE_LOG_ERROR, "nothing was saved of it; start a new run with an --lr below %g",
                        run_get_info(run).settings->lr);
    }
    if (status == CLAE_ERROR_DEVICE && result->saved) {
        console_message(console, CLAE_LOG_INFO, "%s is whole: %s goes on from there, with all kernels tested again",
                        result->saved, go_on);
    }
    if (status) return exit_code(status);
    if (!result->is_interrupted) {
        console_message(console, CLAE_LOG_INFO, "wrote %s after %llu step%s", result->saved,
                        (unsigned long long)result->step, result->step == 1 ? "" : "s");
        return 0;
    }
    if (result->saved) {
        console_message(console, CLAE_LOG_INFO, "interrupted: saved %s; %s goes on from there", result->saved, go_on);
    } else {
        console_message(console, CLAE_LOG_INFO, "interrupted before the first step: nothing was saved");
    }
    return 128 + signals_received(console->signals);
}

int training_run(console *console, run *run, const char *go_on, clae_device *device, const run_limits *limits) {
    run_result result;
    run_events events = {.user = console, .tick = show_tick, .epoch = show_epoch};
    signals_begin_saving(console->signals);
    clae_status status = run_train(run, device, limits, &events, &result);
    signals_end_saving(console->signals);
    int code = report_end(console, run, go_on, status, &result);
    free(result.saved);
    return code;
}
