/* Each activation and its derivative (ops/activations.def); plain loops, which the compiler turns into vectors. */
#include "plain/kernels/functions.h"
#include "plain/kernels/isa.h"

/* `from` is x or y, and so is the name of what the derivative is taken from. Outputs may be inputs, at the same places.
 */
#define ACTIVATION(stem, title, parameter, from, forward, backward)                                                           \
    static void activation_fwd_##stem(const float *xs, float *ys, size_t count, float a) {                             \
        (void)a;                                                                                                       \
        INDEPENDENT                                                                                                    \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float x = xs[i];                                                                                     \
            ys[i] = forward;                                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void activation_bwd_##stem(const float *froms, const float *dys, float *dxs, size_t count, float a) {       \
        (void)a;                                                                                                       \
        INDEPENDENT                                                                                                    \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float from = froms[i], dy = dys[i];                                                                  \
            dxs[i] = backward;                                                                                         \
        }                                                                                                              \
    }
#include "ops/activations.def"
#undef ACTIVATION

void PLAIN_NAME(plain_activation_fwd)(const activation_desc *desc, const float *x, float *y, size_t count) {
    static void (*const forwards[ACTIVATION_COUNT])(const float *, float *, size_t, float) = {
#define ACTIVATION(stem, title, parameter, from, forward, backward) [ACTIVATION_##stem] = activation_fwd_##stem,
#include "ops/activations.def"
#undef ACTIVATION
    };
    forwards[desc->activation](x, y, count, desc->parameter);
}

void PLAIN_NAME(plain_activation_bwd)(const activation_desc *desc, const float *from, const float *dy, float *dx,
                                      size_t count) {
    static void (*const backwards[ACTIVATION_COUNT])(const float *, const float *, float *, size_t, float) = {
#define ACTIVATION(stem, title, parameter, from, forward, backward) [ACTIVATION_##stem] = activation_bwd_##stem,
#include "ops/activations.def"
#undef ACTIVATION
    };
    backwards[desc->activation](from, dy, dx, count, desc->parameter);
}
