#include "data/safetensors.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/file_kind.h"
#include "data/half.h"
#include "data/safetensors_format.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)(SIZE_MAX / 2 < (uint64_t)16 << 30 ? SIZE_MAX / 2 : (uint64_t)16 << 30))

typedef struct storage {
    json_t *header; /* owns names, keys and values of the metadata */
    uint8_t *bytes; /* the whole file */
    float *floats;  /* of tensors of 16-bit numbers */
} storage;

/* A tensor and where its data lie. */
typedef struct placed_tensor {
    safetensors_tensor tensor;
    void (*convert)(const uint8_t *bytes, size_t count, float *values); /* NULL: not to floats */
    size_t begin, end;
} placed_tensor;

typedef struct reader {
    const clae_context *context;
    const char *path;
    safetensors_file *file;
    storage *storage;
    json_t *header;
    const uint8_t *data;
    size_t data_bytes;
    uint32_t header_crc;
} reader;

static clae_status refuse(const reader *r, const char *reason) {
    return fail(r->context, CLAE_ERROR_INPUT, "cannot use the .safetensors file '%s': %s", r->path, reason);
}

static clae_status refuse_tensor(const reader *r, const char *name, const char *reason) {
    return fail(r->context, CLAE_ERROR_INPUT, "cannot use the .safetensors file '%s': tensor '%s' %s", r->path, name,
                reason);
}

/* A file that is not of this format, with what it is where that can be told. */
static clae_status refuse_other_kind(const reader *r, const storage *s, size_t bytes, const char *reason) {
    const file_kind kind = file_kind_of(s->bytes, bytes);
    if (!kind.what) return refuse(r, reason);
    return fail(r->context, CLAE_ERROR_INPUT, "'%s' is no .safetensors file, it is %s: %s", r->path, kind.what,
                kind.advice ? kind.advice : "save weights by safetensors.torch.save_file");
}

/* *header_bytes: the length of the JSON text, which lies in the file. */
static clae_status read_length(const reader *r, const storage *s, size_t bytes, size_t *header_bytes) {
    static const char reason[] = "it does not begin as one";
    uint64_t length;
    if (bytes <= SAFETENSORS_LENGTH_BYTES) return refuse_other_kind(r, s, bytes, reason);
    memcpy(&length, s->bytes, SAFETENSORS_LENGTH_BYTES);
    if (s->bytes[SAFETENSORS_LENGTH_BYTES] != '{' || length > UINT32_MAX) return refuse_other_kind(r, s, bytes, reason);
    if (length == 0 || length > bytes - SAFETENSORS_LENGTH_BYTES) return refuse(r, "it is cut off in its header");
    if (length > SAFETENSORS_MAX_HEADER_BYTES)
        return refuse(r, "its header is longer than 1 MiB, more than any model of clae needs");
    *header_bytes = (size_t)length;
    return CLAE_OK;
}

static clae_status parse_header(reader *r, storage *s, size_t bytes) {
    size_t header_bytes = 0;
    const clae_status status = read_length(r, s, bytes, &header_bytes);
    if (status != CLAE_OK) return status;
    const char *text = (const char *)s->bytes + SAFETENSORS_LENGTH_BYTES;
    json_error_t error;
    s->header = json_loadb(text, header_bytes, JSON_REJECT_DUPLICATES, &error);
    /* Where memory is short, Jansson has nothing to say. */
    if (!s->header && !*error.text) return fail_memory(r->context, header_bytes, r->path);
    if (!s->header)
        return fail(r->context, CLAE_ERROR_INPUT,
                    "cannot use the .safetensors file '%s': its header is bad JSON: %s at byte %d", r->path, error.text,
                    error.position);
    r->header = s->header;
    const char *digits;
    r->header_crc = safetensors_header_crc(text, header_bytes, &digits);
    size_t start = SAFETENSORS_LENGTH_BYTES + header_bytes;
    r->data_bytes = bytes - start;
    /* What comes before the data is not needed any more. */
    if (start % _Alignof(float) != 0) {
        memmove(s->bytes, s->bytes + start, r->data_bytes);
        start = 0;
    }
    r->data = s->bytes + start;
    return CLAE_OK;
}

static clae_status read_metadata(reader *r) {
    json_t *metadata = json_object_get(r->header, SAFETENSORS_METADATA);
    if (!metadata) return CLAE_OK;
    if (!json_is_object(metadata)) return refuse(r, "its __metadata__ is no object");
    size_t count = json_object_size(metadata);
    r->file->metadata = calloc(count + 1, sizeof *r->file->metadata);
    if (!r->file->metadata) return fail_memory(r->context, (count + 1) * sizeof *r->file->metadata, r->path);
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value)) return refuse(r, "a value of its __metadata__ is no string");
        r->file->metadata[r->file->metadata_count++] = (safetensors_pair){key, json_string_value(value)};
    }
    return CLAE_OK;
}

/* The size in a JSON number; false when it is none. */
static bool get_size(const json_t *number, size_t *size) {
    json_int_t value = json_integer_value(number);
    if (!json_is_integer(number) || value < 0 || (uint64_t)value > SIZE_MAX) return false;
    *size = (size_t)value;
    return true;
}

static clae_status read_shape(const reader *r, const char *name, const json_t *shape, safetensors_tensor *tensor) {
    if (!json_is_array(shape) || json_array_size(shape) > SAFETENSORS_MAX_RANK)
        return refuse_tensor(r, name, "has no shape of at most 8 sizes");
    tensor->rank = json_array_size(shape);
    for (size_t i = 0; i < tensor->rank; i++)
        if (!get_size(json_array_get(shape, i), &tensor->shape[i]))
            return refuse_tensor(r, name, "has a size that is no integer from 0 up");
    return CLAE_OK;
}

typedef struct element_type {
    const char *name;
    size_t bytes;
    void (*convert)(const uint8_t *bytes, size_t count, float *values);
} element_type;

/* NULL for a type that is not of the format. */
static const element_type *element_type_find(const char *name) {
    static const element_type types[] = {{"F32", 4, NULL},  {"F16", 2, floats_of_f16}, {"BF16", 2, floats_of_bf16},
                                         {"F64", 8, NULL},  {"I64", 8, NULL},          {"I32", 4, NULL},
                                         {"I16", 2, NULL},  {"I8", 1, NULL},           {"U64", 8, NULL},
                                         {"U32", 4, NULL},  {"U16", 2, NULL},          {"U8", 1, NULL},
                                         {"BOOL", 1, NULL}, {"F8_E4M3", 1, NULL},      {"F8_E5M2", 1, NULL}};
    for (size_t i = 0; name && i < ARRAY_LENGTH(types); i++)
        if (strcmp(name, types[i].name) == 0) return &types[i];
    return NULL;
}

static clae_status read_tensor(const reader *r, const char *name, const json_t *entry, placed_tensor *placed) {
    safetensors_tensor *tensor = &placed->tensor;
    tensor->name = name;
    tensor->type = json_string_value(json_object_get(entry, "dtype"));
    const element_type *type = element_type_find(tensor->type);
    if (!type) return refuse_tensor(r, name, "has no dtype that is known");
    placed->convert = type->convert;
    clae_status status = read_shape(r, name, json_object_get(entry, "shape"), tensor);
    if (status != CLAE_OK) return status;
    const json_t *offsets = json_object_get(entry, "data_offsets");
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !get_size(json_array_get(offsets, 0), &placed->begin) || !get_size(json_array_get(offsets, 1), &placed->end))
        return refuse_tensor(r, name, "has no pair of data_offsets");
    if (placed->begin > placed->end || placed->end > r->data_bytes)
        return refuse_tensor(r, name, "lies beyond the end of the file, perhaps cut off");
    size_t bytes;
    if (!size_product(tensor->shape, tensor->rank, &bytes) || !size_multiply(bytes, type->bytes, &bytes) ||
        bytes != placed->end - placed->begin)
        return refuse_tensor(r, name, "has data_offsets that do not match its shape");
    return CLAE_OK;
}

static int compare_placed(const void *a, const void *b) {
    const placed_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

/* Puts the tensors into the file in the order of their data, which must follow each other exactly. */
static clae_status place_tensors(reader *r, placed_tensor *placed, size_t count) {
    qsort(placed, count, sizeof *placed, compare_placed);
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        if (placed[i].begin != offset)
            return refuse_tensor(r, placed[i].tensor.name,
                                 placed[i].begin < offset ? "overlaps another" : "has a hole before it");
        safetensors_tensor *tensor = &r->file->tensors[i];
        *tensor = placed[i].tensor;
        if (strcmp(tensor->type, "F32") == 0) tensor->values = (const float *)(const void *)(r->data + offset);
        if (tensor->values && offset % sizeof(float) != 0)
            return refuse_tensor(r, tensor->name, "does not begin at a multiple of 4 bytes");
        offset = placed[i].end;
    }
    r->file->tensor_count = count;
    if (offset != r->data_bytes) return refuse(r, "it goes on after its last tensor");
    return CLAE_OK;
}

/* Tensors of 16-bit numbers get values, in one block for all; `placed` is in the order of the file's tensors. */
static clae_status convert_tensors(const reader *r, const placed_tensor *placed) {
    size_t bytes = 0;
    for (size_t i = 0; i < r->file->tensor_count; i++)
        if (placed[i].convert) bytes += 2 * (placed[i].end - placed[i].begin);
    if (bytes == 0) return CLAE_OK;
    float *values = r->storage->floats = malloc(bytes);
    if (!values) return fail_memory(r->context, bytes, r->path);
    for (size_t i = 0; i < r->file->tensor_count; i++) {
        const placed_tensor *p = &placed[i];
        const size_t count = (p->end - p->begin) / sizeof(uint16_t);
        if (!p->convert) continue;
        p->convert(r->data + p->begin, count, values);
        r->file->tensors[i].values = values;
        values += count;
    }
    return CLAE_OK;
}

static clae_status read_tensors(reader *r) {
    size_t count = 0;
    size_t capacity = json_object_size(r->header) + 1;
    clae_status status = CLAE_OK;
    placed_tensor *placed = calloc(capacity, sizeof *placed);
    r->file->tensors = calloc(capacity, sizeof *r->file->tensors);
    if (!placed || !r->file->tensors) {
        status = fail_memory(r->context, capacity * sizeof *placed, r->path);
        goto done;
    }
    const char *name;
    json_t *entry;
    json_object_foreach(r->header, name, entry) {
        if (strcmp(name, SAFETENSORS_METADATA) == 0) continue;
        status = read_tensor(r, name, entry, &placed[count]);
        if (status != CLAE_OK) goto done;
        count++;
    }
    status = place_tensors(r, placed, count);
    if (status == CLAE_OK) status = convert_tensors(r, placed);
done:
    free(placed);
    return status;
}

/* *differs: the metadata have a checksum of this name, and it is another one. */
static clae_status compare_crc(const reader *r, const char *key, uint32_t crc, bool *differs) {
    const char *text = safetensors_metadata(r->file, key);
    if (!text) return CLAE_OK;
    if (strlen(text) != SAFETENSORS_CRC_DIGITS || strspn(text, "0123456789abcdef") != SAFETENSORS_CRC_DIGITS)
        return fail(r->context, CLAE_ERROR_INPUT,
                    "cannot use the .safetensors file '%s': its %s is not eight hexadecimal digits", r->path, key);
    *differs = strtoul(text, NULL, 16) != crc;
    return CLAE_OK;
}

static clae_status compare_crcs(const reader *r) {
    safetensors_file *file = r->file;
    file->has_checksums =
        safetensors_metadata(file, SAFETENSORS_HEADER_CRC) && safetensors_metadata(file, SAFETENSORS_DATA_CRC);
    const clae_status status = compare_crc(r, SAFETENSORS_HEADER_CRC, r->header_crc, &file->is_header_damaged);
    if (status != CLAE_OK) return status;
    return compare_crc(r, SAFETENSORS_DATA_CRC, hash_crc32(0, r->data, r->data_bytes), &file->is_data_damaged);
}

clae_status safetensors_read(const clae_context *context, const char *path, safetensors_file *file) {
    memset(file, 0, sizeof *file);
    storage *s = calloc(1, sizeof *s);
    if (!s) return fail_memory(context, sizeof *s, path);
    file->storage = s;
    reader r = {.context = context, .path = path, .file = file, .storage = s};
    size_t bytes;
    clae_status status = file_read(context, path, ".safetensors file", MAX_FILE_BYTES, &s->bytes, &bytes);
    if (status == CLAE_OK) status = parse_header(&r, s, bytes);
    if (status == CLAE_OK) status = read_metadata(&r);
    if (status == CLAE_OK) status = read_tensors(&r);
    if (status == CLAE_OK) status = compare_crcs(&r);
    return status;
}

void safetensors_free(safetensors_file *file) {
    if (!file) return;
    storage *s = file->storage;
    if (s) {
        json_decref(s->header);
        free(s->bytes);
        free(s->floats);
        free(s);
    }
    free(file->tensors);
    free(file->metadata);
    memset(file, 0, sizeof *file);
}
