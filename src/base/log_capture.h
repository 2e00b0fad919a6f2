/* Lines of the log that are caught, to be told in another line or not at all: what a trial has to say when it fails is
 * not an error of the program. */
#ifndef CLAE_BASE_LOG_CAPTURE_H
#define CLAE_BASE_LOG_CAPTURE_H

#include "base/context.h"

typedef struct log_capture {
    clae_context *context;
    clae_log_fn log;
    void *log_user;
    char error[512]; /* the first error, "" for none */
} log_capture;

/* Until log_capture_end, errors go nowhere else; the other lines pass. */
void log_capture_begin(log_capture *capture, clae_context *context);
void log_capture_end(log_capture *capture);

#endif
