/* Temporary files beside those that they become. */
#ifndef CLAE_BASE_TEMPORARIES_H
#define CLAE_BASE_TEMPORARIES_H

/* Opens a new file for writing, with a name of its own in the folder, where folder_sweep_temporaries (base/files.h)
 * finds it when this process dies. *temporary is freed by the caller. -1 and errno on a fault. */
int temporary_open(int folder, const char *name, char **temporary);

#endif
