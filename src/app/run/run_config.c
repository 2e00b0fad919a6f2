#include "app/run/run_config.h"

#include "backend/backend.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

typedef enum field_kind { FIELD_COUNT, FIELD_REAL, FIELD_FLAG, FIELD_TEXT } field_kind;

typedef struct field {
    const char *name;
    field_kind kind;
    size_t offset;
    double min, max;
} field;

static const field fields[] = {
    {"latent-dim", FIELD_COUNT, offsetof(run_config, latent_dim), 1, RUN_LATENT_MAX},
    {"channels", FIELD_COUNT, offsetof(run_config, channels), 1, RUN_CHANNELS_MAX},
    {"batch-size", FIELD_COUNT, offsetof(run_config, batch_size), 1, RUN_BATCH_MAX},
    {"lr", FIELD_REAL, offsetof(run_config, lr), RUN_LR_MIN, RUN_LR_MAX},
    {"seed", FIELD_COUNT, offsetof(run_config, seed), 0, RUN_SEED_MAX},
    {"limit-train", FIELD_COUNT, offsetof(run_config, limit_train), 0, RUN_IMAGES_MAX},
    {"no-shuffle", FIELD_FLAG, offsetof(run_config, no_shuffle), 0, 0},
};
const size_t run_config_field_count = ARRAY_LENGTH(fields);

static const field epochs_field = {"epochs", FIELD_COUNT, offsetof(run_config, epochs), 1, RUN_EPOCHS_MAX};

/* Of how numbers are computed; checkpoints of earlier versions have none of them. */
static const field numerics[] = {
    {"no-winograd", FIELD_FLAG, offsetof(run_config, no_winograd), 0, 0},
    {"no-fusion", FIELD_FLAG, offsetof(run_config, no_fusion), 0, 0},
    {"no-tuning", FIELD_FLAG, offsetof(run_config, no_tuning), 0, 0},
    {"precision", FIELD_TEXT, offsetof(run_config, precision), 0, 0},
    {"impl", FIELD_TEXT, offsetof(run_config, impls), 0, 0},
};
#define DEFAULT_PRECISION "fp32"

const char *run_config_field_name(size_t index) {
    return fields[index].name;
}

static const void *at(const run_config *config, const field *field) {
    return (const char *)config + field->offset;
}

static const char *text_at(const run_config *config, const field *field) {
    return *(const char *const *)at(config, field);
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
    case FIELD_TEXT:
        if (!text_at(config, field)) return true;
        value = json_string(text_at(config, field));
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
    for (size_t i = 0; ok && i < ARRAY_LENGTH(numerics); i++) ok = put_field(object, config, &numerics[i]);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static bool get_field(const json_t *object, run_config *config, const field *field) {
    const json_t *value = json_object_get(object, field->name);
    void *out = (char *)config + field->offset;
    const double number = json_number_value(value);
    switch (field->kind) {
    case FIELD_COUNT:
        if (!json_is_integer(value) || number < field->min || number > field->max) return false;
        *(uint64_t *)out = (uint64_t)json_integer_value(value);
        return true;
    case FIELD_REAL:
        if (!json_is_number(value) || !(number >= field->min && number <= field->max)) return false;
        *(double *)out = number;
        return true;
    case FIELD_FLAG:
        if (!json_is_boolean(value)) return false;
        *(bool *)out = json_boolean_value(value);
        return true;
    case FIELD_TEXT:
        if (!json_is_string(value)) return false;
        *(const char **)out = json_string_value(value);
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
    *config = (run_config){.data = decode_path(json_object_get(object, "data"))};
    if (!config->data || !get_field(object, config, &epochs_field)) return false;
    for (size_t i = 0; i < run_config_field_count; i++) {
        if (!get_field(object, config, &fields[i])) return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(numerics); i++) {
        if (json_object_get(object, numerics[i].name) && !get_field(object, config, &numerics[i])) return false;
    }
    return true;
}

static size_t field_bytes(const field *field) {
    switch (field->kind) {
    case FIELD_COUNT:
        return sizeof(uint64_t);
    case FIELD_REAL:
        return sizeof(double);
    case FIELD_FLAG:
        return sizeof(bool);
    case FIELD_TEXT:
        return sizeof(char *);
    }
    return 0;
}

/* "--seed 0", "no --no-shuffle", "--precision fp32". */
static char *field_text(const run_config *config, const field *field) {
    switch (field->kind) {
    case FIELD_COUNT:
        return string_format("--%s %llu", field->name, (unsigned long long)*(const uint64_t *)at(config, field));
    case FIELD_REAL:
        return string_format("--%s %.15g", field->name, *(const double *)at(config, field));
    case FIELD_FLAG:
        return string_format("%s--%s", *(const bool *)at(config, field) ? "" : "no ", field->name);
    case FIELD_TEXT:
        return text_at(config, field) ? string_format("--%s %s", field->name, text_at(config, field))
                                      : string_format("no --%s", field->name);
    }
    return NULL;
}

/* "--seed 0, --lr 0.001" of those of `count` fields that are in `set`. */
static char *list_fields(const run_config *config, const field *of, size_t count, uint64_t set) {
    char *list = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!(set >> i & 1)) continue;
        char *text = field_text(config, &of[i]);
        char *longer = string_format("%s%s%s", list ? list : "", list ? ", " : "", text ? text : "?");
        free(text);
        free(list);
        list = longer;
    }
    return list;
}

static bool is_said(const run_config *config, const field *field) {
    return field->kind == FIELD_TEXT ? text_at(config, field) != NULL : *(const bool *)at(config, field);
}

static const char *or_default(const field *field, const char *text) {
    return text || field->offset != offsetof(run_config, precision) ? text : DEFAULT_PRECISION;
}

static bool is_same(const run_config *a, const run_config *b, const field *field) {
    if (field->kind != FIELD_TEXT) return !memcmp(at(a, field), at(b, field), field_bytes(field));
    const char *left = or_default(field, text_at(a, field)), *right = or_default(field, text_at(b, field));
    return left && right ? !strcmp(left, right) : left == right;
}

bool run_config_is_same(const run_config *a, const run_config *b) {
    for (size_t i = 0; i < run_config_field_count; i++)
        if (!is_same(a, b, &fields[i])) return false;
    return true;
}

static void merge_numerics(const clae_context *context, const char *folder, const run_config *stored,
                           run_config *config) {
    uint64_t different = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(numerics); i++) {
        const field *field = &numerics[i];
        if (!is_said(config, field)) {
            memcpy((char *)config + field->offset, at(stored, field), field_bytes(field));
        } else if (!is_same(config, stored, field)) {
            different |= (uint64_t)1 << i;
        }
    }
    if (!different) return;
    char *theirs = list_fields(stored, numerics, ARRAY_LENGTH(numerics), different);
    char *ours = list_fields(config, numerics, ARRAY_LENGTH(numerics), different);
    log_line(context, CLAE_LOG_WARNING,
             "%s was trained with %s so far: with %s the numbers differ a little from here on from those without",
             folder, theirs ? theirs : "other options", ours ? ours : "these");
    free(theirs);
    free(ours);
}

clae_status run_config_merge(const clae_context *context, const char *folder, const run_config *stored, uint64_t given,
                             run_config *config) {
    uint64_t different = 0;
    for (size_t i = 0; i < run_config_field_count; i++) {
        if (!(given >> i & 1)) {
            memcpy((char *)config + fields[i].offset, at(stored, &fields[i]), field_bytes(&fields[i]));
        } else if (!is_same(config, stored, &fields[i])) {
            different |= (uint64_t)1 << i;
        }
    }
    if (!different) {
        merge_numerics(context, folder, stored, config);
        return CLAE_OK;
    }
    char *theirs = list_fields(stored, fields, run_config_field_count, different);
    char *ours = list_fields(config, fields, run_config_field_count, different);
    fail(context, CLAE_ERROR_INPUT,
         "%s was started with %s and cannot go on with %s; leave these options out to resume it", folder,
         theirs ? theirs : "other options", ours ? ours : "these");
    free(theirs);
    free(ours);
    return CLAE_ERROR_INPUT;
}

clae_status run_config_apply(run_config *config, clae_context *context) {
    char *impls = config->impls ? strdup(config->impls) : NULL;
    if (config->impls && !impls) return fail_memory(context, strlen(config->impls), "the names of implementations");
    const bool is_tf32 = config->precision && !strcmp(config->precision, "tf32");
    free(context->impls);
    config->impls = context->impls = impls;
    config->precision = is_tf32 ? "tf32" : DEFAULT_PRECISION;
    context->precision = is_tf32 ? CLAE_PRECISION_TF32 : CLAE_PRECISION_FP32;
    context->no_winograd = config->no_winograd;
    context->no_fusion = config->no_fusion;
    context->no_tuning = config->no_tuning;
    return impls_check(context, impls);
}
