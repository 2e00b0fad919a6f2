/* The lecture's autoencoder. */
#include "graph/model.h"
#include "graph/presets.h"

clae_status clae_model_create_lecture(clae_context *context, unsigned channels, unsigned latent_dim, uint64_t seed,
                                      clae_model **model) {
    const preset_request request = {.input = {1, 28, 28}, .latent_dim = latent_dim, .channels = channels};
    model_texts texts;
    *model = NULL;
    clae_status status = preset_texts(context, "lecture", &request, &texts);
    if (status == CLAE_OK) status = model_of_texts(context, request.input, &texts, seed, model);
    model_texts_free(&texts);
    return status;
}
