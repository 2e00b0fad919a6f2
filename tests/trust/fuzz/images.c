#include "data/dataset.h"
#include "fuzz.h"

/* Files of images of every format. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    const char *path = fuzz_file(data, bytes);
    clae_dataset *dataset;
    if (!path) return 0;
    if (clae_dataset_open(&context, path, CLAE_SPLIT_TRAIN, &dataset) != CLAE_OK) {
        if (dataset) abort();
        return 0;
    }
    const clae_dataset_info *info = clae_dataset_get_info(dataset);
    const size_t elements = info->c * info->h * info->w;
    float *pixels = malloc(elements * sizeof *pixels);
    if (pixels && clae_dataset_read(dataset, info->n - 1, 1, pixels) != CLAE_OK) abort();
    volatile float sum = pixels ? pixels[0] + pixels[elements - 1] : 0;
    (void)sum;
    free(pixels);
    clae_dataset_free(dataset);
    return 0;
}
