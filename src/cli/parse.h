/* From words on the command line to the struct of a command's arguments. */
#ifndef CLAE_CLI_PARSE_H
#define CLAE_CLI_PARSE_H

#include "cli/command.h"

typedef enum parse_result { PARSE_OK, PARSE_HELP, PARSE_ERROR, PARSE_NO_MEMORY } parse_result;

/* Fills `args`, zeroed and of command->args_size bytes, from the words after the command's name. After PARSE_ERROR one
 * line was shown. */
parse_result parse_words(const command *command, console *console, char *const *words, size_t count, common_args *args);

#endif
