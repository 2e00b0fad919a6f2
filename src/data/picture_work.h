/* Work on many pictures by all threads. */
#ifndef CLAE_DATA_PICTURE_WORK_H
#define CLAE_DATA_PICTURE_WORK_H

#include "data/picture_faults.h"
#include "data/picture_source.h"

/* What is done with one picture, in a thread whose context is `context`. CLAE_ERROR_INPUT: the picture is at fault; any
 * other failure ends all. */
typedef clae_status (*picture_work_fn)(const clae_context *context, const picture_entry *entry,
                                       const picture_task *task, const picture_bytes *bytes, void *user);

/* Does it with the tasks' pictures, in any order, and notes the faults. The context's progress is told of `what`. */
clae_status picture_work(const clae_context *context, const char *what, const picture_list *list, picture_task *tasks,
                         size_t count, picture_work_fn fn, void *user, picture_faults *faults);
/* The same with each picture of the list: its task has the entry alone. */
clae_status picture_work_all(const clae_context *context, const char *what, const picture_list *list,
                             picture_work_fn fn, void *user, picture_faults *faults);

#endif
