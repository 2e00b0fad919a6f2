/* Networks as text: random ones are printed and read again, wrong ones are refused by one line, and mirrors and presets
 * give the shape of their input back. */
#include "device_support.h"
#include "graph/model.h"
#include "graph/model_text.h"
#include "graph/presets.h"
#include "test_random.h"
#include "train/network.h"

#include <math.h>
#include <unistd.h>

#define MOST_BODY 3
#define MOST_LAYERS 6
#define MOST_DEPTH 3

static const text_source source = {"--encoder", 0};

static uint64_t seed_of_test(void) {
    const char *text = getenv("CLAE_TEST_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 0) : 20261126;
    print_message("CLAE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static size_t type_count(void) {
    size_t count = 0;
    while (layer_types[count]) count++;
    return count;
}

/* Small numbers mostly, and the limits. */
static double random_value(test_random *random, const layer_field *field) {
    if (field->kind == FIELD_FLAG) return random_int(random, 0, 1);
    if (field->kind == FIELD_REAL)
        return field->min + (fmin(field->max, field->min + 3) - field->min) * (0.5 + 0.5 * random_real(random));
    const int kind = random_int(random, 0, 9);
    if (kind == 0) return field->min;
    if (kind == 1) return field->max;
    return fmin(field->max, field->min + random_int(random, 0, 40));
}

static void randomise_field(test_random *random, const layer_type *type, const layer_field *f, clae_layer_spec *spec) {
    const size_t size = layer_field_size(f);
    if (!f->word) return;
    if (f->like && random_int(random, 0, 1)) {
        layer_field_set_like(type, f, spec);
        return;
    }
    if (!isnan(f->standard) && !f->like && random_int(random, 0, 2) == 0) return;
    const bool is_short = random_int(random, 0, 1);
    for (size_t i = 0; i < size; i++) {
        double value = random_value(random, f);
        if (is_short && i > 0) value = f->kind == FIELD_PAIR ? layer_field_get(f, spec, 0) : fmax(1, f->min);
        layer_field_set(f, spec, i, value);
    }
}

static void random_layers(test_random *random, int depth, layer_list *list) {
    const int count = random_int(random, 1, depth ? MOST_BODY : MOST_LAYERS);
    for (int i = 0; i < count; i++) {
        const layer_type *type = layer_types[random_int(random, 0, (int)type_count() - 1)];
        clae_layer_spec spec;
        if (type->has_body && depth == MOST_DEPTH) type = layer_types[0];
        layer_spec_init(type, &spec);
        for (const layer_field *f = type->fields; f && f->name; f++) randomise_field(random, type, f, &spec);
        if (type->has_body) {
            layer_list body = {0};
            random_layers(random, depth + 1, &body);
            layer_list_become_body(&body, &spec);
        }
        assert_true(layer_list_add(list, &spec));
    }
}

static void assert_same_layers(const clae_layer_spec *a, size_t a_count, const clae_layer_spec *b, size_t b_count) {
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        assert_string_equal(a[i].type, b[i].type);
        const layer_type *type = layer_type_find(a[i].type);
        for (const layer_field *f = type->fields; f && f->name; f++)
            for (size_t k = 0; k < layer_field_size(f); k++)
                assert_true(layer_field_get(f, &a[i], k) == layer_field_get(f, &b[i], k));
        assert_int_equal(a[i].body != NULL, type->has_body);
        assert_int_equal(b[i].body != NULL, type->has_body);
        if (type->has_body) assert_same_layers(a[i].body, a[i].body_count, b[i].body, b[i].body_count);
    }
}

/* Line breaks, comments and blanks where there may be some. */
static void spread(test_random *random, const char *text, char *out, size_t size) {
    static const char *const separators[] = {", ", "\n", ",\n  ", " , # a comment, (\n\n", "#\n", "\t,"};
    size_t used = 0;
    for (; *text && used + 32 < size; text++) {
        if (*text == ',') {
            used += (size_t)sprintf(out + used, "%s", separators[random_int(random, 0, 5)]);
        } else if (*text == '(') {
            used += (size_t)sprintf(out + used, "%s", random_int(random, 0, 1) ? "(\n" : " (");
        } else {
            out[used++] = *text;
        }
    }
    assert_true(*text == '\0');
    out[used] = '\0';
}

static void check_round(fixture *f, test_random *random, const layer_list *list) {
    static char spread_text[1 << 15];
    layer_list again, spread_again;
    char *text = layers_to_text(list);
    assert_non_null(text);
    if (layers_from_text(f->context, &source, text, &again) != CLAE_OK) fail_msg("%s\n%s", text, f->last_error);
    assert_same_layers(list->specs, list->count, again.specs, again.count);
    char *text_again = layers_to_text(&again);
    assert_string_equal(text, text_again);
    spread(random, text, spread_text, sizeof spread_text);
    if (layers_from_text(f->context, &source, spread_text, &spread_again) != CLAE_OK)
        fail_msg("%s\n%s", spread_text, f->last_error);
    assert_same_layers(list->specs, list->count, spread_again.specs, spread_again.count);
    layer_list_free(&again);
    layer_list_free(&spread_again);
    free(text_again);
    free(text);
}

static void what_is_printed_is_read(void **state) {
    fixture *f = *state;
    const uint64_t seed = seed_of_test();
    for (uint64_t i = 0; i < 2000; i++) {
        test_random random = random_stream(seed, 1, i);
        layer_list list = {0};
        random_layers(&random, 0, &list);
        check_round(f, &random, &list);
        layer_list_free(&list);
    }
}

/* Every name of a type, and what is the shortest. */
static void texts_are_short(void **state) {
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"conv2d 32 k5x5 s1 p0", "conv 32 k5"},
        {"conv 8 nobias p1x2 k3x5 s2x2", "conv 8 k3x5 s2 p1x2 nobias"},
        {"conv_transpose2d 3 k4 s2 q1x0", "conv_transpose 3 k4 s2 q1x0"},
        {"linear 64x1x1, linear 8x4x2", "linear 64, linear 8x4x2"},
        {"# nothing\n relu\n\n#\nrelu #, relu\n", "relu, relu"},
        {"residual ( relu,\n residual(relu) )", "residual(relu, residual(relu))"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        layer_list list;
        if (layers_from_text(f->context, &source, cases[i].text, &list) != CLAE_OK) fail_msg("%s", f->last_error);
        char *text = layers_to_text(&list);
        assert_string_equal(text, cases[i].printed);
        free(text);
        layer_list_free(&list);
    }
    for (size_t i = 0; layer_types[i]; i++) {
        assert_non_null(layer_types[i]->help);
        const char *word = layer_types[i]->word ? layer_types[i]->word : layer_types[i]->name;
        assert_memory_equal(layer_types[i]->help, word, strlen(word));
    }
}

/* For images of 1x28x28: an encoder, a decoder, and what is said of them. */
static const struct {
    const char *encoder, *decoder, *message;
} wrong_texts[] = {
    {"", NULL, "--encoder: layer 1: there is no layer"},
    {"# conv 32 k5", NULL, "--encoder: layer 1: there is no layer"},
    {"conv 32 k5,, relu", NULL, "--encoder: layer 2: there is no layer after the comma"},
    {", conv 32 k5", NULL, "--encoder: layer 1: there is no layer before the comma"},
    {"conv 32 k5, relu,", NULL, "--encoder: layer 3: there is no layer after the comma"},
    {"convv 32 k5", NULL, "--encoder: \"convv 32 k5\", layer 1: there is no layer \"convv\"; did you mean conv?"},
    {"conv 32 k5, ReLU", NULL, "--encoder: \"ReLU\", layer 2: there is no layer \"ReLU\"; did you mean relu?"},
    {"transformer 8", NULL,
     "--encoder: \"transformer 8\", layer 1: there is no layer \"transformer\"; clae describe --help lists them all"},
    {"conv 32", NULL, "--encoder: \"conv 32\", layer 1: needs its kernel, like k3"},
    {"conv k3", NULL, "--encoder: \"conv k3\", layer 1: needs its out_channels, like 32"},
    {"conv k3 32", NULL,
     "--encoder: \"conv k3 32\", layer 1: \"32\": out_channels comes first, before the other values"},
    {"conv 32 k5 relu", NULL,
     "--encoder: \"conv 32 k5 relu\", layer 1: \"relu\" is a layer: a comma is missing before it"},
    {"conv 32 k 5", NULL, "--encoder: \"conv 32 k 5\", layer 1: \"k\": kernel is written k3, without a blank"},
    {"conv 32 k5 k3", NULL, "--encoder: \"conv 32 k5 k3\", layer 1: \"k3\": kernel is there already"},
    {"conv 32 k5 q1", NULL,
     "--encoder: \"conv 32 k5 q1\", layer 1: \"q1\": conv has no such value; it has out_channels (32), kernel (k3), "
     "stride (s3), padding (p3), no_bias (nobias)"},
    {"conv 32 k5 nobais", NULL,
     "--encoder: \"conv 32 k5 nobais\", layer 1: \"nobais\": conv has no such value; did you mean nobias?"},
    {"conv 32 k3x3x3", NULL,
     "--encoder: \"conv 32 k3x3x3\", layer 1: \"k3x3x3\": expected a whole number, or two: height x width, like k3"},
    {"conv 2.5 k3", NULL, "--encoder: \"conv 2.5 k3\", layer 1: \"2.5\": expected a whole number, like 32"},
    {"conv 0 k3", NULL, "--encoder: \"conv 0 k3\", layer 1: \"0\": out_channels 0, must be from 1 to 65536"},
    {"linear 8x4", NULL,
     "--encoder: \"linear 8x4\", layer 1: \"8x4\": expected channels, or channels x height x width, like 64"},
    {"relu 3", NULL, "--encoder: \"relu 3\", layer 1: \"3\": relu has no values"},
    {"conv 8 k3, relu)", NULL, "--encoder: layer 3: \")\" stands at the end: there is no \"(\" for it"},
    {"residual", NULL, "--encoder: \"residual\", layer 1: needs its layers in parentheses, like residual(relu)"},
    {"residual(relu, conv 1 k3 p1", NULL,
     "--encoder: \"residual\", layer 1: the \")\" at the end of its layers is missing"},
    {"residual()", NULL, "--encoder: layer 1.1: there is no layer"},
    {"residual(relu) relu", NULL,
     "--encoder: \"residual\", layer 1: \"relu\" stands behind its \")\": a comma is missing before it"},
    {"conv 8 k3, relu(conv 8 k3)", NULL,
     "--encoder: \"relu\", layer 2: relu has no layers of its own: the \"(\" cannot be here"},
    {"residual(relu, conv 1 k3 p1, convx 8)", NULL,
     "--encoder: \"convx 8\", layer 1.3: there is no layer \"convx\"; did you mean conv?"},
    /* What the shapes say. */
    {"conv 32 k5 s4, relu, conv 64 k7", NULL,
     "--encoder: \"conv 64 k7\", layer 3: height 6 with padding 0 is smaller than the kernel 7"},
    {"conv 32 k3x5 p1x5", NULL, "--encoder: \"conv 32 k3x5 p1x5\", layer 1: padding 5, must be less than the kernel 5"},
    {"residual(conv 4 k3 p1)", NULL,
     "--encoder: \"residual(...)\", layer 1: the block makes 4x28x28 of 1x28x28: it must keep the shape of its input"},
    {"conv 8 k4 s4, residual(relu, conv 8 k9)", NULL,
     "--encoder: \"conv 8 k9\", layer 2.2: height 7 with padding 0 is smaller than the kernel 9"},
    {"linear 8", "linear 1x28x28, conv 1 k29",
     "--decoder: \"conv 1 k29\", layer 2: height 28 with padding 0 is smaller than the kernel 29"},
    {"linear 8", "linear 1x28x27", "the decoder gives 1x28x27 for images of 1x28x28"},
    {"linear 8", "mirror, relu",
     "--decoder: \"mirror\", layer 1: there is no layer \"mirror\"; clae describe --help lists them all"},
    {"conv 8 k3 s2, conv_transpose 1 k3 s2 q2", "mirror",
     "--encoder: \"conv_transpose 1 k3 s2 q2\", layer 2: output padding 2, must be less than the stride 2"},
    {"relu", NULL, "no layer of the encoder has a counterpart for the decoder: it needs a text of its own"},
    {"relu", "relu", "a model needs a layer with weights"},
};

static void wrong_texts_are_refused(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < sizeof wrong_texts / sizeof *wrong_texts; i++) {
        model_texts texts;
        clae_model *model = NULL;
        f->last_error[0] = '\0';
        assert_true(model_texts_init(&texts, wrong_texts[i].encoder, wrong_texts[i].decoder, "--encoder", "--decoder"));
        assert_int_equal(model_of_texts(f->context, (clae_shape){1, 28, 28}, &texts, 0, &model), CLAE_ERROR_INPUT);
        assert_null(model);
        assert_string_equal(f->last_error, wrong_texts[i].message);
        model_texts_free(&texts);
    }
}

static void mirrors_are_as_said(void **state) {
    static const struct {
        const char *encoder, *decoder;
    } cases[] = {
        {"conv 32 k5, relu, conv 32 k5, relu, conv 32 k4 s2, relu, conv 32 k3 s2, relu, conv 8 k4",
         "conv_transpose 32 k4, relu, conv_transpose 32 k3 s2, relu, conv_transpose 32 k4 s2, relu, conv_transpose 32 "
         "k5, relu, conv_transpose 1 k5"},
        {"relu, conv 8 k3 s2 nobias, batch_norm, relu, dropout 0.25, conv 4 k2, relu",
         "conv_transpose 8 k2, batch_norm, relu, dropout 0.25, conv_transpose 1 k3 s2 q1 nobias"},
        {"conv 4 k3 s2x3 p1, tanh, linear 16, relu, linear 3",
         "linear 16, relu, linear 4x14x10, tanh, conv_transpose 1 k3 s2x3 p1 q1x0"},
        {"conv 4 k3 p1, relu, residual(conv 4 k3 p1, relu), tanh, linear 3",
         "linear 4x28x28, tanh, residual(conv 4 k3 p1, relu), relu, conv_transpose 1 k3 p1"},
        {"conv_transpose 4 k3 s2 q1, relu, conv 2 k9", "conv_transpose 4 k9, relu, conv 1 k3 s2"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clae_model *model;
        char *encoder, *decoder;
        if (clae_model_create_text(f->context, (clae_shape){1, 28, 28}, cases[i].encoder, " mirror\n", 0, &model))
            fail_msg("%s", f->last_error);
        assert_int_equal(clae_model_get_text(model, &encoder, &decoder), CLAE_OK);
        assert_string_equal(encoder, cases[i].encoder);
        assert_string_equal(decoder, cases[i].decoder);
        free(encoder);
        free(decoder);
        clae_model_free(model);
    }
}

/* One that keeps the shape, for a block. */
static size_t random_body(test_random *random, size_t channels, char *text, size_t size) {
    const int kernel = 2 * random_int(random, 0, 2) + 1;
    return (size_t)snprintf(text, size, "residual(conv %zu k%d p%d, relu)", channels, kernel, kernel / 2);
}

/* Small numbers; sizes of pixels are larger ones too. */
static void randomise_small(test_random *random, const layer_type *type, const layer_field *f, clae_layer_spec *spec) {
    const bool is_left = !isnan(f->standard) && random_int(random, 0, 1);
    const int most = f->kind == FIELD_PAIR && f->max >= LAYER_MAX_SIDE ? 50 : 4;
    if (f->like) layer_field_set_like(type, f, spec);
    if (!f->word || f->kind == FIELD_REAL || is_left) return;
    for (size_t i = 0; i < layer_field_size(f); i++)
        layer_field_set(f, spec, i, fmin(f->max, f->min + random_int(random, 0, random_int(random, 0, 1) ? most : 4)));
}

/* A layer with small values, as text. */
static size_t random_layer(test_random *random, size_t channels, char *text, size_t size) {
    const layer_type *type = layer_types[random_int(random, 0, (int)type_count() - 1)];
    clae_layer_spec spec;
    if (type->has_body) return random_body(random, channels, text, size);
    layer_spec_init(type, &spec);
    for (const layer_field *f = type->fields; f && f->name; f++) randomise_small(random, type, f, &spec);
    char *printed = layer_to_text(&spec);
    assert_non_null(printed);
    const int length = snprintf(text, size, "%s", printed);
    free(printed);
    return (size_t)length;
}

/* Layers are put behind the encoder as long as it can be built. Where it can, its mirror must come back to the image.
 */
static size_t grow_encoder(fixture *f, test_random *random, clae_shape shape) {
    char encoder[2048] = "";
    size_t built = 0, used = 0, channels = shape.c;
    for (int i = 0; i < 12; i++) {
        clae_model *model = NULL;
        size_t length = used ? (size_t)snprintf(encoder + used, sizeof encoder - used, ", ") : 0;
        length += random_layer(random, channels, encoder + used + length, sizeof encoder - used - length);
        f->last_error[0] = '\0';
        if (clae_model_create_text(f->context, shape, encoder, NULL, 0, &model) == CLAE_OK) {
            channels = clae_model_latent_shape(model).c;
            used += length;
            built++;
        } else if (strncmp(f->last_error, "encoder: ", strlen("encoder: ")) != 0 &&
                   strncmp(f->last_error, "no layer of the encoder", strlen("no layer of the encoder")) != 0 &&
                   strcmp(f->last_error, "a model needs a layer with weights") != 0) {
            fail_msg("%zux%zux%zu \"%s\": %s", shape.c, shape.h, shape.w, encoder, f->last_error);
        }
        encoder[used] = '\0';
        clae_model_free(model);
    }
    return built;
}

static void mirrors_come_back(void **state) {
    fixture *f = *state;
    const uint64_t seed = seed_of_test();
    size_t built = 0;
    for (uint64_t i = 0; i < 60; i++) {
        test_random random = random_stream(seed, 2, i);
        const clae_shape shape = {(size_t)random_int(&random, 1, 5), (size_t)random_int(&random, 7, 40),
                                  (size_t)random_int(&random, 7, 40)};
        built += grow_encoder(f, &random, shape);
    }
    assert_true(built > 60);
}

static void models_have_their_texts(void **state) {
    fixture *f = *state;
    clae_model *model, *again;
    char *encoder, *decoder;
    const clae_shape shape = {3, 19, 14};
    assert_int_equal(clae_model_create_text(f->context, shape,
                                            "conv 6 k4x3 s2 p1, relu, residual(conv 6 k3 p1, relu), linear 8x4x4", NULL,
                                            5, &model),
                     CLAE_OK);
    const clae_shape latent = clae_model_latent_shape(model);
    assert_true(latent.c == 8 && latent.h == 4 && latent.w == 4);
    assert_int_equal(clae_model_get_text(model, &encoder, &decoder), CLAE_OK);
    assert_int_equal(clae_model_create_text(f->context, shape, encoder, decoder, 5, &again), CLAE_OK);
    assert_int_equal(model->parameter_floats, again->parameter_floats);
    assert_memory_equal(model->parameters, again->parameters, model->parameter_floats * sizeof(float));
    char *json = model_layers_to_json(model), *json_again = model_layers_to_json(again);
    assert_string_equal(json, json_again);
    free(json);
    free(json_again);
    free(encoder);
    free(decoder);
    clae_model_free(model);
    clae_model_free(again);
}

static void presets_take_any_size(void **state) {
    static const char *const names[] = {"linear", "mlp", "conv", "resnet"};
    static const size_t sides[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 28, 33, 67, 130};
    fixture *f = *state;
    test_random random = random_stream(seed_of_test(), 3, 0);
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
            const clae_shape shape = {(size_t)random_int(&random, 1, 5), sides[i], sides[random_int(&random, 0, 12)]};
            const preset_request request = {.input = shape, .latent_dim = 3, .channels = 2};
            model_texts texts;
            clae_model *model;
            assert_int_equal(preset_texts(f->context, names[n], &request, &texts), CLAE_OK);
            if (model_of_texts(f->context, shape, &texts, 0, &model) != CLAE_OK)
                fail_msg("%s, %zux%zux%zu: %s", names[n], shape.c, shape.h, shape.w, f->last_error);
            assert_int_equal(shape_elements(clae_model_latent_shape(model)), 3);
            clae_model_free(model);
            model_texts_free(&texts);
        }
    assert_string_equal(preset_resolve("auto", (clae_shape){1, 28, 28}), "lecture");
    assert_string_equal(preset_resolve("auto", (clae_shape){3, 28, 28}), "conv");
    assert_string_equal(preset_resolve("mlp", (clae_shape){1, 28, 28}), "mlp");
}

/* Settings of versions that knew no texts are those of the lecture's network. */
static void runs_without_texts_are_the_lectures(void **state) {
    fixture *f = *state;
    const clae_shape shape = {1, 28, 28};
    clae_settings old = settings_defaults(f->context), kept = settings_defaults(f->context);
    clae_model *lecture, *made, *other;
    assert_int_equal(clae_model_create_lecture(f->context, 32, 8, 0, &lecture), CLAE_OK);
    assert_int_equal(network_create(f->context, &old, &shape, &made), CLAE_OK);
    assert_int_equal(lecture->parameter_floats, made->parameter_floats);
    assert_memory_equal(lecture->parameters, made->parameters, made->parameter_floats * sizeof(float));
    assert_int_equal(network_check_same(f->context, "run", &old, made), CLAE_OK);
    assert_int_equal(network_keep(f->context, made, &kept), CLAE_OK);
    assert_int_equal(network_check_same(f->context, "run", &kept, lecture), CLAE_OK);
    assert_int_equal(clae_model_create_text(f->context, shape, "linear 8", NULL, 0, &other), CLAE_OK);
    assert_int_equal(network_check_same(f->context, "run", &old, other), CLAE_ERROR_INPUT);
    assert_non_null(strstr(f->last_error, "run was started with --encoder \"conv 32 k5, relu,"));
    assert_int_equal(network_check_same(f->context, "run", &kept, other), CLAE_ERROR_INPUT);
    clae_model_free(lecture);
    clae_model_free(made);
    clae_model_free(other);
    settings_release(&old);
    settings_release(&kept);
}

static clae_status read_text(fixture *f, const char *path, const char *text, model_texts *texts) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    f->last_error[0] = '\0';
    return model_texts_read(f->context, path, texts);
}

static void files_have_both(void **state) {
    fixture *f = *state;
    char folder[] = "/tmp/clae-test-XXXXXX", path[64];
    model_texts texts;
    clae_model *model = NULL;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    snprintf(path, sizeof path, "net.txt");
    assert_int_equal(
        read_text(f, path,
                  "# A network.\n\ninput: 3x9x7   # small\nencoder: conv 4 k3 # first\n  relu\n  linear 5\n"
                  "decoder:  mirror # of it\n",
                  &texts),
        CLAE_OK);
    assert_true(texts.input.c == 3 && texts.input.h == 9 && texts.input.w == 7);
    if (model_of_texts(f->context, texts.input, &texts, 0, &model)) fail_msg("%s", f->last_error);
    clae_model_free(model);
    model_texts_free(&texts);

    assert_int_equal(read_text(f, path, "encoder:\n  linear 5\ndecoder:\n  linear 8,\n\n  linear 1x3 # no\n", &texts),
                     CLAE_OK);
    assert_int_equal(texts.input.c, 0);
    assert_int_equal(model_of_texts(f->context, (clae_shape){1, 3, 3}, &texts, 0, &model), CLAE_ERROR_INPUT);
    assert_string_equal(f->last_error,
                        "net.txt, decoder, line 6: \"linear 1x3\", layer 2: \"1x3\": expected channels, or "
                        "channels x height x width, like 64");
    model_texts_free(&texts);

    static const char *const wrong[][2] = {
        {"conv 3 k3\n", "net.txt, line 1: \"conv 3 k3\": expected \"encoder:\", \"decoder:\" or \"input:\" first"},
        {"decoder: relu\n", "net.txt: there is no section \"encoder:\""},
        {"encoder: relu\n\nencoder: relu\n", "net.txt, line 3: \"encoder:\" is there already, in line 1"},
        {"encoder: relu\ninput: 28x28\n",
         "net.txt, line 2: \"28x28\": expected channels x height x width of the images, like 3x32x32"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_text(f, path, wrong[i][0], &texts), CLAE_ERROR_INPUT);
        assert_string_equal(f->last_error, wrong[i][1]);
        assert_null(texts.encoder);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read),
        cmocka_unit_test(texts_are_short),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(mirrors_are_as_said),
        cmocka_unit_test(mirrors_come_back),
        cmocka_unit_test(models_have_their_texts),
        cmocka_unit_test(presets_take_any_size),
        cmocka_unit_test(files_have_both),
        cmocka_unit_test(runs_without_texts_are_the_lectures),
    };
    return cmocka_run_group_tests_name("model text", tests, fixture_setup, fixture_teardown);
}
