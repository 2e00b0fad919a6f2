/* --help, from the tables. */
#ifndef CLAE_CLI_HELP_H
#define CLAE_CLI_HELP_H

#include "cli/command.h"

#include <stdio.h>

void help_program(FILE *out);
void help_command(FILE *out, const command *command);

#endif
