/* Sums and gradients of each loss (ops/losses.def); plain loops, which the compiler turns into vectors. */
#include "plain/kernels/functions.h"
#include "plain/kernels/isa.h"

enum { LOSS_LANES = 16 };

#define LOSS(stem, sum_with_term, factor, gradient_each)                                                               \
    static double loss_##stem(const float *restrict ys, const float *restrict ts, float *restrict dy, float scale,     \
                              size_t count) {                                                                          \
        float sums[LOSS_LANES] = {0};                                                                                  \
        size_t i = 0;                                                                                                  \
        for (; i + LOSS_LANES <= count; i += LOSS_LANES)                                                               \
            for (size_t l = 0; l < LOSS_LANES; l++) {                                                                  \
                const float y = ys[i + l], t = ts[i + l], d = y - t, sum = sums[l];                                    \
                (void)d;                                                                                               \
                sums[l] = sum_with_term;                                                                               \
            }                                                                                                          \
        double sum = 0;                                                                                                \
        for (; i < count; i++) {                                                                                       \
            const double y = (double)ys[i], t = (double)ts[i], d = (double)(ys[i] - ts[i]);                            \
            (void)y, (void)t, (void)d;                                                                                 \
            sum = sum_with_term;                                                                                       \
        }                                                                                                              \
        for (size_t l = 0; l < LOSS_LANES; l++) sum += (double)sums[l];                                                \
        if (dy)                                                                                                        \
            for (i = 0; i < count; i++) {                                                                              \
                const float y = ys[i], t = ts[i], d = y - t;                                                           \
                (void)d;                                                                                               \
                dy[i] = scale * (gradient_each);                                                                       \
            }                                                                                                          \
        return sum;                                                                                                    \
    }
#include "ops/losses.def"
#undef LOSS

double PLAIN_NAME(plain_loss)(loss_id loss, const float *y, const float *target, float *dy, float scale, size_t count) {
    static double (*const losses[LOSS_COUNT])(const float *, const float *, float *, float, size_t) = {
#define LOSS(stem, sum_with_term, factor, gradient_each) [LOSS_##stem] = loss_##stem,
#include "ops/losses.def"
#undef LOSS
    };
    return losses[loss](y, target, dy, scale, count);
}
