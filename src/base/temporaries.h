/* Temporary files beside those that they become. */
#ifndef CLAE_BASE_TEMPORARIES_H
#define CLAE_BASE_TEMPORARIES_H

/* Opens a new file for writing, with a name of its own in the folder, where folder_sweep_temporaries (base/files.h)
 * finds it when this process dies. *temporary is freed by the caller. -1 and errno on a fault. */
int temporary_open(int folder, const char *name, char **temporary);

/* Opens a file without a name in the folder, for reading and writing: nothing is left of it when the process dies. -1
 * where the system or the file system has no such files. temporary_name gives it a name like the above. */
int temporary_open_unnamed(int folder);
int temporary_name(int folder, int fd, const char *name, char **temporary);

#endif
