#include "backend/tuning/tuning_table.h"

#include "base/decimal.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of the file: the op (key_of), ": ", the implementation, its values, "; ", milliseconds. Changes of keys, and
 * of what implementations mean by their values, change the version. */
#define HEADER "clae tuning 4\n"
#define TF32_MARK " in tf32"
#define LARGEST_FILE_BYTES ((size_t)1 << 20)

static char *make_key(const clae_device *device) {
    const clae_device_info *info = &device->info;
    return string_format("device %s | %s | %s | %s | %s | %u units\n", device->backend->name, info->name, info->vendor,
                         info->platform, info->driver, info->compute_units);
}

static char *make_path(const clae_device *device, const char *key) {
    const char *folder = device->context->cache_dir;
    if (!folder) return NULL;
    return string_format("%s/tuning/%016" PRIx64 ".txt", folder, hash_fnv1a(HASH_FNV1A_START, key, strlen(key)));
}

/* Cuts the next line off; NULL at the end. */
static char *next_line(char **text) {
    char *line = *text, *end = line + strcspn(line, "\n");
    if (!*line) return NULL;
    *text = *end ? end + 1 : end;
    *end = '\0';
    return line;
}

static bool add_entry(struct tuning *tuning, const tuning_entry *entry) {
    tuning_entry *grown = realloc(tuning->entries, (tuning->count + 1) * sizeof *grown);
    if (!grown) return false;
    tuning->entries = grown;
    grown[tuning->count++] = *entry;
    return true;
}

static bool copy_text(char *to, size_t size, const char *from, const char *end) {
    const size_t length = (size_t)(end - from);
    if (length >= size) return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

static bool parse_entry(const char *line, tuning_entry *entry) {
    /* What stands here is shown by clae tune. */
    if (text_sanitise(line, NULL, 0) != strlen(line)) return false;
    const char *colon = strstr(line, ": "), *semicolon = colon ? strstr(colon, "; ") : NULL;
    if (!semicolon || colon == line) return false;
    const char *impl = colon + 2, *impl_end = impl + strcspn(impl, " ;");
    const char *values = *impl_end == ' ' ? impl_end + 1 : impl_end;
    char *end;
    const decimal_scope scope = decimal_begin();
    entry->ms = strtod(semicolon + 2, &end);
    decimal_end(scope);
    return copy_text(entry->op, sizeof entry->op, line, colon) &&
           copy_text(entry->impl, sizeof entry->impl, impl, impl_end) &&
           copy_text(entry->values, sizeof entry->values, values, semicolon) && strcmp(end, " ms") == 0;
}

static clae_status parse(const clae_device *device, struct tuning *tuning, char *text) {
    const char *header = next_line(&text), *key = next_line(&text);
    if (!header || !key || strlen(header) != strlen(HEADER) - 1 || strncmp(header, HEADER, strlen(header)) != 0 ||
        strlen(key) != strlen(tuning->key) - 1 || strncmp(key, tuning->key, strlen(key)) != 0) {
        log_line(device->context, CLAE_LOG_WARNING, "%s is of another version or device: kernels are not tuned",
                 tuning->path);
        return CLAE_OK;
    }
    const char *first_bad = NULL;
    size_t bad = 0;
    for (const char *line; (line = next_line(&text));) {
        tuning_entry entry = {0};
        if (!parse_entry(line, &entry))
            first_bad = bad++ ? first_bad : line;
        else if (!add_entry(tuning, &entry))
            return fail_memory(device->context, sizeof entry, "the tuning");
    }
    if (bad > 0)
        log_line(device->context, CLAE_LOG_WARNING, "%s: %zu line%s left out, being no entr%s; the first is \"%.60s\"",
                 tuning->path, bad, bad == 1 ? " is" : "s are", bad == 1 ? "y" : "ies", first_bad);
    return CLAE_OK;
}

static clae_status load(const clae_device *device, struct tuning *tuning) {
    uint8_t *text = NULL;
    size_t bytes;
    if (!tuning->path || !path_exists(tuning->path)) return CLAE_OK;
    if (file_read(device->context, tuning->path, "tuning", LARGEST_FILE_BYTES, &text, &bytes) != CLAE_OK) {
        log_line(device->context, CLAE_LOG_WARNING, "kernels are not tuned");
        return CLAE_OK;
    }
    const clae_status status = parse(device, tuning, (char *)text);
    free(text);
    if (status == CLAE_OK)
        log_line(device->context, CLAE_LOG_DEBUG, "%zu ops are tuned by %s", tuning->count, tuning->path);
    return status;
}

clae_status tuning_open(clae_device *device) {
    struct tuning *tuning = calloc(1, sizeof *tuning);
    if (tuning) tuning->key = make_key(device);
    if (!tuning || !tuning->key) {
        free(tuning);
        return fail_memory(device->context, sizeof *tuning, "the tuning");
    }
    tuning->path = make_path(device, tuning->key);
    device->tuning = tuning;
    return load(device, tuning);
}

void tuning_free(struct tuning *tuning) {
    if (!tuning) return;
    free(tuning->path);
    free(tuning->key);
    free(tuning->entries);
    free(tuning);
}

/* A convolution's key without the number of images, the first of its fields. */
static const char *without_images(const char *op, size_t *name_length) {
    const char *images = op + strcspn(op, " ");
    *name_length = (size_t)(images - op);
    return *images ? images + 1 + strcspn(images + 1, " ") : images;
}

static bool same_but_images(const char *a, const char *b) {
    size_t a_length, b_length;
    const char *a_rest = without_images(a, &a_length), *b_rest = without_images(b, &b_length);
    return a_length == b_length && memcmp(a, b, a_length) == 0 && strcmp(a_rest, b_rest) == 0;
}

static tuning_entry *find(const struct tuning *tuning, const char *op) {
    for (size_t i = 0; i < tuning->count; i++)
        if (strcmp(tuning->entries[i].op, op) == 0) return &tuning->entries[i];
    return NULL;
}

/* What is fastest in TF32 is another question. */
static void key_of(const op_desc *desc, const numerics *numerics, char key[TUNING_KEY_SIZE]) {
    op_key(desc, key);
    const size_t used = strlen(key);
    snprintf(key + used, TUNING_KEY_SIZE - used, "%s", numerics->tf32 ? TF32_MARK : "");
}

static bool is_of_tf32(const tuning_entry *entry) {
    const size_t length = strlen(entry->op), mark = strlen(TF32_MARK);
    return length >= mark && strcmp(entry->op + length - mark, TF32_MARK) == 0;
}

const tuning_entry *tuning_find_exactly(const clae_device *device, const op_desc *desc, const numerics *numerics) {
    char op[TUNING_KEY_SIZE];
    if (!device->tuning || numerics->no_tuning) return NULL;
    key_of(desc, numerics, op);
    return find(device->tuning, op);
}

const tuning_entry *tuning_find(const clae_device *device, const op_desc *desc, const numerics *numerics) {
    const struct tuning *tuning = device->tuning;
    char op[TUNING_KEY_SIZE];
    if (!tuning || numerics->no_tuning) return NULL;
    key_of(desc, numerics, op);
    const tuning_entry *entry = find(tuning, op);
    if (entry || !(op_is_conv(desc->op) || op_is_conv_chain(desc->op))) return entry;
    for (size_t i = 0; i < tuning->count; i++)
        if (same_but_images(tuning->entries[i].op, op)) return &tuning->entries[i];
    return NULL;
}

clae_status tuning_set(clae_device *device, const op_desc *desc, const numerics *numerics, const char *impl,
                       const char *values, double ms) {
    tuning_entry entry = {.ms = ms};
    key_of(desc, numerics, entry.op);
    snprintf(entry.impl, sizeof entry.impl, "%s", impl);
    snprintf(entry.values, sizeof entry.values, "%s", values);
    tuning_entry *known = find(device->tuning, entry.op);
    if (known) {
        *known = entry;
        return CLAE_OK;
    }
    return add_entry(device->tuning, &entry) ? CLAE_OK : fail_memory(device->context, sizeof entry, "the tuning");
}

uint32_t tuning_fingerprint(const clae_device *device, const numerics *numerics) {
    const struct tuning *tuning = device->tuning;
    uint32_t crc = 0;
    size_t count = 0;
    if (numerics->no_tuning) return 0;
    for (size_t i = 0; i < tuning->count; i++) {
        const tuning_entry *e = &tuning->entries[i];
        if (is_of_tf32(e) != numerics->tf32) continue;
        count++;
        crc = hash_crc32(crc, e->op, strlen(e->op) + 1);
        crc = hash_crc32(crc, e->impl, strlen(e->impl) + 1);
        crc = hash_crc32(crc, e->values, strlen(e->values) + 1);
    }
    return count && !crc ? 1 : crc;
}

const char *tuning_path(const clae_device *device) {
    return device->tuning->path;
}

static clae_status create_folder(const clae_context *context) {
    char *folder = string_format("%s/tuning", context->cache_dir);
    if (!folder) return fail_memory(context, strlen(context->cache_dir), "a path");
    const clae_status status = folder_create(context, folder);
    if (status == CLAE_OK) folder_sweep_temporaries(context, folder);
    free(folder);
    return status;
}

clae_status tuning_save(const clae_device *device) {
    const struct tuning *tuning = device->tuning;
    char *text = NULL;
    size_t bytes = 0;
    if (!tuning->path)
        return fail(device->context, CLAE_ERROR_OUTPUT,
                    "there is no folder to keep the tuning in: set XDG_CACHE_HOME or HOME to an absolute path");
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return fail_memory(device->context, LARGEST_FILE_BYTES, "the tuning");
    const decimal_scope scope = decimal_begin();
    fprintf(out, HEADER "%s", tuning->key);
    for (size_t i = 0; i < tuning->count; i++) {
        const tuning_entry *e = &tuning->entries[i];
        fprintf(out, "%s: %s%s%s; %.4f ms\n", e->op, e->impl, *e->values ? " " : "", e->values, e->ms);
    }
    decimal_end(scope);
    const bool written = fclose(out) == 0;
    clae_status status = written ? create_folder(device->context) : fail_memory(device->context, bytes, "the tuning");
    if (status == CLAE_OK) status = file_write_atomic(device->context, tuning->path, &(file_part){text, bytes}, 1);
    free(text);
    return status;
}
