#include "cli/console.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/signals.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512

void console_init(console *console, signals *signals) {
    const char *term = getenv("TERM");
    *console = (struct console){.level = CLAE_LOG_INFO, .signals = signals};
    console->is_terminal = isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
}

static void wipe_progress(console *console) {
    if (!console->progress_columns) return;
    fprintf(stderr, "\r%*s\r", console->progress_columns, "");
    console->progress_columns = 0;
}

void console_end_progress(console *console) {
    wipe_progress(console);
    fflush(stderr);
}

void console_log(void *user, clae_log_level level, const char *line) {
    console *console = user;
    if (level > console->level) return;
    wipe_progress(console);
    if (level <= CLAE_LOG_WARNING) {
        fprintf(stderr, "clae%s%s: %s", console->command ? " " : "", console->command ? console->command : "",
                level == CLAE_LOG_WARNING ? "warning: " : "");
    }
    char small[LINE_BYTES];
    char *large = text_sanitise(line, small, sizeof small) >= sizeof small ? text_sanitised(line) : NULL;
    if (fprintf(stderr, "%s\n", large ? large : small) < 0 && errno == EPIPE) signals_broken_pipe(console->signals);
    free(large);
}

void console_message(console *console, clae_log_level level, const char *format, ...) {
    va_list list;
    va_start(list, format);
    char *line = string_format_list(format, list);
    va_end(list);
    console_log(console, level, line ? line : format);
    free(line);
}

int console_usage(console *console, const char *option, const char *format, ...) {
    va_list list;
    va_start(list, format);
    char *line = string_format_list(format, list);
    va_end(list);
    console_message(console, CLAE_LOG_ERROR, "%s: %s", option, line ? line : format);
    free(line);
    return EXIT_USAGE;
}

void console_progress(console *console, const char *format, ...) {
    if (!console->is_terminal || console->level < CLAE_LOG_INFO) return;
    char line[LINE_BYTES], clean[LINE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    int columns = (int)text_sanitise(line, clean, sizeof clean);
    if (columns >= LINE_BYTES) columns = (int)strlen(clean);
    fprintf(stderr, "\r%s%*s", clean, columns < console->progress_columns ? console->progress_columns - columns : 0,
            "");
    fflush(stderr);
    console->progress_columns = columns;
}
