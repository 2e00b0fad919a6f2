/* Multiply-adds on registers and nothing else. */
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

#define CHAINS 12 /* independent ones, to hide their latency */

double PLAIN_NAME(plain_peak)(size_t rounds, float a, float b, float *result) {
    vector sum[CHAINS];
    const vector va = vector_broadcast(a), vb = vector_broadcast(b);
    UNROLL
    for (int i = 0; i < CHAINS; i++) sum[i] = vector_broadcast((float)i);
    for (size_t r = 0; r < rounds; r++) {
        UNROLL
        for (int i = 0; i < CHAINS; i++) sum[i] = vector_fma(sum[i], va, vb);
    }
    UNROLL
    for (int i = 1; i < CHAINS; i++) sum[0] += sum[i];
    *result = vector_sum(sum[0]);
    return 2.0 * CHAINS * WIDTH * (double)rounds;
}
