/* Pictures that cannot be read, with the reasons. */
#ifndef CLAE_DATA_PICTURE_FAULTS_H
#define CLAE_DATA_PICTURE_FAULTS_H

#include "data/picture_list.h"

typedef struct picture_faults {
    char **reasons; /* by the entries of the list; NULL: none is known */
    size_t count;   /* of those that are not NULL */
} picture_faults;

/* False without memory. */
bool picture_faults_begin(picture_faults *faults, const picture_list *list);
/* Of one entry, by one thread at a time; keeps the first reason. False without memory. */
bool picture_faults_add(picture_faults *faults, size_t entry, const char *reason);
void picture_faults_free(picture_faults *faults, const picture_list *list);

/* CLAE_OK where there are none. Otherwise CLAE_ERROR_INPUT with a line for each, of the first twenty, and one of how
 * many there are; where they are to be skipped, a warning instead, unless none is left. */
clae_status picture_faults_judge(const clae_context *context, const picture_faults *faults, const picture_list *list,
                                 bool skip_bad);

#endif
