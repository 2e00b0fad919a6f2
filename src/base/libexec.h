/* Where the programs are that the library starts. */
#ifndef CLAE_BASE_LIBEXEC_H
#define CLAE_BASE_LIBEXEC_H

/* The path of a program, to be freed: in $CLAE_LIBEXEC_DIR; beside the library or the program that it is part of, and
 * at the places of an installation and a build from there; or where it was to be installed. NULL where there is none.
 */
char *libexec_find(const char *name);

#endif
