/* Vectors of moments. -DVEC; -DALIGNED: vectors begin where they may. */
typedef FLOATS(VEC) lanes;

#ifdef ALIGNED
#define LOAD(p) (*(__global const lanes *)(p))
#define STORE(v, p) (*(__global lanes *)(p) = (v))
#else
/* With vload pocl makes of a sum or difference of vectors those of their pairs of floats. */
typedef lanes lanes_anywhere __attribute__((aligned(4)));
#define LOAD(p) (*(__global const lanes_anywhere *)(p))
#define STORE(v, p) VSTORE(VEC)(v, 0, p)
#endif

inline lanes then_relu(lanes v, uint relu) {
    return relu ? (v < (lanes)(0.0f) ? (lanes)(0.0f) : v) : v;
}

/* Mean and squares of deviations of `count` values join by Chan, Golub and LeVeque, "Updating formulae and a pairwise
 * algorithm for computing sample variances" (1979), so that nothing is cancelled by a large mean. */
inline void join(float *count, lanes *mean, lanes *squares, float more, lanes mean_of_more, lanes squares_of_more) {
    const float all = *count + more, share = all > 0.0f ? more / all : 0.0f;
    const lanes difference = mean_of_more - *mean;
    *mean = fma(difference, (lanes)(share), *mean);
    *squares += fma(difference * difference, (lanes)(*count * share), squares_of_more);
    *count = all;
}
