/* Pictures by name: those of a folder, of a list of files or of an archive, which of them are for training and which
 * for testing, and their labels. Nothing of them is decoded here. */
#ifndef CLAE_DATA_PICTURE_LIST_H
#define CLAE_DATA_PICTURE_LIST_H

#include "base/context.h"

#include <clae/dataset.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_OTHERS_SHOWN 3

typedef struct picture_entry {
    char *name; /* below the root, parts joined by '/': any bytes */
    uint64_t bytes;
    int64_t modified_ns;
    uint64_t place; /* in an archive */
    uint32_t label; /* an index of labels, or CLAE_NO_LABEL */
    bool in_train, in_test;
} picture_entry;

typedef struct picture_list {
    char *root; /* of files: the folder that names are below; of an archive: its path */
    bool is_archive;
    picture_entry *entries; /* in natural order, but those of a list of files as it has them */
    size_t count, capacity;
    char **labels; /* in natural order */
    size_t label_count;
    size_t outside_count; /* pictures that are in neither of the folders train and test */
    size_t other_count;   /* files that are no pictures, and the first of their names */
    char *others[PICTURE_OTHERS_SHOWN];
} picture_list;

/* What they are taken from. The list is to be freed, whatever the status; CLAE_ERROR_INPUT when a folder or file cannot
 * be read. Without pictures, it is empty. */
clae_status picture_list_folder(const clae_context *context, const char *path, picture_list *list);
clae_status picture_list_file(const clae_context *context, const char *path, picture_list *list);
/* The lines of a text file, or what zero bytes separate in it: paths, absolute or relative to the file's folder. */
clae_status picture_list_text(const clae_context *context, const char *path, picture_list *list);

/* Chooses the splits: the folders train and test (or val) of the root, where there are such; otherwise a share of the
 * pictures is for testing (of 0 or less: none), chosen by their names, so that those that are added move no other.
 * Where nothing is left for one of the two, both have all. Labels are names of folders, or those of a file (NULL:
 * none). */
clae_status picture_list_arrange(const clae_context *context, picture_list *list, double test_share,
                                 const char *label_file);

void picture_list_free(picture_list *list);

/* The path of an entry that is a file, to be freed; NULL without memory. */
char *picture_path(const picture_list *list, const picture_entry *entry);

/* For those that make lists. False without memory. */
bool picture_list_add(picture_list *list, const char *name, uint64_t bytes, int64_t modified_ns);
bool picture_list_add_other(picture_list *list, const char *name);
void picture_list_sort(picture_list *list);

/* Gives each picture of the list that a line `name,label` of the file names (by its name below the root, its file name
 * or that without its ending) the label. */
clae_status picture_labels_read(const clae_context *context, const char *path, picture_list *list);
/* Gives entry i the label names[i], NULL for none; the names that there are become the list's labels. */
clae_status picture_labels_set(const clae_context *context, picture_list *list, const char *const *names);

/* Whether a file ought to be a picture, as its name's ending says. */
bool picture_is_by_name(const char *name);

#endif
