#include "base/log_capture.h"

#include <stdio.h>

static void catch_line(void *user, clae_log_level level, const char *line) {
    log_capture *capture = user;
    if (level == CLAE_LOG_ERROR) {
        if (!capture->error[0]) snprintf(capture->error, sizeof capture->error, "%s", line);
    } else if (capture->log) {
        capture->log(capture->log_user, level, line);
    }
}

void log_capture_begin(log_capture *capture, clae_context *context) {
    *capture = (log_capture){.context = context, .log = context->log, .log_user = context->log_user};
    context->log = catch_line;
    context->log_user = capture;
}

void log_capture_end(log_capture *capture) {
    capture->context->log = capture->log;
    capture->context->log_user = capture->log_user;
}
