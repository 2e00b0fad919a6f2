#include "cli/network.h"

#include "base/memory.h"
#include "cli/help.h"
#include "graph/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct describe_args {
    common_args common;
    clae_shape image_size;
} describe_args;

#define ARGS describe_args
static const option options[] = {
    OPTION_IMAGE_SIZE(image_size),
};

#define TEXT_BYTES 160

/* As PyTorch prints it. */
static void print_layer(const clae_model *model, size_t index) {
    const layer *l = &model->layers[index];
    const char *name = strchr(l->name, '.');
    char text[TEXT_BYTES];
    l->type->print(l, text, sizeof text);
    printf("    (%s): %s\n", name ? name + 1 : l->name, text);
}

static void print_layers(const clae_model *model) {
    size_t count = clae_model_layer_count(model), decoder = clae_model_decoder_start(model);
    printf("AutoEncoder (\n  (encoder): Sequential (\n");
    for (size_t i = 0; i < count; i++) {
        if (i == decoder) printf("  )\n  (decoder): Sequential (\n");
        print_layer(model, i);
    }
    printf("  )\n)\n");
}

/* "112,457" */
static const char *grouped(uint64_t number, char text[TEXT_BYTES]) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number), out = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = 0;
    return text;
}

/* Of the column of operations. */
static int operation_width(const clae_model *model) {
    size_t width = strlen("Operation");
    for (size_t i = 0; i < model->layer_count; i++) {
        char text[TEXT_BYTES];
        model->layers[i].type->print(&model->layers[i], text, sizeof text);
        if (model->layers[i].param_count && strlen(text) > width) width = strlen(text);
    }
    return (int)width;
}

static void print_row(int width, const char *operation, const char *shape, uint64_t parameters,
                      uint64_t multiply_adds) {
    char left[TEXT_BYTES], right[TEXT_BYTES];
    printf("%-*s %-10s %10s %14s\n", width, operation, shape, grouped(parameters, left), grouped(multiply_adds, right));
}

static void shape_text(clae_shape shape, char text[TEXT_BYTES]) {
    snprintf(text, TEXT_BYTES, "%zux%zux%zu", shape.c, shape.h, shape.w);
}

static void print_operation(const clae_model *model, int width, size_t index) {
    const layer *l = &model->layers[index];
    clae_layer_info info;
    char operation[TEXT_BYTES], shape[TEXT_BYTES];
    if (clae_model_get_layer(model, index, &info) != CLAE_OK) return;
    l->type->print(l, operation, sizeof operation);
    shape_text(info.out, shape);
    print_row(width, operation, shape, info.parameter_count, info.multiply_adds);
}

typedef struct totals {
    uint64_t parameters, multiply_adds;
} totals;

/* The layers first .. end - 1 and their sums. */
static totals print_half(const clae_model *model, int width, const char *title, size_t first, size_t end) {
    totals sum = {0};
    for (size_t i = first; i < end; i++) {
        clae_layer_info layer;
        if (clae_model_get_layer(model, i, &layer)) break;
        char shape[TEXT_BYTES];
        shape_text(layer.in, shape);
        if (i == first) printf("%-*s %s\n", width, title, shape);
        sum.parameters += layer.parameter_count;
        sum.multiply_adds += layer.multiply_adds;
        if (layer.parameter_count) print_operation(model, width, i);
    }
    print_row(width, "", "", sum.parameters, sum.multiply_adds);
    putchar('\n');
    return sum;
}

static void print_table(const clae_model *model) {
    size_t count = clae_model_layer_count(model), decoder = clae_model_decoder_start(model);
    const int width = operation_width(model);
    printf("\n%-*s %-10s %10s %14s\n", width, "Operation", "Tensor", "Parameters", "Multiply-adds");
    totals encoder_sum = print_half(model, width, "Encoder", 0, decoder);
    totals decoder_sum = print_half(model, width, "Decoder", decoder, count);
    uint64_t multiply_adds = encoder_sum.multiply_adds + decoder_sum.multiply_adds;
    char parameters[TEXT_BYTES];
    printf("In all %s parameters, and %.2f M multiply-adds for an image.\n",
           grouped(encoder_sum.parameters + decoder_sum.parameters, parameters), 1e-6 * (double)multiply_adds);
}

/* The options that give the same network. */
static clae_status print_texts(const clae_model *model) {
    const clae_shape image = clae_model_input_shape(model), code = clae_model_latent_shape(model);
    char *encoder, *decoder;
    const clae_status status = clae_model_get_text(model, &encoder, &decoder);
    if (status) return status;
    printf("\nA code is %zux%zux%zu, of images of %zux%zux%zu. As text:\n", code.c, code.h, code.w, image.c, image.h,
           image.w);
    printf("--image-size %zux%zux%zu\n--encoder \"%s\"\n--decoder \"%s\"\n", image.c, image.h, image.w, encoder,
           decoder);
    free(encoder);
    free(decoder);
    return CLAE_OK;
}

/* An option that says what the network is; NULL: none is given. */
static const char *given_option(const describe_args *args) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++)
        if (setting_is_given(&settings_table[i], &args->common.settings)) return settings_table[i].name;
    return args->common.given ? options[0].name : NULL;
}

static clae_status make_model(const session *session, const describe_args *args, clae_model **model) {
    if (!args->common.model) return network_open(session, &args->common, args->image_size, model);
    const char *given = given_option(args);
    if (given) {
        console_message(session->console, CLAE_LOG_ERROR,
                        "--%s says what a network is and does not go with MODEL, which has one", given);
        return CLAE_ERROR_INPUT;
    }
    return clae_model_load(session->context, args->common.model, model);
}

static int print_all(const clae_model *model) {
    print_layers(model);
    print_table(model);
    return exit_code(print_texts(model));
}

static void explain(FILE *out) {
    fputs("Layers, separated by commas or line breaks; from # to the end of a line is a comment:\n", out);
    for (const layer_type *const *type = layer_types; *type; type++) help_put_text(out, (*type)->help, 2);
    fputc('\n', out);
}

static int run(console *console, const void *arguments) {
    const describe_args *args = arguments;
    session session;
    clae_model *model = NULL;
    clae_status status = session_open(&session, console, &args->common);
    if (!status) status = make_model(&session, args, &model);
    const int code = status ? exit_code(status) : print_all(model);
    clae_model_free(model);
    session_close(&session);
    return code;
}

const command command_describe = {
    .name = "describe",
    .summary = "print a model's layers, tensor sizes, parameters and multiply-adds",
    .description =
        "Prints the layers as PyTorch does, and a table of tensor sizes and operations with their parameters "
        "and multiply-adds for one image; then the network as text. Without MODEL: those of the network that the "
        "options "
        "describe.",
    .example = "clae describe run\n"
               "  clae describe --encoder \"conv 32 k4 s2 p1, relu, linear 16\" --image-size 3x32x32",
    .takes_model = true,
    .model_is_optional = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_MODEL,
    .args_size = sizeof(describe_args),
    .explain = explain,
    .run = run,
};
