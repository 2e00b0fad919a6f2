/* What a training says of itself: each warning where it is due, and silence where it is not. */
#include "run_support.h"

#include "app/run/run_warnings.h"
#include "data/npy_array.h"
#include "graph/model.h"
#include "test_random.h"

#define SIDE 8
#define PIXELS (SIDE * SIDE)
#define IMAGES 200

/* Sums of two patterns, with noise, so that two components say most; the left columns are black. */
static void draw_images(float *pixels) {
    test_random random = random_stream(11, 0, 0);
    float patterns[2][PIXELS];
    for (int k = 0; k < 2 * PIXELS; k++) patterns[k / PIXELS][k % PIXELS] = (float)random_real(&random);
    for (int i = 0; i < IMAGES; i++) {
        const float a = (float)random_real(&random), b = (float)random_real(&random);
        for (int k = 0; k < PIXELS; k++) {
            const float noise = 0.1f * (float)random_real(&random);
            pixels[i * PIXELS + k] =
                k % SIDE < 3 ? 0 : 0.5f + 0.2f * (a * patterns[0][k] + b * patterns[1][k]) + noise;
        }
    }
}

static int set_up_images(void **state) {
    float *pixels = malloc(sizeof(float) * IMAGES * PIXELS);
    if (!pixels || set_up(state)) return -1;
    draw_images(pixels);
    const npy_array array = {.rank = 3, .shape = {IMAGES, SIDE, SIDE}, .values = pixels};
    const clae_status status = npy_write(shared.context, in_scratch("images.npy"), &array);
    free(pixels);
    return status != CLAE_OK;
}

/* A training of 20 steps an epoch, whose warnings are shared.messages. */
static void train_network(const char *folder, const char *encoder, double lr, uint64_t epochs) {
    run_options options = {.folder = in_scratch(folder), .settings = settings_defaults(NULL)};
    const run_limits limits = {0};
    options.settings.data = in_scratch("images.npy");
    options.settings.encoder = encoder;
    options.settings.lr = lr;
    options.settings.epochs = epochs;
    options.settings.batch_size = 10;
    options.settings.given = settings_bits(SETTINGS_OF_RUN & ~SETTINGS_NUMERICS);
    options.settings.given &= ~(SETTING_BIT(latent_dim) | SETTING_BIT(channels));
    train_to(&options, &limits, false);
}

static void assert_silent(void) {
    assert_string_equal(shared.messages, "");
}

static void assert_only(const char *words) {
    if (!strstr(shared.messages, words)) print_message("%s", shared.messages);
    assert_non_null(strstr(shared.messages, words));
    assert_int_equal(shared.warnings, 1);
}

/* What goes through one number is worse than PCA of the two that a code has. */
static void test_pca_is_better(void **state) {
    (void)state;
    train_network("narrow", "linear 256, linear 1, linear 2", 3e-3, 30);
    assert_only("PCA of 2 dimensions is better than the model (mse per pixel 0.00");
    train_network("linear", "linear 256, linear 2", 3e-3, 60);
    assert_silent();
}

/* Where it would cost more than a small share of the training, and where a code has most of an image's numbers. */
static void test_pca_is_left_out(void **state) {
    (void)state;
    train_network("cheap", "linear 4, linear 1, linear 2", 3e-3, 30);
    assert_silent();
    train_network("wide", "linear 256, linear 1, linear 40", 3e-3, 30);
    assert_silent();
}

static void test_no_better_than_the_mean(void **state) {
    (void)state;
    train_network("still", "linear 256, linear 2", 1e-12, 10);
    assert_only("the model is no better than the mean of the test images");
    train_network("short", "linear 256, linear 2", 1e-12, 1);
    assert_silent();
}

static void test_loss_rises(void **state) {
    run_log_row rows[3] = {{.epoch = 1, .train_loss = 2}, {.epoch = 2, .train_loss = 5}, {.epoch = 3, .train_loss = 7}};
    (void)state;
    shared.messages[0] = 0;
    shared.warnings = 0;
    for (size_t n = 1; n <= 2; n++) run_warn_of_epoch(shared.context, &(run_log){.rows = rows, .count = n});
    assert_silent();
    run_warn_of_epoch(shared.context, &(run_log){.rows = rows, .count = 3});
    assert_only("the loss of epoch 3, 7, is far above that of epoch 1, 2");
    /* Once, not after each epoch that follows. */
    rows[1].train_loss = 8;
    run_warn_of_epoch(shared.context, &(run_log){.rows = rows, .count = 3});
    assert_int_equal(shared.warnings, 1);
}

/* Makes output `unit` of a layer depend on nothing, and be `bias`. */
static void silence(clae_model *model, size_t layer_index, size_t unit, float bias) {
    const layer *l = &model->layers[layer_index];
    const size_t outputs = l->param[1].count;
    for (size_t i = unit; i < l->param[0].count; i += outputs) model->parameters[l->param[0].offset + i] = 0;
    model->parameters[l->param[1].offset + unit] = bias;
}

/* What is said of a model; without fusion too, where ReLUs are ops of their own, and where many are in one op. */
static void look_at(const clae_model *model) {
    clae_dataset *images;
    char *before = NULL;
    assert_int_equal(clae_dataset_open(shared.context, in_scratch("images.npy"), CLAE_SPLIT_TEST, &images), CLAE_OK);
    for (int way = 0; way < 3; way++) {
        clae_settings settings = settings_defaults(shared.context);
        clae_infer *infer;
        settings.no_fusion = way == 1;
        settings.impl = way == 2 ? "conv_chain_fwd=stages" : "";
        shared.messages[0] = 0;
        shared.warnings = 0;
        /* Batches that do not divide the images. */
        assert_int_equal(clae_infer_create(shared.device, model, &settings, 60, &infer), CLAE_OK);
        run_warn_of_activity(infer, images, CLAE_LOG_WARNING);
        clae_infer_free(infer);
        if (before) assert_string_equal(shared.messages, before);
        if (!before) before = strdup(shared.messages);
    }
    free(before);
    clae_dataset_free(images);
}

static clae_model *make_model(const char *encoder) {
    clae_model *model;
    assert_int_equal(clae_model_create_text(shared.context, (clae_shape){1, SIDE, SIDE}, encoder, NULL, 3, &model),
                     CLAE_OK);
    return model;
}

static void test_dead_activations(void **state) {
    (void)state;
    clae_model *model = make_model("conv 8 k3 p1, relu, conv 4 k3 s2 p1, tanh, linear 3");
    look_at(model);
    assert_silent();
    for (size_t unit = 0; unit < 5; unit++) silence(model, 0, unit, unit % 2 ? 0 : -1);
    look_at(model);
    assert_silent();
    silence(model, 0, 5, -1);
    look_at(model);
    assert_only("ReLU channels that are 0 for all of 200 test images, 6 of the 8 of encoder.1:");
    silence(model, 0, 5, 1e-3f); /* alive, though it is the same everywhere */
    look_at(model);
    assert_silent();
    clae_model_free(model);
}

/* In blocks and in the decoder, after linear layers too; three layers are named. */
static void test_dead_activations_in_many_layers(void **state) {
    (void)state;
    clae_model *model = make_model("linear 16, relu, residual(linear 16, relu), linear 40, relu, linear 3");
    for (size_t unit = 0; unit < 16; unit++) silence(model, 2, unit, -1);
    look_at(model);
    assert_only("200 test images, 16 of the 16 of encoder.2.1:");
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t unit = 0; model->layers[i].out.c < PIXELS && unit < model->layers[i].out.c; unit++)
            if (model->layers[i].param_count && model->layers[i].out.c > 3) silence(model, i, unit, -1);
    look_at(model);
    assert_non_null(strstr(shared.messages, "16 of the 16 of encoder.1, "));
    assert_non_null(strstr(shared.messages, ", and of 3 more layers:"));
    clae_model_free(model);
}

/* In norms, in blocks' sums, and in rows of convolutions. */
static void test_dead_activations_in_other_ops(void **state) {
    (void)state;
    clae_model *model = make_model("conv 4 k3 p1, batch_norm, relu, residual(conv 4 k3 p1, group_norm 2), relu, "
                                   "conv 6 k3 s2, relu, conv 5 k3 p1, relu, linear 3");
    look_at(model);
    assert_silent();
    for (size_t channel = 1; channel < 4; channel++) {
        model->parameters[model->layers[1].param[0].offset + channel] = 0;
        model->parameters[model->layers[1].param[1].offset + channel] = -1;
    }
    look_at(model);
    assert_only("200 test images, 3 of the 4 of encoder.2:");
    for (size_t channel = 0; channel < 5; channel++) silence(model, 7, channel, -1);
    for (size_t channel = 1; channel < 5; channel++) silence(model, 9, channel, 0);
    look_at(model);
    assert_only("3 of the 4 of encoder.2, 5 of the 6 of encoder.6, 4 of the 5 of encoder.8:");
    clae_model_free(model);
}

static void test_latent_dimensions(void **state) {
    (void)state;
    clae_model *model = make_model("conv 4 k3, tanh, linear 14");
    look_at(model);
    assert_silent();
    silence(model, 2, 3, 0.25f);
    silence(model, 2, 7, -40);
    look_at(model);
    assert_only("2 of the 14 latent dimensions are the same for all of 200 test images (3, 7):");
    for (size_t unit = 0; unit < 12; unit++) silence(model, 2, unit, 1);
    look_at(model);
    assert_only("12 of the 14 latent dimensions are the same for all of 200 test images (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...):");
    for (size_t unit = 12; unit < 14; unit++) silence(model, 2, unit, 1);
    look_at(model);
    assert_only("14 of the 14 latent dimensions");
    clae_model_free(model);
}

/* Places of a code where all images are black are no dimension without variance. */
static void test_codes_with_places(void **state) {
    (void)state;
    clae_model *model = make_model("conv 4 k3 p1, tanh, conv 3 k1");
    look_at(model);
    assert_silent();
    silence(model, 2, 1, 0.5f);
    look_at(model);
    assert_only("1 of the 3 latent dimensions is the same for all of 200 test images (1):");
    clae_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pca_is_better),
        cmocka_unit_test(test_pca_is_left_out),
        cmocka_unit_test(test_no_better_than_the_mean),
        cmocka_unit_test(test_loss_rises),
        cmocka_unit_test(test_dead_activations),
        cmocka_unit_test(test_dead_activations_in_many_layers),
        cmocka_unit_test(test_dead_activations_in_other_ops),
        cmocka_unit_test(test_latent_dimensions),
        cmocka_unit_test(test_codes_with_places),
    };
    return cmocka_run_group_tests(tests, set_up_images, tear_down);
}
