#include "cli/option.h"

#include "base/decimal.h"
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_CHARS 40

/* Digits only: strtoull alone takes blanks, signs and wraps negative numbers. */
static bool parse_count(const char *text, const char **end, double min, double max, uint64_t *count) {
    if (*text < '0' || *text > '9') return false;
    char *stop;
    errno = 0;
    unsigned long long value = strtoull(text, &stop, 10);
    if (errno || (double)value < min || (double)value > max) return false;
    *count = value;
    *end = stop;
    return true;
}

static bool store_count(const option *option, uint64_t *field, const char *text) {
    const char *end;
    return parse_count(text, &end, option->min, option->max, field) && !*end;
}

static bool store_real(const option *option, double *field, const char *text) {
    double value;
    if (!decimal_read(text, &value) || value < option->min || value > option->max) return false;
    *field = value;
    return true;
}

static bool store_grid(const option *option, option_grid *field, const char *text) {
    uint64_t columns, rows;
    if (!parse_count(text, &text, option->min, option->max, &columns) || *text != 'x') return false;
    if (!parse_count(text + 1, &text, option->min, option->max, &rows) || *text) return false;
    *field = (option_grid){.columns = columns, .rows = rows};
    return true;
}

static bool store_list(const option *option, option_list *field, const char *text) {
    option_list list = {0};
    for (;; text++) {
        uint64_t value;
        if (list.count == OPTION_LIST_MAX) return false;
        if (!parse_count(text, &text, option->min, option->max, &value)) return false;
        list.values[list.count++] = (unsigned)value;
        if (!*text) break;
        if (*text != ',') return false;
    }
    *field = list;
    return true;
}

static bool store_choice(const option *option, const char **field, const char *text) {
    size_t length = strlen(text);
    for (const char *choice = option->metavar; *choice;) {
        size_t choice_length = strcspn(choice, "|");
        if (length == choice_length && !memcmp(choice, text, length)) {
            *field = text;
            return true;
        }
        choice += choice_length + (choice[choice_length] == '|');
    }
    return false;
}

static bool store_texts(char **field, const char *text) {
    char *joined = *field ? string_format("%s,%s", *field, text) : string_format("%s", text);
    free(*field);
    *field = joined;
    return joined && *text;
}

bool option_store(const option *option, void *args, const char *text) {
    void *field = (char *)args + option->offset;
    switch (option->kind) {
    case OPTION_KIND_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_KIND_TEXT:
        *(const char **)field = text;
        return *text;
    case OPTION_KIND_TEXTS:
        return store_texts(field, text);
    case OPTION_KIND_CHOICE:
        return store_choice(option, field, text);
    case OPTION_KIND_COUNT:
        return store_count(option, field, text);
    case OPTION_KIND_REAL:
        return store_real(option, field, text);
    case OPTION_KIND_GRID:
        return store_grid(option, field, text);
    case OPTION_KIND_LIST:
        return store_list(option, field, text);
    }
    return false;
}

void option_expectation(const option *option, char text[OPTION_TEXT_BYTES]) {
    switch (option->kind) {
    case OPTION_KIND_COUNT:
        snprintf(text, OPTION_TEXT_BYTES, "a whole number from %.0f to %.0f", option->min, option->max);
        break;
    case OPTION_KIND_REAL:
        decimal_print(text, OPTION_TEXT_BYTES, "a number from %g to %g", option->min, option->max);
        break;
    case OPTION_KIND_GRID:
        snprintf(text, OPTION_TEXT_BYTES, "columns x rows, like %s, each from %.0f to %.0f", option->standard,
                 option->min, option->max);
        break;
    case OPTION_KIND_LIST:
        snprintf(text, OPTION_TEXT_BYTES, "up to %d whole numbers from %.0f to %.0f, parted by commas", OPTION_LIST_MAX,
                 option->min, option->max);
        break;
    case OPTION_KIND_CHOICE:
        snprintf(text, OPTION_TEXT_BYTES, "%s", option->metavar);
        break;
    case OPTION_KIND_FLAG:
    case OPTION_KIND_TEXT:
    case OPTION_KIND_TEXTS:
        snprintf(text, OPTION_TEXT_BYTES, "a value (%s)", option->metavar);
        break;
    }
}

size_t name_distance(const char *typed, const char *name) {
    size_t length = strlen(name), row[NAME_MAX_CHARS + 1];
    size_t typed_length = strlen(typed);
    if (length > NAME_MAX_CHARS || typed_length > NAME_MAX_CHARS) return SIZE_MAX;
    if (typed_length >= 2 && !strncmp(typed, name, typed_length)) return 0;
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 1; typed[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j], least = above < row[j - 1] ? above + 1 : row[j - 1] + 1;
            size_t replaced = diagonal + (typed[i - 1] != name[j - 1]);
            row[j] = replaced < least ? replaced : least;
            diagonal = above;
        }
    }
    return row[length];
}
