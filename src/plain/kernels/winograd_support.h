/* Where channels of a batch are not 0, a bit for each position. A tap whose positions of wide and of narrow are never
 * both other than 0 has a gradient of exactly 0. Winograd's transforms would leave the rounding of the other taps in
 * its place, and Adam would make whole steps of that. */
#ifndef CLAE_PLAIN_KERNELS_WINOGRAD_SUPPORT_H
#define CLAE_PLAIN_KERNELS_WINOGRAD_SUPPORT_H

#include "plain/kernels/winograd.h"

typedef uint32_t vector_word __attribute__((vector_size(4 * WIDTH)));
typedef vector_word vector_word_unaligned __attribute__((aligned(4), may_alias));

INLINE vector_word vector_word_load(const uint32_t *p) {
    return *(const vector_word_unaligned *)p;
}

INLINE bool vector_mask_all(vector_mask m) {
    int64_t part[WIDTH / 2], all = -1;
    memcpy(part, &m, sizeof(part));
    for (int i = 0; i < WIDTH / 2; i++) all &= part[i];
    return all == -1;
}

/* Adds a share of the batch to bits[h][words][c] of a phase, 32 positions to a word: its rows first .. end - 1, of all
 * images. The first position is that of the first tile. */
INLINE void winograd_add_support(const winograd_image *image, const winograd_view *view, const float *p, size_t first,
                                 size_t end, int words, uint32_t *bits) {
    const ptrdiff_t step = (ptrdiff_t)image->stride * image->c;
    for (size_t row = first; row < end; row++) {
        const size_t h = (size_t)view->y->count;
        uint32_t *to = bits + row % h * (size_t)words * (size_t)image->c;
        for (int word = 0; word < words; word++, to += image->c) {
            const int x0 = word * 32 + view->x->base;
            const conv_range inside = winograd_inside(x0, 32, view->x->count);
            if (inside.first >= inside.end) continue;
            const float *from = p + winograd_place(image, view, (int)(row / h), (int)(row % h), x0 + inside.first);
            for (int v = 0; v < winograd_vectors(image); v++) {
                const int c = winograd_vector_channel(image->c, WIDTH, v);
                vector_word sum = vector_word_load(to + c), bit = (vector_word){0} + (1u << inside.first);
                for (int x = 0; x < inside.end - inside.first; x++, bit += bit)
                    sum |= (vector_word)(vector_load(from + x * step + c) != 0) & bit;
                *(vector_word_unaligned *)(to + c) = sum;
            }
        }
    }
}

/* Puts 0 in result[kernel x kernel] of a phase, of a channel of wide and those of narrow from `o` on, for taps that
 * meet nothing in any split. Most taps meet in the first rows, and those of channels that are 0 everywhere are 0
 * already. */
INLINE void winograd_zero_unmet(const winograd_wgrad *f, const winograd_view *view, const uint32_t *support,
                                int channel, int o, float *result, const int kernel) {
    const size_t phase = (size_t)view->number * f->phase_words,
                 phases = (size_t)winograd_phases(&f->wide) * f->phase_words;
    const int base = view->y->base;
    const int wide_c = f->wide.c, narrow_c = f->narrow.c, words = f->words;
    for (int ky = 0; ky < kernel; ky++, result += kernel * WIDTH) {
        vector_mask met[WINOGRAD_MAX_SIZE], all = {0};
        for (int kx = 0; kx < kernel; kx++) met[kx] = vector_load(result + kx * WIDTH) == 0;
        const conv_range rows = winograd_inside(ky + base, f->narrow.h, view->y->count);
        for (int row = 0; row < f->support_splits * (rows.end - rows.first) && !vector_mask_all(all); row++) {
            const int y = rows.first + row % (rows.end - rows.first);
            const uint32_t *split = support + (size_t)(row / (rows.end - rows.first)) * f->support_stride;
            const uint32_t *wide = split + phase + (ptrdiff_t)(y + ky + base) * (words + 1) * wide_c + channel;
            const uint32_t *narrow = split + phases + (ptrdiff_t)y * words * narrow_c + o;
            for (int word = 0; word < words; word++, wide += wide_c, narrow += narrow_c) {
                const uint64_t bits = (uint64_t)wide[wide_c] << 32 | wide[0];
                for (int kx = 0; kx < kernel; kx++) met[kx] |= (vector_word_load(narrow) & (uint32_t)(bits >> kx)) != 0;
            }
            all = met[0];
            for (int kx = 1; kx < kernel; kx++) all &= met[kx];
        }
        for (int kx = 0; kx < kernel; kx++) {
            float *to = result + kx * WIDTH;
            vector_store(to, vector_zero_where(vector_load(to), ~met[kx]));
        }
    }
}

#endif
