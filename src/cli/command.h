/* Commands: what one is, and the table of all. To add one, write NAME.c with `const command command_NAME` and put a
 * line COMMAND(NAME) into commands.def; the build reads that file too. */
#ifndef CLAE_CLI_COMMAND_H
#define CLAE_CLI_COMMAND_H

#include "cli/console.h"
#include "cli/option.h"

#include <stdio.h>

#define EXIT_USAGE 2
#define EXIT_OUTPUT 4

/* What options common to commands are stored in; the struct of a command's own options begins with it. */
typedef struct common_args {
    const char *model; /* the argument that is no option; NULL when it was left out */
    const char *device, *kernels;
    uint64_t threads;
    double memory_limit_mib; /* 0: none */
    bool verbose, quiet;
    clae_settings settings; /* those that the command takes; defaults for the others */
    uint64_t given;         /* bit i: the command's i-th own option was on the command line */
} common_args;

/* A setting of train/settings.def that the command takes as an option. */
typedef struct command_setting {
    const char *name;
    bool required;
    const char *help; /* NULL: the table's; so is a max of 0 */
    double max;
} command_setting;

typedef struct command {
    const char *name;
    const char *summary;     /* one line for the list of commands */
    const char *description; /* for --help; paragraphs are parted by empty lines */
    const char *example;     /* command lines */
    bool takes_model;          /* the argument MODEL */
    bool model_is_optional;
    const char *argument;      /* what it is called where it is no MODEL, "FILE", */
    const char *argument_help; /* and what it is; NULL: MODEL */
    bool computes;         /* takes --device, --threads and so on, and the settings of SETTINGS_NUMERICS */
    bool names_devices;    /* has an option of its own in place of --device */
    const option *options; /* at most 64 */
    size_t option_count;
    unsigned setting_groups;         /* settings_group: all settings of these groups are options of the command, */
    const command_setting *settings; /* and these */
    size_t setting_count;
    size_t args_size;
    void (*explain)(FILE *out);                     /* more of --help, behind the options; NULL: there is no more */
    int (*run)(console *console, const void *args); /* gives the exit code */
} command;

/* "MODEL" and what that is, or what the command says. */
const char *command_argument(const command *command);
const char *command_argument_help(const command *command);

extern const command *const commands[]; /* in the order of commands.def, NULL at the end */

typedef struct option_table {
    const char *title;
    const option *options;
    size_t count;
} option_table;

/* All options of a command: its own, the settings it takes, those of commands that compute, and those of all. */
typedef struct command_options {
    option_table tables[8];
    size_t table_count;
    setting rows[SETTINGS_COUNT]; /* with what the command changes in them */
    option settings[SETTINGS_COUNT];
    size_t setting_count;
} command_options;

/* The tables point into *options. */
void command_list_options(const command *command, command_options *options);

const command *command_find(const char *name);
/* The command whose name is most like `name`, or NULL when none is. */
const command *command_like(const char *name);

#endif
