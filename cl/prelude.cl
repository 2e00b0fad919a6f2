/* Put before every file. */
/* float<n>, int<n>, and vload<n>/vstore<n>, which ask for no more than the alignment of a float; n may be 1. The names are
 * pasted without being expanded first: some implementations define them as macros. */
typedef float float1;
typedef int int1;
#define vload1(i, p) ((p)[i])
#define vstore1(v, i, p) ((p)[i] = (v))
#define FLOATS_(n) float##n
#define FLOATS(n) FLOATS_(n)
#define INTS_(n) int##n
#define INTS(n) INTS_(n)
#define VLOAD_(n) vload##n
#define VLOAD(n) VLOAD_(n)
#define VSTORE_(n) vstore##n
#define VSTORE(n) VSTORE_(n)

/* For devices whose library of built-in functions lacks it; what trial.cl shows. */
#ifdef NO_FMA
#define fma(a, b, c) ((a) * (b) + (c))
#endif

/* For what long kernels do: pocl makes three functions of each kernel, and compiles three times what is inlined there. */
#define NOT_INLINE static __attribute__((noinline))
/* For what keeps arrays in registers only as a part of its caller. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A grid may be enqueued in pieces: work-groups are numbered as in the whole grid. `items`: of a group in that dimension. */
#define GROUP_ID(dimension, items) (get_group_id(dimension) + get_global_offset(dimension) / (items))

/* Local ids are divided in 32 bits, (uint)get_local_id(0) / N: for an index (int)(get_local_id(0) / 8), which LLVM shifts left by
 * 29 and right by 32, Intel's compiler for CPUs (2026.22) reads and writes what is at get_local_id(0). */

/* Whether a work-item has a v-th vector of so many, which the LOCAL items of its group take in turns. */
#define HAS_VECTOR(v, vectors) (((v) + 1) * LOCAL <= (vectors) || (v) * LOCAL + (int)get_local_id(0) < (vectors))

/* Kernels that pass over all elements once are built with -DVEC -DLOCAL -DPER_ITEM and take their vectors one work-group
 * beside the other. Tensors start at multiples of 64 bytes, so that whole vectors may be read. */
#define ELEMENTWISE __kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
#define FIRST_ELEMENT ((uint)(GROUP_ID(0, LOCAL) * (LOCAL * PER_ITEM) + get_local_id(0)) * VEC)
#define NEXT_ELEMENT (LOCAL * VEC)
#define AT(p, e) (*(__global FLOATS(VEC) *)((p) + (e)))
#define CONST_AT(p, e) (*(__global const FLOATS(VEC) *)((p) + (e)))
