#include "network_generator.h"

#include "graph/layer_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 400
#define MOST_DEPTH 2             /* of blocks */
#define MOST_MULTIPLY_ADDS 1.2e6 /* of an image */
#define MOST_ELEMENTS 60000      /* of a layer's output, for an image */
#define MOST_PARAMETERS 150000
#define LEAST_VALUES 8 /* that a norm is taken over */

/* A half that grows. */
typedef struct half {
    clae_context *context;
    test_random *random;
    layer_list list;
    clae_shape shape; /* of what the next layer gets */
    bool failed;
} half;

static unsigned draw(test_random *random, int first, int last) {
    return (unsigned)random_int(random, first, last > first ? last : first);
}

static double real(test_random *random, double least, double most) {
    return least + (most - least) * (0.5 + 0.5 * random_real(random));
}

static bool is_same(clae_shape a, clae_shape b) {
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

/* Puts a layer behind the others; a body has been checked. */
static void put(half *h, const layer_type *type, const clae_layer_spec *spec) {
    clae_shape out = h->shape;
    if (!layer_list_add(&h->list, spec)) h->failed = true;
    if (h->failed) return;
    if (type->output_shape(h->context, spec, h->shape, &out) != CLAE_OK || shape_elements(out) > MOST_ELEMENTS)
        h->failed = true;
    else
        h->shape = out;
}

static void put_conv(half *h, const layer_type *type, unsigned channels, unsigned kernel) {
    clae_layer_spec spec;
    layer_spec_init(type, &spec);
    spec.out_channels = channels;
    spec.kernel_h = spec.kernel_w = kernel;
    spec.padding_h = spec.padding_w = kernel / 2;
    put(h, type, &spec);
}

static void put_size(half *h, const layer_type *type, size_t height, size_t width) {
    clae_layer_spec spec;
    layer_spec_init(type, &spec);
    spec.size_h = (unsigned)height;
    spec.size_w = (unsigned)width;
    put(h, type, &spec);
}

/* The layer's own numbers. */

static void draw_conv(half *h, clae_layer_spec *s) {
    test_random *random = h->random;
    s->out_channels = draw(random, 1, 6);
    s->kernel_h = draw(random, 1, h->shape.h < 5 ? (int)h->shape.h : 5);
    s->kernel_w = random_int(random, 0, 1) && s->kernel_h <= h->shape.w
                      ? s->kernel_h
                      : draw(random, 1, h->shape.w < 5 ? (int)h->shape.w : 5);
    s->stride_h = draw(random, 1, 3);
    s->stride_w = random_int(random, 0, 2) ? s->stride_h : draw(random, 1, 3);
    s->padding_h = draw(random, 0, (int)s->kernel_h - 1);
    s->padding_w = draw(random, 0, (int)s->kernel_w - 1);
    s->no_bias = random_int(random, 0, 3) == 0;
}

static void draw_conv_transpose(half *h, clae_layer_spec *s) {
    draw_conv(h, s);
    s->output_padding_h = draw(h->random, 0, (int)s->stride_h - 1);
    s->output_padding_w = draw(h->random, 0, (int)s->stride_w - 1);
}

static void draw_linear(half *h, clae_layer_spec *s) {
    const bool is_flat = random_int(h->random, 0, 1);
    for (int i = 0; i < 3; i++) s->out_shape[i] = is_flat && i > 0 ? 1 : draw(h->random, 1, i > 0 ? 6 : 12);
    s->no_bias = random_int(h->random, 0, 3) == 0;
}

static void draw_pool(half *h, clae_layer_spec *s) {
    test_random *random = h->random;
    s->kernel_h = draw(random, 1, h->shape.h < 3 ? (int)h->shape.h : 3);
    s->kernel_w = draw(random, 1, h->shape.w < 3 ? (int)h->shape.w : 3);
    s->stride_h = draw(random, 1, 3);
    s->stride_w = draw(random, 1, 3);
    s->padding_h = draw(random, 0, (int)s->kernel_h / 2);
    s->padding_w = draw(random, 0, (int)s->kernel_w / 2);
}

static void draw_upsample(half *h, clae_layer_spec *s) {
    test_random *random = h->random;
    if (random_int(random, 0, 1)) {
        s->stride_h = draw(random, 1, 2);
        s->stride_w = draw(random, 1, 3);
        return;
    }
    s->size_h = draw(random, (int)h->shape.h / 2 + 1, 2 * (int)h->shape.h + 1);
    s->size_w = draw(random, (int)h->shape.w / 2 + 1, 2 * (int)h->shape.w + 1);
}

/* Channels that can be shuffled, and pixels. */
static void draw_shuffle(half *h, clae_layer_spec *s) {
    s->stride_h = draw(h->random, 2, 3);
    const unsigned groups = s->stride_h * s->stride_h;
    if (h->shape.c % groups != 0) put_conv(h, &layer_conv2d, groups * draw(h->random, 1, 2), 1);
}
static void draw_unshuffle(half *h, clae_layer_spec *s) {
    const size_t r = s->stride_h = draw(h->random, 2, 3);
    if (h->shape.h % r != 0 || h->shape.w % r != 0)
        put_size(h, &layer_upsample_bilinear, (h->shape.h + r - 1) / r * r, (h->shape.w + r - 1) / r * r);
}

static void draw_groups(half *h, clae_layer_spec *s) {
    do s->groups = draw(h->random, 1, (int)h->shape.c);
    while (h->shape.c % s->groups != 0);
}

static void draw_dropout(half *h, clae_layer_spec *s) {
    s->value = real(h->random, 0.05, 0.5);
}
static void draw_prelu(half *h, clae_layer_spec *s) {
    s->one_slope = random_int(h->random, 0, 1);
}
static void draw_slope(half *h, clae_layer_spec *s) {
    if (random_int(h->random, 0, 1)) s->value = real(h->random, 0.05, 0.4);
}
static void draw_beta(half *h, clae_layer_spec *s) {
    if (random_int(h->random, 0, 1)) s->value = real(h->random, 0.5, 2);
}

static const struct {
    const layer_type *type;
    void (*draw)(half *h, clae_layer_spec *spec);
} drawn[] = {
    {&layer_conv2d, draw_conv},
    {&layer_conv_transpose2d, draw_conv_transpose},
    {&layer_linear, draw_linear},
    {&layer_max_pool2d, draw_pool},
    {&layer_avg_pool2d, draw_pool},
    {&layer_upsample_nearest, draw_upsample},
    {&layer_upsample_bilinear, draw_upsample},
    {&layer_pixel_shuffle, draw_shuffle},
    {&layer_pixel_unshuffle, draw_unshuffle},
    {&layer_group_norm, draw_groups},
    {&layer_dropout, draw_dropout},
    {&layer_prelu, draw_prelu},
    {&layer_leaky_relu, draw_slope},
    {&layer_softplus, draw_beta},
};

/* A convolution now and then, as networks are made of them. */
static const layer_type *any_type(test_random *random) {
    int count = 0;
    if (random_int(random, 0, 3) == 0) return &layer_conv2d;
    while (layer_types[count]) count++;
    return layer_types[random_int(random, 0, count - 1)];
}

static void put_random(half *h, const layer_type *type, int depth);

/* Back to a shape, by layers that change it. */
static void put_shape(half *h, clae_shape shape) {
    if (h->shape.h != shape.h || h->shape.w != shape.w)
        put_size(h, random_int(h->random, 0, 1) ? &layer_upsample_nearest : &layer_upsample_bilinear, shape.h, shape.w);
    if (h->shape.c != shape.c) put_conv(h, &layer_conv2d, (unsigned)shape.c, 2 * draw(h->random, 0, 2) + 1);
}

static void put_residual(half *h, int depth) {
    const clae_shape shape = h->shape;
    clae_layer_spec spec;
    half body = {.context = h->context, .random = h->random, .shape = shape};
    const int count = random_int(h->random, 1, 3);
    for (int i = 0; i < count && !body.failed; i++) put_random(&body, any_type(h->random), depth + 1);
    put_shape(&body, shape);
    if (body.failed || !is_same(body.shape, shape)) h->failed = true;
    layer_spec_init(&layer_residual, &spec);
    layer_list_become_body(&body.list, &spec);
    if (!layer_list_add(&h->list, &spec)) h->failed = true;
}

static void put_random(half *h, const layer_type *type, int depth) {
    clae_layer_spec spec;
    while (type->has_body && depth == MOST_DEPTH) type = any_type(h->random);
    if (type->has_body) {
        put_residual(h, depth);
        return;
    }
    layer_spec_init(type, &spec);
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++)
        if (drawn[i].type == type) drawn[i].draw(h, &spec);
    if (!h->failed) put(h, type, &spec);
}

static void put_layers(half *h, const layer_type *first, int most) {
    const int count = random_int(h->random, most / 2, most), place = random_int(h->random, 0, count - 1);
    for (int i = 0; i < count && !h->failed; i++) put_random(h, first && i == place ? first : any_type(h->random), 0);
}

/* A decoder of its own: layers, and then what gives the image. */
static void put_decoder(half *h, clae_shape image) {
    clae_layer_spec spec;
    put_layers(h, NULL, 3);
    if (random_int(h->random, 0, 1)) {
        put_shape(h, image);
        return;
    }
    layer_spec_init(&layer_linear, &spec);
    spec.out_shape[0] = (unsigned)image.c;
    spec.out_shape[1] = (unsigned)image.h;
    spec.out_shape[2] = (unsigned)image.w;
    put(h, &layer_linear, &spec);
}

/* Values that share a mean; others where there is no norm. */
static size_t norm_values(const layer *l, size_t batch) {
    if (l->type == &layer_batch_norm) return batch * l->out.h * l->out.w;
    if (l->type == &layer_group_norm) return l->out.h * l->out.w * l->out.c / l->spec.groups;
    return LEAST_VALUES;
}

/* Norms over few values are dominated by rounding errors. */
static bool is_usable(const clae_model *model, size_t least_batch) {
    double multiply_adds = 0;
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        if (norm_values(l, least_batch) < LEAST_VALUES || shape_elements(l->out) > MOST_ELEMENTS) return false;
        if (l->type->multiply_adds) multiply_adds += (double)l->type->multiply_adds(l);
    }
    return multiply_adds <= MOST_MULTIPLY_ADDS && model->parameter_floats <= MOST_PARAMETERS;
}

static clae_shape draw_image(test_random *random) {
    const unsigned most = random_int(random, 0, 2) ? 30 : 130;
    return (clae_shape){draw(random, 1, 5), draw(random, 9, (int)most), draw(random, 7, most < 67 ? (int)most : 67)};
}

/* NULL where the layers do not fit. */
static clae_model *try_model(clae_context *context, test_random *random, const layer_type *first) {
    clae_model *model = NULL;
    const clae_shape image = draw_image(random);
    half encoder = {.context = context, .random = random, .shape = image}, decoder = encoder;
    const bool is_mirrored = random_int(random, 0, 2) > 0;
    put_layers(&encoder, first, 7);
    decoder.shape = encoder.shape;
    if (!encoder.failed && !is_mirrored) put_decoder(&decoder, image);
    if (!encoder.failed && !decoder.failed)
        (void)clae_model_create(context, image, encoder.list.specs, encoder.list.count, decoder.list.specs,
                                decoder.list.count, random_bits(random), &model);
    layer_list_free(&encoder.list);
    layer_list_free(&decoder.list);
    return model;
}

/* Weights that begin all alike would hide which is whose. */
static void vary_constants(clae_model *model, test_random *random) {
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++) {
            const layer_param *p = &model->layers[i].param[k];
            for (size_t e = 0; p->init == INIT_CONSTANT && !p->is_statistic && e < p->count; e++)
                model->parameters[p->offset + e] += (float)(0.3 * random_real(random));
        }
}

clae_model *network_generate(clae_context *context, test_random *random, const layer_type *first, size_t least_batch) {
    for (int i = 0; i < TRIES; i++) {
        clae_model *model = try_model(context, random, first);
        if (model && is_usable(model, least_batch)) {
            vary_constants(model, random);
            return model;
        }
        clae_model_free(model);
    }
    return NULL;
}
