/* Work is done when it is put into the queue: an upload is a copy. */
#include "plain/plain.h"

#include <stdlib.h>
#include <string.h>

clae_status plain_staging_create(clae_device *device, size_t bytes, staging **out) {
    staging *s = calloc(1, sizeof *s);
    void *data = malloc(bytes);
    if (!s || !data) {
        free(s);
        free(data);
        return fail_memory(device->context, bytes, "images on their way to the device");
    }
    *s = (staging){device, data, bytes};
    *out = s;
    return CLAE_OK;
}

void plain_staging_free(staging *staging) {
    free(staging->data);
    free(staging);
}

clae_status plain_staging_begin(staging *staging) {
    (void)staging;
    return CLAE_OK;
}

clae_status plain_staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer) {
    memcpy(((plain_buffer *)buffer)->memory + offset_bytes, (const char *)staging->data + offset_bytes, bytes);
    return CLAE_OK;
}

clae_status plain_staging_end(staging *staging) {
    (void)staging;
    return CLAE_OK;
}
