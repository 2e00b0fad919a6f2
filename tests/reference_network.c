#include "reference_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reference_network {
    const clae_model *model;
    reference_settings settings;
    double *x;                     /* of the first layer */
    double **y, **mean, **inv_std; /* of each layer */
};

static double *numbers(size_t count) {
    return calloc(count ? count : 1, sizeof(double));
}

static size_t elements(const reference_network *net, clae_shape shape) {
    return (size_t)net->settings.n * shape_elements(shape);
}

reference_network *reference_network_create(const clae_model *model, const reference_settings *settings) {
    reference_network *net = calloc(1, sizeof *net);
    const size_t layers = model->layer_count;
    *net = (reference_network){.model = model, .settings = *settings};
    net->x = numbers(elements(net, model->input));
    net->y = calloc(layers, sizeof *net->y);
    net->mean = calloc(layers, sizeof *net->mean);
    net->inv_std = calloc(layers, sizeof *net->inv_std);
    for (size_t i = 0; i < layers; i++) {
        const layer *l = &model->layers[i];
        net->y[i] = numbers(elements(net, l->out));
        net->mean[i] = numbers((size_t)settings->n * l->out.c);
        net->inv_std[i] = numbers((size_t)settings->n * l->out.c);
    }
    return net;
}

void reference_network_free(reference_network *net) {
    if (!net) return;
    for (size_t i = 0; i < net->model->layer_count; i++) {
        free(net->y[i]);
        free(net->mean[i]);
        free(net->inv_std[i]);
    }
    free(net->x);
    free(net->y);
    free(net->mean);
    free(net->inv_std);
    free(net);
}

static const double *input_of(const reference_network *net, size_t i) {
    return i > 0 ? net->y[i - 1] : net->x;
}

static layer_run run_of(const reference_network *net, size_t i, double *parameters) {
    const layer *l = &net->model->layers[i];
    return (layer_run){.layer = l,
                       .settings = &net->settings,
                       .parameters = parameters,
                       .x = input_of(net, i),
                       .skip = input_of(net, l->skip),
                       .y = net->y[i],
                       .mean = net->mean[i],
                       .inv_std = net->inv_std[i]};
}

/* load_batch scales and shifts. */
static void disturb_input(const reference_network *net) {
    const size_t count = elements(net, net->model->input);
    const reference_output x = {net->x, numbers(count)};
    for (size_t i = 0; i < count; i++) {
        const size_t channel = i % net->model->input.c;
        x.magnitude[i] = fabs(net->x[i]) + 2 * fabs(net->model->mean[channel]) / net->model->std[channel];
    }
    reference_disturb(&net->settings, x, count, 1, false);
    free(x.magnitude);
}

const double *reference_network_forward(reference_network *net, double *parameters, const double *x) {
    memcpy(net->x, x, elements(net, net->model->input) * sizeof *x);
    disturb_input(net);
    for (size_t i = 0; i < net->model->layer_count; i++) {
        layer_run run = run_of(net, i, parameters);
        reference_layer_forward(&run);
    }
    return net->y[net->model->layer_count - 1];
}

/* The gradient of the last output; gives the loss. */
static double loss_backward(const reference_network *net, double *dy) {
    const size_t count = elements(net, net->model->input);
    const loss_desc desc = {LOSS_mse, count, 1.0f / (float)net->settings.n, true};
    double loss[2] = {0};
    const reference_output sum = {&loss[0], &loss[1]}, gradient = {dy, numbers(count)};
    reference_loss(&desc, net->y[net->model->layer_count - 1], net->x, sum, gradient);
    reference_disturb(&net->settings, sum, 1, (double)count, false);
    reference_disturb(&net->settings, gradient, count, 1, false);
    free(gradient.magnitude);
    return loss[0];
}

/* sum += more, where there is one. */
static void add_gradient(const reference_network *net, double *sum, const double *more, size_t count) {
    if (!more) return;
    const reference_output output = {numbers(count), numbers(count)};
    reference_add(&(add_desc){count}, sum, more, output);
    reference_disturb(&net->settings, output, count, 1, false);
    memcpy(sum, output.value, count * sizeof *sum);
    free(output.value);
    free(output.magnitude);
}

/* The gradients of inputs that residual blocks take besides: `skipped[i]` is that of layer i's. */
static void skip_gradient(const reference_network *net, double **skipped, size_t i, const double *dy) {
    const layer *l = &net->model->layers[i];
    const size_t count = elements(net, l->out);
    if (!l->type->has_body) return;
    if (skipped[l->skip]) {
        add_gradient(net, skipped[l->skip], dy, count);
        return;
    }
    skipped[l->skip] = numbers(count);
    memcpy(skipped[l->skip], dy, count * sizeof *dy);
}

double reference_network_backward(reference_network *net, double *parameters, double *gradients) {
    const clae_model *model = net->model;
    double *dy = numbers(elements(net, model->input)), **skipped = calloc(model->layer_count, sizeof *skipped);
    const double loss = loss_backward(net, dy);
    memset(gradients, 0, model->trained_floats * sizeof *gradients);
    for (size_t i = model->layer_count; i-- > 0;) {
        layer_run run = run_of(net, i, parameters);
        const size_t count = elements(net, model->layers[i].in);
        skip_gradient(net, skipped, i, dy);
        run.gradients = gradients;
        run.dy = dy;
        run.dx = numbers(count);
        reference_layer_backward(&run);
        add_gradient(net, run.dx, skipped[i], count);
        free(skipped[i]);
        free(dy);
        dy = run.dx;
    }
    free(dy);
    free(skipped);
    return loss;
}

bool reference_network_is_near_kink(const reference_network *exact, const reference_network *disturbed) {
    for (size_t i = 0; i < exact->model->layer_count; i++)
        if (reference_layer_is_near_kink(&exact->model->layers[i], exact->settings.n, input_of(exact, i),
                                         input_of(disturbed, i)))
            return true;
    return false;
}

double *reference_network_run(const clae_model *model, const double *parameters, const double *x, int n) {
    const reference_settings settings = {.n = n, .training = true};
    const size_t bytes = model->parameter_floats * sizeof *parameters, count = (size_t)n * shape_elements(model->input);
    reference_network *net = reference_network_create(model, &settings);
    double *copy = malloc(bytes), *y = malloc(count * sizeof *y);
    memcpy(copy, parameters, bytes); /* statistics are changed */
    memcpy(y, reference_network_forward(net, copy, x), count * sizeof *y);
    free(copy);
    reference_network_free(net);
    return y;
}
