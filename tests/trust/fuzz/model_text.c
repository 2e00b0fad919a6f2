/* Layers as text: what is taken comes back the same when it is printed and read again; the same of a file of sections,
 * and of the network that it gives. */
#include "graph/model_text.h"
#include "fuzz.h"
#include "graph/model.h"

static void check_print(clae_context *context, const text_source *source, const layer_list *list) {
    layer_list again;
    char *text = layers_to_text(list);
    if (!text || layers_from_text(context, source, text, &again) != CLAE_OK) abort();
    char *text_again = layers_to_text(&again);
    if (!text_again || strcmp(text, text_again) != 0) abort();
    free(text_again);
    free(text);
    layer_list_free(&again);
}

static void check_model(clae_context *context, const layer_list *list) {
    const model_parts parts = {.input = {2, 9, 7}, .encoder = list->specs, .encoder_count = list->count};
    clae_model *model = NULL;
    if (model_build(context, &parts, &model) != CLAE_OK) return;
    const clae_shape in = model->input, out = model->layers[model->layer_count - 1].out;
    if (in.c != out.c || in.h != out.h || in.w != out.w) abort();
    clae_model_free(model);
}

static void check_file(clae_context *context, const uint8_t *data, size_t bytes) {
    const char *path = fuzz_file(data, bytes);
    model_texts texts;
    if (path && model_texts_read(context, path, &texts) == CLAE_OK) model_texts_free(&texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    clae_context context = fuzz_context();
    const text_source source = {"fuzz", 1};
    layer_list list;
    char *text = malloc(bytes + 1);
    if (!text) return 0;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    if (layers_from_text(&context, &source, text, &list) == CLAE_OK) {
        check_print(&context, &source, &list);
        check_model(&context, &list);
    }
    layer_list_free(&list);
    check_file(&context, data, bytes);
    free(text);
    return 0;
}
