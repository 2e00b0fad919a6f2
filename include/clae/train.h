/* Training: Adam on 0.5 * sum((g(f(x)) - x)^2) / batch over normalised images x. */
#ifndef CLAE_TRAIN_H
#define CLAE_TRAIN_H

#include <clae/dataset.h>
#include <clae/device.h>
#include <clae/model.h>
#include <clae/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_trainer clae_trainer;

/* Where training stands. */
typedef struct clae_train_position {
    uint64_t step;            /* steps taken */
    uint64_t epoch;           /* whole epochs taken */
    uint64_t images;          /* images of the current epoch taken */
    uint64_t steps_per_epoch; /* the last batch of an epoch may be smaller */
} clae_train_position;

/* Prepares training of `model` on `dataset`: compiles, allocates and uploads all that a step needs. Sets the model's
 * normalisation to the mean and deviation of the dataset. `settings` NULL: the defaults; they are copied. Device, model
 * and dataset must outlive the trainer. A batch has all images where they are fewer. The memory that
 * is planned is logged before any is allocated; images that do not fit are streamed, with the same results; when
 * the rest does not fit, CLAE_ERROR_DEVICE with the largest batch size that does. With the setting micro-batch a step runs
 * in pieces of so many images, one after the other; CLAE_ERROR_INPUT where they do not divide the batch. */
CLAE_API clae_status clae_trainer_create(clae_device *device, clae_model *model, const clae_dataset *dataset,
                                         const clae_settings *settings, clae_trainer **trainer);

/* Takes up to `steps` steps, and stops at the end of an epoch and when the losses of 4096 steps wait on the device, or of
 * fewer with 4096 pieces; CLAE_ERROR_INPUT when so many wait already: clae_trainer_losses makes room. Nothing is read back. */
CLAE_API clae_status clae_trainer_run(clae_trainer *trainer, uint64_t steps);

/* Waits for the device and gives the losses of the steps since the last call: `*losses` points into the trainer,
 * valid until its next call. CLAE_ERROR_NOT_FINITE when one of them is not finite. */
CLAE_API clae_status clae_trainer_losses(clae_trainer *trainer, const float **losses, size_t *count);

CLAE_API clae_train_position clae_trainer_position(const clae_trainer *trainer);

/* Copies the weights from the device to the model. */
CLAE_API clae_status clae_trainer_update_model(clae_trainer *trainer);

/* A checkpoint holds weights, Adam's state, position, settings and the fingerprint of the data. Restoring one into a
 * trainer made with the same model, data and settings continues as if there had been no interruption, to the bit on
 * the same device. `extra` is free text kept in the file, at most 64 KiB; restore gives it back, to be freed with
 * free(), and takes NULL. */
CLAE_API clae_status clae_trainer_save_checkpoint(clae_trainer *trainer, const char *path, const char *extra);
CLAE_API clae_status clae_trainer_restore_checkpoint(clae_trainer *trainer, const char *path, char **extra);

/* Device memory that the trainer has. */
CLAE_API uint64_t clae_trainer_memory_bytes(const clae_trainer *trainer);

CLAE_API void clae_trainer_free(clae_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
