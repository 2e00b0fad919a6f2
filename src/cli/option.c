#include "cli/option.h"

#include "graph/model_text.h"

#include <stdio.h>
#include <string.h>

static bool store_grid(const option *option, option_grid *field, const char *text) {
    uint64_t columns, rows;
    if (!value_read_count(text, &text, option->min, option->max, &columns) || *text != 'x') return false;
    if (!value_read_count(text + 1, &text, option->min, option->max, &rows) || *text) return false;
    *field = (option_grid){.columns = columns, .rows = rows};
    return true;
}

static bool store_list(const option *option, option_list *field, const char *text) {
    option_list list = {0};
    for (;; text++) {
        uint64_t value;
        if (list.count == OPTION_LIST_MAX) return false;
        if (!value_read_count(text, &text, option->min, option->max, &value)) return false;
        list.values[list.count++] = (unsigned)value;
        if (!*text) break;
        if (*text != ',') return false;
    }
    *field = list;
    return true;
}

static bool store_reals(const option *option, option_reals *field, const char *text) {
    option_reals reals = {0};
    reals.count = value_read_reals(text, option->min, option->max, OPTION_REALS_MAX, reals.values);
    if (!reals.count) return false;
    *field = reals;
    return true;
}

static bool store_choice(const option *option, const char **field, const char *text) {
    if (!value_is_choice(option->metavar, text)) return false;
    *field = text;
    return true;
}

bool option_takes_value(const option *option) {
    return option->metavar != NULL;
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
    case OPTION_KIND_CHOICE:
        return store_choice(option, field, text);
    case OPTION_KIND_COUNT:
        return value_read_count(text, NULL, option->min, option->max, field);
    case OPTION_KIND_REAL:
        return value_read_real(text, option->min, option->max, field);
    case OPTION_KIND_REALS:
        return store_reals(option, field, text);
    case OPTION_KIND_GRID:
        return store_grid(option, field, text);
    case OPTION_KIND_LIST:
        return store_list(option, field, text);
    case OPTION_KIND_SHAPE:
        return shape_from_text(text, field);
    case OPTION_KIND_SETTING:
        return setting_read(option->setting, field, text);
    }
    return false;
}

void option_expectation(const option *option, char text[VALUE_TEXT_BYTES]) {
    switch (option->kind) {
    case OPTION_KIND_COUNT:
        value_expect_count(option->min, option->max, text);
        break;
    case OPTION_KIND_REAL:
        value_expect_real(option->min, option->max, text);
        break;
    case OPTION_KIND_REALS:
        value_expect_real(option->min, option->max, text);
        snprintf(text + strlen(text), VALUE_TEXT_BYTES - strlen(text), ", or one of each channel, parted by commas");
        break;
    case OPTION_KIND_GRID:
        snprintf(text, VALUE_TEXT_BYTES, "columns x rows, like %s, each from %.0f to %.0f", option->standard,
                 option->min, option->max);
        break;
    case OPTION_KIND_LIST:
        snprintf(text, VALUE_TEXT_BYTES, "up to %d whole numbers from %.0f to %.0f, parted by commas", OPTION_LIST_MAX,
                 option->min, option->max);
        break;
    case OPTION_KIND_SHAPE:
        snprintf(text, VALUE_TEXT_BYTES, "channels x height x width, like 3x32x32");
        break;
    case OPTION_KIND_CHOICE:
        snprintf(text, VALUE_TEXT_BYTES, "%s", option->metavar);
        break;
    case OPTION_KIND_SETTING:
        setting_expectation(option->setting, text);
        break;
    case OPTION_KIND_FLAG:
    case OPTION_KIND_TEXT:
        snprintf(text, VALUE_TEXT_BYTES, "a value (%s)", option->metavar);
        break;
    }
}
