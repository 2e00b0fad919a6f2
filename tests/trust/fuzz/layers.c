/* The layers of a model file: what is taken comes back the same when it is written and read again. */
#include "fuzz.h"
#include "graph/model.h"

static void check_model(clae_context *context, const clae_model *model) {
    clae_model *again = NULL;
    char *json = model_layers_to_json(model);
    if (!json || model_from_json(context, json, &again) != CLAE_OK) abort();
    char *json_again = model_layers_to_json(again);
    if (!json_again || strcmp(json, json_again) != 0) abort();
    free(json_again);
    free(json);
    clae_model_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    clae_model *model = NULL;
    char *text = malloc(bytes + 1);
    if (!text) return 0;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    if (model_from_json(&context, text, &model) == CLAE_OK) check_model(&context, model);
    clae_model_free(model);
    free(text);
    return 0;
}
