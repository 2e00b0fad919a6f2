#include "graph/model.h"

#include "base/memory.h"
#include "base/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LAYERS 256
#define MAX_SIDE 16384
#define MAX_PARAMETERS ((size_t)1 << 30)

size_t shape_elements(clae_shape shape) {
    return shape.c * shape.h * shape.w;
}

static size_t line_up(size_t floats) {
    const size_t line = MEMORY_ALIGNMENT / sizeof(float);
    return (floats + line - 1) / line * line;
}

static clae_status check_shape(const clae_context *context, const char *what, clae_shape shape) {
    if (shape.c < 1 || shape.h < 1 || shape.w < 1 || shape.c > 65536 || shape.h > MAX_SIDE || shape.w > MAX_SIDE ||
        shape_elements(shape) > (size_t)1 << 28)
        return fail(context, CLAE_ERROR_INPUT, "%s: %zux%zux%zu cannot be used; at most %d a side and 2^28 elements",
                    what, shape.c, shape.h, shape.w, MAX_SIDE);
    return CLAE_OK;
}

static clae_status add_layer(clae_model *model, const clae_layer_spec *spec, const char *half, size_t index,
                             clae_shape *shape) {
    layer *l = &model->layers[model->layer_count];
    const char *const type = spec->type ? spec->type : "";
    l->type = layer_type_find(type);
    if (!l->type) return fail(model->context, CLAE_ERROR_INPUT, "%s.%zu: no layer type \"%s\"", half, index, type);
    l->spec = *spec;
    l->spec.type = l->type->name;
    l->in = *shape;
    snprintf(l->name, sizeof l->name, "%s.%zu", half, index);
    clae_status status = l->type->output_shape(model->context, &l->spec, *shape, &l->out);
    if (status == CLAE_OK) status = check_shape(model->context, l->name, l->out);
    if (status != CLAE_OK) return status;
    if (l->type->has_parameters) {
        l->weight_count = l->in.c * l->out.c * spec->kernel_h * spec->kernel_w;
        l->bias_count = l->out.c;
        l->weight_offset = model->parameter_floats;
        l->bias_offset = l->weight_offset + line_up(l->weight_count);
        model->parameter_floats = l->bias_offset + line_up(l->bias_count);
    }
    if (model->parameter_floats > MAX_PARAMETERS)
        return fail(model->context, CLAE_ERROR_INPUT, "%s: more than %zu parameters", l->name, MAX_PARAMETERS);
    *shape = l->out;
    model->layer_count++;
    return CLAE_OK;
}

static clae_status add_layers(clae_model *model, const clae_layer_spec *encoder, size_t encoder_count,
                              const clae_layer_spec *decoder, size_t decoder_count) {
    clae_shape shape = model->input;
    for (size_t i = 0; i < encoder_count; i++) {
        const clae_status status = add_layer(model, &encoder[i], "encoder", i, &shape);
        if (status != CLAE_OK) return status;
    }
    model->latent = shape;
    model->decoder_start = model->layer_count;
    for (size_t i = 0; i < decoder_count; i++) {
        const clae_status status = add_layer(model, &decoder[i], "decoder", i, &shape);
        if (status != CLAE_OK) return status;
    }
    if (shape.c != model->input.c || shape.h != model->input.h || shape.w != model->input.w)
        return fail(model->context, CLAE_ERROR_INPUT, "the decoder gives %zux%zux%zu for images of %zux%zux%zu",
                    shape.c, shape.h, shape.w, model->input.c, model->input.h, model->input.w);
    if (model->parameter_floats == 0)
        return fail(model->context, CLAE_ERROR_INPUT, "a model needs a layer with weights");
    return CLAE_OK;
}

clae_status model_build(clae_context *context, clae_shape input, const clae_layer_spec *encoder, size_t encoder_count,
                        const clae_layer_spec *decoder, size_t decoder_count, clae_model **out) {
    *out = NULL;
    if (encoder_count < 1 || decoder_count < 1 || encoder_count > MAX_LAYERS || decoder_count > MAX_LAYERS)
        return fail(context, CLAE_ERROR_INPUT, "encoder of %zu and decoder of %zu layers, must be 1 to %d each",
                    encoder_count, decoder_count, MAX_LAYERS);
    clae_status status = check_shape(context, "image", input);
    if (status != CLAE_OK) return status;
    clae_model *model = calloc(1, sizeof *model);
    if (!model) return fail_memory(context, sizeof *model, "the model");
    *model = (clae_model){.context = context, .input = input, .std = 1.0};
    model->layers = calloc(encoder_count + decoder_count, sizeof *model->layers);
    if (!model->layers) {
        status = fail_memory(context, (encoder_count + decoder_count) * sizeof(layer), "the model");
        goto fail;
    }
    status = add_layers(model, encoder, encoder_count, decoder, decoder_count);
    if (status != CLAE_OK) goto fail;
    *out = model;
    return CLAE_OK;
fail:
    clae_model_free(model);
    return status;
}

clae_status model_allocate_weights(clae_model *model) {
    const size_t bytes = model->parameter_floats * sizeof(float);
    model->parameters = aligned_zeroed(bytes);
    return model->parameters ? CLAE_OK : fail_memory(model->context, bytes, "the weights");
}

static void draw_parameters(clae_model *model, uint64_t seed) {
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        if (!l->type->has_parameters) continue;
        const double bound = 1.0 / sqrt((double)l->type->fan_in(l));
        const philox_stream weight = {seed, PHILOX_INIT, (uint32_t)(2 * i)};
        const philox_stream bias = {seed, PHILOX_INIT, (uint32_t)(2 * i + 1)};
        for (size_t k = 0; k < l->weight_count; k++)
            model->parameters[l->weight_offset + l->type->weight_from_pytorch(l, k)] =
                (float)(bound * (2.0 * philox_uniform(weight, k) - 1.0));
        for (size_t k = 0; k < l->bias_count; k++)
            model->parameters[l->bias_offset + k] = (float)(bound * (2.0 * philox_uniform(bias, k) - 1.0));
    }
}

clae_status clae_model_create(clae_context *context, clae_shape input, const clae_layer_spec *encoder,
                              size_t encoder_count, const clae_layer_spec *decoder, size_t decoder_count, uint64_t seed,
                              clae_model **model) {
    clae_status status = model_build(context, input, encoder, encoder_count, decoder, decoder_count, model);
    if (status == CLAE_OK) status = model_allocate_weights(*model);
    if (status == CLAE_OK) {
        draw_parameters(*model, seed);
        return CLAE_OK;
    }
    clae_model_free(*model);
    *model = NULL;
    return status;
}

void clae_model_free(clae_model *model) {
    if (!model) return;
    free(model->parameters);
    free(model->layers);
    free(model);
}

clae_shape clae_model_input_shape(const clae_model *model) {
    return model->input;
}

clae_shape clae_model_latent_shape(const clae_model *model) {
    return model->latent;
}

size_t clae_model_parameter_count(const clae_model *model) {
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; i++)
        count += model->layers[i].weight_count + model->layers[i].bias_count;
    return count;
}

void clae_model_set_normalisation(clae_model *model, double mean, double std) {
    model->mean = mean;
    model->std = std > 0 ? std : 1.0;
}

void clae_model_get_normalisation(const clae_model *model, double *mean, double *std) {
    *mean = model->mean;
    *std = model->std;
}

size_t clae_model_layer_count(const clae_model *model) {
    return model->layer_count;
}

size_t clae_model_decoder_start(const clae_model *model) {
    return model->decoder_start;
}

clae_status clae_model_get_layer(const clae_model *model, size_t index, clae_layer_info *info) {
    if (index >= model->layer_count)
        return fail(model->context, CLAE_ERROR_INPUT, "layer %zu of a model with %zu layers", index,
                    model->layer_count);
    const layer *l = &model->layers[index];
    *info = (clae_layer_info){.name = l->name,
                              .spec = l->spec,
                              .in = l->in,
                              .out = l->out,
                              .parameter_count = l->weight_count + l->bias_count,
                              .multiply_adds = l->type->multiply_adds(l)};
    return CLAE_OK;
}
