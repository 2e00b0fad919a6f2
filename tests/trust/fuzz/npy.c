#include "data/npy_array.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    const char *path = fuzz_file(data, bytes);
    npy_array array;
    if (!path || npy_read(&context, path, &array) != CLAE_OK) return 0;
    size_t count = 1;
    for (size_t i = 0; i < array.rank; i++) count *= array.shape[i];
    volatile float sum = count ? array.values[0] + array.values[count - 1] : 0;
    (void)sum;
    free(array.values);
    return 0;
}
