/* Walks over all pairs of a narrow and a wide pixel that a tap of the kernel joins. */
#ifndef CLAE_TESTS_REFERENCE_TAPS_H
#define CLAE_TESTS_REFERENCE_TAPS_H

#include "reference/reference.h"

typedef struct tap {
    int n, ih, iw, kh, kw;
    size_t narrow, wide, weight; /* pixel numbers, over all images; number of the tap */
} tap;

/* Starts before the first pair; call tap_next until it is false. */
#define TAP_START                                                                                                      \
    { .kw = -1 }

static inline bool tap_advance(const conv_geometry *g, tap *t) {
    if (++t->kw < g->kw) return true;
    t->kw = 0;
    if (++t->kh < g->kh) return true;
    t->kh = 0;
    if (++t->iw < g->narrow_w) return true;
    t->iw = 0;
    if (++t->ih < g->narrow_h) return true;
    t->ih = 0;
    return ++t->n < g->n;
}

static inline bool tap_next(const conv_geometry *g, tap *t) {
    while (tap_advance(g, t)) {
        int jh = t->ih * g->sh + t->kh - g->ph, jw = t->iw * g->sw + t->kw - g->pw;
        if (jh < 0 || jh >= g->wide_h || jw < 0 || jw >= g->wide_w) continue;
        t->narrow = ((size_t)t->n * g->narrow_h + t->ih) * g->narrow_w + t->iw;
        t->wide = ((size_t)t->n * g->wide_h + jh) * g->wide_w + jw;
        t->weight = (size_t)t->kh * g->kw + t->kw;
        return true;
    }
    return false;
}

#endif
