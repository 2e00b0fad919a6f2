/* Networks by name: presets.def. */
#ifndef CLAE_GRAPH_PRESETS_H
#define CLAE_GRAPH_PRESETS_H

#include "graph/model_text.h"

typedef struct preset_request {
    clae_shape input;
    unsigned latent_dim;
    unsigned channels; /* of the first hidden layers */
} preset_request;

extern const char preset_help[]; /* what each of them is */
#define PRESET_AUTO "auto"       /* `lecture` for 28x28x1, otherwise `conv` */

/* The name of the preset that `name` stands for. */
const char *preset_resolve(const char *name, clae_shape input);
/* The texts of a preset that is resolved; the decoder is the mirrored encoder. */
clae_status preset_texts(const clae_context *context, const char *name, const preset_request *request,
                         model_texts *texts);

#endif
