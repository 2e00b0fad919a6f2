/* What compilers say of programs that do not build. */
#ifndef CLAE_OPENCL_BUILD_LOG_H
#define CLAE_OPENCL_BUILD_LOG_H

#include "opencl/opencl.h"

/* Writes the compiler's log of a program into the one file for it, below `heading`, in place of the last one. *path is
 * a fresh string, NULL when nothing could be written. */
void opencl_build_log_write(const opencl_device *device, cl_program program, const char *heading, char **path);

#endif
