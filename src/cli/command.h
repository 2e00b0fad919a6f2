/* Commands: what one is, and the table of all. To add one, write NAME.c with `const command command_NAME` and put a
 * line COMMAND(NAME) into commands.def; the build reads that file too. */
#ifndef CLAE_CLI_COMMAND_H
#define CLAE_CLI_COMMAND_H

#include "cli/console.h"
#include "cli/option.h"

#define EXIT_USAGE 2
#define EXIT_OUTPUT 4

/* What options common to commands are stored in; the struct of a command's own options begins with it. */
typedef struct common_args {
    const char *model; /* the argument that is no option; NULL when it was left out */
    const char *device, *impls, *kernels, *precision;
    uint64_t threads;
    double memory_limit_mib; /* 0: none */
    bool no_fusion, no_winograd, no_tuning, verbose, quiet;
    uint64_t given; /* bit i: the command's i-th own option was on the command line */
} common_args;

typedef struct command {
    const char *name;
    const char *summary;     /* one line for the list of commands */
    const char *description; /* for --help; paragraphs are parted by empty lines */
    const char *example;     /* command lines */
    bool takes_model;        /* the argument MODEL */
    bool model_is_optional;
    bool computes;         /* takes --device, --threads and so on */
    bool names_devices;    /* has an option of its own in place of --device */
    const option *options; /* at most 64 */
    size_t option_count;
    size_t args_size;
    int (*run)(console *console, const void *args); /* gives the exit code */
} command;

extern const command *const commands[]; /* in the order of commands.def, NULL at the end */

/* The tables of a command: its own options, those of commands that compute, and those of all. */
#define OPTION_TABLES 3
typedef struct option_table {
    const char *title;
    const option *options;
    size_t count;
} option_table;
void command_tables(const command *command, option_table tables[OPTION_TABLES]);

const command *command_find(const char *name);
/* The command whose name is most like `name`, or NULL when none is. */
const command *command_like(const char *name);

/* Whether an option of the command's own, by its name without dashes, was on the command line. */
bool option_given(const command *command, const common_args *args, const char *name);

#endif
