#include "cli/output.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "graph/run_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define ENDINGS_BYTES 160

const output_format output_arrays[] = {{".npy", "an array of NumPy"}, {0}};

/* "" where the name has none. */
static const char *ending_of(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return dot && dot > name ? dot : "";
}

static clae_status choose_format(output *output, console *console) {
    const char *ending = ending_of(output->path);
    char known[ENDINGS_BYTES] = "";
    size_t used = 0;
    if (!output->formats || !*ending || file_is_in_place(output->path)) return CLAE_OK;
    for (size_t i = 0; output->formats[i].ending; i++) {
        const output_format *format = &output->formats[i];
        output->format = i;
        if (!strcasecmp(ending, format->ending)) return CLAE_OK;
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s (%s)", i ? ", " : "", format->ending,
                                 format->what);
        if (used >= sizeof known) break;
    }
    console_usage(console, output->option, "%s ends in %s, which is no format that can be written: %s", output->path,
                  ending, known);
    return CLAE_ERROR_INPUT;
}

bool output_is_file(const char *path, const char *other) {
    struct stat file;
    return !strcmp(path, other) || (!stat(path, &file) && file_is_at(&file, other));
}

/* One of a folder's models, of which a later one is read where the newest cannot be used. */
static bool is_of_model(const clae_context *context, const struct stat *file, const char *model) {
    if (!model || !path_is_folder(model)) return model && file_is_at(file, model);
    uint64_t *steps;
    size_t count;
    char *path = run_folder_path(model, RUN_MODEL_NAME);
    bool same = file_is_at(file, path);
    free(path);
    if (run_folder_checkpoints(context, model, &steps, &count)) count = 0;
    for (size_t i = 0; i < count && !same; i++) {
        path = run_folder_checkpoint_path(model, steps[i]);
        same = file_is_at(file, path);
        free(path);
    }
    free(steps);
    return same;
}

/* A missing input is reported by whoever reads it. */
static clae_status refuse_inputs(const output *output, console *console, const clae_context *context) {
    struct stat file;
    clae_context quiet = *context;
    quiet.log = NULL;
    if (stat(output->path, &file) || !S_ISREG(file.st_mode)) return CLAE_OK;
    const char *what = dataset_has_file(&quiet, output->inputs.data, output->path)        ? "a file of --data"
                       : dataset_has_file(&quiet, output->inputs.test_data, output->path) ? "a file of --test-data"
                       : dataset_is_labels(output->inputs.labels, output->path)           ? "the labels"
                       : is_of_model(&quiet, &file, output->inputs.model)                 ? "the model"
                       : file_is_at(&file, output->inputs.file)                           ? "a file that is read"
                                                                                          : NULL;
    if (!what) return CLAE_OK;
    console_usage(console, output->option, "%s is %s: choose another file", output->path, what);
    return CLAE_ERROR_INPUT;
}

clae_status output_choose(output *output, console *console, const clae_context *context) {
    if (!strcmp(output->path, "-")) output->path = "/dev/stdout";
    clae_status status = choose_format(output, console);
    return status ? status : refuse_inputs(output, console, context);
}

clae_status output_prepare(const output *output, const clae_context *context) {
    const char *slash = strrchr(output->path, '/');
    clae_status status = CLAE_OK;
    if (slash && slash > output->path && !file_is_in_place(output->path)) {
        char *folder = strndup(output->path, (size_t)(slash - output->path));
        status = folder ? folder_create(context, folder) : fail_memory(context, strlen(output->path), "a path");
        if (!status) folder_sweep_temporaries(context, folder);
        free(folder);
    }
    return status ? status : file_check_writable(context, output->path);
}

clae_status output_prepare_folder(const clae_context *context, const char *folder, const char *name) {
    clae_status status = folder_create(context, folder);
    char *path = string_format("%s/%s", folder, name);
    if (!status) status = path ? file_check_writable(context, path) : fail_memory(context, strlen(folder), "a path");
    if (!status) folder_sweep_temporaries(context, folder);
    free(path);
    return status;
}
