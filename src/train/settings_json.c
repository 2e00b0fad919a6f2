#include "train/settings_json.h"

#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)
/* Of a value that a message shows. */
#define SHOWN_BYTES 60

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

static clae_status refuse_value(const clae_context *context, const char *path, const setting *row,
                                const json_t *value) {
    char expectation[VALUE_TEXT_BYTES];
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    setting_expectation(row, expectation);
    fail(context, CLAE_ERROR_INPUT, "%s: %s: expected %s, got %.*s", path, row->name, expectation, SHOWN_BYTES,
         text ? text : "another");
    free(text);
    return CLAE_ERROR_INPUT;
}

static clae_status refuse_key(const clae_context *context, const char *path, const char *key) {
    char *names = settings_names(SETTINGS_OF_RUN);
    fail(context, CLAE_ERROR_INPUT, "%s: %.*s: there is no such setting; there are %s", path, SHOWN_BYTES, key,
         names ? names : "others");
    free(names);
    return CLAE_ERROR_INPUT;
}

static clae_status read_member(const clae_context *context, const char *path, const char *key, const json_t *value,
                               clae_settings *settings) {
    const setting *row = settings_find(key, SETTINGS_OF_RUN);
    if (!row) return refuse_key(context, path, key);
    errno = 0;
    if (setting_from_json(row, value, settings)) return CLAE_OK;
    return errno == ENOMEM ? fail_memory(context, 1, "a setting") : refuse_value(context, path, row, value);
}

static clae_status read_members(const clae_context *context, const char *path, json_t *object,
                                clae_settings *settings) {
    const char *key;
    json_t *value;
    clae_status status = CLAE_OK;
    json_object_foreach(object, key, value) {
        if (status == CLAE_OK) status = read_member(context, path, key, value, settings);
    }
    return status;
}

static clae_status take_the_rest(const clae_context *context, const clae_settings *read, clae_settings *settings) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (setting_is_given(row, settings) || !setting_is_given(row, read)) continue;
        if (!setting_copy(row, read, settings)) return fail_memory(context, 1, "a setting");
    }
    return CLAE_OK;
}

static clae_status load_object(const clae_context *context, const char *path, json_t **object) {
    json_error_t error;
    uint8_t *text;
    size_t bytes;
    *object = NULL;
    const clae_status status = file_read(context, path, "file of settings", FILE_BYTES_MAX, &text, &bytes);
    if (status != CLAE_OK) return status;
    *object = json_loadb((const char *)text, bytes, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (json_is_object(*object)) return CLAE_OK;
    if (*object)
        return fail(context, CLAE_ERROR_INPUT, "%s: expected an object of settings, like {\"lr\": 0.001}", path);
    return fail(context, CLAE_ERROR_INPUT, "%s: line %d: %s", path, error.line, error.text);
}

clae_status settings_read_file(const clae_context *context, const char *path, clae_settings *settings) {
    clae_settings read = settings_defaults(context);
    json_t *object;
    clae_status status = load_object(context, path, &object);
    if (status == CLAE_OK) status = read_members(context, path, object, &read);
    if (status == CLAE_OK) status = take_the_rest(context, &read, settings);
    settings_release(&read);
    json_decref(object);
    return status;
}
