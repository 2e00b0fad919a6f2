/* What a command works with: the context and the device that its options ask for. */
#ifndef CLAE_CLI_SESSION_H
#define CLAE_CLI_SESSION_H

#include "cli/command.h"

#include <clae/clae.h>

typedef struct session {
    console *console;
    clae_context *context;
    clae_device *device; /* NULL until session_open_device */
} session;

/* Makes the context. */
clae_status session_open(session *session, console *console, const common_args *args);
/* Opens the device and says which one it is and why. */
clae_status session_open_device(session *session, const common_args *args);
/* Says that test images are those trained on. */
void session_warn_same_images(session *session, const clae_dataset_info *test);
/* Takes one that was not opened, or half. */
void session_close(session *session);

/* The program's exit code for a status. */
int exit_code(clae_status status);

#endif
