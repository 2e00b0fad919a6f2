#include "train/run_config.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

typedef enum field_kind { FIELD_COUNT, FIELD_REAL, FIELD_FLAG } field_kind;

typedef struct field {
    const char *name;
    field_kind kind;
    size_t offset;
} field;

static const field fields[] = {
    {"latent-dim", FIELD_COUNT, offsetof(run_config, latent_dim)},
    {"channels", FIELD_COUNT, offsetof(run_config, channels)},
    {"batch-size", FIELD_COUNT, offsetof(run_config, batch_size)},
    {"lr", FIELD_REAL, offsetof(run_config, lr)},
    {"seed", FIELD_COUNT, offsetof(run_config, seed)},
    {"limit-train", FIELD_COUNT, offsetof(run_config, limit_train)},
    {"no-shuffle", FIELD_FLAG, offsetof(run_config, no_shuffle)},
};
const size_t run_config_field_count = ARRAY_LENGTH(fields);

static const field epochs_field = {"epochs", FIELD_COUNT, offsetof(run_config, epochs)};

const char *run_config_field_name(size_t index) {
    return fields[index].name;
}

static const void *at(const run_config *config, const field *field) {
    return (const char *)config + field->offset;
}

static bool put_field(json_t *object, const run_config *config, const field *field) {
    json_t *value = NULL;
    switch (field->kind) {
    case FIELD_COUNT:
        value = json_integer((json_int_t) * (const uint64_t *)at(config, field));
        break;
    case FIELD_REAL:
        value = json_real(*(const double *)at(config, field));
        break;
    case FIELD_FLAG:
        value = json_boolean(*(const bool *)at(config, field));
        break;
    }
    return !json_object_set_new(object, field->name, value);
}

json_t *run_config_to_json(const run_config *config) {
    json_t *object = json_object();
    char *data = text_encode(config->data);
    bool ok = object && data && !json_object_set_new(object, "data", json_string(data));
    free(data);
    ok = ok && put_field(object, config, &epochs_field);
    for (size_t i = 0; ok && i < run_config_field_count; i++) ok = put_field(object, config, &fields[i]);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static bool get_field(const json_t *object, run_config *config, const field *field) {
    const json_t *value = json_object_get(object, field->name);
    void *out = (char *)config + field->offset;
    switch (field->kind) {
    case FIELD_COUNT:
        if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
        *(uint64_t *)out = (uint64_t)json_integer_value(value);
        return true;
    case FIELD_REAL:
        if (!json_is_number(value)) return false;
        *(double *)out = json_number_value(value);
        return true;
    case FIELD_FLAG:
        if (!json_is_boolean(value)) return false;
        *(bool *)out = json_boolean_value(value);
        return true;
    }
    return false;
}

/* Puts the path itself in the place of its code; the object owns it. NULL where there is none. */
static const char *decode_path(json_t *value) {
    if (!json_is_string(value)) return NULL;
    char *path = strdup(json_string_value(value));
    if (path) text_decode(path);
    bool ok = path && !json_string_set_nocheck(value, path);
    free(path);
    return ok ? json_string_value(value) : NULL;
}

bool run_config_from_json(const json_t *object, run_config *config) {
    config->data = decode_path(json_object_get(object, "data"));
    if (!config->data || !get_field(object, config, &epochs_field)) return false;
    for (size_t i = 0; i < run_config_field_count; i++) {
        if (!get_field(object, config, &fields[i])) return false;
    }
    return true;
}

static size_t field_bytes(const field *field) {
    return field->kind == FIELD_COUNT ? sizeof(uint64_t) : field->kind == FIELD_REAL ? sizeof(double) : sizeof(bool);
}

static char *field_text(const run_config *config, const field *field) {
    switch (field->kind) {
    case FIELD_COUNT:
        return string_format("--%s %llu", field->name, (unsigned long long)*(const uint64_t *)at(config, field));
    case FIELD_REAL:
        return string_format("--%s %.15g", field->name, *(const double *)at(config, field));
    case FIELD_FLAG:
        return string_format("%s--%s", *(const bool *)at(config, field) ? "" : "no ", field->name);
    }
    return NULL;
}

/* "--seed 0, --lr 0.001" of the fields in `set`. */
static char *list_fields(const run_config *config, uint64_t set) {
    char *list = NULL;
    for (size_t i = 0; i < run_config_field_count; i++) {
        if (!(set >> i & 1)) continue;
        char *text = field_text(config, &fields[i]);
        char *longer = string_format("%s%s%s", list ? list : "", list ? ", " : "", text ? text : "?");
        free(text);
        free(list);
        list = longer;
    }
    return list;
}

clae_status run_config_merge(const clae_context *context, const char *folder, const run_config *stored, uint64_t given,
                             run_config *config) {
    uint64_t different = 0;
    for (size_t i = 0; i < run_config_field_count; i++) {
        void *to = (char *)config + fields[i].offset;
        if (!(given >> i & 1)) {
            memcpy(to, at(stored, &fields[i]), field_bytes(&fields[i]));
        } else if (memcmp(to, at(stored, &fields[i]), field_bytes(&fields[i])) != 0) {
            different |= (uint64_t)1 << i;
        }
    }
    if (!different) return CLAE_OK;
    char *theirs = list_fields(stored, different), *ours = list_fields(config, different);
    fail(context, CLAE_ERROR_INPUT,
         "%s was started with %s and cannot go on with %s; leave these options out to resume it", folder,
         theirs ? theirs : "other options", ours ? ours : "these");
    free(theirs);
    free(ours);
    return CLAE_ERROR_INPUT;
}
