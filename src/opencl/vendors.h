/* The drivers that the OpenCL loader is told of by .icd files, and folders with some of them. */
#ifndef CLAE_OPENCL_VENDORS_H
#define CLAE_OPENCL_VENDORS_H

#include "base/context.h"

typedef struct opencl_vendor {
    char *file;    /* "/etc/OpenCL/vendors/pocl.icd"; or the variable that names the library */
    char *library; /* "libpocl.so.2" */
} opencl_vendor;

typedef struct opencl_vendors {
    opencl_vendor *items;
    size_t count;
} opencl_vendors;

/* What the loaders of Khronos and ocl-icd would take: the .icd files of $OCL_ICD_VENDORS, $OPENCL_VENDOR_PATH or
 * /etc/OpenCL/vendors in the order of their names, the file or library that the first may also be, and the libraries of
 * $OCL_ICD_FILENAMES. Without memory some are missing. */
opencl_vendors opencl_vendors_list(void);
/* Whether the library of one of them has `part` in its name. */
bool opencl_vendors_name(const opencl_vendors *vendors, const char *part);
void opencl_vendors_release(opencl_vendors *vendors);

/* A folder, in the context's cache or that for temporary files, in which the loader finds just those vendors that
 * `kept` is true for; a fresh string, NULL when it cannot be made. */
char *opencl_vendors_folder(const clae_context *context, const opencl_vendors *vendors, const bool *kept);

/* A private folder below the cache's or, without one, that for temporary files; a fresh string, NULL when it cannot be
 * made. */
char *opencl_private_folder(const clae_context *context, const char *name);

#endif
