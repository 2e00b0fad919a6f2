/* Where a path leads when something is written to it. */
#ifndef CLAE_BASE_FILE_TARGET_H
#define CLAE_BASE_FILE_TARGET_H

#include "base/context.h"

#include <sys/stat.h>

typedef enum file_target_kind {
    TARGET_FILE,       /* a regular file, or none yet */
    TARGET_SPECIAL,    /* a device or a pipe */
    TARGET_DESCRIPTOR, /* what the process has open, like /dev/stdout */
} file_target_kind;

typedef struct file_target {
    file_target_kind kind;
    int folder;     /* open; -1 for a descriptor */
    char *name;     /* in the folder; NULL for a descriptor */
    int descriptor; /* the process's own */
    bool has_old;   /* the file is there */
    struct stat old;
} file_target;

/* Follows links to their end, which need not be there. CLAE_ERROR_OUTPUT where nothing can be written: a folder, a
 * disk, a missing folder, a closed descriptor. The target is to be closed, whatever the status. */
clae_status file_target_find(const clae_context *context, const char *path, file_target *target);
void file_target_close(file_target *target);

#endif
