/* An entry of the cache of compiled kernels: what is taken has the whole key and the binary's sum. */
#include "opencl/program_cache.h"
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static char folder[] = "/tmp/clae-fuzz-XXXXXX", path[512];

static void remove_folder(void) {
    char inner[64];
    unlink(path);
    snprintf(inner, sizeof inner, "%s/kernels", folder);
    rmdir(inner);
    rmdir(folder);
}

static void find_path(const opencl_program_cache *cache, const clae_context *context) {
    opencl_program_cache_write(cache, context, "key", (const unsigned char *)"binary", 6);
    DIR *entries = opendir(opencl_program_cache_folder(cache));
    for (const struct dirent *e; entries && (e = readdir(entries));)
        if (e->d_name[0] != '.') snprintf(path, sizeof path, "%s/%s", opencl_program_cache_folder(cache), e->d_name);
    if (entries) closedir(entries);
    if (!*path) abort();
    atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    unsigned char *binary = NULL;
    size_t binary_bytes = 0;
    if (!*path && !mkdtemp(folder)) abort();
    context.cache_dir = folder;
    opencl_program_cache *cache = opencl_program_cache_create(&context);
    if (!cache) return 0;
    if (!*path) find_path(cache, &context);
    FILE *file = fopen(path, "w");
    if (!file) abort();
    fwrite(data, 1, bytes, file);
    fclose(file);
    if (opencl_program_cache_read(cache, &context, "key", &binary, &binary_bytes) && binary_bytes > bytes) abort();
    free(binary);
    opencl_program_cache_free(cache);
    return 0;
}
