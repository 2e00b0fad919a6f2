/* clae: convolutional autoencoders on any OpenCL device, and in plain C. */
#ifndef CLAE_CLAE_H
#define CLAE_CLAE_H

#include <clae/context.h>
#include <clae/dataset.h>
#include <clae/device.h>
#include <clae/infer.h>
#include <clae/latent.h>
#include <clae/model.h>
#include <clae/settings.h>
#include <clae/status.h>
#include <clae/train.h>

#endif
