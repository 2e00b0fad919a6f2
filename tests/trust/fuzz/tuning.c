/* The input is a tuning file, or with an even first byte the entries after a header that fits. */
#include "backend/tuning/tuning.h"
#include "backend/backend.h"
#include "fuzz.h"
#include "backend/tuning/tuning_table.h"

#include <sys/stat.h>

extern const backend backend_plain;

static char folder[] = "/tmp/clae-fuzz-XXXXXX", path[256];

static void remove_folder(void) {
    char inner[64];
    unlink(path);
    snprintf(inner, sizeof inner, "%s/tuning", folder);
    rmdir(inner);
    rmdir(folder);
}

static void find_path(clae_device *device) {
    char inner[64];
    if (!mkdtemp(folder) || tuning_open(device) != CLAE_OK) abort();
    snprintf(inner, sizeof inner, "%s/tuning", folder);
    mkdir(inner, 0700);
    snprintf(path, sizeof path, "%s", tuning_path(device));
    tuning_free(device->tuning);
    atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    clae_device device = {.backend = &backend_plain, .context = &context, .info.name = "n"};
    context.cache_dir = folder;
    if (!*path) find_path(&device);
    FILE *file = fopen(path, "w");
    if (!file) return 0;
    if (bytes && data[0] % 2 == 0)
        fprintf(file, "clae tuning 4\ndevice %s | n |  |  |  | 0 units\n", backend_plain.name);
    if (bytes > 1) fwrite(data + 1, 1, bytes - 1, file);
    fclose(file);
    if (tuning_open(&device) != CLAE_OK) abort();
    tuning_free(device.tuning);
    return 0;
}
