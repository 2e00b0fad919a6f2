#include "ops/loss.h"
#include "plain/impls.h"

/* Elements that are summed in float. */
#define IMAGE_LOSS_PIECE 256

static double sum_image(const plain_device *device, const image_loss_desc *desc, const float *y, const float *target) {
    double sum = 0;
    for (size_t e = 0; e < desc->image_elements; e += IMAGE_LOSS_PIECE) {
        const size_t left = desc->image_elements - e;
        sum += device->kernels->loss(desc->loss, y + e, target + e, NULL, 1,
                                     left < IMAGE_LOSS_PIECE ? left : IMAGE_LOSS_PIECE);
    }
    return sum;
}

static clae_status image_loss_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const image_loss_desc *desc = &instance->desc.image_loss;
    const float *y = plain_floats(args->operand[IMAGE_LOSS_Y]),
                *target = plain_floats(args->operand[IMAGE_LOSS_TARGET]);
    float *images = plain_floats(args->operand[IMAGE_LOSS_IMAGES]);
    const double factor = loss_factor(desc->loss);
    const int n = (int)desc->n;
    PLAIN_PARALLEL_FOR(plain_threads(device, n))
    for (int i = 0; i < n; i++) {
        const size_t first = (size_t)i * desc->image_elements;
        images[i] = (float)(factor * sum_image(device, desc, y + first, target + first));
    }
    return CLAE_OK;
}

static clae_status image_loss_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), image_loss_run, plain_instance_free,
                                 instance);
}

const op_impl plain_image_loss = {.name = "plain", .supports = plain_supports_all, .prepare = image_loss_prepare};
