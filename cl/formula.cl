/* The words of the formulas that C and OpenCL share (src/ops/*.def); T is float or a vector of them, in the file that
 * includes this one. */
#define NUMBER(literal) literal##f
#define MAD(a, b, c) fma((T)(a), (T)(b), (T)(c))
#define SUM(a, b) ((a) + (b))
#define SCALED_SQUARE(scale, a) ((scale) * (a) * (a))
#define SELECT(condition, a, b) ((condition) ? (T)(a) : (T)(b))
#define ABS(a) fabs(a)
#define SQRT(a) sqrt(a)
#define EXP(a) exp(a)
#define LOG1P(a) log1p(a)
#define TANH(a) tanh(a)
#define ERF(a) erf(a)
#define SIGMOID(a) (1 / (1 + EXP(-(a))))
/* Of a T that has a single element in each lane: what is left over by vectors has the formula of whole ones. */
#if VEC == 1
#define LANE(v) (v)
#else
#define LANE(v) (v).s0
#endif
