/* The layers of a model as JSON, which model files carry in their metadata. */
#include "graph/model.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *spec_to_json(const clae_layer_spec *spec) {
    if (spec->out_channels == 0) return json_pack("{s:s}", "type", spec->type);
    return json_pack("{s:s, s:i, s:[i,i], s:[i,i], s:[i,i], s:[i,i]}", "type", spec->type, "out_channels",
                     (int)spec->out_channels, "kernel", (int)spec->kernel_h, (int)spec->kernel_w, "stride",
                     (int)spec->stride_h, (int)spec->stride_w, "padding", (int)spec->padding_h, (int)spec->padding_w,
                     "output_padding", (int)spec->output_padding_h, (int)spec->output_padding_w);
}

static json_t *half_to_json(const clae_model *model, size_t first, size_t end) {
    json_t *layers = json_array();
    for (size_t i = first; layers && i < end; i++)
        if (json_array_append_new(layers, spec_to_json(&model->layers[i].spec)) != 0) {
            json_decref(layers);
            return NULL;
        }
    return layers;
}

char *model_layers_to_json(const clae_model *model) {
    json_t *encoder = half_to_json(model, 0, model->decoder_start);
    json_t *decoder = half_to_json(model, model->decoder_start, model->layer_count);
    /* "o" takes the references even when packing fails. */
    json_t *root = json_pack("{s:[i,i,i], s:o, s:o}", "input", (int)model->input.c, (int)model->input.h,
                             (int)model->input.w, "encoder", encoder, "decoder", decoder);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

/* A whole number from 0 to 65536, or 65537. */
static unsigned number_of(const json_t *value) {
    if (!json_is_integer(value)) return 65537;
    const json_int_t number = json_integer_value(value);
    return number < 0 || number > 65536 ? 65537 : (unsigned)number;
}

static bool pair_of(const json_t *object, const char *key, unsigned missing, unsigned *h, unsigned *w) {
    const json_t *pair = json_object_get(object, key);
    *h = *w = missing;
    if (!pair) return true;
    if (json_array_size(pair) != 2) return false;
    *h = number_of(json_array_get(pair, 0));
    *w = number_of(json_array_get(pair, 1));
    return *h <= 65536 && *w <= 65536;
}

static bool spec_of(const json_t *object, clae_layer_spec *spec) {
    *spec = (clae_layer_spec){.type = json_string_value(json_object_get(object, "type"))};
    const json_t *channels = json_object_get(object, "out_channels");
    if (!spec->type) return false;
    if (!channels) return true;
    spec->out_channels = number_of(channels);
    return spec->out_channels <= 65536 && pair_of(object, "kernel", 1, &spec->kernel_h, &spec->kernel_w) &&
           pair_of(object, "stride", 1, &spec->stride_h, &spec->stride_w) &&
           pair_of(object, "padding", 0, &spec->padding_h, &spec->padding_w) &&
           pair_of(object, "output_padding", 0, &spec->output_padding_h, &spec->output_padding_w);
}

#define MAX_SPECS 256

static bool specs_of(const json_t *array, clae_layer_spec specs[MAX_SPECS], size_t *count) {
    *count = json_array_size(array);
    if (*count < 1 || *count > MAX_SPECS) return false;
    for (size_t i = 0; i < *count; i++)
        if (!spec_of(json_array_get(array, i), &specs[i])) return false;
    return true;
}

clae_status model_from_json(clae_context *context, const char *text, clae_model **model) {
    clae_layer_spec encoder[MAX_SPECS], decoder[MAX_SPECS];
    size_t encoder_count, decoder_count;
    json_error_t error;
    clae_status status;
    *model = NULL;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    /* Where memory is short, Jansson has nothing to say. */
    if (!root && !*error.text) return fail_memory(context, strlen(text), "the description of the layers");
    if (!root) return fail(context, CLAE_ERROR_INPUT, "the description of the layers is not JSON: %s", error.text);
    const json_t *input = json_object_get(root, "input");
    const clae_shape shape = {number_of(json_array_get(input, 0)), number_of(json_array_get(input, 1)),
                              number_of(json_array_get(input, 2))};
    if (json_array_size(input) != 3 || !specs_of(json_object_get(root, "encoder"), encoder, &encoder_count) ||
        !specs_of(json_object_get(root, "decoder"), decoder, &decoder_count))
        status = fail(context, CLAE_ERROR_INPUT, "the description of the layers is damaged");
    else
        status = model_build(context, shape, encoder, encoder_count, decoder, decoder_count, model);
    json_decref(root);
    return status;
}
