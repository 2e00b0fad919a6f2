#include "graph/presets.h"

#include "base/context.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char preset_help[] = "the network: " PRESET_AUTO ", lecture for images of 1x28x28 and conv for others"
#define PRESET(NAME, HELP) "; " #NAME ", " HELP
#include "graph/presets.def"
#undef PRESET
    ;

#define KERNEL 4      /* of strided convolutions; with padding 1 and stride 2 it halves */
#define SMALLEST 8    /* a side that is halved */
#define MOST_TIMES 16 /* as many channels as in the first layers */
#define MLP_WIDE 16
#define MLP_NARROW 8

/* Each writes the text of its encoder. */
static void preset_lecture(const preset_request *r, FILE *file) {
    fprintf(file, "conv %u k5, relu, conv %u k5, relu, conv %u k4 s2, relu, conv %u k3 s2, relu, conv %u k4",
            r->channels, r->channels, r->channels, r->channels, r->latent_dim);
}

static void preset_linear(const preset_request *r, FILE *file) {
    fprintf(file, "linear %u", r->latent_dim);
}

static void preset_mlp(const preset_request *r, FILE *file) {
    fprintf(file, "linear %u, relu, linear %u, relu, linear %u", MLP_WIDE * r->channels, MLP_NARROW * r->channels,
            r->latent_dim);
}

static unsigned channels_of_stage(const preset_request *r, unsigned stage) {
    const unsigned times = stage < 4 ? 1u << stage : MOST_TIMES;
    return times * r->channels;
}

static bool is_halved(size_t side) {
    return side >= SMALLEST;
}

/* A side that is not halved any more is kept, by a kernel of 3. */
static void write_convolution(unsigned channels, size_t h, size_t w, FILE *file) {
    const unsigned kh = is_halved(h) ? KERNEL : 3, kw = is_halved(w) ? KERNEL : 3;
    const unsigned sh = is_halved(h) ? 2 : 1, sw = is_halved(w) ? 2 : 1;
    fprintf(file, "conv %u k%ux%u s%ux%u p1, batch_norm, relu, ", channels, kh, kw, sh, sw);
}

static void write_block(unsigned channels, FILE *file) {
    fprintf(file, "residual(conv %u k3 p1, batch_norm, relu, conv %u k3 p1, batch_norm), relu, ", channels, channels);
}

/* Convolutions down to at most 7x7, from the stage-th on; then one over all that is left. */
static void write_stages(const preset_request *r, unsigned stage, bool with_blocks, FILE *file) {
    size_t h = r->input.h, w = r->input.w;
    do {
        const unsigned channels = channels_of_stage(r, stage++);
        write_convolution(channels, h, w, file);
        if (with_blocks) write_block(channels, file);
        h = is_halved(h) ? h / 2 : h;
        w = is_halved(w) ? w / 2 : w;
    } while (is_halved(h) || is_halved(w));
    fprintf(file, "conv %u k%zux%zu", r->latent_dim, h, w);
}

static void preset_conv(const preset_request *r, FILE *file) {
    write_stages(r, 0, false, file);
}

static void preset_resnet(const preset_request *r, FILE *file) {
    fprintf(file, "conv %u k3 p1, batch_norm, relu, ", r->channels);
    write_stages(r, 1, true, file);
}

static const struct {
    const char *name;
    void (*write)(const preset_request *request, FILE *file);
} presets[] = {
#define PRESET(NAME, ...) {#NAME, preset_##NAME},
#include "graph/presets.def"
#undef PRESET
};

const char *preset_resolve(const char *name, clae_shape input) {
    if (strcmp(name, PRESET_AUTO) != 0) return name;
    return input.c == 1 && input.h == 28 && input.w == 28 ? "lecture" : "conv";
}

static char *encoder_of(const preset_request *request, size_t index) {
    char *text = NULL;
    size_t bytes;
    FILE *file = open_memstream(&text, &bytes);
    if (!file) return NULL;
    presets[index].write(request, file);
    const bool ok = !ferror(file);
    if (fclose(file) == 0 && ok) return text;
    free(text);
    return NULL;
}

static clae_status check_request(const clae_context *context, const char *name, const preset_request *request) {
    const clae_shape in = request->input;
    if (strcmp(name, "lecture") != 0 || strcmp(preset_resolve(PRESET_AUTO, in), name) == 0) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT,
                "--preset lecture is for images of 1x28x28, not %zux%zux%zu; --preset conv takes any size", in.c, in.h,
                in.w);
}

clae_status preset_texts(const clae_context *context, const char *name, const preset_request *request,
                         model_texts *texts) {
    size_t index = 0;
    *texts = (model_texts){0};
    while (index < ARRAY_LENGTH(presets) && strcmp(presets[index].name, name) != 0) index++;
    if (index == ARRAY_LENGTH(presets)) return fail(context, CLAE_ERROR_INPUT, "there is no preset \"%s\"", name);
    const clae_status status = check_request(context, name, request);
    if (status != CLAE_OK) return status;
    char *encoder = encoder_of(request, index), *label = string_format("--preset %s, encoder", name);
    char *mirror = string_format("--preset %s, decoder", name);
    if (encoder && label && mirror) {
        *texts = (model_texts){.encoder = encoder, .name = {label, mirror}};
        return CLAE_OK;
    }
    free(encoder);
    free(label);
    free(mirror);
    return fail_memory(context, 1, "the text of a network");
}
