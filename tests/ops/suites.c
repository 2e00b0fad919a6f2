#include "op_harness.h"

const op_suite *const op_suites[OP_COUNT] = {
#define OP(stem) &suite_##stem,
#include "ops/ops.def"
#undef OP
};
