#include "cli/help.h"
#include "cli/json.h"
#include "cli/parse.h"
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Results that did not reach their reader are a failure of the command. */
static int flush_output(console *console, int code) {
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout)) return code;
    console_message(console, CLAE_LOG_ERROR, "standard output could not be written: %s",
                    errno ? strerror(errno) : "an earlier write failed");
    return code ? code : EXIT_OUTPUT;
}

static int unknown_command(console *console, const char *name) {
    const command *like = command_like(name);
    if (like) {
        console_message(console, CLAE_LOG_ERROR, "there is no command \"%s\"; did you mean %s?", name, like->name);
    } else {
        console_message(console, CLAE_LOG_ERROR, "there is no command \"%s\"; see clae --help", name);
    }
    return EXIT_USAGE;
}

static int run_command(console *console, const command *command, char *const *words, size_t count) {
    common_args *args = calloc(1, command->args_size);
    int code = EXIT_USAGE;
    console->command = command->name;
    if (!args) {
        console_message(console, CLAE_LOG_ERROR, "not enough memory for the options");
        return CLAE_ERROR_INTERNAL;
    }
    switch (parse_words(command, console, words, count, args)) {
    case PARSE_HELP:
        help_command(stdout, command);
        code = 0;
        break;
    case PARSE_OK:
        console->level = args->quiet ? CLAE_LOG_WARNING : args->verbose ? CLAE_LOG_DEBUG : CLAE_LOG_INFO;
        code = command->run(console, args);
        break;
    case PARSE_ERROR:
        break;
    case PARSE_NO_MEMORY:
        console_message(console, CLAE_LOG_ERROR, "not enough memory for the options");
        code = CLAE_ERROR_INTERNAL;
        break;
    }
    settings_release(&args->settings);
    free(args);
    return code;
}

static int help(console *console, const char *name) {
    const command *command = name ? command_find(name) : NULL;
    if (name && !command) return unknown_command(console, name);
    if (command) {
        help_command(stdout, command);
    } else {
        help_program(stdout);
    }
    return 0;
}

static int dispatch(console *console, int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        help_program(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(word, "--version")) {
        puts("clae " CLAE_VERSION);
        return 0;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) return help(console, NULL);
    if (!strcmp(word, "help")) return help(console, argc > 2 ? argv[2] : NULL);
    const command *command = command_find(word);
    if (!command) return unknown_command(console, word);
    return run_command(console, command, argv + 2, (size_t)argc - 2);
}

/* What was called bad JSON may have been whole, and what was read damaged. */
static int reconsider(console *console, int code) {
    if (!json_lacked_memory() || (code && code != EXIT_USAGE)) return code;
    console_message(console, CLAE_LOG_ERROR,
                    "not enough memory to read JSON: nothing that was said or done is certain");
    return CLAE_ERROR_INTERNAL;
}

/* A file that is opened must not take the place of a closed standard output: messages would go into it. Writing to the
 * stand-in fails, as it would without one. */
static void fill_standard_descriptors(void) {
    int fd;
    do fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
    fill_standard_descriptors();
    static signals signals; /* its thread lives as long as the process */
    console console;
    signals_start(&signals);
    console_init(&console, &signals);
    json_watch_memory();
    /* A file beyond the limit on sizes is a write that fails, with a message and nothing left behind. */
    signal(SIGXFSZ, SIG_IGN);
    int code = reconsider(&console, dispatch(&console, argc, argv));
    return flush_output(&console, code);
}
