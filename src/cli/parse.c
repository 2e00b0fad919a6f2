#include "cli/parse.h"

#include "base/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct parser {
    const command *command;
    command_options options;
    console *console;
    char *const *words;
    size_t count, next;
    common_args *args;
} parser;

static bool has_name(const option *option, const char *name, size_t length) {
    return strlen(option->name) == length && !memcmp(option->name, name, length);
}

static const option *find_option(const command_options *options, const char *name, size_t length, char letter) {
    for (size_t t = 0; t < options->table_count; t++) {
        for (size_t i = 0; i < options->tables[t].count; i++) {
            const option *option = &options->tables[t].options[i];
            if (letter ? option->letter == letter : has_name(option, name, length)) return option;
        }
    }
    return NULL;
}

/* The option whose name is most like what was typed, or NULL when none is. */
static const option *option_like(const command_options *options, const char *typed) {
    const option *best = NULL;
    size_t best_distance = NAME_DISTANCE_LIKE + 1;
    for (size_t t = 0; t < options->table_count; t++) {
        for (size_t i = 0; i < options->tables[t].count; i++) {
            const option *option = &options->tables[t].options[i];
            size_t distance = name_distance(typed, option->name);
            if (distance >= best_distance) continue;
            best_distance = distance;
            best = option;
        }
    }
    return best;
}

static parse_result unknown_option(parser *parser, const char *word) {
    char typed[64];
    int length = (int)strcspn(word, "=");
    snprintf(typed, sizeof typed, "%.*s", length, word);
    const option *like = word[1] == '-' ? option_like(&parser->options, typed + 2) : NULL;
    if (like) {
        console_message(parser->console, CLAE_LOG_ERROR, "%.*s: there is no such option; did you mean --%s?", length,
                        word, like->name);
    } else {
        console_message(parser->console, CLAE_LOG_ERROR, "%.*s: there is no such option; see clae %s --help", length,
                        word, parser->command->name);
    }
    return PARSE_ERROR;
}

static parse_result take_option(parser *parser, const char *word) {
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    bool is_long = word[1] == '-';
    size_t length = is_long ? (equals ? (size_t)(equals - word) : strlen(word)) - 2 : 1;
    const option *option = NULL;
    if (is_long || !word[2]) option = find_option(&parser->options, word + 2, length, is_long ? 0 : word[1]);
    if (!option) return unknown_option(parser, word);

    char name[64];
    snprintf(name, sizeof name, "--%s", option->name);
    const char *value = equals ? equals + 1 : NULL;
    if (!option_takes_value(option) && value) {
        console_usage(parser->console, name, "takes no value, got \"%s\"", value);
        return PARSE_ERROR;
    }
    char expectation[VALUE_TEXT_BYTES];
    option_expectation(option, expectation);
    if (option_takes_value(option) && !value) {
        /* A value that begins like an option has to be joined to its own by "=". */
        if (parser->next == parser->count || !strncmp(parser->words[parser->next], "--", 2)) {
            console_usage(parser->console, name, "expected %s, got nothing", expectation);
            return PARSE_ERROR;
        }
        value = parser->words[parser->next++];
    }
    errno = 0;
    if (!option_store(option, parser->args, value)) {
        if (errno == ENOMEM) return PARSE_NO_MEMORY;
        console_usage(parser->console, name, "expected %s, got \"%s\"", expectation, value);
        return PARSE_ERROR;
    }
    if (option >= parser->command->options && option < parser->command->options + parser->command->option_count) {
        parser->args->given |= (uint64_t)1 << (option - parser->command->options);
    }
    return PARSE_OK;
}

static parse_result take_argument(parser *parser, const char *word) {
    if (!parser->command->takes_model) {
        console_message(parser->console, CLAE_LOG_ERROR, "\"%s\" is one word too many; see clae %s --help", word,
                        parser->command->name);
        return PARSE_ERROR;
    }
    if (parser->args->model) {
        console_message(parser->console, CLAE_LOG_ERROR, "one %s is expected, got \"%s\" and \"%s\"",
                        command_argument(parser->command), parser->args->model, word);
        return PARSE_ERROR;
    }
    parser->args->model = word;
    return PARSE_OK;
}

/* Settings have bits of their own. */
static bool is_given(const parser *parser, const option *option) {
    if (option->setting) return setting_is_given(option->setting, &parser->args->settings);
    return parser->args->given >> (option - parser->command->options) & 1;
}

static parse_result check_table(const parser *parser, const option_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        const option *option = &table->options[i];
        if (!option->required || is_given(parser, option)) continue;
        console_message(parser->console, CLAE_LOG_ERROR, "--%s %s is missing (%s)", option->name, option->metavar,
                        option->help);
        return PARSE_ERROR;
    }
    return PARSE_OK;
}

static parse_result check_required(const parser *parser) {
    const command *command = parser->command;
    if (command->takes_model && !command->model_is_optional && !parser->args->model) {
        console_message(parser->console, CLAE_LOG_ERROR, "%s is missing (%s)", command_argument(command),
                        command_argument_help(command));
        return PARSE_ERROR;
    }
    parse_result result = PARSE_OK;
    for (size_t t = 0; !result && t < parser->options.table_count; t++)
        result = check_table(parser, &parser->options.tables[t]);
    return result;
}

static void store_defaults(const command_options *options, common_args *args) {
    args->settings = settings_defaults(NULL);
    for (size_t t = 0; t < options->table_count; t++) {
        for (size_t i = 0; i < options->tables[t].count; i++) {
            const option *option = &options->tables[t].options[i];
            if (!option->setting && option->standard) option_store(option, args, option->standard);
        }
    }
}

static bool asks_for_help(const char *word) {
    return !strcmp(word, "--help") || !strcmp(word, "-h");
}

parse_result parse_words(const command *command, console *console, char *const *words, size_t count,
                         common_args *args) {
    parser parser = {.command = command, .console = console, .words = words, .count = count, .args = args};
    bool options_ended = false;
    command_list_options(command, &parser.options);
    store_defaults(&parser.options, args);
    while (parser.next < count) {
        const char *word = words[parser.next++];
        parse_result result = PARSE_OK;
        if (!options_ended && asks_for_help(word)) return PARSE_HELP;
        if (!options_ended && !strcmp(word, "--")) {
            options_ended = true;
        } else if (!options_ended && word[0] == '-' && word[1]) {
            result = take_option(&parser, word);
        } else {
            result = take_argument(&parser, word);
        }
        if (result) return result;
    }
    return check_required(&parser);
}
