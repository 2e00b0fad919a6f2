/* Lists of devices and platforms as JSON, between the library and the program that asks the drivers. */
#ifndef CLAE_OPENCL_LISTING_H
#define CLAE_OPENCL_LISTING_H

#include "opencl/platforms.h"

#include <jansson.h>

/* NULL without memory. */
json_t *opencl_listing_pack(const opencl_listing *listing);
/* False when it is no listing; *listing is released by the caller all the same. */
bool opencl_listing_unpack(const json_t *json, opencl_listing *listing);

#endif
