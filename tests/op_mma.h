/* Whose layout the stand-in for matrix units has in a test. */
#ifndef CLAE_TESTS_OP_MMA_H
#define CLAE_TESTS_OP_MMA_H

#include "backend/backend.h"

/* "MFMA": its elements are in its items. Nothing for devices that have no stand-in. */
void op_mma_lay_out(clae_device *device, const char *unit);

#endif
