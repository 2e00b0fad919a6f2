#include "network_trial.h"

#include "data/dataset.h"
#include "network_generator.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DISTURBED_RUNS 3
#define DRAWS 40

/* The bound of a result: twice what it was off at most in runs of the reference of which each op was off by its own
 * bound, eps (8 + sqrt(K)) sum|a||b| or, where Winograd's algorithm may be taken, 8 times that of the largest element,
 * up or down at random. For tensors the largest difference of an element counts. */
#define BOUND_OF_RUNS 2.0

uint64_t network_seed(void) {
    const char *text = getenv("CLAE_TEST_SEED");
    return text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
}

static size_t type_count(void) {
    size_t count = 0;
    while (layer_types[count]) count++;
    return count;
}

static clae_dataset *random_images(clae_context *context, test_random *random, clae_shape shape, size_t n) {
    const size_t count = n * shape_elements(shape);
    clae_dataset *dataset = NULL;
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = (float)(0.5 + 0.5 * random_real(random));
    (void)clae_dataset_from_floats(context, values, n, shape.c, shape.h, shape.w, &dataset);
    free(values);
    return dataset;
}

static bool take_images(clae_context *context, test_random *random, network_trial *t) {
    const clae_shape shape = t->model->input;
    const size_t n = t->batch > 2 ? 2 * t->batch - 1 : 2 * t->batch, elements = shape_elements(shape);
    t->images = random_images(context, random, shape, n);
    t->x = malloc(n * elements * sizeof *t->x);
    if (!t->images || !t->x) return false;
    for (size_t i = 0; i < n; i++)
        if (dataset_read_values(t->images, i, t->x + i * elements) != CLAE_OK) return false;
    const clae_dataset_info *info = &t->images->info;
    for (size_t i = 0; i < n * elements; i++) t->x[i] = (t->x[i] - info->mean[i % shape.c]) / info->std[i % shape.c];
    clae_model_set_normalisation(t->model, info->mean, info->std);
    return true;
}

const double *network_trial_batch(const network_trial *t, uint64_t step, int *n) {
    const size_t all = t->images->info.n, per_epoch = (all + t->batch - 1) / t->batch;
    const size_t first = step % per_epoch * t->batch;
    *n = (int)(first + t->batch <= all ? t->batch : all - first);
    return t->x + first * shape_elements(t->model->input);
}

/* The first step, with or without noise; to be freed. */
static reference_network *run_step(const network_trial *t, test_random *noise, double *loss, double *results) {
    const reference_settings settings = {.n = (int)t->batch, .training = true, .seed = t->seed, .noise = noise};
    const size_t bytes = t->model->parameter_floats * sizeof(double);
    reference_network *net = reference_network_create(t->model, &settings);
    double *parameters = malloc(bytes);
    memcpy(parameters, t->parameters, bytes);
    reference_network_forward(net, parameters, t->x);
    *loss = reference_network_backward(net, parameters, results);
    memcpy(results + t->model->trained_floats, parameters + t->model->trained_floats,
           (t->model->parameter_floats - t->model->trained_floats) * sizeof *results);
    free(parameters);
    return net;
}

/* Raises the bounds of each tensor to what a disturbed run shows. */
static void raise_bounds(const network_trial *t, const double *disturbed) {
    for (size_t i = 0; i < t->model->layer_count; i++)
        for (size_t k = 0; k < t->model->layers[i].param_count; k++) {
            const layer_param *p = &t->model->layers[i].param[k];
            double bound = t->bounds[p->offset];
            for (size_t e = p->offset; e < p->offset + p->count; e++)
                bound = fmax(bound, BOUND_OF_RUNS * fabs(disturbed[e] - t->results[e]));
            for (size_t e = p->offset; e < p->offset + p->count; e++) t->bounds[e] = bound;
        }
}

/* False where a kink is near. */
static bool find_bounds(network_trial *t, test_random *random) {
    double *disturbed = malloc(t->model->parameter_floats * sizeof *disturbed), loss = 0;
    reference_network *exact = run_step(t, NULL, &t->loss, t->results);
    bool sure = isfinite(t->loss);
    for (int i = 0; i < DISTURBED_RUNS && sure; i++) {
        reference_network *other = run_step(t, random, &loss, disturbed);
        sure = !reference_network_is_near_kink(exact, other);
        t->loss_bound = fmax(t->loss_bound, BOUND_OF_RUNS * fabs(loss - t->loss));
        raise_bounds(t, disturbed);
        reference_network_free(other);
    }
    t->loss_bound += 8 * (double)FLT_EPSILON * t->loss;
    reference_network_free(exact);
    free(disturbed);
    return sure;
}

static bool draw_trial(clae_context *context, test_random *random, const layer_type *first, network_trial *t) {
    t->batch = (size_t)random_int(random, 2, 5);
    t->seed = random_bits(random) >> 12;
    t->model = network_generate(context, random, first, t->batch > 2 ? t->batch - 1 : 2);
    if (!t->model || !take_images(context, random, t)) return false;
    t->results = calloc(t->model->parameter_floats, sizeof *t->results);
    t->bounds = calloc(t->model->parameter_floats, sizeof *t->bounds);
    t->parameters = malloc(t->model->parameter_floats * sizeof *t->parameters);
    for (size_t i = 0; i < t->model->parameter_floats; i++) t->parameters[i] = t->model->parameters[i];
    return find_bounds(t, random);
}

bool network_trial_create(clae_context *context, uint64_t seed, size_t index, network_trial *t) {
    test_random random = random_stream(seed, 20, index);
    for (int drawn = 1; drawn <= DRAWS; drawn++) {
        *t = (network_trial){.drawn = drawn};
        if (draw_trial(context, &random, layer_types[(seed + index) % type_count()], t)) return true;
        network_trial_release(t);
    }
    return false;
}

void network_trial_release(network_trial *t) {
    clae_model_free(t->model);
    clae_dataset_free(t->images);
    free(t->x);
    free(t->results);
    free(t->bounds);
    free(t->parameters);
    *t = (network_trial){0};
}
