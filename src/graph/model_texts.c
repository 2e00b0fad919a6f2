/* From the texts of a network to the model, and back. */
#include "base/context.h"
#include "base/value.h"
#include "graph/model.h"
#include "graph/model_text.h"

#include <stdlib.h>
#include <string.h>

/* Of the shape of an image. */
#define MOST_CHANNELS 65536

bool shape_from_text(const char *text, clae_shape *shape) {
    uint64_t c, h, w;
    if (!value_read_count(text, &text, 1, MOST_CHANNELS, &c) || *text++ != 'x') return false;
    if (!value_read_count(text, &text, 1, LAYER_MAX_SIDE, &h) || *text++ != 'x') return false;
    if (!value_read_count(text, NULL, 1, LAYER_MAX_SIDE, &w)) return false;
    *shape = (clae_shape){c, h, w};
    return true;
}

bool model_texts_init(model_texts *texts, const char *encoder, const char *decoder, const char *encoder_name,
                      const char *decoder_name) {
    *texts = (model_texts){.encoder = strdup(encoder),
                           .decoder = decoder ? strdup(decoder) : NULL,
                           .name = {strdup(encoder_name), strdup(decoder_name)}};
    return texts->encoder && (texts->decoder || !decoder) && texts->name[0] && texts->name[1];
}

void model_texts_free(model_texts *texts) {
    free(texts->encoder);
    free(texts->decoder);
    free(texts->name[0]);
    free(texts->name[1]);
    *texts = (model_texts){0};
}

static bool is_mirror(const char *text) {
    static const char blanks[] = " \t\r\n", word[] = "mirror";
    if (!text) return true;
    text += strspn(text, blanks);
    if (strncmp(text, word, sizeof word - 1) != 0) return false;
    text += sizeof word - 1;
    return text[strspn(text, blanks)] == '\0';
}

/* Both halves; lists[1] stays empty for a mirrored one. */
static clae_status parse_halves(const clae_context *context, const model_texts *texts, layer_list lists[2]) {
    const char *const halves[2] = {texts->encoder, is_mirror(texts->decoder) ? NULL : texts->decoder};
    clae_status status = CLAE_OK;
    for (int i = 0; i < 2 && status == CLAE_OK; i++) {
        const text_source source = {texts->name[i], texts->line[i]};
        if (halves[i]) status = layers_from_text(context, &source, halves[i], &lists[i]);
    }
    return status;
}

clae_status model_of_texts(clae_context *context, clae_shape input, const model_texts *texts, uint64_t seed,
                           clae_model **model) {
    layer_list lists[2] = {{0}, {0}};
    *model = NULL;
    clae_status status = parse_halves(context, texts, lists);
    const model_parts parts = {.input = input,
                               .encoder = lists[0].specs,
                               .encoder_count = lists[0].count,
                               .decoder = lists[1].specs,
                               .decoder_count = lists[1].count,
                               .names = {texts->name[0], texts->name[1]}};
    if (status == CLAE_OK) status = model_create(context, &parts, seed, model);
    for (int i = 0; i < 2; i++) layer_list_free(&lists[i]);
    return status;
}

clae_status clae_model_create_text(clae_context *context, clae_shape input, const char *encoder, const char *decoder,
                                   uint64_t seed, clae_model **model) {
    model_texts texts;
    clae_status status = CLAE_OK;
    *model = NULL;
    if (!encoder) return fail(context, CLAE_ERROR_INPUT, "encoder: there is no text");
    if (!model_texts_init(&texts, encoder, decoder, "encoder", "decoder"))
        status = fail_memory(context, strlen(encoder), "the texts of a network");
    if (status == CLAE_OK) status = model_of_texts(context, input, &texts, seed, model);
    model_texts_free(&texts);
    return status;
}

static char *half_text(const clae_model *model, size_t first, size_t end) {
    layer_list list = {0};
    char *text = layer_list_of_model(model, first, end, &list) ? layers_to_text(&list) : NULL;
    layer_list_free(&list);
    return text;
}

clae_status clae_model_get_text(const clae_model *model, char **encoder, char **decoder) {
    *encoder = half_text(model, 0, model->decoder_start);
    *decoder = half_text(model, model->decoder_start, model->layer_count);
    if (*encoder && *decoder) return CLAE_OK;
    free(*encoder);
    free(*decoder);
    *encoder = *decoder = NULL;
    return fail_memory(model->context, model->layer_count * sizeof(layer), "the texts of a network");
}
