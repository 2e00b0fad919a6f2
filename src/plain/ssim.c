#include "plain/ssim.h"
#include "plain/impls.h"
#include "plain/parallel.h"

typedef struct ssim_instance {
    op_instance base;
    plain_ssim_windows windows;
} ssim_instance;

/* Each thread has maps of its own. */
static plain_ssim_maps ssim_maps_of(const op_args *args, size_t windows) {
    float *first = plain_floats(args->workspace) + (size_t)plain_thread() * PLAIN_SSIM_MAPS * windows;
    return (plain_ssim_maps){first, first + windows, first + 2 * windows, first + 3 * windows, first + 4 * windows};
}

static clae_status ssim_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const plain_ssim_windows *s = &((const ssim_instance *)instance)->windows;
    const ssim_desc *d = &instance->desc.ssim;
    const size_t windows = ssim_image_windows(d), elements = (size_t)d->h * (size_t)d->w * (size_t)d->channels;
    const float *y = plain_floats(args->operand[SSIM_Y]), *t = plain_floats(args->operand[SSIM_TARGET]);
    float *images = plain_floats(args->operand[SSIM_IMAGES]), *dy = plain_floats(args->operand[SSIM_DY]);
    PLAIN_PARALLEL_FOR (device, i, d->n) {
        const plain_ssim_maps maps = ssim_maps_of(args, windows);
        const size_t first = (size_t)i * elements;
        images[i] = (float)(device->kernels->ssim_windows(s, y + first, t + first, &maps) / (double)windows);
        if (d->training) device->kernels->ssim_gradient(s, d->h, y + first, t + first, &maps, dy + first);
    }
    double sum = 0;
    for (int i = 0; i < d->n; i++) sum += (double)images[i];
    if (d->training) plain_floats(args->operand[SSIM_LOSSES])[args->step.slot] = (float)((double)d->scale * sum);
    return CLAE_OK;
}

static clae_status ssim_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    const ssim_desc *d = &desc->ssim;
    const clae_status status =
        plain_instance_create(device, desc, choice, sizeof(ssim_instance), ssim_run, plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    plain_ssim_windows *s = &((ssim_instance *)*instance)->windows;
    *s = (plain_ssim_windows){.w = d->w,
                              .channels = d->channels,
                              .kh = ssim_window(d->h),
                              .kw = ssim_window(d->w),
                              .places_h = ssim_places(d->h),
                              .places_w = ssim_places(d->w),
                              .factor = (float)((double)d->scale / (double)ssim_image_windows(d))};
    ssim_weights(s->kh, s->rows);
    ssim_weights(s->kw, s->columns);
    (*instance)->workspace_bytes =
        (size_t)plain_threads(plain_device_of(device), d->n) * PLAIN_SSIM_MAPS * ssim_image_windows(d) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_ssim = {.name = "plain", .supports = plain_supports_all, .prepare = ssim_prepare};
