/* --help, from the tables. */
#ifndef CLAE_CLI_HELP_H
#define CLAE_CLI_HELP_H

#include "cli/command.h"

#include <stdio.h>

/* Writes text, folded between words, in lines that begin at a column; newlines in it are kept. */
void help_put_text(FILE *out, const char *text, int indent);
void help_program(FILE *out);
void help_command(FILE *out, const command *command);

#endif
