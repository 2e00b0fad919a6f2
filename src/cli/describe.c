#include "cli/session.h"

#include "base/memory.h"
#include "graph/model.h"

#include <stdio.h>
#include <string.h>

static const command_setting settings[] = {
    {.name = "latent-dim", .help = "of the lecture's autoencoder, without MODEL"},
    {.name = "channels", .help = "of the lecture's autoencoder, without MODEL"},
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

static void print_row(const char *operation, const char *shape, uint64_t parameters, uint64_t multiply_adds) {
    char left[TEXT_BYTES], right[TEXT_BYTES];
    printf("%-62s %-10s %10s %14s\n", operation, shape, grouped(parameters, left), grouped(multiply_adds, right));
}

static void shape_text(clae_shape shape, char text[TEXT_BYTES]) {
    snprintf(text, TEXT_BYTES, "%zux%zux%zu", shape.c, shape.h, shape.w);
}

static void print_operation(const clae_model *model, size_t index) {
    const layer *l = &model->layers[index];
    clae_layer_info info;
    char operation[TEXT_BYTES], shape[TEXT_BYTES];
    if (clae_model_get_layer(model, index, &info) != CLAE_OK) return;
    l->type->print(l, operation, sizeof operation);
    shape_text(info.out, shape);
    print_row(operation, shape, info.parameter_count, info.multiply_adds);
}

typedef struct totals {
    uint64_t parameters, multiply_adds;
} totals;

/* The layers first .. end - 1 and their sums. */
static totals print_half(const clae_model *model, const char *title, size_t first, size_t end) {
    totals sum = {0};
    for (size_t i = first; i < end; i++) {
        clae_layer_info layer;
        if (clae_model_get_layer(model, i, &layer)) break;
        char shape[TEXT_BYTES];
        shape_text(layer.in, shape);
        if (i == first) printf("%-62s %s\n", title, shape);
        sum.parameters += layer.parameter_count;
        sum.multiply_adds += layer.multiply_adds;
        if (layer.parameter_count) print_operation(model, i);
    }
    print_row("", "", sum.parameters, sum.multiply_adds);
    putchar('\n');
    return sum;
}

static void print_table(const clae_model *model) {
    size_t count = clae_model_layer_count(model), decoder = clae_model_decoder_start(model);
    printf("\n%-62s %-10s %10s %14s\n", "Operation", "Tensor", "Parameters", "Multiply-adds");
    totals encoder_sum = print_half(model, "Encoder", 0, decoder);
    totals decoder_sum = print_half(model, "Decoder", decoder, count);
    uint64_t multiply_adds = encoder_sum.multiply_adds + decoder_sum.multiply_adds;
    char parameters[TEXT_BYTES];
    printf("In all %s parameters, and %.2f M multiply-adds for an image.\n",
           grouped(encoder_sum.parameters + decoder_sum.parameters, parameters), 1e-6 * (double)multiply_adds);
}

static clae_status make_model(const session *session, const common_args *args, clae_model **model) {
    if (!args->model) {
        return clae_model_create_lecture(session->context, (unsigned)args->settings.channels,
                                         (unsigned)args->settings.latent_dim, 0, model);
    }
    if (args->settings.given) {
        console_message(session->console, CLAE_LOG_ERROR,
                        "--channels and --latent-dim describe the lecture's autoencoder and do not go with MODEL");
        return CLAE_ERROR_INPUT;
    }
    return clae_model_load(session->context, args->model, model);
}

static int run(console *console, const void *arguments) {
    const common_args *args = arguments;
    session session;
    clae_model *model = NULL;
    clae_status status = session_open(&session, console, args);
    if (!status) status = make_model(&session, args, &model);
    if (!status) {
        print_layers(model);
        print_table(model);
    }
    clae_model_free(model);
    session_close(&session);
    return exit_code(status);
}

const command command_describe = {
    .name = "describe",
    .summary = "print a model's layers, tensor sizes, parameters and multiply-adds",
    .description =
        "Prints the layers as PyTorch does, and a table of tensor sizes and operations with their parameters "
        "and multiply-adds for one image. Without MODEL: those of the lecture's autoencoder.",
    .example = "clae describe --latent-dim 8",
    .takes_model = true,
    .model_is_optional = true,
    .settings = settings,
    .setting_count = ARRAY_LENGTH(settings),
    .args_size = sizeof(common_args),
    .run = run,
};
