#include "train/network.h"

#include "base/memory.h"
#include "graph/model.h"
#include "graph/presets.h"
#include "ops/loss.h"

#include <stdlib.h>
#include <string.h>

#define STANDARD_SHAPE ((clae_shape){1, 28, 28})

static clae_status refuse_pair(const clae_context *context, const char *one, const char *other) {
    return fail(context, CLAE_ERROR_INPUT, "--%s and --%s do not go together: each of them says what the network is",
                one, other);
}

clae_status network_check(const clae_context *context, const clae_settings *s) {
    const char *const text = s->model ? "model" : s->encoder ? "encoder" : NULL;
    if (s->model && s->encoder) return refuse_pair(context, "model", "encoder");
    if (s->model && s->decoder) return refuse_pair(context, "model", "decoder");
    if (s->decoder && !s->encoder) return fail(context, CLAE_ERROR_INPUT, "--decoder needs an --encoder beside it");
    if (text && strcmp(s->preset, PRESET_AUTO) != 0) return refuse_pair(context, text, "preset");
    if (text && (s->given & (SETTING_BIT(latent_dim) | SETTING_BIT(channels))))
        return fail(context, CLAE_ERROR_INPUT, "--%s is for presets: --%s says itself what its layers have",
                    s->given & SETTING_BIT(latent_dim) ? "latent-dim" : "channels", text);
    return CLAE_OK;
}

static clae_status texts_of_preset(const clae_context *context, const clae_settings *settings, clae_shape images,
                                   model_texts *texts) {
    const char *name = preset_resolve(settings->preset, images);
    const preset_request request = {
        .input = images, .latent_dim = (unsigned)settings->latent_dim, .channels = (unsigned)settings->channels};
    if (name != settings->preset)
        log_line(context, CLAE_LOG_INFO, "network: --preset %s, for images of %zux%zux%zu", name, images.c, images.h,
                 images.w);
    return preset_texts(context, name, &request, texts);
}

static clae_status read_file(const clae_context *context, const char *path, const clae_shape *images,
                             model_texts *texts) {
    const clae_status status = model_texts_read(context, path, texts);
    if (status != CLAE_OK || !images || texts->input.c == 0) return status;
    if (texts->input.c == images->c && texts->input.h == images->h && texts->input.w == images->w) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT, "%s: is for images of %zux%zux%zu, not %zux%zux%zu", path, texts->input.c,
                texts->input.h, texts->input.w, images->c, images->h, images->w);
}

static clae_status find_texts(const clae_context *context, const clae_settings *settings, const clae_shape *images,
                              model_texts *texts) {
    *texts = (model_texts){0};
    if (settings->model) return read_file(context, settings->model, images, texts);
    if (!settings->encoder) return texts_of_preset(context, settings, images ? *images : STANDARD_SHAPE, texts);
    if (model_texts_init(texts, settings->encoder, settings->decoder, "--encoder", "--decoder")) return CLAE_OK;
    return fail_memory(context, strlen(settings->encoder), "the texts of a network");
}

/* In the place of a network: it, and a sigmoid behind it. */
static clae_status add_sigmoid(clae_context *context, const clae_settings *settings, clae_model **model) {
    char *encoder, *decoder, *longer = NULL;
    const clae_shape shape = clae_model_input_shape(*model);
    clae_status status = clae_model_get_text(*model, &encoder, &decoder);
    clae_model_free(*model);
    *model = NULL;
    if (status == CLAE_OK) longer = string_format("%s%ssigmoid", decoder, *decoder ? ", " : "");
    if (longer) {
        log_line(context, CLAE_LOG_INFO,
                 "network: --loss %s is of pixels from 0 to 1: the decoder gets a sigmoid at its end", settings->loss);
        status = clae_model_create_text(context, shape, encoder, longer, settings->seed, model);
    } else if (status == CLAE_OK) {
        status = fail_memory(context, strlen(decoder), "the texts of a network");
    }
    free(longer);
    free(encoder);
    free(decoder);
    return status;
}

clae_status network_create(clae_context *context, const clae_settings *settings, const clae_shape *images,
                           clae_model **model) {
    model_texts texts;
    *model = NULL;
    clae_status status = find_texts(context, settings, images, &texts);
    const clae_shape shape = images ? *images : texts.input.c ? texts.input : STANDARD_SHAPE;
    if (status == CLAE_OK) status = model_of_texts(context, shape, &texts, settings->seed, model);
    model_texts_free(&texts);
    if (status == CLAE_OK && loss_is_of_logits(loss_find(settings->loss)) && !model_ends_in_sigmoid(*model))
        status = add_sigmoid(context, settings, model);
    return status;
}

static bool keep_texts(const char *encoder, const char *decoder, clae_settings *settings) {
    clae_settings kept = settings_defaults(NULL);
    bool ok = setting_read(&settings_table[SETTING_INDEX_encoder], &kept, encoder) &&
              setting_read(&settings_table[SETTING_INDEX_decoder], &kept, decoder);
    for (size_t i = 0; ok && i < SETTINGS_COUNT; i++)
        if (settings_table[i].resume == SETTING_NETWORK) ok = setting_copy(&settings_table[i], &kept, settings);
    settings_release(&kept);
    return ok;
}

clae_status network_keep(const clae_context *context, const clae_model *model, clae_settings *settings) {
    char *encoder, *decoder;
    clae_status status = clae_model_get_text(model, &encoder, &decoder);
    if (status == CLAE_OK && !keep_texts(encoder, decoder, settings))
        status = fail_memory(context, strlen(encoder), "the texts of a network");
    free(encoder);
    free(decoder);
    return status;
}

/* The network of a run that has no texts, of a version that knew none. */
static clae_status keep_preset(clae_context *context, const clae_model *model, clae_settings *settings) {
    const clae_shape shape = clae_model_input_shape(model);
    clae_model *old;
    clae_status status = network_create(context, settings, &shape, &old);
    if (status == CLAE_OK) status = network_keep(context, old, settings);
    clae_model_free(old);
    return status;
}

static clae_status compare(const clae_context *context, const char *folder, const clae_settings *theirs,
                           const clae_model *model) {
    char *encoder, *decoder;
    clae_status status = clae_model_get_text(model, &encoder, &decoder);
    if (status != CLAE_OK) return status;
    if (strcmp(encoder, theirs->encoder) != 0 || strcmp(decoder, theirs->decoder) != 0)
        status = fail(context, CLAE_ERROR_INPUT,
                      "%s was started with --encoder \"%s\" --decoder \"%s\" and cannot go on with --encoder \"%s\" "
                      "--decoder \"%s\"; leave these options out to resume it",
                      folder, theirs->encoder, theirs->decoder, encoder, decoder);
    free(encoder);
    free(decoder);
    return status;
}

clae_status network_check_same(clae_context *context, const char *folder, const clae_settings *stored,
                               const clae_model *model) {
    clae_settings theirs;
    clae_status status = settings_copy(stored, &theirs) ? CLAE_OK : fail_memory(context, sizeof theirs, "the settings");
    if (status == CLAE_OK && !(theirs.encoder && theirs.decoder)) status = keep_preset(context, model, &theirs);
    if (status == CLAE_OK) status = compare(context, folder, &theirs, model);
    settings_release(&theirs);
    return status;
}
