#include "cli/json.h"
#include "cli/output.h"
#include "cli/session.h"

#include "base/memory.h"
#include "app/figures/plot.h"
#include "app/figures/rank.h"
#include "app/figures/spiral.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_SIZE 200
#define LR 1e-3
#define HIDDEN 128
#define HIDDEN_LAYERS 4
#define FIRST_SHARE 0.1   /* of the curve, from which training starts */
#define GROWING_SHARE 0.5 /* of the steps, after which all of it is in */
#define PROGRESS_STEPS 100
#define CURVE_POINTS 2000
#define NEW_POINTS 300

typedef struct spiral_args {
    common_args common;
    const char *out;
    uint64_t points, steps, seed;
    double noise;
    bool plain, json;
} spiral_args;

#define ARGS spiral_args
static const option options[] = {
    OPTION_TEXT_REQUIRED(out, "out", "DIR", "the folder for the pictures"),
    OPTION_COUNT(points, "points", "N", "1000", 10, 20000, "how many points"),
    OPTION_REAL(noise, "noise", "X", "0.02", 0, 1, "deviation of the noise; the outer radius is 1"),
    OPTION_COUNT(steps, "steps", "N", "6000", 1, 100000, "of Adam, each on 200 points"),
    OPTION_COUNT(seed, "seed", "N", "0", 0, SETTING_SEED_MAX, "of the points, the first weights and the batches"),
    OPTION_FLAG(plain, "plain", 0, "train on all points from the start: the code's order is scrambled"),
    OPTION_FLAG(json, "json", 0, "print one JSON object on standard output"),
};

typedef struct toy {
    const spiral_args *args;
    session session;
    spiral_points points;
    clae_dataset *dataset; /* of the points */
    clae_model *model;
    clae_infer *infer;
    float *codes;
    double relative_error, rank_correlation;
} toy;

static clae_status no_memory(const toy *t) {
    return fail(t->session.context, CLAE_ERROR_INTERNAL, "not enough memory for the spiral");
}

/* Four hidden layers of ReLUs each way, as convolutions of 1x1 images with 1x1 kernels. */
static clae_status make_model(toy *t) {
    enum { LAYERS = 2 * HIDDEN_LAYERS + 1 };
    clae_layer_spec encoder[LAYERS], decoder[LAYERS];
    for (size_t i = 0; i < LAYERS; i++) {
        encoder[i] = (clae_layer_spec){.type = "relu"};
        if (i % 2 == 0)
            encoder[i] = (clae_layer_spec){
                .type = "conv2d", .out_channels = HIDDEN, .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1};
        decoder[i] = encoder[i];
    }
    encoder[LAYERS - 1].out_channels = 1;
    decoder[LAYERS - 1].out_channels = 2;
    clae_shape input = {.c = 2, .h = 1, .w = 1};
    return clae_model_create(t->session.context, input, encoder, LAYERS, decoder, LAYERS, t->args->seed, &t->model);
}

/* All batches in one dataset, to be taken in order. Training starts at one end of the curve and grows along it: the
 * code goes on where it has been, and the spiral unrolls. */
static clae_status make_batches(const toy *t, clae_dataset **batches) {
    const spiral_args *args = t->args;
    size_t n = t->points.n, count = args->steps * BATCH_SIZE;
    uint32_t *order = malloc(n * sizeof *order);
    float *stream = malloc(2 * count * sizeof *stream);
    clae_status status = order && stream ? CLAE_OK : no_memory(t);
    if (!status && args->plain) {
        for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    } else if (!status) {
        status = spiral_order(t->session.context, t->points.xy, n, order);
    }
    if (!status) {
        spiral_stream(t->points.xy, n, order, args->plain ? 1 : FIRST_SHARE,
                      (uint64_t)(GROWING_SHARE * (double)args->steps), args->steps, BATCH_SIZE, args->seed, stream);
        status = clae_dataset_from_floats(t->session.context, stream, count, 2, 1, 1, batches);
    }
    free(stream);
    free(order);
    return status;
}

static clae_status take_steps(const toy *t, clae_trainer *trainer) {
    clae_status status = CLAE_OK;
    uint64_t step;
    while (!status && (step = clae_trainer_position(trainer).step) < t->args->steps) {
        const float *losses;
        size_t count;
        uint64_t left = t->args->steps - step;
        status = clae_trainer_run(trainer, left < PROGRESS_STEPS ? left : PROGRESS_STEPS);
        if (!status) status = clae_trainer_losses(trainer, &losses, &count);
        if (!status)
            console_progress(t->session.console, "%3.0f%%  step %llu of %llu  loss %.5f",
                             100.0 * (double)step / (double)t->args->steps, (unsigned long long)step,
                             (unsigned long long)t->args->steps, count ? losses[count - 1] : 0);
    }
    return status;
}

static clae_status train(toy *t) {
    clae_dataset *batches = NULL;
    clae_trainer *trainer = NULL;
    clae_settings settings = t->args->common.settings; /* whose texts are the command's */
    settings.batch_size = BATCH_SIZE;
    settings.lr = LR;
    settings.schedule = "cosine";
    settings.schedule_steps = t->args->steps;
    settings.no_shuffle = true;
    clae_status status = make_batches(t, &batches);
    if (!status) status = clae_trainer_create(t->session.device, t->model, batches, &settings, &trainer);
    if (!status) status = take_steps(t, trainer);
    if (!status) status = clae_trainer_update_model(trainer);
    clae_trainer_free(trainer);
    clae_dataset_free(batches);
    return status;
}

/* The sum over both coordinates. */
static double variance(const spiral_points *points) {
    double mean[2], std[2];
    clae_gaussian_fit(points->xy, points->n, 2, mean, std);
    return std[0] * std[0] + std[1] * std[1];
}

static clae_status judge(toy *t) {
    size_t n = t->points.n;
    clae_evaluation evaluation;
    t->codes = malloc(n * sizeof *t->codes);
    double *codes = malloc(n * sizeof *codes);
    clae_status status = t->codes && codes ? CLAE_OK : no_memory(t);
    if (!status) status = clae_infer_create(t->session.device, t->model, &t->args->common.settings, 0, &t->infer);
    if (!status) status = clae_infer_encode(t->infer, t->dataset, t->codes);
    if (!status) status = clae_infer_evaluate(t->infer, t->dataset, &evaluation);
    if (!status) {
        t->relative_error = 2 * evaluation.mse_per_pixel / variance(&t->points);
        for (size_t i = 0; i < n; i++) codes[i] = t->codes[i];
        status = rank_correlation(t->session.context, codes, t->points.arc, n, &t->rank_correlation);
    }
    free(codes);
    return status;
}

/* What a series of points takes; xy may be NULL: then x is to be filled by the caller. */
typedef struct columns {
    size_t count;
    double *x, *y, *hue;
} columns;

static clae_status columns_create(const toy *t, const float *xy, size_t count, columns *c) {
    *c = (columns){count, calloc(count, sizeof(double)), calloc(count, sizeof(double)), calloc(count, sizeof(double))};
    if (!c->x || !c->y || !c->hue) return no_memory(t);
    for (size_t i = 0; i < count && xy; i++) {
        c->x[i] = xy[2 * i];
        c->y[i] = xy[2 * i + 1];
    }
    return CLAE_OK;
}

static void columns_free(columns *c) {
    free(c->x);
    free(c->y);
    free(c->hue);
}

static clae_status draw(const toy *t, const char *name, const plot_style *style, const plot_series *series,
                        size_t count) {
    char *path = string_format("%s/%s", t->args->out, name);
    if (!path) return no_memory(t);
    clae_status status = plot_write(t->session.context, path, style, series, count);
    if (!status) console_message(t->session.console, CLAE_LOG_INFO, "wrote %s", path);
    free(path);
    return status;
}

static clae_status draw_codes(const toy *t) {
    static const plot_style style = {
        .title = "The codes of the points, coloured as the points", .x_label = "z = f(x)", .no_y_axis = true};
    columns c;
    clae_status status = columns_create(t, NULL, t->points.n, &c);
    for (size_t i = 0; i < c.count && !status; i++) {
        c.x[i] = t->codes[i];
        c.y[i] = fmod(0.6180339887 * (double)i, 1); /* parts points of the same code, evenly */
    }
    plot_series series = {.x = c.x, .y = c.y, .count = c.count, .points = true, .hue = t->points.arc};
    if (!status) status = draw(t, "codes.png", &style, &series, 1);
    columns_free(&c);
    return status;
}

static void code_range(const toy *t, float *low, float *high) {
    *low = *high = t->codes[0];
    for (size_t i = 1; i < t->points.n; i++) {
        *low = fminf(*low, t->codes[i]);
        *high = fmaxf(*high, t->codes[i]);
    }
}

/* g at each of the codes. */
static clae_status decode_codes(const toy *t, const float *codes, size_t count, columns *c) {
    float *xy = malloc(2 * count * sizeof *xy);
    clae_status status = xy ? clae_infer_decode(t->infer, codes, count, xy) : no_memory(t);
    *c = (columns){0};
    if (!status) status = columns_create(t, xy, count, c);
    free(xy);
    return status;
}

static clae_status draw_points_and_curve(const toy *t) {
    static const plot_style alone = {.title = "Points around a spiral, coloured by arc length", .equal_scales = true};
    static const plot_style with_curve = {.title = "The curve that g draws over the latent space",
                                          .equal_scales = true};
    float low, high, ends[2], codes[CURVE_POINTS];
    columns points, curve = {0};
    code_range(t, &low, &high);
    ends[0] = low;
    ends[1] = high;
    clae_interpolate(&ends[0], &ends[1], 1, CURVE_POINTS, codes);
    clae_status status = columns_create(t, t->points.xy, t->points.n, &points);
    if (!status) status = decode_codes(t, codes, CURVE_POINTS, &curve);
    plot_series series[] = {{"x", points.x, points.y, points.count, true, t->points.arc},
                            {"g(z)", curve.x, curve.y, curve.count, false, NULL}};
    if (!status) status = draw(t, "curve.png", &with_curve, series, 2);
    series[0].label = NULL;
    if (!status) status = draw(t, "points.png", &alone, series, 1);
    columns_free(&curve);
    columns_free(&points);
    return status;
}

static clae_status draw_new_points(const toy *t) {
    static const plot_style style = {.title = "New points g(z), z drawn from the distribution of the codes",
                                     .equal_scales = true};
    float low, high, codes[NEW_POINTS];
    columns c = {0};
    code_range(t, &low, &high);
    clae_status status = spiral_draw_codes(t->session.context, t->codes, t->points.n, t->args->seed, NEW_POINTS, codes);
    if (!status) status = decode_codes(t, codes, NEW_POINTS, &c);
    for (size_t i = 0; i < c.count; i++) {
        double place = (codes[i] - low) / (high - low);
        c.hue[i] = t->rank_correlation < 0 ? 1 - place : place;
    }
    plot_series series = {.x = c.x, .y = c.y, .count = c.count, .points = true, .hue = c.hue};
    if (!status) status = draw(t, "samples.png", &style, &series, 1);
    columns_free(&c);
    return status;
}

static clae_status print_result(const toy *t) {
    const char *device = clae_device_get_info(t->session.device)->id;
    if (t->args->json)
        return json_print(t->session.console,
                          json_pack("{s:s, s:I, s:I, s:f, s:f}", "device", device, "points", (json_int_t)t->points.n,
                                    "steps", (json_int_t)t->args->steps, "relative_squared_error", t->relative_error,
                                    "rank_correlation", t->rank_correlation));
    printf("squared error      %.3f%% of the points' variance\n", 100 * t->relative_error);
    printf("rank correlation   %.4f of code and arc length\n", t->rank_correlation);
    return CLAE_OK;
}

static clae_status run_toy(toy *t) {
    const spiral_args *args = t->args;
    clae_context *context = t->session.context;
    clae_status status = output_prepare_folder(context, args->out, "points.png");
    if (!status) status = session_open_device(&t->session, &args->common);
    if (!status) status = spiral_points_create(context, args->points, args->noise, args->seed, &t->points);
    if (!status) status = clae_dataset_from_floats(context, t->points.xy, t->points.n, 2, 1, 1, &t->dataset);
    if (!status) status = make_model(t);
    if (!status) status = train(t);
    if (!status) status = judge(t);
    if (!status) status = draw_points_and_curve(t);
    if (!status) status = draw_codes(t);
    if (!status) status = draw_new_points(t);
    if (!status) status = print_result(t);
    return status;
}

static int run(console *console, const void *arguments) {
    toy t = {.args = arguments};
    clae_status status = session_open(&t.session, console, &t.args->common);
    if (!status) status = run_toy(&t);
    free(t.codes);
    clae_infer_free(t.infer);
    clae_model_free(t.model);
    clae_dataset_free(t.dataset);
    spiral_points_free(&t.points);
    session_close(&t.session);
    return exit_code(status);
}

const command command_spiral = {
    .name = "spiral",
    .summary = "the introduction's toy: unroll a spiral in the plane",
    .description =
        "Makes noisy points around a spiral of two turns, trains an autoencoder with a latent space of one dimension "
        "on them, and draws the points, their codes, the curve that g draws over the latent space, and new points.\n\n"
        "Trained on all points at once, the autoencoder puts pieces of the spiral into the latent space in a wrong "
        "order. So training begins at one end of the points' minimum spanning tree and grows along it; arc lengths are "
        "used for colours and for the rank correlation only. --plain trains on all points from the start.",
    .example = "clae spiral --out spiral\n"
               "  clae spiral --out scrambled --plain",
    .computes = true,
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .args_size = sizeof(spiral_args),
    .run = run,
};
