/* The settings of a training by name and as text: batch-size, lr and so on, as `clae train --help` explains them.
 * clae_settings_info lists all, with their limits and defaults.
 *
 * Five of them, the numerics, say how numbers are computed, which changes results by rounding alone; inference and PCA
 * take them too. no-fusion: bias and activations are ops of their own. no-winograd: sums are made as they are defined.
 * no-tuning: what `clae tune` found is not used. precision: "fp32", floats or what comes as near to them, or "tf32",
 * products of floats rounded to 11 bits where the device is faster with them; sums are of 32 bits all the same. impl:
 * forced implementations, "conv2d_fwd=direct,gemm=plain", on the devices of one backend or on one device by its name
 * and a colon before, "opencl:conv2d_fwd=tiled,0:1:gemm=plain". */
#ifndef CLAE_SETTINGS_H
#define CLAE_SETTINGS_H

#include <clae/context.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_settings clae_settings;

typedef enum clae_setting_kind {
    CLAE_SETTING_FLAG,  /* "true" or "1", "false" or "0" */
    CLAE_SETTING_COUNT, /* a whole number from min to max, in digits alone */
    CLAE_SETTING_REAL,  /* a number from min to max, with a decimal point whatever the locale */
    CLAE_SETTING_TEXT,
    CLAE_SETTING_TEXTS,  /* each text that is set is added, after a comma */
    CLAE_SETTING_CHOICE, /* one of `values` */
} clae_setting_kind;

typedef struct clae_setting_info {
    const char *name; /* valid for ever, as the other texts are */
    clae_setting_kind kind;
    const char *standard; /* the default; NULL: false, 0 or no text */
    double min, max;      /* of numbers */
    const char *values;   /* the choices, "this|that"; of other kinds what stands for a value in help; NULL of flags */
    const char *help;
} clae_setting_info;

/* All settings at their defaults. The context must outlive them. */
CLAE_API clae_status clae_settings_create(const clae_context *context, clae_settings **settings);

/* Sets one from text: clae_settings_set(settings, "lr", "1e-3"). CLAE_ERROR_INPUT, with a line that says what was
 * expected and everything as before, when there is no such setting or it takes no such value. */
CLAE_API clae_status clae_settings_set(clae_settings *settings, const char *name, const char *text);

/* Writes a setting into `text` of `size` bytes, so that clae_settings_set takes it and the same value comes back; ""
 * for a text that is not set. CLAE_ERROR_INPUT when there is no such setting or no room. */
CLAE_API clae_status clae_settings_get(const clae_settings *settings, const char *name, char *text, size_t size);

/* The settings in their order, from 0; false where there are no more. */
CLAE_API bool clae_settings_info(size_t index, clae_setting_info *info);

CLAE_API void clae_settings_free(clae_settings *settings);

#ifdef __cplusplus
}
#endif
#endif
