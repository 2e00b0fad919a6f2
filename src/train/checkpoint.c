/* Checkpoints: weights, Adam's state, where training stands and what it was made with. */
#include "train/trainer.h"

#include "base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EXTRA_BYTES ((size_t)1 << 16)
#define TEXT_PAIRS (SETTINGS_COUNT + 4)

/* What a checkpoint says in its metadata, as text. */
typedef struct checkpoint_texts {
    char values[TEXT_PAIRS][DECIMAL_BYTES]; /* of numbers */
    safetensors_pair pairs[TEXT_PAIRS];
    size_t count;
} checkpoint_texts;

static void add_text(checkpoint_texts *texts, const char *key, const char *value) {
    texts->pairs[texts->count++] = (safetensors_pair){key, value};
}

static void add_number(checkpoint_texts *texts, const char *key, uint64_t value) {
    char *text = texts->values[texts->count];
    snprintf(text, sizeof texts->values[0], "%" PRIu64, value);
    add_text(texts, key, text);
}

static void add_settings(const clae_trainer *t, checkpoint_texts *texts) {
    add_text(texts, "data", t->runner.data.fingerprint);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (!(row->group & SETTINGS_OF_TRAINER)) continue;
        const char *text = setting_text(row, &t->settings, texts->values[texts->count]);
        if (text) add_text(texts, row->key, text);
    }
}

static void add_position(const clae_trainer *t, checkpoint_texts *texts) {
    add_number(texts, "step", t->position.step);
    add_number(texts, "epoch", t->position.epoch);
    add_number(texts, "images", t->position.images);
}

typedef struct flat_part {
    char prefix[UPDATE_PREFIX_BYTES];
    buffer *buffer;
    size_t floats;
    bool is_square;
} flat_part;

#define MAX_FLAT_PARTS (2 + UPDATE_MAX_STATES)

/* The weights, the optimiser's states, and the average of the weights; how many there are. */
static size_t flat_parts(const clae_trainer *t, flat_part parts[MAX_FLAT_PARTS]) {
    const size_t states = update_state_count(t->update_of_step.optimiser);
    parts[0] = (flat_part){"", t->runner.params.values, t->runner.params.floats, false};
    for (size_t k = 0; k < states; k++) {
        parts[1 + k] = (flat_part){"", t->runner.params.state[k], t->runner.params.trained_floats,
                                   update_state_is_square(t->update_of_step.optimiser, k)};
        update_state_prefix(t->update_of_step.optimiser, k, parts[1 + k].prefix);
    }
    if (!t->runner.params.average) return 1 + states;
    parts[1 + states] =
        (flat_part){MODEL_AVERAGE_PREFIX, t->runner.params.average, t->runner.params.trained_floats, false};
    return 2 + states;
}

/* The loss tells only at the next step that weights have become useless. */
static clae_status check_finite(const clae_trainer *t, const float *flat, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(flat[i]))
            return fail(t->device->context, CLAE_ERROR_NOT_FINITE,
                        "the weights are not finite after step %" PRIu64
                        ": training has diverged; try a learning rate below %g",
                        t->position.step, t->settings.lr);
    return CLAE_OK;
}

/* Collects the tensors of all parts into one list. */
static clae_status collect_tensors(const clae_trainer *t, model_tensors sets[MAX_FLAT_PARTS], safetensors_tensor **tensors,
                                   size_t *count) {
    flat_part parts[MAX_FLAT_PARTS];
    const size_t bytes = t->runner.params.floats * sizeof(float), part_count = flat_parts(t, parts);
    float *flat = malloc(bytes);
    clae_status status = flat ? CLAE_OK : fail_memory(t->device->context, bytes, "the checkpoint");
    for (size_t i = 0; i < part_count && status == CLAE_OK; i++) {
        status = buffer_download(parts[i].buffer, 0, flat, parts[i].floats * sizeof(float));
        if (status == CLAE_OK) status = check_finite(t, flat, parts[i].floats);
        if (status == CLAE_OK) status = model_tensors_from_flat(t->model, flat, parts[i].prefix, &sets[i]);
    }
    free(flat);
    if (status != CLAE_OK) return status;
    *count = 0;
    *tensors = calloc(part_count * sets[0].count, sizeof **tensors);
    if (!*tensors) return fail_memory(t->device->context, sets[0].count * sizeof **tensors, "the checkpoint");
    for (size_t i = 0; i < part_count; i++)
        for (size_t k = 0; k < sets[i].count; k++) (*tensors)[(*count)++] = sets[i].tensors[k];
    return CLAE_OK;
}

clae_status clae_trainer_save_checkpoint(clae_trainer *t, const char *path, const char *extra) {
    checkpoint_texts texts = {.count = 0};
    safetensors_pair pairs[MODEL_METADATA_PAIRS + TEXT_PAIRS + 1];
    model_tensors sets[MAX_FLAT_PARTS] = {0};
    safetensors_tensor *tensors = NULL;
    char *storage = NULL;
    size_t tensor_count = 0, pair_count = MODEL_METADATA_PAIRS;
    if (extra && strlen(extra) > MAX_EXTRA_BYTES)
        return fail(t->device->context, CLAE_ERROR_INPUT, "%s: %zu bytes of extra text, at most %zu", path,
                    strlen(extra), MAX_EXTRA_BYTES);
    add_settings(t, &texts);
    add_position(t, &texts);
    clae_status status = model_metadata(t->model, pairs, &storage);
    if (status == CLAE_OK) status = collect_tensors(t, sets, &tensors, &tensor_count);
    for (size_t i = 0; i < texts.count; i++) pairs[pair_count++] = texts.pairs[i];
    if (extra) pairs[pair_count++] = (safetensors_pair){"extra", extra};
    if (status == CLAE_OK)
        status = safetensors_write(t->device->context, path, tensors, tensor_count, pairs, pair_count);
    for (int i = 0; i < MAX_FLAT_PARTS; i++) model_tensors_free(&sets[i]);
    free(tensors);
    free(storage);
    return status;
}

static clae_status refuse_other(const clae_trainer *t, const char *path, const char *key, const char *kept,
                                const char *ours) {
    return fail(t->device->context, CLAE_ERROR_INPUT, "%s: was made with %s %s, not %s", path, key, kept, ours);
}

/* A setting that the file does not have is of a later version: it had its default. */
static clae_status check_setting(const clae_trainer *t, const safetensors_file *file, const char *path,
                                 const setting *row) {
    const char *kept = safetensors_metadata(file, row->key);
    clae_settings stored = settings_defaults(t->device->context);
    char number[DECIMAL_BYTES], standard[DECIMAL_BYTES];
    const char *ours = setting_text(row, &t->settings, number);
    if (!kept) kept = setting_text(row, &stored, standard);
    errno = 0;
    const bool is_read = !kept || setting_read(row, &stored, kept);
    const bool is_same = is_read && setting_is_same(row, &stored, &t->settings);
    settings_release(&stored);
    if (!is_read && errno == ENOMEM) return fail_memory(t->device->context, strlen(kept), "a setting");
    return is_same ? CLAE_OK : refuse_other(t, path, row->key, kept ? kept : "none", ours ? ours : "none");
}

/* What must be the same for a run to be continued. */
static clae_status check_settings(const clae_trainer *t, const safetensors_file *file, const char *path) {
    const char *data = safetensors_metadata(file, "data");
    if (!data) return fail(t->device->context, CLAE_ERROR_INPUT, "%s: is not a checkpoint (no data)", path);
    if (strcmp(data, t->runner.data.fingerprint) != 0)
        return refuse_other(t, path, "data", data, t->runner.data.fingerprint);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (!(row->group & SETTINGS_OF_TRAINER) || row->resume != SETTING_SAME) continue;
        const clae_status status = check_setting(t, file, path, row);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

static clae_status check_layers(const clae_trainer *t, const safetensors_file *file, const char *path) {
    char *layers = model_layers_to_json(t->model);
    if (!layers) return fail_memory(t->device->context, t->model->layer_count, "the description of the layers");
    const char *kept = safetensors_metadata(file, "layers");
    const bool same = kept && strcmp(layers, kept) == 0;
    free(layers);
    return same ? CLAE_OK
                : fail(t->device->context, CLAE_ERROR_INPUT, "%s: was made for a model with other layers", path);
}

static bool read_number(const safetensors_file *file, const char *key, uint64_t limit, uint64_t *number) {
    const char *text = safetensors_metadata(file, key);
    char *end = NULL;
    if (!text || *text < '0' || *text > '9') return false;
    *number = strtoull(text, &end, 10);
    return *end == '\0' && *number <= limit;
}

static clae_status read_position(const clae_trainer *t, const safetensors_file *file, const char *path,
                                 clae_train_position *position) {
    const uint64_t most = (uint64_t)1 << 48, batch = t->settings.batch_size;
    *position = t->position;
    if (!read_number(file, "step", most, &position->step) || !read_number(file, "epoch", most, &position->epoch) ||
        !read_number(file, "images", t->runner.data.layout.n - 1, &position->images) || position->images % batch != 0 ||
        position->step != position->epoch * position->steps_per_epoch + position->images / batch)
        return fail(t->device->context, CLAE_ERROR_INPUT, "%s: its step, epoch and images do not fit together", path);
    return CLAE_OK;
}

static bool is_negative(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (values[i] < 0) return true;
    return false;
}

static clae_status read_part(const clae_trainer *t, const safetensors_file *file, const char *path,
                             const flat_part *part, float **flat) {
    const size_t bytes = t->runner.params.floats * sizeof(float);
    *flat = aligned_zeroed(bytes);
    if (!*flat) return fail_memory(t->device->context, bytes, "the checkpoint");
    const clae_status status = model_flat_from_file(t->model, file, path, part->prefix, *flat);
    if (status != CLAE_OK || !part->is_square || !is_negative(*flat, part->floats)) return status;
    return fail(t->device->context, CLAE_ERROR_INPUT, "%s: %s has negative numbers in it, a mean of squares never has",
                path, part->prefix);
}

/* All parts are read before the first one is uploaded. */
static clae_status restore_parts(clae_trainer *t, const safetensors_file *file, const char *path) {
    flat_part parts[MAX_FLAT_PARTS];
    float *flat[MAX_FLAT_PARTS] = {0};
    const size_t count = flat_parts(t, parts);
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < count && status == CLAE_OK; i++) status = read_part(t, file, path, &parts[i], &flat[i]);
    for (size_t i = 0; i < count && status == CLAE_OK; i++)
        status = buffer_upload(parts[i].buffer, 0, flat[i], parts[i].floats * sizeof(float));
    for (size_t i = 0; i < count; i++) free(flat[i]);
    return status;
}

clae_status clae_trainer_restore_checkpoint(clae_trainer *t, const char *path, char **extra) {
    safetensors_file file = {0};
    clae_train_position position;
    if (extra) *extra = NULL;
    clae_status status = safetensors_read(t->device->context, path, &file);
    if (status == CLAE_OK) status = safetensors_check_intact(t->device->context, path, &file);
    if (status == CLAE_OK) status = model_check_format(t->device->context, &file, path);
    if (status == CLAE_OK) status = check_settings(t, &file, path);
    if (status == CLAE_OK) status = check_layers(t, &file, path);
    if (status == CLAE_OK) status = read_position(t, &file, path, &position);
    if (status == CLAE_OK) status = restore_parts(t, &file, path);
    if (status != CLAE_OK) goto done;
    t->position = position;
    t->first_waiting_step = position.step;
    t->order_is_set = false;
    const char *kept = safetensors_metadata(&file, "extra");
    if (extra && kept) {
        *extra = strdup(kept);
        if (!*extra) status = fail_memory(t->device->context, strlen(kept), "the checkpoint's text");
    }
done:
    safetensors_free(&file);
    return status;
}
