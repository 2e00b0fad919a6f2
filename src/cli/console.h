/* What the user sees while a command runs: messages and progress on standard error. */
#ifndef CLAE_CLI_CONSOLE_H
#define CLAE_CLI_CONSOLE_H

#include <clae/context.h>
#include <stdbool.h>

typedef struct console {
    const char *command;  /* in front of warnings and errors; NULL: the program's name alone */
    clae_log_level level; /* messages above it are not shown */
    bool is_terminal;     /* standard error is one */
    struct signals *signals; /* that a closed pipe is reported to */
    int progress_columns; /* of the progress line on the screen; 0: there is none */
} console;

void console_init(console *console, struct signals *signals);

/* "clae train: " and the message on a line. */
__attribute__((format(printf, 3, 4))) void console_message(console *console, clae_log_level level, const char *format,
                                                           ...);
/* "clae train: --out: " and the message; gives EXIT_USAGE. */
__attribute__((format(printf, 3, 4))) int console_usage(console *console, const char *option, const char *format, ...);

/* Shows a line that the next one replaces; nothing where standard error is no terminal. */
__attribute__((format(printf, 2, 3))) void console_progress(console *console, const char *format, ...);

void console_end_progress(console *console);

/* The log of contexts: user is the console. */
void console_log(void *user, clae_log_level level, const char *line);

#endif
