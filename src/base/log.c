#include "base/context.h"
#include "base/decimal.h"

#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Names of files and drivers' messages may hold newlines and terminal escapes; a log line holds neither. */
static void log_sanitised(const clae_context *context, clae_log_level level, const char *text) {
    char small[1024];
    char *large = text_sanitise(text, small, sizeof small) >= sizeof small ? text_sanitised(text) : NULL;
    /* Without memory for a long line, its beginning is still reported. */
    context->log(context->log_user, level, large ? large : small);
    free(large);
}

__attribute__((format(printf, 3, 0))) static void log_arguments(const clae_context *context, clae_log_level level,
                                                                const char *format, va_list arguments) {
    if (!context || !context->log || level > context->log_level) return;
    char small[1024];
    char *large = NULL;
    va_list again;
    va_copy(again, arguments);
    const decimal_scope scope = decimal_begin();
    int length = vsnprintf(small, sizeof small, format, arguments);
    if (length >= (int)sizeof small) large = string_format_list(format, again);
    decimal_end(scope);
    va_end(again);
    if (length < 0) return;
    log_sanitised(context, level, large ? large : small);
    free(large);
}

void log_line(const clae_context *context, clae_log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_arguments(context, level, format, arguments);
    va_end(arguments);
}

clae_status fail(const clae_context *context, clae_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_arguments(context, CLAE_LOG_ERROR, format, arguments);
    va_end(arguments);
    return status;
}

clae_status status_of_errno(clae_status usual) {
    return errno == ENOMEM ? CLAE_ERROR_INTERNAL : usual;
}

clae_status fail_memory(const clae_context *context, size_t bytes, const char *what) {
    return fail(context, CLAE_ERROR_INTERNAL, "not enough memory: %zu bytes for %s", bytes, what);
}
