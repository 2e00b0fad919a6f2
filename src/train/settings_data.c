#include "train/settings_data.h"

#include "base/value.h"

#include <string.h>

#define MOST_SIDE 16384

/* "64x48" or "64": height and width. */
static bool read_size(const char *text, clae_dataset_options *options) {
    uint64_t h, w;
    if (!value_read_count(text, &text, 1, MOST_SIDE, &h)) return false;
    w = h;
    if (*text == 'x' && !value_read_count(text + 1, &text, 1, MOST_SIDE, &w)) return false;
    options->h = h;
    options->w = w;
    return !*text;
}

static clae_fit fit_of(const char *text) {
    return strcmp(text, "contain") == 0   ? CLAE_FIT_CONTAIN
           : strcmp(text, "stretch") == 0 ? CLAE_FIT_STRETCH
                                          : CLAE_FIT_COVER;
}

static clae_layout layout_of(const char *text) {
    return strcmp(text, "nchw") == 0   ? CLAE_LAYOUT_NCHW
           : strcmp(text, "nhwc") == 0 ? CLAE_LAYOUT_NHWC
                                       : CLAE_LAYOUT_AUTO;
}

clae_status settings_dataset_options(const clae_context *context, const clae_settings *settings,
                                     clae_dataset_options *options) {
    const char *channels = settings->channels_in;
    *options = (clae_dataset_options){
        .fit = fit_of(settings->fit),
        .c = settings->gray ? 1
             : channels     ? (size_t)(*channels - '0')
                            : 0,
        .background = settings->background,
        .test_share = settings->test_share > 0 ? settings->test_share : -1,
        .labels = settings->labels,
        .cache_dir = settings->cache,
        .skip_bad = settings->skip_bad,
        .layout = layout_of(settings->layout),
    };
    if (settings->gray && channels && *channels != '1')
        return fail(context, CLAE_ERROR_INPUT, "--gray and --channels-in %s do not go together", channels);
    if (settings->size && !read_size(settings->size, options))
        return fail(context, CLAE_ERROR_INPUT,
                    "--size: expected height x width, like 64x64, each from 1 to %d, got \"%s\"", MOST_SIDE,
                    settings->size);
    return CLAE_OK;
}

clae_status settings_open_split(clae_context *context, const clae_settings *settings,
                                const clae_dataset_options *options, clae_split split, clae_dataset **dataset) {
    const char *name = split == CLAE_SPLIT_TEST && settings->test_data ? settings->test_data : settings->data;
    clae_dataset_options own = *options;
    if (settings->test_data) own.test_share = -1;
    return clae_dataset_open_with(context, name, split, &own, dataset);
}

void settings_test_like(const clae_settings *settings, const clae_dataset_info *train, clae_dataset_options *options) {
    if (!settings->test_data) return;
    if (!options->h) {
        options->h = train->h;
        options->w = train->w;
    }
    if (!options->c && (train->c == 1 || train->c == 3)) options->c = train->c;
}

clae_status settings_open_splits(clae_context *context, const clae_settings *settings, clae_dataset **train,
                                 clae_dataset **test) {
    clae_dataset_options options;
    clae_status status = settings_dataset_options(context, settings, &options);
    if (status == CLAE_OK) status = settings_open_split(context, settings, &options, CLAE_SPLIT_TRAIN, train);
    if (status != CLAE_OK) return status;
    settings_test_like(settings, clae_dataset_get_info(*train), &options);
    return settings_open_split(context, settings, &options, CLAE_SPLIT_TEST, test);
}
