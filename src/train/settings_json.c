#include "train/settings_json.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL without memory, and for a text that is not set. */
static json_t *setting_to_json(const setting *row, const clae_settings *settings) {
    const void *field = (const char *)settings + row->offset;
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        return json_boolean(*(const bool *)field);
    case CLAE_SETTING_COUNT:
        return json_integer((json_int_t) * (const uint64_t *)field);
    case CLAE_SETTING_REAL:
        return json_real(*(const double *)field);
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
    case CLAE_SETTING_CHOICE:
        break;
    }
    const char *text = *(const char *const *)field;
    char *encoded = text ? text_encode(text) : NULL;
    json_t *value = encoded ? json_string(encoded) : NULL;
    free(encoded);
    return value;
}

json_t *settings_to_json(const clae_settings *settings) {
    json_t *object = json_object();
    char number[DECIMAL_BYTES];
    for (size_t i = 0; object && i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (!(row->group & SETTINGS_OF_RUN) || !setting_text(row, settings, number)) continue;
        if (!json_object_set_new(object, row->name, setting_to_json(row, settings))) continue;
        json_decref(object);
        object = NULL;
    }
    return object;
}

static bool setting_from_text(const setting *row, const char *encoded, clae_settings *settings) {
    char *text = strdup(encoded);
    if (text) text_decode(text);
    const bool is_read = text && setting_read(row, settings, text);
    const int error = errno;
    free(text);
    errno = error;
    return is_read;
}

/* A JSON value goes the way of a text, so that the limits are the same. */
static bool setting_from_json(const setting *row, const json_t *value, clae_settings *settings) {
    char number[DECIMAL_BYTES];
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        return json_is_boolean(value) && setting_read(row, settings, json_is_true(value) ? "1" : "0");
    case CLAE_SETTING_COUNT:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        /* Without a default, 0 is what stands for none. */
        if (json_is_integer(value) && json_integer_value(value) == 0 && !row->standard) return true;
        return json_is_integer(value) && setting_read(row, settings, number);
    case CLAE_SETTING_REAL:
        decimal_write_short(json_number_value(value), number);
        return json_is_number(value) && setting_read(row, settings, number);
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
    case CLAE_SETTING_CHOICE:
        return json_is_string(value) && setting_from_text(row, json_string_value(value), settings);
    }
    return false;
}

bool settings_from_json(const json_t *object, clae_settings *settings) {
    if (!json_is_object(object)) return false;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        const json_t *value = row->group & SETTINGS_OF_RUN ? json_object_get(object, row->name) : NULL;
        if (value && !setting_from_json(row, value, settings)) return false;
    }
    return true;
}
