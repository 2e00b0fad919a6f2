#include "app/run/run_warnings.h"
#include "base/log_capture.h"
#include "data/dataset.h"
#include "graph/model.h"
#include "infer/activity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Images that are looked at. */
#define MOST_IMAGES 256
/* A deviation that is no variance: of the largest of all dimensions, and of the dimension's mean, as rounding has it.
 */
#define LEAST_DEVIATION 1e-4
#define ROUNDING 1e-6
/* Half of a layer is dead in many a good model: a ReLU network trained on MNIST loses that many in an epoch. */
#define DEAD_SHARE 0.75
/* That are named. */
#define MOST_DIMENSIONS 10
#define MOST_LAYERS 3

/* The deviation of one number of the codes, 0 where it is rounding. */
static double deviation_of(const activity *a, size_t elements, size_t e) {
    const double n = (double)a->images;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < a->images; i++) sum += (double)a->codes[i * elements + e];
    for (size_t i = 0; i < a->images; i++) squares += pow((double)a->codes[i * elements + e] - sum / n, 2);
    const double deviation = sqrt(squares / n);
    return deviation > ROUNDING * fabs(sum / n) ? deviation : 0;
}

/* A dimension is a channel of the codes: the edges of images are often all the same. */
static void find_deviations(const activity *a, clae_shape code, double *deviations) {
    const size_t elements = shape_elements(code);
    for (size_t c = 0; c < code.c; c++) deviations[c] = 0;
    for (size_t e = 0; e < elements; e++)
        deviations[e % code.c] = fmax(deviations[e % code.c], deviation_of(a, elements, e));
}

static void warn_of_dimensions(const clae_context *context, clae_log_level level, const activity *a, size_t dims,
                               const double *deviations) {
    double largest = 0;
    size_t count = 0;
    char *names = NULL;
    size_t bytes;
    FILE *list = open_memstream(&names, &bytes);
    for (size_t d = 0; d < dims; d++) largest = fmax(largest, deviations[d]);
    for (size_t d = 0; d < dims; d++) {
        if (deviations[d] > LEAST_DEVIATION * largest) continue;
        if (list && count < MOST_DIMENSIONS) fprintf(list, "%s%zu", count ? ", " : "", d);
        count++;
    }
    if (list) fclose(list);
    if (count && names)
        log_line(context, level,
                 "%zu of the %zu latent dimensions %s the same for all of %zu test images (%s%s): try a smaller code, or "
                 "another --lr or --seed",
                 count, dims, count == 1 ? "is" : "are", a->images, names, count > MOST_DIMENSIONS ? ", ..." : "");
    free(names);
}

static void warn_of_codes(const clae_context *context, clae_log_level level, const activity *a, clae_shape code) {
    double *deviations = malloc(code.c * sizeof *deviations);
    if (!deviations) return;
    find_deviations(a, code, deviations);
    warn_of_dimensions(context, level, a, code.c, deviations);
    free(deviations);
}

static bool is_dead(const relu_activity *relu) {
    return (double)relu->dead >= DEAD_SHARE * (double)relu->layer->out.c;
}

static void warn_of_relus(const clae_context *context, clae_log_level level, const activity *a) {
    size_t count = 0, bytes;
    char *names = NULL;
    FILE *list = open_memstream(&names, &bytes);
    for (size_t i = 0; i < a->relu_count; i++) {
        const relu_activity *relu = &a->relus[i];
        if (!is_dead(relu)) continue;
        if (list && count < MOST_LAYERS)
            fprintf(list, "%s%zu of the %zu of %s", count ? ", " : "", relu->dead, relu->layer->out.c,
                    relu->layer->name);
        count++;
    }
    if (list && count > MOST_LAYERS) fprintf(list, ", and of %zu more layers", count - MOST_LAYERS);
    if (list) fclose(list);
    if (count && names)
        log_line(context, level,
                 "dead activations: ReLU channels that are 0 for all of %zu test images, %s: try a smaller --lr, or "
                 "another --seed",
                 a->images, names);
    free(names);
}

void run_warn_of_activity(clae_infer *infer, const clae_dataset *test, clae_log_level level) {
    clae_context *context = infer->device->context;
    clae_dataset *some = run_some_images(test, MOST_IMAGES);
    activity a = {0};
    log_capture capture;
    log_capture_begin(&capture, context);
    const bool ok = some && some->info.n > 1 && infer_activity(infer, some, &a) == CLAE_OK;
    log_capture_end(&capture);
    if (ok) {
        warn_of_codes(context, level, &a, infer->model->latent);
        warn_of_relus(context, level, &a);
    }
    activity_free(&a);
    clae_dataset_free(some);
}
