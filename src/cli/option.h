/* Options: a table of them is parsed, explained by --help and checked, all from the same lines. */
#ifndef CLAE_CLI_OPTION_H
#define CLAE_CLI_OPTION_H

#include "train/settings.h"

#include <clae/dataset.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_LIST_MAX 16
#define OPTION_REALS_MAX CLAE_MAX_CHANNELS

/* Each kind is stored in one type of field. */
typedef enum option_kind {
    OPTION_KIND_FLAG,    /* bool */
    OPTION_KIND_TEXT,    /* const char *, NULL when there is neither a value nor a default */
    OPTION_KIND_CHOICE,  /* const char *; the metavar lists the choices, "train|test" */
    OPTION_KIND_COUNT,   /* uint64_t */
    OPTION_KIND_REAL,    /* double */
    OPTION_KIND_REALS,   /* option_reals */
    OPTION_KIND_GRID,    /* option_grid */
    OPTION_KIND_LIST,    /* option_list */
    OPTION_KIND_SHAPE,   /* clae_shape */
    OPTION_KIND_SETTING, /* clae_settings */
} option_kind;

typedef struct option_grid {
    size_t columns, rows;
} option_grid;

typedef struct option_list {
    size_t count;
    unsigned values[OPTION_LIST_MAX];
} option_list;

typedef struct option_reals {
    size_t count;
    double values[OPTION_REALS_MAX];
} option_reals;

typedef struct option {
    const char *name;    /* without dashes */
    char letter;         /* 0: none */
    const char *metavar; /* NULL for flags */
    option_kind kind;
    size_t offset;        /* of the field */
    const char *standard; /* the default, as the user would write it; NULL: the field stays 0 */
    double min, max;
    bool required;
    const char *help;
    const setting *setting; /* of OPTION_KIND_SETTING */
} option;

/* Before these, #define ARGS as the struct that the fields are in. */
#define OPTION_FIELD(FIELD) .offset = offsetof(ARGS, FIELD)
#define OPTION_FLAG(FIELD, NAME, LETTER, HELP)                                                                         \
    { .name = NAME, .letter = LETTER, .kind = OPTION_KIND_FLAG, OPTION_FIELD(FIELD), .help = HELP }
#define OPTION_TEXT(FIELD, NAME, METAVAR, STANDARD, HELP)                                                              \
    {                                                                                                                  \
        .name = NAME, .metavar = METAVAR, .kind = OPTION_KIND_TEXT, OPTION_FIELD(FIELD), .standard = STANDARD,         \
        .help = HELP                                                                                                   \
    }
#define OPTION_TEXT_REQUIRED(FIELD, NAME, METAVAR, HELP)                                                               \
    { .name = NAME, .metavar = METAVAR, .kind = OPTION_KIND_TEXT, OPTION_FIELD(FIELD), .required = true, .help = HELP }
#define OPTION_CHOICE(FIELD, NAME, CHOICES, STANDARD, HELP)                                                            \
    {                                                                                                                  \
        .name = NAME, .metavar = CHOICES, .kind = OPTION_KIND_CHOICE, OPTION_FIELD(FIELD), .standard = STANDARD,       \
        .help = HELP                                                                                                   \
    }
#define OPTION_NUMBER(KIND, FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)                                            \
    {                                                                                                                  \
        .name = NAME, .metavar = METAVAR, .kind = OPTION_KIND_##KIND, OPTION_FIELD(FIELD), .standard = STANDARD,       \
        .min = MIN, .max = MAX, .help = HELP                                                                           \
    }
#define OPTION_COUNT(FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)                                                   \
    OPTION_NUMBER(COUNT, FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)
#define OPTION_REAL(FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)                                                    \
    OPTION_NUMBER(REAL, FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)
#define OPTION_GRID(FIELD, NAME, STANDARD, HELP) OPTION_NUMBER(GRID, FIELD, NAME, "CxR", STANDARD, 1, 100, HELP)
#define OPTION_LIST(FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)                                                    \
    OPTION_NUMBER(LIST, FIELD, NAME, METAVAR, STANDARD, MIN, MAX, HELP)

/* Options that several commands have. */
#define OPTION_PICTURE                                                                                                 \
    OPTION_TEXT_REQUIRED(out, "out", "F.png",                                                                          \
                         "the picture to write, - is standard output; F.npy takes the images as floats")
#define OPTION_NO_INVERT(FIELD) OPTION_FLAG(FIELD, "no-invert", 0, "show pixels as they are, not as dark ink on white")

/* Whether a value follows: all but flags have one. */
bool option_takes_value(const option *option);

/* Stores `text` in the option's field of `args`. False when it is no such value; then option_expectation says what was
 * expected ("a whole number from 1 to 1000"); or with errno ENOMEM. */
bool option_store(const option *option, void *args, const char *text);
void option_expectation(const option *option, char text[VALUE_TEXT_BYTES]);

#endif
