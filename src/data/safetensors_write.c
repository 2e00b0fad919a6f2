#include "data/safetensors.h"

#include "base/files.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "data/safetensors_format.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds the tensor to the header and its values to *part; *offset moves on. */
static clae_status add_tensor(const clae_context *context, const char *path, json_t *root,
                              const safetensors_tensor *tensor, size_t *offset, file_part *part) {
    size_t bytes, end;
    if (tensor->rank > SAFETENSORS_MAX_RANK || !size_product(tensor->shape, tensor->rank, &bytes) ||
        !size_multiply(bytes, sizeof(float), &bytes) || __builtin_add_overflow(*offset, bytes, &end))
        return fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': the size of tensor '%s' overflows", path,
                    tensor->name);
    if (strcmp(tensor->name, SAFETENSORS_METADATA) == 0 || json_object_get(root, tensor->name))
        return fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': the name '%s' is taken", path, tensor->name);
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++) json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                              (json_int_t)*offset, (json_int_t)end);
    const bool is_whole = entry && json_array_size(shape) == tensor->rank;
    if (!is_whole) json_decref(entry);
    if (!is_whole || json_object_set_new(root, tensor->name, entry) != 0)
        return fail(context, CLAE_ERROR_INTERNAL,
                    "cannot write '%s': no header for tensor '%s': not enough memory, or its name is not UTF-8", path,
                    tensor->name);
    *part = (file_part){tensor->values, bytes};
    *offset = end;
    return CLAE_OK;
}

static clae_status add_metadata(const clae_context *context, const char *path, json_t *metadata,
                                const safetensors_pair *pairs, size_t count, uint32_t crc) {
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(metadata, pairs[i].key, json_string(pairs[i].value)) != 0)
            return fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': the metadata '%s' is not UTF-8", path,
                        pairs[i].key);
    char text[SAFETENSORS_CRC_DIGITS + 1];
    snprintf(text, sizeof text, "%08x", (unsigned)crc);
    if (json_object_set_new(metadata, SAFETENSORS_DATA_CRC, json_string(text)) != 0 ||
        json_object_set_new(metadata, SAFETENSORS_HEADER_CRC, json_string("00000000")) != 0)
        return fail_memory(context, sizeof text, path);
    return CLAE_OK;
}

/* Puts the header's checksum in the place of its zeros. */
static void seal_header(char *text, size_t bytes) {
    const char *digits;
    char crc[SAFETENSORS_CRC_DIGITS + 1];
    snprintf(crc, sizeof crc, "%08x", (unsigned)safetensors_header_crc(text, bytes, &digits));
    memcpy(text + (digits - text), crc, SAFETENSORS_CRC_DIGITS);
}

/* *header: the length and the JSON text, padded with spaces so that the data are aligned; freed by the caller. */
static clae_status make_header(const clae_context *context, const char *path, const json_t *root, char **header,
                               size_t *bytes) {
    char *json = json_text(root);
    if (!json) return fail(context, CLAE_ERROR_INTERNAL, "not enough memory for the header of '%s'", path);
    clae_status status = CLAE_OK;
    size_t length = strlen(json);
    uint64_t padded =
        (length + SAFETENSORS_HEADER_ALIGNMENT - 1) / SAFETENSORS_HEADER_ALIGNMENT * SAFETENSORS_HEADER_ALIGNMENT;
    *bytes = SAFETENSORS_LENGTH_BYTES + (size_t)padded;
    if (padded > SAFETENSORS_MAX_HEADER_BYTES) {
        status = fail(context, CLAE_ERROR_OUTPUT, "cannot write '%s': its header has %llu bytes, at most %zu", path,
                      (unsigned long long)padded, SAFETENSORS_MAX_HEADER_BYTES);
        goto done;
    }
    *header = malloc(*bytes);
    if (!*header) {
        status = fail_memory(context, *bytes, "a .safetensors header");
        goto done;
    }
    memcpy(*header, &padded, SAFETENSORS_LENGTH_BYTES);
    memset(*header + SAFETENSORS_LENGTH_BYTES, ' ', (size_t)padded);
    memcpy(*header + SAFETENSORS_LENGTH_BYTES, json, length);
    seal_header(*header + SAFETENSORS_LENGTH_BYTES, (size_t)padded);
done:
    free(json);
    return status;
}

clae_status safetensors_write(const clae_context *context, const char *path, const safetensors_tensor *tensors,
                              size_t tensor_count, const safetensors_pair *metadata, size_t metadata_count) {
    clae_status status;
    char *header = NULL;
    size_t header_bytes = 0, offset = 0;
    uint32_t crc = 0;
    json_t *root = json_object();
    json_t *pairs = json_object();
    file_part *parts = calloc(tensor_count + 1, sizeof *parts);
    if (!root || !pairs || !parts || json_object_set(root, SAFETENSORS_METADATA, pairs) != 0) {
        status = fail_memory(context, (tensor_count + 1) * sizeof *parts, path);
        goto done;
    }
    for (size_t i = 0; i < tensor_count; i++) {
        status = add_tensor(context, path, root, &tensors[i], &offset, &parts[i + 1]);
        if (status != CLAE_OK) goto done;
        crc = hash_crc32(crc, parts[i + 1].data, parts[i + 1].bytes);
    }
    status = add_metadata(context, path, pairs, metadata, metadata_count, crc);
    if (status == CLAE_OK) status = make_header(context, path, root, &header, &header_bytes);
    if (status != CLAE_OK) goto done;
    parts[0] = (file_part){header, header_bytes};
    status = file_write_atomic(context, path, parts, tensor_count + 1);
done:
    json_decref(pairs);
    json_decref(root);
    free(header);
    free(parts);
    return status;
}
