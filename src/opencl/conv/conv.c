#include "opencl/conv/conv.h"

#include "base/memory.h"
#include "base/numbers.h"
#include "opencl/mma.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What OpenCL asks of every device that does not say. */
#define LEAST_LOCAL_BYTES ((size_t)32768)

static bool product_fits_int(size_t a, size_t b, size_t c, size_t d, size_t e) {
    const size_t factors[] = {a, b, c, d, e};
    size_t product;
    return size_product(factors, ARRAY_LENGTH(factors), &product) && product <= INT_MAX / 2;
}

bool conv_sizes_fit(const op_desc *desc, int positions) {
    const conv_geometry *g = &desc->conv.g;
    /* Twice the weights: there may be padding up to whole vectors, and dbias. */
    return product_fits_int((size_t)positions, (size_t)g->wide_h, (size_t)g->wide_w, (size_t)g->wide_c, 1) &&
           product_fits_int((size_t)positions, (size_t)g->narrow_h, (size_t)g->narrow_w, (size_t)g->narrow_c, 1) &&
           product_fits_int((size_t)g->kh, (size_t)g->kw, (size_t)g->wide_c + 64, (size_t)g->narrow_c + 64, 1);
}

void conv_options_add(char text[CONV_OPTIONS_SIZE], const char *format, ...) {
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, CONV_OPTIONS_SIZE - used, format, arguments);
    va_end(arguments);
}

void conv_options(const op_desc *desc, char text[CONV_OPTIONS_SIZE]) {
    const conv_geometry *g = &desc->conv.g;
    const conv_job job = conv_job_of(desc);
    const conv_sides *s = &job.sides;
    text[0] = '\0';
    conv_options_add(text, "-DKERNEL_H=%d -DKERNEL_W=%d -DSTRIDE_H=%d -DSTRIDE_W=%d -DPAD_H=%d -DPAD_W=%d", g->kh,
                     g->kw, g->sh, g->sw, g->ph, g->pw);
    if (job.kind == CONV_WGRAD)
        conv_options_add(text, " -DWIDE_H=%d -DWIDE_W=%d -DWIDE_C=%d -DNARROW_H=%d -DNARROW_W=%d -DNARROW_C=%d",
                         g->wide_h, g->wide_w, g->wide_c, g->narrow_h, g->narrow_w, g->narrow_c);
    else
        conv_options_add(text, " -DSPREAD=%d -DIN_H=%d -DIN_W=%d -DIN_C=%d -DOUT_H=%d -DOUT_W=%d -DOUT_C=%d", s->spread,
                         s->in_h, s->in_w, s->in_c, s->out_h, s->out_w, s->out_c);
}

void conv_options_of_pass(const op_desc *desc, char text[CONV_OPTIONS_SIZE]) {
    const conv_job job = conv_job_of(desc);
    if (job.kind == CONV_WGRAD)
        conv_options_add(text, " -DTRANSPOSED=%d -DDBIAS=%d", job.transposed, job.dbias_count > 0);
    else
        conv_options_add(text, " -DTRANSPOSED=%d -DBIAS=%d -DRELU=%d -DMASK=%d", job.transposed, job.bias, job.relu,
                         job.mask);
}

bool conv_is_power_of_2(int value) {
    return value > 0 && (value & (value - 1)) == 0;
}

bool conv_lanes_fit(const clae_device *device, int lanes) {
    const bool power = lanes == 4 || lanes == 8 || lanes == 16;
    return power && lanes <= (int)((const opencl_device *)device)->vector_width;
}

int conv_vector_registers(int lanes) {
    return lanes == 16 ? 32 : 16;
}

size_t conv_local_bytes(const clae_device *device) {
    const size_t bytes = ((const opencl_device *)device)->local_bytes;
    return bytes ? bytes : LEAST_LOCAL_BYTES;
}

void conv_split_batch(int n, int most_chunks, int *chunk, int *chunks) {
    *chunk = (n + most_chunks - 1) / most_chunks;
    *chunks = (n + *chunk - 1) / *chunk;
}

clae_status conv_instance_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                 const conv_program *program, clae_status (*run)(op_instance *, const op_args *),
                                 conv_instance **instance) {
    op_instance *made;
    opencl_mma_miss(opencl_device_of(device), choice);
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(conv_instance), run, &made);
    if (status != CLAE_OK) return status;
    for (size_t i = 0; i < ARRAY_LENGTH(program->kernels); i++) {
        if (!program->kernels[i]) continue;
        status = opencl_kernel_create(opencl_device_of(device), program->file, program->options, program->kernels[i],
                                      &opencl_instance_of(made)->launch[i].kernel);
        if (status != CLAE_OK) {
            opencl_instance_release(made);
            return status;
        }
    }
    *instance = (conv_instance *)made;
    (*instance)->job = conv_job_of(desc);
    return CLAE_OK;
}

void conv_grid(conv_instance *instance, int launch, const size_t global[3], const size_t local[3]) {
    opencl_launch *l = &instance->opencl.launch[launch];
    l->dimensions = 3;
    memcpy(l->global, global, sizeof l->global);
    memcpy(l->local, local, sizeof l->local);
}

clae_status conv_no_values(const clae_device *device, const op_desc *desc, const op_choice *choice) {
    return fail(device->context, CLAE_ERROR_DEVICE, "%s: no parameters of implementation %s are valid on %s",
                op_name(desc->op), choice->impl->name, device->info.name);
}

bool conv_take(conv_instance *made, int *items, op_instance **instance) {
    size_t next = (size_t)*items / 2;
    bool allow = true;
    for (int i = 0; i < OPENCL_MAX_LAUNCHES && *items > 1; i++) {
        opencl_launch *l = &made->opencl.launch[i];
        if (!l->kernel.program) continue;
        const size_t most = opencl_kernel_work_group_items(&l->kernel);
        if (most < l->local[0] * l->local[1] * l->local[2]) allow = false;
        while (next > most) next /= 2;
    }
    if (allow) {
        *instance = &made->opencl.base;
    } else {
        *items = (int)next;
        opencl_instance_release(&made->opencl.base);
    }
    return allow;
}

static const view no_view = {NULL, 0};

view conv_bias_of(const conv_job *job, const op_args *args) {
    return job->bias ? args->operand[CONV_EXTRA] : no_view;
}

view conv_mask_of(const conv_job *job, const op_args *args) {
    return job->mask ? args->operand[CONV_EXTRA] : no_view;
}

clae_status conv_run_single(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *run = &opencl_instance_of(instance)->launch[0];
    const view *operand = args->operand, bias = conv_bias_of(&conv->job, args), mask = conv_mask_of(&conv->job, args);
    const clae_status status =
        opencl_kernel_set(&run->kernel, OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(operand[CONV_IN_WEIGHT]),
                                                    arg_view(bias.buffer ? bias : mask), arg_view(operand[CONV_OUT]),
                                                    arg_int(instance->desc.conv.g.n)));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}

conv_wgrad_views conv_wgrad_views_of(const conv_job *job, const op_args *args) {
    const bool transposed = job->transposed;
    const view *operand = args->operand;
    return (conv_wgrad_views){
        .wide = operand[transposed ? CONV_BWD_WEIGHTS_DY : CONV_BWD_WEIGHTS_X],
        .narrow = operand[transposed ? CONV_BWD_WEIGHTS_X : CONV_BWD_WEIGHTS_DY],
        .dy = operand[CONV_BWD_WEIGHTS_DY],
        .dweight = operand[CONV_BWD_WEIGHTS_DWEIGHT],
        .dbias = job->dbias_count ? operand[CONV_BWD_WEIGHTS_DBIAS] : no_view,
    };
}

static clae_status reduce_wgrad(op_instance *instance, const op_args *args, const conv_wgrad_views *v) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *reduce = &opencl_instance_of(instance)->launch[1];
    const clae_status status =
        opencl_kernel_set(&reduce->kernel, OPENCL_ARGS(arg_view(args->workspace), arg_view(v->dweight),
                                                       arg_view(v->dbias), arg_int(conv->chunks),
                                                       arg_int(conv->job.transposed), arg_int(conv->job.dbias_count)));
    return status == CLAE_OK ? opencl_launch_run(reduce) : status;
}

clae_status conv_launch_wgrad(op_instance *instance, const op_args *args) {
    const conv_wgrad_views v = conv_wgrad_views_of(&((const conv_instance *)instance)->job, args);
    const clae_status status = opencl_launch_run(&opencl_instance_of(instance)->launch[0]);
    return status == CLAE_OK ? reduce_wgrad(instance, args, &v) : status;
}

clae_status conv_run_wgrad_split(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    const clae_status status = opencl_kernel_set(
        &opencl_instance_of(instance)->launch[0].kernel,
        OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(args->workspace), arg_int(instance->desc.conv.g.n),
                    arg_int(conv->chunk), arg_int(conv->job.transposed), arg_int(conv->job.dbias_count)));
    return status == CLAE_OK ? conv_launch_wgrad(instance, args) : status;
}

clae_status conv_run_wgrad_single(op_instance *instance, const op_args *args) {
    opencl_launch *run = &opencl_instance_of(instance)->launch[0];
    const conv_wgrad_views v = conv_wgrad_views_of(&((const conv_instance *)instance)->job, args);
    const clae_status status =
        opencl_kernel_set(&run->kernel, OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(v.dweight),
                                                    arg_view(v.dbias), arg_int(instance->desc.conv.g.n)));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}
