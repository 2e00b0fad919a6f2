/* Trains the lecture's autoencoder on images of one's own, and prints their codes. */
#include <clae/clae.h>

#include <stdio.h>
#include <stdlib.h>

static void print_log(void *user, clae_log_level level, const char *line) {
    (void)user, (void)level;
    fprintf(stderr, "%s\n", line);
}

int main(void) {
    enum { N = 200, LATENT = 8 };
    const clae_context_options options = {.log = print_log};
    unsigned char *pixels = malloc(N * 28 * 28);
    float codes[N][LATENT];
    clae_context *context = NULL;
    clae_device *device = NULL;
    clae_dataset *images = NULL;
    clae_model *model = NULL;
    clae_settings *settings = NULL;
    clae_trainer *trainer = NULL;
    clae_infer *infer = NULL;
    for (int i = 0; pixels && i < N * 28 * 28; i++) /* bars of different places */
        pixels[i] = (i % 28 + i / 784) % 28 < 9 ? 255 : 0;
    int failed = !pixels || clae_context_create(&options, &context) ||
                 clae_device_open(context, getenv("CLAE_DEVICE"), &device) ||
                 clae_dataset_from_bytes(context, pixels, N, 1, 28, 28, &images) ||
                 clae_model_create_lecture(context, 16, LATENT, 0, &model) ||
                 clae_settings_create(context, &settings) || clae_settings_set(settings, "batch-size", "50") ||
                 clae_settings_set(settings, "lr", "1e-3") ||
                 clae_trainer_create(device, model, images, settings, &trainer);
    for (int epoch = 0; epoch < 5 && !failed; epoch++) {
        const float *losses;
        size_t count;
        failed = clae_trainer_run(trainer, 4) || clae_trainer_losses(trainer, &losses, &count);
        if (!failed) printf("epoch %d: loss %.2f\n", epoch + 1, losses[count - 1]);
    }
    failed = failed || clae_trainer_update_model(trainer) || clae_infer_create(device, model, NULL, 0, &infer) ||
             clae_infer_encode(infer, images, codes[0]);
    for (int i = 0; i < 3 && !failed; i++) printf("image %d: code %g, %g, ...\n", i, codes[i][0], codes[i][1]);
    clae_infer_free(infer), clae_trainer_free(trainer), clae_model_free(model), clae_dataset_free(images);
    clae_settings_free(settings), clae_device_close(device), clae_context_free(context), free(pixels);
    return failed;
}
