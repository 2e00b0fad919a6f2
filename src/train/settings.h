/* The settings of a training as one table, settings.def: their fields, text, JSON, and what a run may be resumed with.
 */
#ifndef CLAE_TRAIN_SETTINGS_H
#define CLAE_TRAIN_SETTINGS_H

#include "backend/backend.h"
#include "base/context.h"
#include "base/decimal.h"
#include "base/value.h"

#include <clae/settings.h>

#define SETTING_SEED_MAX 9007199254740992.0 /* 2^53: fits into a double, and so into every JSON reader */

/* Bits, so that a number can be a set of groups. */
typedef enum settings_group {
    SETTINGS_DATA = 1,      /* the images */
    SETTINGS_RUN = 2,       /* how long a run lasts */
    SETTINGS_MODEL = 4,     /* the network */
    SETTINGS_TRAINING = 8,  /* its steps */
    SETTINGS_SCHEDULE = 16, /* as well, but the library's alone: no command takes it */
    SETTINGS_NUMERICS = 32, /* how numbers are computed: the same up to rounding */
} settings_group;

/* What a checkpoint keeps, as the trainer that goes on must have the same. */
#define SETTINGS_OF_TRAINER (SETTINGS_TRAINING | SETTINGS_SCHEDULE)
/* What the public functions take. */
#define SETTINGS_OF_LIBRARY (SETTINGS_OF_TRAINER | SETTINGS_NUMERICS)
/* What the configuration of a run has. */
#define SETTINGS_OF_RUN (SETTINGS_DATA | SETTINGS_RUN | SETTINGS_MODEL | SETTINGS_TRAINING | SETTINGS_NUMERICS)

/* What becomes of a setting that is given when a run is resumed; one that is not given is the run's. */
typedef enum settings_resume {
    SETTING_SAME,    /* must be as it was */
    SETTING_LATER,   /* may change for what is ahead, and is said */
    SETTING_WARNS,   /* may change, with a warning */
    SETTING_FREE,    /* may change: epochs, and data, whose images are compared by their fingerprint */
    SETTING_NETWORK, /* one of those that say what the network is, which must be as it was (network_check_same) */
} settings_resume;

typedef struct setting {
    const char *name, *key; /* "batch-size", "batch_size" */
    clae_setting_kind kind;
    settings_group group;
    settings_resume resume;
    size_t index, offset;
    const char *standard;
    double min, max;
    const char *metavar, *help;
} setting;

#define SETTING_TYPE_FLAG bool
#define SETTING_TYPE_COUNT uint64_t
#define SETTING_TYPE_REAL double
#define SETTING_TYPE_TEXT const char *
#define SETTING_TYPE_TEXTS const char *
#define SETTING_TYPE_CHOICE const char *

struct clae_settings {
    const clae_context *context; /* of the public functions; may be NULL otherwise */
    uint64_t given;              /* bit i: row i was set */
/* Texts are owned, but for defaults. */
#define SETTING(FIELD, NAME, KIND, ...) SETTING_TYPE_##KIND FIELD;
#include "train/settings.def"
#undef SETTING
};

enum {
#define SETTING(FIELD, ...) SETTING_INDEX_##FIELD,
#include "train/settings.def"
#undef SETTING
    SETTINGS_COUNT
};

/* Of clae_settings.given. */
#define SETTING_BIT(FIELD) ((uint64_t)1 << SETTING_INDEX_##FIELD)

extern const setting settings_table[SETTINGS_COUNT];

/* The row of this name in one of the groups, NULL when there is none. */
const setting *settings_find(const char *name, unsigned groups);

/* Owns nothing yet: may be dropped until a text is set. */
clae_settings settings_defaults(const clae_context *context);
void settings_release(clae_settings *settings);
/* False without memory; *to is to be released then too. */
bool settings_copy(const clae_settings *from, clae_settings *to);

/* Sets one from text, NULL for a flag. False, with all as before, when it is no such value, or with errno ENOMEM. */
bool setting_read(const setting *row, clae_settings *settings, const char *text);
/* "a whole number from 1 to 4096" */
void setting_expectation(const setting *row, char text[VALUE_TEXT_BYTES]);
/* The text from which setting_read makes the same value, in `number` or the settings' own; NULL: there is no text. */
const char *setting_text(const setting *row, const clae_settings *settings, char number[DECIMAL_BYTES]);
/* The names of the settings of some groups, "data, lr", to be freed: NULL without memory; and their bits in `given`. */
char *settings_names(unsigned groups);
uint64_t settings_bits(unsigned groups);

bool setting_is_given(const setting *row, const clae_settings *settings);
bool setting_is_same(const setting *row, const clae_settings *a, const clae_settings *b);
/* Whether a command on a run takes the run's value: not what is given, and neither test images nor labels beside other data. */
bool setting_is_inherited(const setting *row, const clae_settings *stored, const clae_settings *settings);
/* Copies a value, and whether it was given. False without memory. */
bool setting_copy(const setting *row, const clae_settings *from, clae_settings *to);

/* Whether a run with one of them may go on with the other, whatever was given. */
bool settings_are_of_same_run(const clae_settings *a, const clae_settings *b);
/* Whether one of SETTING_NETWORK is given. */
bool settings_say_network(const clae_settings *settings);
/* What the run in `folder`, so far with the settings `stored`, goes on with: what is given of `settings`, and the run's
 * own for the rest; of SETTING_NETWORK all or none. CLAE_ERROR_INPUT with a list of those that must not differ and do.
 */
clae_status settings_merge(const clae_context *context, const char *folder, const clae_settings *stored,
                           clae_settings *settings);
/* A line for each of SETTING_LATER that such a run goes on with and did not have. */
void settings_say_changes(const clae_context *context, const char *folder, const clae_settings *stored,
                          const clae_settings *settings);

/* What the settings of SETTINGS_NUMERICS say, whose text is borrowed; NULL: the defaults. CLAE_ERROR_INPUT when there
 * is no such implementation. */
clae_status settings_numerics(const clae_context *context, const clae_settings *settings, numerics *numerics);

#endif
