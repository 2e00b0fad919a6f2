/* Which of the compiled kernels the processor can run. */
#include "plain/plain.h"

#include <stdio.h>
#include <string.h>

typedef struct instruction_set {
    const plain_kernels *kernels;
    bool (*is_available)(void);
} instruction_set;

static bool has_baseline(void) {
    return true;
}

#if PLAIN_X86
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

static const instruction_set instruction_sets[] = {
#if PLAIN_X86
    {&plain_kernels_avx512, has_avx512},
    {&plain_kernels_avx2, has_avx2},
#endif
    {&plain_kernels_baseline, has_baseline},
};

enum { SETS = sizeof(instruction_sets) / sizeof(*instruction_sets) };

const plain_kernels *plain_kernels_find(const char *name) {
    for (size_t i = 0; i < SETS; i++) {
        const instruction_set *set = &instruction_sets[i];
        if ((!name || strcmp(name, set->kernels->name) == 0) && set->is_available()) return set->kernels;
    }
    return NULL;
}

bool plain_kernels_exist(const char *name) {
    for (size_t i = 0; i < SETS; i++)
        if (strcmp(name, instruction_sets[i].kernels->name) == 0) return true;
    return false;
}

void plain_kernels_list(char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < SETS && used < size; i++)
        if (instruction_sets[i].is_available())
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", instruction_sets[i].kernels->name);
}
