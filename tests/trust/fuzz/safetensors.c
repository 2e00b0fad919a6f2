#include "data/safetensors.h"

#include "fuzz.h"
#include "graph/model.h"

static void touch(const safetensors_tensor *tensor) {
    size_t count = 1;
    for (size_t i = 0; i < tensor->rank; i++) count *= tensor->shape[i];
    volatile float sum = count ? tensor->values[0] + tensor->values[count - 1] : 0;
    (void)sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    const char *path = fuzz_file(data, bytes);
    safetensors_file file = {0};
    clae_model *model = NULL;
    if (!path) return 0;
    if (safetensors_read(&context, path, &file) == CLAE_OK)
        for (size_t i = 0; i < file.tensor_count; i++) touch(&file.tensors[i]);
    safetensors_free(&file);
    if (clae_model_load(&context, path, &model) == CLAE_OK) {
        char *layers = model_layers_to_json(model);
        if (!layers) abort();
        free(layers);
    }
    clae_model_free(model);
    return 0;
}
