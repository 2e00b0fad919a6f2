#include "opencl/conv/conv_job.h"

static conv_job wgrad_job(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    conv_job job = {.kind = CONV_WGRAD, .transposed = op_is_transposed(desc->op)};
    if (desc->conv.with_bias) job.dbias_count = job.transposed ? g->wide_c : g->narrow_c;
    job.slice_floats = (size_t)g->kh * g->kw * g->wide_c * g->narrow_c + (size_t)job.dbias_count;
    return job;
}

conv_job conv_job_of(const op_desc *desc) {
    const conv_kernel kind = conv_kernel_of(desc->op);
    const bool forward = conv_is_forward(desc->op);
    if (kind == CONV_WGRAD) return wgrad_job(desc);
    return (conv_job){
        .kind = kind,
        .sides = conv_sides_of(desc),
        .transposed = !forward,
        .bias = forward && desc->conv.with_bias,
        .relu = forward && conv_has_relu(desc),
        .mask = !forward && conv_has_relu(desc),
    };
}
