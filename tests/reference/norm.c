#include "reference/accumulate.h"

#include <stdlib.h>

/* Over the values that share a mean: those of batch_norm from all images, those of group_norm from one. */
typedef struct group {
    size_t first_image, end_image, first_channel, end_channel;
} group;

static size_t statistics(const norm_desc *d, bool of_batch) {
    return of_batch ? d->channels : d->images * d->groups;
}

static group group_of(const norm_desc *d, bool of_batch, size_t i) {
    const size_t width = of_batch ? 1 : d->channels / d->groups;
    if (of_batch) return (group){0, d->images, i, i + 1};
    const size_t image = i / d->groups, first = i % d->groups * width;
    return (group){image, image + 1, first, first + width};
}

static double population(const norm_desc *d, const group *g) {
    return (double)((g->end_image - g->first_image) * d->pixels * (g->end_channel - g->first_channel));
}

#define FOR_EACH(d, g, i, c)                                                                                           \
    for (size_t pixel_ = (g)->first_image * (d)->pixels; pixel_ < (g)->end_image * (d)->pixels; pixel_++)              \
        for (size_t c = (g)->first_channel, i = pixel_ * (d)->channels + c; c < (g)->end_channel; c++, i++)

/* The error of a mean is in proportion to the mean of |x| and, as it may be found from differences to any one of the
 * values, to the deviation; that of inv_std is that of a sum of squares, all of one sign; that of xhat has the mean's.
 */
void reference_norm_fwd(const norm_desc *d, bool of_batch, const double *x, const double *weight, const double *bias,
                        reference_output y, reference_output mean, reference_output inv_std, double *variance) {
    output_start(mean, statistics(d, of_batch));
    for (size_t s = 0; s < statistics(d, of_batch); s++) {
        const group g = group_of(d, of_batch, s);
        const double m = population(d, &g);
        double squares = 0;
        FOR_EACH(d, &g, i, c) output_add(mean, s, x[i] / m);
        FOR_EACH(d, &g, i, c) squares += (x[i] - mean.value[s]) * (x[i] - mean.value[s]);
        if (variance) variance[s] = squares / m;
        mean.magnitude[s] += sqrt(squares / m);
        inv_std.value[s] = inv_std.magnitude[s] = 1 / sqrt(squares / m + d->epsilon);
        FOR_EACH(d, &g, i, c) {
            const double scale = inv_std.value[s] * weight[c], centred = x[i] - mean.value[s];
            y.value[i] = centred * scale + bias[c];
            y.magnitude[i] = (fabs(centred) + mean.magnitude[s]) * fabs(scale) + fabs(bias[c]);
        }
    }
    if (d->activation) output_relu(y, d->images * d->pixels * d->channels);
}

void reference_batch_norm_train_fwd(const norm_desc *d, const double *x, const double *weight, const double *bias,
                                    const double *running_mean, const double *running_var, reference_output y,
                                    reference_output mean, reference_output inv_std, reference_output new_mean,
                                    reference_output new_var) {
    const double m = (double)(d->images * d->pixels), rest = 1 - d->momentum;
    double *variance = calloc(d->channels, sizeof *variance);
    reference_norm_fwd(d, true, x, weight, bias, y, mean, inv_std, variance);
    output_start(new_mean, d->channels);
    output_start(new_var, d->channels);
    for (size_t c = 0; c < d->channels; c++) {
        output_add(new_mean, c, rest * running_mean[c]);
        new_mean.value[c] += d->momentum * mean.value[c];
        new_mean.magnitude[c] += d->momentum * mean.magnitude[c];
        output_add(new_var, c, rest * running_var[c]);
        output_add(new_var, c, d->momentum * variance[c] * m / (m - 1));
    }
    free(variance);
}

void reference_batch_norm_eval_fwd(const norm_desc *d, const double *x, const double *weight, const double *bias,
                                   const double *running_mean, const double *running_var, reference_output y) {
    output_start(y, d->images * d->pixels * d->channels);
    for (size_t i = 0; i < d->images * d->pixels * d->channels; i++) {
        const size_t c = i % d->channels;
        output_add(y, i, (x[i] - running_mean[c]) / sqrt(running_var[c] + d->epsilon) * weight[c]);
        output_add(y, i, bias[c]);
    }
    if (d->activation) output_relu(y, d->images * d->pixels * d->channels);
}

void reference_norm_bwd(const norm_desc *d, bool of_batch, const double *dy, const double *x, const double *weight,
                        const double *mean, const double *inv_std, reference_output dx, reference_output dweight,
                        reference_output dbias) {
    output_start(dx, d->images * d->pixels * d->channels);
    output_start(dweight, d->channels);
    output_start(dbias, d->channels);
    for (size_t s = 0; s < statistics(d, of_batch); s++) {
        const group g = group_of(d, of_batch, s);
        const double m = population(d, &g);
        double sums[2] = {0, 0}, magnitudes[2] = {0, 0};
        FOR_EACH(d, &g, i, c) {
            const double xhat = (x[i] - mean[s]) * inv_std[s], dxhat = dy[i] * weight[c];
            output_add(dweight, c, dy[i] * xhat);
            output_add(dbias, c, dy[i]);
            sums[0] += dxhat;
            magnitudes[0] += fabs(dxhat);
            sums[1] += dxhat * xhat;
            magnitudes[1] += fabs(dxhat * xhat);
        }
        FOR_EACH(d, &g, i, c) {
            const double xhat = (x[i] - mean[s]) * inv_std[s], dxhat = dy[i] * weight[c];
            dx.value[i] = inv_std[s] * (dxhat - sums[0] / m - xhat * sums[1] / m);
            dx.magnitude[i] = fabs(inv_std[s]) * (fabs(dxhat) + magnitudes[0] / m + fabs(xhat) * magnitudes[1] / m);
        }
    }
}
