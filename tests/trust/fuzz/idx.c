#include "data/idx.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    const char *path = fuzz_file(data, bytes);
    idx_images images;
    if (!path) return 0;
    if (idx_read_images(&context, path, &images) != CLAE_OK) {
        if (images.pixels) abort();
        return 0;
    }
    volatile unsigned sum = images.pixels[0] + images.pixels[images.n * images.h * images.w - 1];
    (void)sum;
    free(images.pixels);
    return 0;
}
