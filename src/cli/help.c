#include "cli/help.h"

#include <string.h>

#define PAGE_COLUMNS 80
#define OPTION_COLUMNS 22
#define LABEL_BYTES 80

/* Writes text from `column` on, folded between words; newlines in it are kept. */
static void put_folded(FILE *out, const char *text, int indent, int column) {
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + length > PAGE_COLUMNS) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", length, text);
        column += length;
        text += length;
        if (*text == '\n') {
            fputc('\n', out);
            if (text[1] != '\n') fprintf(out, "%*s", indent, "");
            column = indent;
        }
        text += *text != 0;
    }
    fputc('\n', out);
}

void help_put_text(FILE *out, const char *text, int indent) {
    fprintf(out, "%*s", indent, "");
    put_folded(out, text, indent, indent);
}

static void put_option(FILE *out, const option *option) {
    char label[LABEL_BYTES];
    char letter[] = "-x, ";
    letter[1] = option->letter;
    int columns = snprintf(label, sizeof label, "  %s--%s%s%s", option->letter ? letter : "", option->name,
                           option->metavar ? " " : "", option->metavar ? option->metavar : "");
    fputs(label, out);
    if (columns > OPTION_COLUMNS - 2) {
        fputc('\n', out);
        columns = 0;
    }
    fprintf(out, "%*s", OPTION_COLUMNS - columns, "");
    char text[512];
    snprintf(text, sizeof text, "%s%s%s%s", option->help, option->standard ? " (default: " : "",
             option->standard ? option->standard : "", option->standard ? ")" : "");
    put_folded(out, text, OPTION_COLUMNS, OPTION_COLUMNS);
}

static void put_options(FILE *out, const command_options *options) {
    for (size_t t = 0; t < options->table_count; t++) {
        const option_table *table = &options->tables[t];
        fprintf(out, "\n%s:\n", table->title);
        for (size_t i = 0; i < table->count; i++) put_option(out, &table->options[i]);
    }
}

static void put_required(FILE *out, const command_options *options) {
    for (size_t t = 0; t < options->table_count; t++) {
        for (size_t i = 0; i < options->tables[t].count; i++) {
            const option *option = &options->tables[t].options[i];
            if (option->required) fprintf(out, " --%s %s", option->name, option->metavar);
        }
    }
}

void help_command(FILE *out, const command *command) {
    command_options options;
    command_list_options(command, &options);
    fprintf(out, "Usage: clae %s", command->name);
    if (command->takes_model)
        fprintf(out, command->model_is_optional ? " [%s]" : " %s", command_argument(command));
    put_required(out, &options);
    fputs(" [OPTION]...\n\n", out);
    put_folded(out, command->description, 0, 0);
    if (command->takes_model) {
        fprintf(out, "\n  %-20s", command_argument(command));
        put_folded(out, command_argument_help(command), OPTION_COLUMNS, OPTION_COLUMNS);
    }
    put_options(out, &options);
    fputs("  -h, --help          this text\n\n", out);
    if (command->explain) command->explain(out);
    fprintf(out, "Example:\n  %s\n", command->example);
}

void help_program(FILE *out) {
    fputs("Usage: clae COMMAND [OPTION]...\n\n"
          "Trains deep convolutional autoencoders on any OpenCL device or in plain C, and\n"
          "shows what they learn.\n\nCommands:\n",
          out);
    for (size_t i = 0; commands[i]; i++) fprintf(out, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`clae help COMMAND` or `clae COMMAND --help` explains one of them.\n"
          "`clae --version` gives the version.\n\nExample:\n"
          "  clae train photos --size 64x64 --out run\n"
          "  clae reconstruct run --out reconstruction.png\n",
          out);
}
