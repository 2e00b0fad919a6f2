#include "train/settings.h"

#include "base/memory.h"
#include "graph/presets.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(SETTINGS_COUNT <= 64, "clae_settings.given has a bit for each");

/* "|adam|sgd": the names of a table. */
static const char optimiser_choices[] =
#define OPTIMISER(stem, ...) "|" #stem
#include "ops/optimisers.def"
#undef OPTIMISER
    ;
static const char preset_choices[] = "|" PRESET_AUTO
#define PRESET(stem, ...) "|" #stem
#include "graph/presets.def"
#undef PRESET
    ;
static const char loss_choices[] =
#define LOSS(stem, ...) "|" #stem
#include "ops/losses.def"
#undef LOSS
    "|ssim";
static const char schedule_choices[] =
#define SCHEDULE(stem, ...) "|" #stem
#include "train/schedules.def"
#undef SCHEDULE
    ;
#define SETTING_CHOICES(table) table##_choices + 1

const setting settings_table[SETTINGS_COUNT] = {
#define SETTING(FIELD, NAME, KIND, GROUP, RESUME, STANDARD, MIN, MAX, METAVAR, HELP)                                   \
    {.name = NAME,                                                                                                     \
     .key = #FIELD,                                                                                                    \
     .kind = CLAE_SETTING_##KIND,                                                                                      \
     .group = SETTINGS_##GROUP,                                                                                        \
     .resume = SETTING_##RESUME,                                                                                       \
     .index = SETTING_INDEX_##FIELD,                                                                                   \
     .offset = offsetof(clae_settings, FIELD),                                                                         \
     .standard = STANDARD,                                                                                             \
     .min = MIN,                                                                                                       \
     .max = MAX,                                                                                                       \
     .metavar = METAVAR,                                                                                               \
     .help = HELP},
#include "train/settings.def"
#undef SETTING
};

static const void *setting_at(const setting *row, const clae_settings *settings) {
    return (const char *)settings + row->offset;
}

static bool setting_is_text(const setting *row) {
    return row->kind == CLAE_SETTING_TEXT || row->kind == CLAE_SETTING_TEXTS || row->kind == CLAE_SETTING_CHOICE;
}

const setting *settings_find(const char *name, unsigned groups) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        if ((settings_table[i].group & groups) && strcmp(settings_table[i].name, name) == 0) return &settings_table[i];
    return NULL;
}

uint64_t settings_bits(unsigned groups) {
    uint64_t bits = 0;
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        if (settings_table[i].group & groups) bits |= (uint64_t)1 << i;
    return bits;
}

char *settings_names(unsigned groups) {
    char *list = NULL;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (!(settings_table[i].group & groups)) continue;
        char *longer = string_format("%s%s%s", list ? list : "", list ? ", " : "", settings_table[i].name);
        free(list);
        if (!longer) return NULL;
        list = longer;
    }
    return list;
}

/* Defaults are the table's own texts. */
static void drop_text(const setting *row, const char *text) {
    if (text != row->standard) free((char *)text);
}

static bool set_text(const setting *row, const char **field, const char *text) {
    char *copy = row->kind == CLAE_SETTING_TEXTS && *field ? string_format("%s,%s", *field, text) : strdup(text);
    if (!copy) return false;
    drop_text(row, *field);
    *field = copy;
    return true;
}

static bool read_flag(const char *text, bool *flag) {
    const bool is_true = !text || strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "0") != 0 && strcmp(text, "false") != 0) return false;
    *flag = is_true;
    return true;
}

static bool read_value(const setting *row, clae_settings *settings, const char *text) {
    void *field = (char *)settings + row->offset;
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        return read_flag(text, field);
    case CLAE_SETTING_COUNT:
        return value_read_count(text, NULL, row->min, row->max, field);
    case CLAE_SETTING_REAL:
        return value_read_real(text, row->min, row->max, field);
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
        return *text && set_text(row, field, text);
    case CLAE_SETTING_CHOICE:
        return value_is_choice(row->metavar, text) && set_text(row, field, text);
    }
    return false;
}

bool setting_read(const setting *row, clae_settings *settings, const char *text) {
    if (!read_value(row, settings, text)) return false;
    settings->given |= (uint64_t)1 << row->index;
    return true;
}

void setting_expectation(const setting *row, char text[VALUE_TEXT_BYTES]) {
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        snprintf(text, VALUE_TEXT_BYTES, "true or false");
        break;
    case CLAE_SETTING_COUNT:
        value_expect_count(row->min, row->max, text);
        break;
    case CLAE_SETTING_REAL:
        value_expect_real(row->min, row->max, text);
        break;
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
        snprintf(text, VALUE_TEXT_BYTES, "a value (%s)", row->metavar);
        break;
    case CLAE_SETTING_CHOICE:
        snprintf(text, VALUE_TEXT_BYTES, "%s", row->metavar);
        break;
    }
}

const char *setting_text(const setting *row, const clae_settings *settings, char number[DECIMAL_BYTES]) {
    const void *field = setting_at(row, settings);
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        return *(const bool *)field ? "1" : "0";
    case CLAE_SETTING_COUNT:
        snprintf(number, DECIMAL_BYTES, "%llu", (unsigned long long)*(const uint64_t *)field);
        return number;
    case CLAE_SETTING_REAL:
        decimal_write_short(*(const double *)field, number);
        return number;
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
    case CLAE_SETTING_CHOICE:
        return *(const char *const *)field;
    }
    return NULL;
}

clae_settings settings_defaults(const clae_context *context) {
    clae_settings settings = {.context = context};
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (setting_is_text(row))
            *(const char **)((char *)&settings + row->offset) = row->standard;
        else if (row->standard)
            read_value(row, &settings, row->standard);
    }
    return settings;
}

void settings_release(clae_settings *settings) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (setting_is_text(row)) drop_text(row, *(const char *const *)setting_at(row, settings));
    }
    *settings = (clae_settings){0};
}

static size_t setting_bytes(const setting *row) {
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        return sizeof(bool);
    case CLAE_SETTING_COUNT:
        return sizeof(uint64_t);
    case CLAE_SETTING_REAL:
        return sizeof(double);
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
    case CLAE_SETTING_CHOICE:
        return sizeof(const char *);
    }
    return 0;
}

bool setting_copy(const setting *row, const clae_settings *from, clae_settings *to) {
    void *field = (char *)to + row->offset;
    const uint64_t bit = (uint64_t)1 << row->index;
    if (setting_is_text(row)) {
        const char *text = *(const char *const *)setting_at(row, from), **kept = field;
        char *copy = text && text != row->standard ? strdup(text) : NULL;
        if (text && text != row->standard && !copy) return false;
        drop_text(row, *kept);
        *kept = copy ? copy : text;
    } else {
        memcpy(field, setting_at(row, from), setting_bytes(row));
    }
    to->given = (to->given & ~bit) | (from->given & bit);
    return true;
}

bool settings_copy(const clae_settings *from, clae_settings *to) {
    *to = settings_defaults(from->context);
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        if (!setting_copy(&settings_table[i], from, to)) return false;
    return true;
}

bool setting_is_given(const setting *row, const clae_settings *settings) {
    return settings->given >> row->index & 1;
}

bool setting_is_same(const setting *row, const clae_settings *a, const clae_settings *b) {
    if (!setting_is_text(row)) return memcmp(setting_at(row, a), setting_at(row, b), setting_bytes(row)) == 0;
    const char *left = *(const char *const *)setting_at(row, a), *right = *(const char *const *)setting_at(row, b);
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static clae_status settings_unknown(const clae_settings *settings, const char *name) {
    char *names = settings_names(SETTINGS_OF_LIBRARY);
    fail(settings->context, CLAE_ERROR_INPUT, "\"%s\": there is no such setting; those of training are %s", name,
         names ? names : "others");
    free(names);
    return CLAE_ERROR_INPUT;
}

clae_status clae_settings_create(const clae_context *context, clae_settings **settings) {
    *settings = malloc(sizeof **settings);
    if (!*settings) return fail_memory(context, sizeof **settings, "the settings");
    **settings = settings_defaults(context);
    return CLAE_OK;
}

clae_status clae_settings_set(clae_settings *settings, const char *name, const char *text) {
    const setting *row = settings_find(name, SETTINGS_OF_LIBRARY);
    char expectation[VALUE_TEXT_BYTES];
    if (!row) return settings_unknown(settings, name);
    errno = 0;
    if (text && setting_read(row, settings, text)) return CLAE_OK;
    if (text && errno == ENOMEM) return fail_memory(settings->context, strlen(text), "a setting");
    setting_expectation(row, expectation);
    return fail(settings->context, CLAE_ERROR_INPUT, "%s: expected %s, got \"%s\"", name, expectation,
                text ? text : "");
}

clae_status clae_settings_get(const clae_settings *settings, const char *name, char *text, size_t size) {
    const setting *row = settings_find(name, SETTINGS_OF_LIBRARY);
    char number[DECIMAL_BYTES];
    if (!row) return settings_unknown(settings, name);
    const char *value = setting_text(row, settings, number);
    const int length = snprintf(text, size, "%s", value ? value : "");
    if ((size_t)length < size) return CLAE_OK;
    return fail(settings->context, CLAE_ERROR_INPUT, "%s: its text takes %d bytes, there is room for %zu", name,
                length + 1, size);
}

bool clae_settings_info(size_t index, clae_setting_info *info) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (!(row->group & SETTINGS_OF_LIBRARY) || index-- != 0) continue;
        *info = (clae_setting_info){.name = row->name,
                                    .kind = row->kind,
                                    .standard = row->standard,
                                    .min = row->min,
                                    .max = row->max,
                                    .values = row->metavar,
                                    .help = row->help};
        return true;
    }
    return false;
}

void clae_settings_free(clae_settings *settings) {
    if (!settings) return;
    settings_release(settings);
    free(settings);
}
