/* batch_norm and group_norm: what chunks of rows amount to, what follows for each group of channels, and a pass over
 * all elements. Rows of few channels are folded: `fold` of them are one row of `columns`, which are whole vectors; the
 * rows that fill no such row come last. */
#include "ops/norm.h"

#include "base/numbers.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { WIDEST = 16, LEAST_COLUMNS = 64, LEAST_ROWS = 32, MOST_CHUNKS = 64 };

typedef struct norm_instance {
    op_instance base;
    norm_sets sets;
    size_t fold, columns, folded; /* folded: rows of a set */
    size_t chunk, chunks;         /* of folded rows; of a set */
    size_t piece, pieces;         /* of the elements of a set */
} norm_instance;

/* The workspace. */
typedef struct norm_parts {
    float *first, *second;  /* of each chunk, columns: mean and squares, or sums of dy and dy (x - mean) */
    norm_planes planes;     /* columns of each set */
    float *dbias, *dweight; /* channels of each set */
} norm_parts;

static size_t norm_common_divisor(size_t a, size_t b) {
    return b == 0 ? a : norm_common_divisor(b, a % b);
}

static size_t norm_chunk_floats(const norm_instance *self) {
    return self->sets.sets * self->chunks * self->columns;
}

static norm_parts norm_parts_of(const norm_instance *self, const op_args *args) {
    const size_t plane = self->sets.sets * self->columns, chunks = norm_chunk_floats(self);
    float *first = plain_floats(args->workspace), *planes = first + 2 * chunks, *sums = planes + 4 * plane;
    return (norm_parts){first,
                        first + chunks,
                        {planes, planes + plane, planes + 2 * plane, planes + 3 * plane},
                        sums,
                        sums + self->sets.sets * self->sets.channels};
}

static size_t norm_workspace_floats(const norm_instance *self) {
    const norm_sets *s = &self->sets;
    return 2 * norm_chunk_floats(self) + 4 * s->sets * self->columns + 2 * s->sets * s->channels;
}

static norm_planes norm_planes_of_set(const norm_planes *p, size_t set, size_t columns) {
    const size_t at = set * columns;
    return (norm_planes){p->mean + at, p->scale + at, p->slope + at, p->rest + at};
}

/* plane[column] = values[the column's group times stride] */
static void norm_spread_groups(const norm_instance *self, const float *values, size_t stride, float *plane) {
    const norm_sets *s = &self->sets;
    for (size_t c = 0; c < s->channels; c++) plane[c] = values[c / s->group_channels * stride];
    for (size_t c = s->channels; c < self->columns; c++) plane[c] = plane[c - s->channels];
}

/* Of a chunk, less the set's first value of each group. */
static void norm_chunk_moments(const norm_instance *self, const norm_parts *parts, const float *x, size_t task) {
    const plain_kernels *kernels = plain_device_of(self->base.device)->kernels;
    const size_t set = task / self->chunks, first = task % self->chunks * self->chunk, at = task * self->columns;
    const size_t rows = self->folded - first < self->chunk ? self->folded - first : self->chunk;
    x += set * self->sets.rows * self->sets.channels + first * self->columns;
    kernels->norm_moments(x, rows, self->columns, parts->planes.mean + set * self->columns, parts->first + at,
                          parts->second + at);
}

typedef struct moments {
    double count, mean, squares;
} moments;

static void norm_join(moments *a, double count, double mean, double squares) {
    const double share = count / (a->count + count), difference = mean - a->mean;
    a->squares += squares + difference * difference * a->count * share;
    a->mean += difference * share;
    a->count += count;
}

/* Of a group of a set; x is the set. */
static moments norm_group_moments(const norm_instance *self, const norm_parts *parts, const float *x, size_t set,
                                  size_t group) {
    const norm_sets *s = &self->sets;
    const size_t first = group * s->group_channels, end = first + s->group_channels;
    const double shift = (double)x[first];
    moments all = {0, 0, 0};
    for (size_t j = 0; j < self->chunks * self->fold; j++) {
        const size_t done = j / self->fold * self->chunk, at = (set * self->chunks * self->fold + j) * s->channels;
        const double rows = (double)(self->folded - done < self->chunk ? self->folded - done : self->chunk);
        for (size_t c = first; c < end; c++)
            norm_join(&all, rows, (double)parts->first[at + c], (double)parts->second[at + c]);
    }
    for (size_t r = self->folded * self->fold; r < s->rows; r++)
        for (size_t c = first; c < end; c++) norm_join(&all, 1, (double)x[r * s->channels + c] - shift, 0);
    all.mean += shift;
    return all;
}

static float norm_mixed(double momentum, float before, double now) {
    return (float)((1 - momentum) * (double)before + momentum * now);
}

static void norm_fill_fwd_planes(const norm_instance *self, const norm_planes *p, size_t group, const op_args *args,
                                 double mean, double inv_std) {
    const norm_sets *s = &self->sets;
    const float *weight = plain_floats(args->operand[NORM_FWD_WEIGHT]),
                *bias = plain_floats(args->operand[NORM_FWD_BIAS]);
    for (size_t f = 0; f < self->fold; f++) {
        for (size_t i = 0; i < s->group_channels; i++) {
            const size_t c = group * s->group_channels + i, at = f * s->channels + c;
            p->mean[at] = (float)mean;
            p->scale[at] = (float)(inv_std * (double)weight[c]);
            p->rest[at] = bias[c];
        }
    }
}

static void norm_finish_group(const norm_instance *self, const norm_parts *parts, const op_args *args, size_t task) {
    const norm_sets *s = &self->sets;
    const norm_desc *d = &self->base.desc.norm;
    const size_t set = task / s->groups, group = task % s->groups;
    const float *x = plain_floats(args->operand[NORM_FWD_X]) + set * s->rows * s->channels;
    const moments m = norm_group_moments(self, parts, x, set, group);
    const double inv_std = 1 / sqrt(m.squares / m.count + d->epsilon);
    plain_floats(args->operand[NORM_FWD_MEAN])[task] = (float)m.mean;
    plain_floats(args->operand[NORM_FWD_INV_STD])[task] = (float)inv_std;
    if (self->base.desc.op == OP_batch_norm_train_fwd) {
        float *mean = plain_floats(args->operand[NORM_FWD_RUNNING_MEAN]) + group;
        float *var = plain_floats(args->operand[NORM_FWD_RUNNING_VAR]) + group;
        *mean = norm_mixed(d->momentum, *mean, m.mean);
        *var = norm_mixed(d->momentum, *var, m.squares / (m.count - 1));
    }
    const norm_planes planes = norm_planes_of_set(&parts->planes, set, self->columns);
    norm_fill_fwd_planes(self, &planes, group, args, m.mean, inv_std);
}

/* Where a piece begins among all elements, and how long it is. */
static size_t norm_piece_of(const norm_instance *self, size_t task, size_t *count) {
    const size_t all = self->sets.rows * self->sets.channels, first = task % self->pieces * self->piece;
    *count = all - first < self->piece ? all - first : self->piece;
    return task / self->pieces * all + first;
}

static void norm_apply(const norm_instance *self, const norm_parts *parts, const float *x, float *y) {
    const plain_device *device = plain_device_of(self->base.device);
    const int tasks = (int)(self->sets.sets * self->pieces);
    PLAIN_PARALLEL_FOR (device, i, tasks) {
        const norm_planes planes = norm_planes_of_set(&parts->planes, (size_t)i / self->pieces, self->columns);
        size_t count;
        const size_t at = norm_piece_of(self, (size_t)i, &count);
        device->kernels->norm_apply(x + at, y + at, count, self->columns, &planes, norm_has_relu(&self->base.desc));
    }
}

static clae_status norm_run_fwd(op_instance *instance, const op_args *args) {
    const norm_instance *self = (const norm_instance *)instance;
    const plain_device *device = plain_device_of(instance->device);
    const norm_sets *s = &self->sets;
    const norm_parts parts = norm_parts_of(self, args);
    const float *x = plain_floats(args->operand[NORM_FWD_X]);
    const int sets = (int)s->sets, chunks = (int)(s->sets * self->chunks), groups = (int)(s->sets * s->groups);
    PLAIN_PARALLEL_FOR (device, i, sets)
        norm_spread_groups(self, x + (size_t)i * s->rows * s->channels, s->group_channels,
                           parts.planes.mean + (size_t)i * self->columns);
    PLAIN_PARALLEL_FOR (device, i, chunks) norm_chunk_moments(self, &parts, x, (size_t)i);
    PLAIN_PARALLEL_FOR (device, i, groups) norm_finish_group(self, &parts, args, (size_t)i);
    norm_apply(self, &parts, x, plain_floats(args->operand[NORM_FWD_Y]));
    return CLAE_OK;
}

static clae_status norm_run_eval(op_instance *instance, const op_args *args) {
    const norm_instance *self = (const norm_instance *)instance;
    const norm_parts parts = norm_parts_of(self, args);
    const norm_planes *p = &parts.planes;
    const float *weight = plain_floats(args->operand[NORM_EVAL_WEIGHT]),
                *bias = plain_floats(args->operand[NORM_EVAL_BIAS]);
    const float *mean = plain_floats(args->operand[NORM_EVAL_RUNNING_MEAN]);
    const float *var = plain_floats(args->operand[NORM_EVAL_RUNNING_VAR]);
    for (size_t i = 0; i < self->columns; i++) {
        const size_t c = i % self->sets.channels;
        p->mean[i] = mean[c];
        p->scale[i] = (float)((double)weight[c] / sqrt((double)var[c] + instance->desc.norm.epsilon));
        p->rest[i] = bias[c];
    }
    norm_apply(self, &parts, plain_floats(args->operand[NORM_EVAL_X]), plain_floats(args->operand[NORM_EVAL_Y]));
    return CLAE_OK;
}

static void norm_chunk_sums(const norm_instance *self, const norm_parts *parts, const op_args *args, size_t task) {
    const plain_kernels *kernels = plain_device_of(self->base.device)->kernels;
    const size_t set = task / self->chunks, first = task % self->chunks * self->chunk, at = task * self->columns;
    const size_t rows = self->folded - first < self->chunk ? self->folded - first : self->chunk;
    const size_t from = set * self->sets.rows * self->sets.channels + first * self->columns;
    kernels->norm_sums(plain_floats(args->operand[NORM_BWD_DY]) + from, plain_floats(args->operand[NORM_BWD_X]) + from,
                       rows, self->columns, parts->planes.mean + set * self->columns, parts->first + at,
                       parts->second + at);
}

/* Of a channel in a set: dy, and dy xhat. */
typedef struct sums {
    double dy, dy_xhat;
} sums;

static sums norm_channel_sums(const norm_instance *self, const norm_parts *parts, const op_args *args, size_t set,
                              size_t c) {
    const norm_sets *s = &self->sets;
    const size_t at = set * s->groups + c / s->group_channels;
    const double mean = (double)plain_floats(args->operand[NORM_BWD_MEAN])[at];
    const float *dy = plain_floats(args->operand[NORM_BWD_DY]), *x = plain_floats(args->operand[NORM_BWD_X]);
    sums all = {0, 0};
    for (size_t j = 0; j < self->chunks * self->fold; j++) {
        const size_t i = (set * self->chunks * self->fold + j) * s->channels + c;
        all.dy += (double)parts->first[i];
        all.dy_xhat += (double)parts->second[i];
    }
    for (size_t r = self->folded * self->fold; r < s->rows; r++) {
        const size_t i = (set * s->rows + r) * s->channels + c;
        all.dy += (double)dy[i];
        all.dy_xhat += (double)dy[i] * ((double)x[i] - mean);
    }
    all.dy_xhat *= (double)plain_floats(args->operand[NORM_BWD_INV_STD])[at];
    return all;
}

static void norm_finish_group_bwd(const norm_instance *self, const norm_parts *parts, const op_args *args,
                                  size_t task) {
    const norm_sets *s = &self->sets;
    const size_t set = task / s->groups, first = task % s->groups * s->group_channels;
    const float *weight = plain_floats(args->operand[NORM_BWD_WEIGHT]);
    const double inv_std = (double)plain_floats(args->operand[NORM_BWD_INV_STD])[task];
    const double population = (double)s->rows * (double)s->group_channels;
    const norm_planes p = norm_planes_of_set(&parts->planes, set, self->columns);
    sums group = {0, 0};
    for (size_t c = first; c < first + s->group_channels; c++) {
        const sums own = norm_channel_sums(self, parts, args, set, c);
        parts->dbias[set * s->channels + c] = (float)own.dy;
        parts->dweight[set * s->channels + c] = (float)own.dy_xhat;
        group.dy += (double)weight[c] * own.dy;
        group.dy_xhat += (double)weight[c] * own.dy_xhat;
    }
    for (size_t i = 0; i < self->fold * s->group_channels; i++) {
        const size_t c = first + i % s->group_channels, at = i / s->group_channels * s->channels + c;
        p.scale[at] = (float)(inv_std * (double)weight[c]);
        p.slope[at] = (float)(-inv_std * inv_std * group.dy_xhat / population);
        p.rest[at] = (float)(-inv_std * group.dy / population);
    }
}

static clae_status norm_run_bwd(op_instance *instance, const op_args *args) {
    const norm_instance *self = (const norm_instance *)instance;
    const plain_device *device = plain_device_of(instance->device);
    const norm_sets *s = &self->sets;
    const norm_parts parts = norm_parts_of(self, args);
    const float *dy = plain_floats(args->operand[NORM_BWD_DY]), *x = plain_floats(args->operand[NORM_BWD_X]);
    const float *mean = plain_floats(args->operand[NORM_BWD_MEAN]);
    float *dx = plain_floats(args->operand[NORM_BWD_DX]);
    const int sets = (int)s->sets, chunks = (int)(s->sets * self->chunks), groups = (int)(s->sets * s->groups);
    const int pieces = (int)(s->sets * self->pieces);
    PLAIN_PARALLEL_FOR (device, i, sets)
        norm_spread_groups(self, mean + (size_t)i * s->groups, 1, parts.planes.mean + (size_t)i * self->columns);
    PLAIN_PARALLEL_FOR (device, i, chunks) norm_chunk_sums(self, &parts, args, (size_t)i);
    PLAIN_PARALLEL_FOR (device, i, groups) norm_finish_group_bwd(self, &parts, args, (size_t)i);
    plain_add_partials(parts.dbias, sets, s->channels, plain_floats(args->operand[NORM_BWD_DBIAS]));
    plain_add_partials(parts.dweight, sets, s->channels, plain_floats(args->operand[NORM_BWD_DWEIGHT]));
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const norm_planes planes = norm_planes_of_set(&parts.planes, (size_t)i / self->pieces, self->columns);
        size_t count;
        const size_t at = norm_piece_of(self, (size_t)i, &count);
        device->kernels->norm_apply_bwd(dy + at, x + at, dx + at, count, self->columns, &planes);
    }
    return CLAE_OK;
}

static clae_status (*norm_run_of(op_id op))(op_instance *, const op_args *) {
    if (op == OP_batch_norm_eval_fwd) return norm_run_eval;
    return op == OP_batch_norm_bwd || op == OP_group_norm_bwd ? norm_run_bwd : norm_run_fwd;
}

static void norm_divide(norm_instance *self) {
    const size_t channels = self->sets.channels, vectors = WIDEST / norm_common_divisor(channels, WIDEST);
    const size_t few = vectors * channels;
    self->fold = vectors * divide_up_size(LEAST_COLUMNS, few);
    self->columns = self->fold * channels;
    self->folded = self->sets.rows / self->fold;
    self->chunk = larger_size(divide_up_size(self->folded, MOST_CHUNKS / self->sets.sets + 1),
                              larger_size(PLAIN_PIECE / self->columns, LEAST_ROWS));
    self->chunks = divide_up_size(self->folded, self->chunk);
    self->piece = larger_size(PLAIN_PIECE / self->columns, 1) * self->columns;
    self->pieces = divide_up_size(self->sets.rows * channels, self->piece);
}

static clae_status norm_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    const clae_status status = plain_instance_create(device, desc, choice, sizeof(norm_instance), norm_run_of(desc->op),
                                                     plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    norm_instance *self = (norm_instance *)*instance;
    self->sets = norm_sets_of(desc);
    norm_divide(self);
    (*instance)->workspace_bytes = norm_workspace_floats(self) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_norm = {.name = "plain", .supports = plain_supports_relu, .prepare = norm_prepare};
