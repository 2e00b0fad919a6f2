#include "graph/model.h"

#include "base/log_capture.h"
#include "base/memory.h"
#include "base/philox.h"
#include "graph/model_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LABEL 160
#define MAX_LAYER_TEXT 60
#define MAX_PARAMETERS ((size_t)1 << 30)
#define DRAWN_AT_ONCE ((size_t)1024)

bool model_ends_in_sigmoid(const clae_model *model) {
    return model->layer_count > model->decoder_start &&
           strcmp(model->layers[model->layer_count - 1].type->name, "sigmoid") == 0;
}

size_t shape_elements(clae_shape shape) {
    return shape.c * shape.h * shape.w;
}

static size_t line_up(size_t floats) {
    const size_t line = MEMORY_ALIGNMENT / sizeof(float);
    return (floats + line - 1) / line * line;
}

static clae_status check_shape(const clae_context *context, const char *what, clae_shape shape) {
    if (shape.c < 1 || shape.h < 1 || shape.w < 1 || shape.c > (size_t)1 << 24 || shape.h > LAYER_MAX_SIDE ||
        shape.w > LAYER_MAX_SIDE || shape_elements(shape) > (size_t)1 << 28)
        return fail(context, CLAE_ERROR_INPUT, "%s: %zux%zux%zu cannot be used; at most %d a side and 2^28 elements",
                    what, shape.c, shape.h, shape.w, LAYER_MAX_SIDE);
    return CLAE_OK;
}

/* Layers with those of their bodies; no more than may be. */
static size_t layer_count_of(const clae_layer_spec *specs, size_t count) {
    size_t all = 0;
    for (size_t i = 0; i < count && all < 2 * MODEL_MAX_LAYERS; i++)
        all += 1 + (specs[i].body ? layer_count_of(specs[i].body, specs[i].body_count) : 0);
    return all < 2 * MODEL_MAX_LAYERS ? all : 2 * MODEL_MAX_LAYERS;
}

/* What model_build goes along with. */
typedef struct build {
    clae_model *model;
    const model_parts *parts;
    size_t capacity;
    clae_shape shape; /* of what the next layer gets */
} build;

/* `encoder: "conv 64 k7", layer 3`, by the layer's name "encoder.2"; in a block `layer 3.1`. */
static void write_label(const build *b, const char *name, const clae_layer_spec *spec, char label[MAX_LABEL]) {
    static const char *const halves[] = {"encoder", "decoder"};
    const int half = strncmp(name, halves[1], strlen(halves[1])) == 0;
    char numbers[sizeof b->model->layers->name] = "", *text = layer_to_text(spec);
    size_t used = 0;
    for (const char *at = strchr(name, '.'); at && used < sizeof numbers; at = strchr(at + 1, '.'))
        used += (size_t)snprintf(numbers + used, sizeof numbers - used, "%s%lu", used ? "." : "",
                                 strtoul(at + 1, NULL, 10) + 1);
    snprintf(label, MAX_LABEL, "%.60s: \"%.*s\", layer %s",
             b->parts->names[half] ? b->parts->names[half] : halves[half], MAX_LAYER_TEXT, text ? text : "", numbers);
    free(text);
}

static clae_status check_output(const build *b, const layer *l, clae_shape skip) {
    clae_status status = check_shape(b->model->context, "its output", l->out);
    if (status != CLAE_OK || !l->type->has_body) return status;
    if (skip.c == l->out.c && skip.h == l->out.h && skip.w == l->out.w) return CLAE_OK;
    return fail(b->model->context, CLAE_ERROR_INPUT,
                "the block makes %zux%zux%zu of %zux%zux%zu: it must keep the shape of its input", l->out.c, l->out.h,
                l->out.w, skip.c, skip.h, skip.w);
}

/* Counts of elements; places come when all layers are known. */
static clae_status add_params(build *b, layer *l) {
    if (l->type->params) l->type->params(l);
    for (size_t k = 0; k < l->param_count; k++) {
        layer_param *p = &l->param[k];
        p->count = 1;
        for (size_t i = 0; i < p->rank; i++) p->count *= p->shape[i];
        if (p->layout.size[0] == 0) p->layout = param_layout_same(p->count);
        b->model->parameter_floats += line_up(p->count);
    }
    if (b->model->parameter_floats <= MAX_PARAMETERS) return CLAE_OK;
    return fail(b->model->context, CLAE_ERROR_INPUT, "with it there are more than %zu parameters", MAX_PARAMETERS);
}

/* Its output and its parameters. */
static clae_status measure_layer(build *b, layer *l, clae_shape skip) {
    clae_status status = l->type->output_shape(b->model->context, &l->spec, l->in, &l->out);
    if (status == CLAE_OK) status = check_output(b, l, skip);
    return status == CLAE_OK ? add_params(b, l) : status;
}

/* Tells which layer it is that cannot be. */
static clae_status check_layer(build *b, layer *l, clae_shape skip) {
    log_capture capture;
    char label[MAX_LABEL];
    log_capture_begin(&capture, b->model->context);
    clae_status status = layer_check_fields(b->model->context, l->type, &l->spec);
    if (status == CLAE_OK) status = measure_layer(b, l, skip);
    log_capture_end(&capture);
    if (status == CLAE_OK) return CLAE_OK;
    write_label(b, l->name, &l->spec, label);
    return fail(b->model->context, status, "%s: %s", label, capture.error);
}

static clae_status add_layers(build *b, const clae_layer_spec *specs, size_t count, const char *prefix, int depth);

static clae_status add_layer(build *b, const clae_layer_spec *spec, const char *name, int depth) {
    clae_model *model = b->model;
    const char *const type_name = spec->type ? spec->type : "";
    const layer_type *type = layer_type_find(type_name);
    const size_t first = model->layer_count;
    const clae_shape skip = b->shape;
    clae_status status = CLAE_OK;
    if (!type) return fail(model->context, CLAE_ERROR_INPUT, "%s: no layer type \"%s\"", name, type_name);
    if (type->has_body) status = add_layers(b, spec->body, spec->body_count, name, depth + 1);
    if (status != CLAE_OK) return status;
    if (model->layer_count == b->capacity)
        return fail(model->context, CLAE_ERROR_INPUT, "%s: more than %zu layers", name, b->capacity);
    layer *l = &model->layers[model->layer_count];
    *l = (layer){.type = type, .spec = *spec, .in = b->shape, .index = (uint32_t)model->layer_count, .skip = first};
    l->spec.type = type->name;
    l->spec.body = NULL; /* the caller's */
    snprintf(l->name, sizeof l->name, "%s", name);
    status = check_layer(b, l, skip);
    if (status != CLAE_OK) return status;
    b->shape = l->out;
    model->layer_count++;
    return CLAE_OK;
}

static clae_status add_layers(build *b, const clae_layer_spec *specs, size_t count, const char *prefix, int depth) {
    if (count < 1 || count > MODEL_MAX_LAYERS || depth > MODEL_MAX_DEPTH)
        return fail(b->model->context, CLAE_ERROR_INPUT, "%s: %zu layers, %d blocks deep; must be 1 to %d, and %d deep",
                    prefix, count, depth, MODEL_MAX_LAYERS, MODEL_MAX_DEPTH);
    for (size_t i = 0; i < count; i++) {
        char name[sizeof b->model->layers->name];
        snprintf(name, sizeof name, "%s.%zu", prefix, i);
        const clae_status status = add_layer(b, &specs[i], name, depth);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

/* Trained ones first, in the order of the layers. */
static void place_params(clae_model *model) {
    size_t offset = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < model->layer_count; i++)
            for (size_t k = 0; k < model->layers[i].param_count; k++) {
                layer_param *p = &model->layers[i].param[k];
                if (p->is_statistic != (pass == 1)) continue;
                p->offset = offset;
                offset += line_up(p->count);
            }
        if (pass == 0) model->trained_floats = offset;
    }
}

static clae_status add_mirrored(build *b) {
    layer_list decoder = {0};
    clae_status status = layer_list_mirror(b->model, &decoder)
                             ? CLAE_OK
                             : fail_memory(b->model->context, b->capacity * sizeof *decoder.specs, "the decoder");
    if (status == CLAE_OK && decoder.count == 0)
        status = fail(b->model->context, CLAE_ERROR_INPUT,
                      "no layer of the encoder has a counterpart for the decoder: it needs a text of its own");
    if (status == CLAE_OK) status = add_layers(b, decoder.specs, decoder.count, "decoder", 0);
    layer_list_free(&decoder);
    return status;
}

static clae_status add_halves(build *b) {
    clae_model *model = b->model;
    const model_parts *parts = b->parts;
    clae_status status = add_layers(b, parts->encoder, parts->encoder_count, "encoder", 0);
    model->latent = b->shape;
    model->decoder_start = model->layer_count;
    if (status == CLAE_OK)
        status = parts->decoder ? add_layers(b, parts->decoder, parts->decoder_count, "decoder", 0) : add_mirrored(b);
    if (status != CLAE_OK) return status;
    const clae_shape out = b->shape, in = model->input;
    if (out.c != in.c || out.h != in.h || out.w != in.w)
        return fail(model->context, CLAE_ERROR_INPUT, "the decoder gives %zux%zux%zu for images of %zux%zux%zu", out.c,
                    out.h, out.w, in.c, in.h, in.w);
    place_params(model);
    if (model->trained_floats == 0) return fail(model->context, CLAE_ERROR_INPUT, "a model needs a layer with weights");
    return CLAE_OK;
}

static size_t capacity_of(const model_parts *parts) {
    const size_t encoder = layer_count_of(parts->encoder, parts->encoder_count);
    return encoder + (parts->decoder ? layer_count_of(parts->decoder, parts->decoder_count) : encoder);
}

clae_status model_build(clae_context *context, const model_parts *parts, clae_model **out) {
    *out = NULL;
    clae_status status = check_shape(context, "image", parts->input);
    if (status != CLAE_OK) return status;
    if (parts->input.c > CLAE_MAX_CHANNELS)
        return fail(context, CLAE_ERROR_INPUT, "images of %zu channels cannot be used; at most %d channels",
                    parts->input.c, CLAE_MAX_CHANNELS);
    clae_model *model = calloc(1, sizeof *model);
    if (!model) return fail_memory(context, sizeof *model, "the model");
    *model = (clae_model){.context = context, .input = parts->input};
    for (size_t k = 0; k < CLAE_MAX_CHANNELS; k++) model->std[k] = 1.0;
    build b = {model, parts, capacity_of(parts), parts->input};
    model->layers = calloc(b.capacity + 1, sizeof *model->layers);
    status = model->layers ? add_halves(&b) : fail_memory(context, (b.capacity + 1) * sizeof(layer), "the model");
    if (status == CLAE_OK)
        *out = model;
    else
        clae_model_free(model);
    return status;
}

clae_status model_allocate_weights(clae_model *model) {
    const size_t bytes = model->parameter_floats * sizeof(float);
    model->parameters = aligned_zeroed(bytes);
    return model->parameters ? CLAE_OK : fail_memory(model->context, bytes, "the weights");
}

static void draw_uniform(const layer_param *p, philox_stream stream, float *values) {
    uint32_t bits[DRAWN_AT_ONCE];
    for (size_t first = 0; first < p->count; first += DRAWN_AT_ONCE) {
        const size_t left = p->count - first, count = left < DRAWN_AT_ONCE ? left : DRAWN_AT_ONCE;
        philox_fill_bits(stream, first, bits, count);
        for (size_t i = 0; i < count; i++)
            values[first + i] = (float)(p->value * (2.0 * philox_to_uniform(bits[i]) - 1.0));
    }
}

/* `values` are as many. */
static void draw_param(const layer_param *p, philox_stream stream, float *values, float *flat) {
    if (p->init == INIT_UNIFORM)
        draw_uniform(p, stream, values);
    else
        for (size_t i = 0; i < p->count; i++) values[i] = (float)p->value;
    param_scatter(&p->layout, values, flat + p->offset);
}

static size_t largest_param(const clae_model *model) {
    size_t largest = 0;
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++)
            if (model->layers[i].param[k].count > largest) largest = model->layers[i].param[k].count;
    return largest;
}

/* At most two parameters of a layer are random. */
static clae_status draw_parameters(clae_model *model, uint64_t seed) {
    const size_t bytes = largest_param(model) * sizeof(float);
    float *values = malloc(bytes);
    if (!values) return fail_memory(model->context, bytes, "the weights");
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) {
            const philox_stream stream = {seed, PHILOX_INIT, (uint32_t)(2 * i + k)};
            draw_param(&model->layers[i].param[k], stream, values, model->parameters);
        }
    free(values);
    return CLAE_OK;
}

/* Of what is trained. */
static size_t parameter_count(const layer *l) {
    size_t count = 0;
    for (size_t k = 0; k < l->param_count; k++)
        if (!l->param[k].is_statistic) count += l->param[k].count;
    return count;
}

clae_status model_create(clae_context *context, const model_parts *parts, uint64_t seed, clae_model **model) {
    clae_status status = model_build(context, parts, model);
    if (status == CLAE_OK) status = model_allocate_weights(*model);
    if (status == CLAE_OK) status = draw_parameters(*model, seed);
    if (status == CLAE_OK) return CLAE_OK;
    clae_model_free(*model);
    *model = NULL;
    return status;
}

clae_status clae_model_create(clae_context *context, clae_shape input, const clae_layer_spec *encoder,
                              size_t encoder_count, const clae_layer_spec *decoder, size_t decoder_count, uint64_t seed,
                              clae_model **model) {
    const model_parts parts = {.input = input,
                               .encoder = encoder,
                               .encoder_count = encoder_count,
                               .decoder = decoder,
                               .decoder_count = decoder_count};
    return model_create(context, &parts, seed, model);
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
    for (size_t i = 0; i < model->layer_count; i++) count += parameter_count(&model->layers[i]);
    return count;
}

void clae_model_set_normalisation(clae_model *model, const double *mean, const double *std) {
    for (size_t k = 0; k < model->input.c; k++) {
        model->mean[k] = mean[k];
        model->std[k] = std[k] > 0 ? std[k] : 1.0;
    }
}

void clae_model_get_normalisation(const clae_model *model, double *mean, double *std) {
    memcpy(mean, model->mean, model->input.c * sizeof *mean);
    memcpy(std, model->std, model->input.c * sizeof *std);
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
                              .parameter_count = parameter_count(l),
                              .multiply_adds = l->type->multiply_adds ? l->type->multiply_adds(l) : 0};
    return CLAE_OK;
}
