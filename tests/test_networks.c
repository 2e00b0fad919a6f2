/* Random networks over all layer types against the reference: the first loss and all gradients, a training of ten
 * steps, checkpoints, files, and inference. */
#include "device_support.h"
#include "network_trial.h"
#include "train/optimiser.h"
#include "train/trainer.h"

#include <math.h>
#include <unistd.h>

#define PROBES 1            /* parameters of each tensor whose gradient is compared with a difference quotient */
#define TRAINING_ERROR 1e-5 /* relative, of the losses of ten steps */

/* The largest errors seen, as shares of their bounds. */
typedef struct shares {
    double loss, gradient, training, evaluation, quotient;
    size_t drawn, unsteady;
    uint64_t types; /* bits: the layer types that were there */
} shares;

typedef struct trial_run {
    fixture *f;
    network_trial t;
    clae_settings settings;
    shares *shares;
    char *text; /* for messages */
} trial_run;

static double share_of(double error, double bound) {
    return error == 0 ? 0 : error / bound;
}

static char *text_of(const clae_model *model, uint64_t seed, size_t index) {
    static char text[8192];
    char *encoder, *decoder;
    assert_int_equal(clae_model_get_text(model, &encoder, &decoder), CLAE_OK);
    snprintf(text, sizeof text, "CLAE_TEST_SEED=%llu, network %zu, %zux%zux%zu\n  --encoder '%s'\n  --decoder '%s'\n ",
             (unsigned long long)seed, index, model->input.c, model->input.h, model->input.w, encoder, decoder);
    free(encoder);
    free(decoder);
    return text;
}

static clae_trainer *make_trainer(const trial_run *r, clae_model *model) {
    clae_trainer *trainer = NULL;
    if (clae_trainer_create(r->f->device, model, r->t.images, &r->settings, &trainer) != CLAE_OK)
        fail_msg("%s %s", r->text, r->f->last_error);
    return trainer;
}

/* Up to step `end`; the losses go to their places. */
static void run_to(const trial_run *r, clae_trainer *trainer, uint64_t end, float losses[TRIAL_STEPS]) {
    const uint64_t start = clae_trainer_position(trainer).step;
    const float *found;
    size_t count;
    while (clae_trainer_position(trainer).step < end)
        assert_int_equal(clae_trainer_run(trainer, end - clae_trainer_position(trainer).step), CLAE_OK);
    if (clae_trainer_losses(trainer, &found, &count) != CLAE_OK) fail_msg("%s %s", r->text, r->f->last_error);
    assert_int_equal(count, end - start);
    memcpy(losses + start, found, count * sizeof *found);
}

/* ---- the first step */

/* The gradient, or what a statistic has become. */
static void check_tensor(trial_run *r, const layer *l, const layer_param *p, const float *results) {
    for (size_t e = p->offset; e < p->offset + p->count; e++) {
        const double error = fabs(results[e] - r->t.results[e]), bound = r->t.bounds[e];
        if (!(error <= bound))
            fail_msg("%s %s%s.%s[%zu]: %.9g, the reference gives %.9g, bound %.3g", r->text,
                     p->is_statistic ? "" : "gradient of ", l->name, p->name, e - p->offset, (double)results[e],
                     r->t.results[e], bound);
        r->shares->gradient = fmax(r->shares->gradient, share_of(error, bound));
    }
}

static void check_first_step(trial_run *r, clae_trainer *trainer, float loss) {
    const size_t trained = r->t.model->trained_floats, floats = r->t.model->parameter_floats;
    float *results = malloc(floats * sizeof *results);
    const double error = fabs(loss - r->t.loss);
    if (!(error <= r->t.loss_bound))
        fail_msg("%s loss: %.9g, the reference gives %.9g, bound %.3g", r->text, (double)loss, r->t.loss,
                 r->t.loss_bound);
    r->shares->loss = fmax(r->shares->loss, share_of(error, r->t.loss_bound));
    assert_int_equal(buffer_download(trainer->runner.params.gradients, 0, results, trained * sizeof *results), CLAE_OK);
    if (floats > trained)
        assert_int_equal(buffer_download(trainer->runner.params.values, trained * sizeof *results, results + trained,
                                         (floats - trained) * sizeof *results),
                         CLAE_OK);
    for (size_t i = 0; i < r->t.model->layer_count; i++)
        for (size_t k = 0; k < r->t.model->layers[i].param_count; k++)
            check_tensor(r, &r->t.model->layers[i], &r->t.model->layers[i].param[k], results);
    free(results);
}

/* ---- the reference itself */

static double loss_at(const network_trial *t, double *parameters) {
    const reference_settings settings = {.n = (int)t->batch, .training = true, .seed = t->seed};
    const size_t count = t->batch * shape_elements(t->model->input);
    reference_network *net = reference_network_create(t->model, &settings);
    const double *y = reference_network_forward(net, parameters, t->x);
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += 0.5 * (y[i] - t->x[i]) * (y[i] - t->x[i]);
    reference_network_free(net);
    return sum / (double)t->batch;
}

static double quotient(const network_trial *t, double *parameters, size_t i, double h) {
    const double kept = parameters[i];
    parameters[i] = kept + h;
    const double above = loss_at(t, parameters);
    parameters[i] = kept - h;
    const double below = loss_at(t, parameters);
    parameters[i] = kept;
    return (above - below) / (2 * h);
}

/* Where a kink lies between, the quotient depends on h: such a probe says nothing. */
static bool check_probe(trial_run *r, const layer *l, const layer_param *p, double *parameters, size_t e) {
    const double found = r->t.results[e], near = quotient(&r->t, parameters, e, 1e-6);
    const double bound = 1e-5 * (fabs(found) + r->t.loss * 1e-2);
    if (fabs(near - quotient(&r->t, parameters, e, 3e-6)) > bound / 4) return false;
    if (!(fabs(near - found) <= bound))
        fail_msg("%s the reference's gradient of %s.%s[%zu]: %.9g, difference quotients give %.9g", r->text, l->name,
                 p->name, e - p->offset, found, near);
    r->shares->quotient = fmax(r->shares->quotient, share_of(fabs(near - found), bound));
    return true;
}

static void check_reference(trial_run *r, test_random *random) {
    double *parameters = malloc(r->t.model->parameter_floats * sizeof *parameters);
    size_t tried = 0, sure = 0;
    memcpy(parameters, r->t.parameters, r->t.model->parameter_floats * sizeof *parameters);
    for (size_t i = 0; i < r->t.model->layer_count; i++) {
        const layer *l = &r->t.model->layers[i];
        for (size_t k = 0; k < l->param_count; k++) {
            const layer_param *p = &l->param[k];
            for (int probe = 0; probe < PROBES && !p->is_statistic; probe++, tried++)
                sure += check_probe(r, l, p, parameters, p->offset + random_bits(random) % p->count);
        }
    }
    if (2 * sure < tried) fail_msg("%s %zu of %zu probes lie at a kink", r->text, tried - sure, tried);
    free(parameters);
}

/* ---- ten steps */

static void reference_training(const trial_run *r, test_random *noise, double losses[TRIAL_STEPS]) {
    const clae_model *model = r->t.model;
    const size_t floats = model->parameter_floats, trained = model->trained_floats;
    const update_desc update = {optimiser_of(&r->settings), trained};
    double *memory = calloc(3 * trained + floats + 3 * trained, sizeof *memory);
    double *gradients = memory, *parameters = memory + 3 * trained, *unused = parameters + floats;
    const reference_output state[2] = {{memory + trained, unused + trained},
                                       {memory + 2 * trained, unused + 2 * trained}};
    memcpy(parameters, r->t.parameters, floats * sizeof *parameters);
    for (uint64_t step = 0; step < TRIAL_STEPS; step++) {
        reference_settings settings = {.training = true, .seed = r->settings.seed, .number = step, .noise = noise};
        const double *x = network_trial_batch(&r->t, step, &settings.n);
        reference_network *net = reference_network_create(model, &settings);
        float rates[OP_MAX_RATES];
        double wide[OP_MAX_RATES];
        reference_network_forward(net, parameters, x);
        losses[step] = reference_network_backward(net, parameters, gradients);
        reference_network_free(net);
        optimiser_rates(&r->settings, step, rates);
        for (int k = 0; k < OP_MAX_RATES; k++) wide[k] = (double)rates[k];
        reference_update(&update, wide, gradients, (reference_output){parameters, unused},
                         (reference_output[2]){state[0], state[1]});
    }
    free(memory);
}

/* Adam makes whole steps of a gradient that is nothing but rounding errors. Where a disturbed training shows that this
 * matters, losses may be off by a multiple of what it was off. */
static double training_bound(trial_run *r, test_random *random, const double expected[TRIAL_STEPS]) {
    double disturbed[TRIAL_STEPS], largest = 0;
    for (int run = 0; run < 4; run++) {
        reference_training(r, random, disturbed);
        for (int i = 0; i < TRIAL_STEPS; i++) largest = fmax(largest, fabs(disturbed[i] / expected[i] - 1));
    }
    if (largest < 10 * TRAINING_ERROR) return TRAINING_ERROR;
    r->shares->unsteady++;
    return 4 * largest;
}

static void check_training(trial_run *r, test_random *random, const float found[TRIAL_STEPS]) {
    double expected[TRIAL_STEPS];
    reference_training(r, NULL, expected);
    const double bound = training_bound(r, random, expected);
    for (int i = 0; i < TRIAL_STEPS; i++) {
        const double error = fabs(found[i] / expected[i] - 1);
        if (!(error <= bound))
            fail_msg("%s loss of step %d: %.9g, the reference gives %.9g, bound %.3g", r->text, i + 1, (double)found[i],
                     expected[i], bound * expected[i]);
        r->shares->training = fmax(r->shares->training, error / bound);
    }
}

/* ---- files */

static clae_model *same_layers(const trial_run *r, const clae_model *model) {
    clae_model *other = NULL;
    char *encoder, *decoder;
    assert_int_equal(clae_model_get_text(model, &encoder, &decoder), CLAE_OK);
    if (clae_model_create_text(r->f->context, model->input, encoder, decoder, 99, &other) != CLAE_OK)
        fail_msg("%s its text is refused: %s", r->text, r->f->last_error);
    free(encoder);
    free(decoder);
    return other;
}

static void assert_same(const trial_run *r, const char *what, const clae_model *a, const clae_model *b) {
    if (a->parameter_floats != b->parameter_floats ||
        memcmp(a->parameters, b->parameters, a->parameter_floats * sizeof(float)) != 0)
        fail_msg("%s %s: other weights", r->text, what);
}

static void check_resume(trial_run *r, const char *checkpoint, const float losses[TRIAL_STEPS]) {
    clae_model *other = same_layers(r, r->t.model);
    clae_trainer *trainer = make_trainer(r, other);
    float again[TRIAL_STEPS];
    if (clae_trainer_restore_checkpoint(trainer, checkpoint, NULL) != CLAE_OK)
        fail_msg("%s %s", r->text, r->f->last_error);
    const uint64_t start = clae_trainer_position(trainer).step;
    run_to(r, trainer, TRIAL_STEPS, again);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    assert_memory_equal(again + start, losses + start, (TRIAL_STEPS - start) * sizeof(float));
    assert_same(r, "resumed", other, r->t.model);
    clae_trainer_free(trainer);
    clae_model_free(other);
}

static void check_file(trial_run *r, const char *path) {
    clae_model *loaded = NULL, *model = r->t.model, *other = same_layers(r, model);
    double mean[CLAE_MAX_CHANNELS], std[CLAE_MAX_CHANNELS];
    assert_int_equal(clae_model_save(model, path), CLAE_OK);
    if (clae_model_load(r->f->context, path, &loaded) != CLAE_OK) fail_msg("%s %s", r->text, r->f->last_error);
    assert_same(r, "loaded", loaded, model);
    if (clae_model_load_weights(other, path) != CLAE_OK) fail_msg("%s %s", r->text, r->f->last_error);
    assert_same(r, "of loaded weights", other, model);
    clae_model_free(other);
    clae_model_get_normalisation(loaded, mean, std);
    assert_memory_equal(mean, model->mean, model->input.c * sizeof *mean);
    assert_memory_equal(std, model->std, model->input.c * sizeof *std);
    char *json = model_layers_to_json(model), *json_again = model_layers_to_json(loaded);
    assert_string_equal(json, json_again);
    free(json);
    free(json_again);
    clae_model_free(loaded);
}

/* ---- inference, with running statistics and without dropout */

static void disturbed_output(const trial_run *r, test_random *random, bool noisy, double *y) {
    const int n = (int)r->t.images->info.n;
    const size_t floats = r->t.model->parameter_floats;
    const reference_settings settings = {.n = n, .noise = noisy ? random : NULL};
    reference_network *net = reference_network_create(r->t.model, &settings);
    double *parameters = malloc(floats * sizeof *parameters);
    for (size_t i = 0; i < floats; i++) parameters[i] = r->t.model->parameters[i];
    memcpy(y, reference_network_forward(net, parameters, r->t.x),
           (size_t)n * shape_elements(r->t.model->input) * sizeof *y);
    free(parameters);
    reference_network_free(net);
}

/* The bound as for gradients, from one disturbed run: there are many elements. */
static void check_reconstructed(trial_run *r, test_random *random, const float *found, size_t count) {
    const clae_model *model = r->t.model;
    const size_t channels = model->input.c;
    double *y = malloc(2 * count * sizeof *y), *other = y + count, bound = 0;
    disturbed_output(r, random, false, y);
    disturbed_output(r, random, true, other);
    for (size_t i = 0; i < count; i++) bound = fmax(bound, 2 * fabs(y[i] - other[i]) * model->std[i % channels]);
    for (size_t i = 0; i < count; i++) {
        const double expected = y[i] * model->std[i % channels] + model->mean[i % channels];
        const double error = fabs(found[i] - expected);
        if (!(error <= bound + 1e-6))
            fail_msg("%s reconstructed[%zu]: %.9g, the reference gives %.9g, bound %.3g", r->text, i, (double)found[i],
                     expected, bound);
        r->shares->evaluation = fmax(r->shares->evaluation, error / (bound + 1e-6));
    }
    free(y);
}

static void check_inference(trial_run *r, test_random *random) {
    const clae_model *model = r->t.model;
    const size_t n = r->t.images->info.n, count = n * shape_elements(model->input);
    float *codes = malloc(n * shape_elements(model->latent) * sizeof *codes);
    float *decoded = malloc(count * sizeof *decoded), *reconstructed = malloc(count * sizeof *reconstructed);
    clae_infer *infer = NULL;
    if (clae_infer_create(r->f->device, model, NULL, 3, &infer) != CLAE_OK)
        fail_msg("%s %s", r->text, r->f->last_error);
    assert_int_equal(clae_infer_encode(infer, r->t.images, codes), CLAE_OK);
    assert_int_equal(clae_infer_decode(infer, codes, n, decoded), CLAE_OK);
    assert_int_equal(clae_infer_reconstruct(infer, r->t.images, 0, n, reconstructed), CLAE_OK);
    if (memcmp(decoded, reconstructed, count * sizeof *decoded) != 0)
        fail_msg("%s decoded codes are not what is reconstructed", r->text);
    check_reconstructed(r, random, reconstructed, count);
    clae_infer_free(infer);
    free(codes);
    free(decoded);
    free(reconstructed);
}

/* ---- all */

static void note_types(shares *s, const clae_model *model) {
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; layer_types[k]; k++)
            if (layer_types[k] == model->layers[i].type) s->types |= (uint64_t)1 << k;
}

static void check_network(trial_run *r, test_random *random) {
    char folder[] = "/tmp/clae-test-XXXXXX", checkpoint[64], file[64];
    float losses[TRIAL_STEPS];
    assert_non_null(mkdtemp(folder));
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.safetensors", folder);
    snprintf(file, sizeof file, "%s/model.safetensors", folder);
    clae_trainer *trainer = make_trainer(r, r->t.model);
    run_to(r, trainer, 1, losses);
    check_first_step(r, trainer, losses[0]);
    check_reference(r, random);
    run_to(r, trainer, (uint64_t)random_int(random, 2, TRIAL_STEPS - 1), losses);
    assert_int_equal(clae_trainer_save_checkpoint(trainer, checkpoint, NULL), CLAE_OK);
    run_to(r, trainer, TRIAL_STEPS, losses);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    clae_trainer_free(trainer);
    check_training(r, random, losses);
    check_resume(r, checkpoint, losses);
    check_file(r, file);
    check_inference(r, random);
    unlink(checkpoint);
    unlink(file);
    rmdir(folder);
}

static void test_networks(void **state) {
    const char *only = getenv("CLAE_TEST_NETWORK"), *all = getenv("CLAE_TEST_LONG");
    const size_t networks = all || only ? TRIAL_NETWORKS : TRIAL_NETWORKS / 5;
    const uint64_t seed = network_seed();
    shares s = {0};
    print_message("CLAE_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = only ? strtoull(only, NULL, 10) : 0; i < networks; i++) {
        test_random random = random_stream(seed, 21, i);
        trial_run r = {.f = *state, .shares = &s, .settings = settings_of(2, 1e-3)};
        assert_true(network_trial_create(r.f->context, seed, i, &r.t));
        r.settings.batch_size = r.t.batch;
        r.settings.seed = r.t.seed;
        r.settings.no_shuffle = true;
        r.text = text_of(r.t.model, seed, i);
        note_types(&s, r.t.model);
        s.drawn += (size_t)r.t.drawn;
        if (getenv("CLAE_TEST_VERBOSE")) print_message("%s\n", r.text);
        check_network(&r, &random);
        network_trial_release(&r.t);
        if (only) return;
    }
    print_message("    largest errors as shares of their bounds, %zu networks of %zu drawn: loss %.3f, gradients %.3f, "
                  "ten steps %.3f (%zu unsteady), reconstructions %.3f; difference quotients %.3f\n",
                  networks, s.drawn, s.loss, s.gradient, s.training, s.unsteady, s.evaluation, s.quotient);
    if (2 * s.unsteady > networks) fail_msg("%zu networks are trained within 1e-5", networks - s.unsteady);
    for (size_t k = 0; layer_types[k] && all; k++)
        if (!(s.types >> k & 1)) fail_msg("no network has the layer %s", layer_types[k]->name);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_networks)};
    return cmocka_run_group_tests_name("networks", tests, fixture_setup, fixture_teardown);
}
