/* Writes random networks for pytorch_networks.py, one folder each: model.safetensors before its training, and
 * training.safetensors with images, losses, the gradients of the first step, and their bounds.
 *
 * Arguments: a device and a folder. */
#include "base/files.h"
#include "data/dataset.h"
#include "data/safetensors.h"
#include "network_trial.h"
#include "train/settings.h"
#include "train/trainer.h"

#include <clae/clae.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MOST_TENSORS 2048
#define SKIPPED_EXIT 77

static char last_error[512];

/* Networks that do not fit are drawn again: errors are printed with what they end. */
static void keep_error(void *user, clae_log_level level, const char *line) {
    (void)user, (void)level;
    snprintf(last_error, sizeof last_error, "%s", line);
}

static void require(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "networks_for_pytorch: %s; the last error: %s\n", what, last_error);
    exit(1);
}

typedef struct tensor_list {
    safetensors_tensor tensor[MOST_TENSORS];
    size_t count;
} tensor_list;

static void add_tensor(tensor_list *list, const char *name, const float *values, size_t rows, size_t columns) {
    require(list->count < MOST_TENSORS, "too many tensors");
    list->tensor[list->count++] =
        (safetensors_tensor){.name = name, .rank = 2, .shape = {rows, columns}, .values = values};
}

static void add_tensors(tensor_list *list, const model_tensors *tensors) {
    for (size_t i = 0; i < tensors->count; i++) {
        require(list->count < MOST_TENSORS, "too many tensors");
        list->tensor[list->count++] = tensors->tensors[i];
    }
}

static void write_training(const network_trial *t, const char *path, const float *gradients, const float *losses) {
    static tensor_list list;
    const size_t trained = t->model->trained_floats, n = t->images->info.n, elements = shape_elements(t->model->input);
    float *bounds = malloc(trained * sizeof *bounds), *images = malloc(n * elements * sizeof *images);
    const float loss_bound = (float)t->loss_bound;
    char seed[24], batch[24];
    model_tensors of_gradients, of_bounds;
    for (size_t i = 0; i < trained; i++) bounds[i] = (float)t->bounds[i];
    require(clae_dataset_read(t->images, 0, n, images) == CLAE_OK &&
                model_tensors_from_flat(t->model, gradients, "gradient.", &of_gradients) == CLAE_OK &&
                model_tensors_from_flat(t->model, bounds, "bound.", &of_bounds) == CLAE_OK,
            "no memory");
    list.count = 0;
    add_tensor(&list, "images", images, n, elements);
    add_tensor(&list, "losses", losses, 1, TRIAL_STEPS);
    add_tensor(&list, "loss_bound", &loss_bound, 1, 1);
    add_tensors(&list, &of_gradients);
    add_tensors(&list, &of_bounds);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)t->seed);
    snprintf(batch, sizeof batch, "%zu", t->batch);
    const safetensors_pair pairs[] = {{"seed", seed}, {"batch", batch}};
    require(safetensors_write(t->model->context, path, list.tensor, list.count, pairs, 2) == CLAE_OK, "not written");
    model_tensors_free(&of_gradients);
    model_tensors_free(&of_bounds);
    free(bounds);
    free(images);
}

/* Ten steps; the gradients are those of the first. */
static void train(clae_device *device, const network_trial *t, float *gradients, float losses[TRIAL_STEPS]) {
    clae_settings settings = settings_defaults(NULL);
    clae_trainer *trainer = NULL;
    const float *found;
    size_t count;
    settings.batch_size = t->batch;
    settings.seed = t->seed;
    settings.no_shuffle = true;
    require(clae_trainer_create(device, t->model, t->images, &settings, &trainer) == CLAE_OK &&
                clae_trainer_run(trainer, 1) == CLAE_OK &&
                buffer_download(trainer->runner.params.gradients, 0, gradients,
                                t->model->trained_floats * sizeof *gradients) == CLAE_OK,
            "the first step failed");
    while (clae_trainer_position(trainer).step < TRIAL_STEPS)
        require(clae_trainer_run(trainer, TRIAL_STEPS - clae_trainer_position(trainer).step) == CLAE_OK,
                "training failed");
    require(clae_trainer_losses(trainer, &found, &count) == CLAE_OK && count == TRIAL_STEPS, "losses are missing");
    for (size_t i = 0; i < count; i++) losses[i] = found[i];
    clae_trainer_free(trainer);
}

static void write_network(clae_device *device, const network_trial *t, const char *folder, size_t index) {
    float losses[TRIAL_STEPS], *gradients = malloc(t->model->trained_floats * sizeof *gradients);
    char path[512];
    snprintf(path, sizeof path, "%s/%zu", folder, index);
    require(mkdir(path, 0777) == 0, path);
    snprintf(path, sizeof path, "%s/%zu/model.safetensors", folder, index);
    require(clae_model_save(t->model, path) == CLAE_OK, "not saved");
    train(device, t, gradients, losses);
    snprintf(path, sizeof path, "%s/%zu/training.safetensors", folder, index);
    write_training(t, path, gradients, losses);
    free(gradients);
}

int main(int argc, char **argv) {
    const clae_context_options options = {.log = keep_error};
    const uint64_t seed = network_seed();
    clae_context *context = NULL;
    clae_device *device = NULL;
    require(argc == 3, "a device and a folder are needed");
    require(clae_context_create(&options, &context) == CLAE_OK, "no context");
    if (clae_device_open(context, argv[1], &device) != CLAE_OK) return SKIPPED_EXIT;
    printf("CLAE_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < TRIAL_NETWORKS; i++) {
        network_trial trial;
        require(network_trial_create(context, seed, i, &trial), "no network could be drawn");
        write_network(device, &trial, argv[2], i);
        network_trial_release(&trial);
    }
    clae_device_close(device);
    clae_context_free(context);
    return 0;
}
