/* A device that answers as a GPU of a class does, to whoever prepares ops on it; and what is built there. */
#ifndef CLAE_TESTS_GPU_PLAY_H
#define CLAE_TESTS_GPU_PLAY_H

#include "opencl/opencl.h"

/* Makes any OpenCL device play a GPU of a class of src/backend/tuning/defaults.def, with as many compute units;
 * "intel-16" and "intel-8": of class intel, with matrix engines. Programs are named from then on, not built. */
void play_gpu(opencl_device *device, const char *class, unsigned units);

/* Writes a program's whole source, as the context takes it, below a line "// HEAD". */
bool gpu_write_source(const clae_context *context, const char *path, const char *head, const char *file);

#endif
