#include "plain/impls.h"
#include "plain/parallel.h"

/* A thread takes whole rows, as many as fill a piece. */
static size_t rows_of_piece(const prelu_desc *desc) {
    return PLAIN_PIECE / desc->channels + 1;
}

static int prelu_pieces(const prelu_desc *desc) {
    return (int)((desc->rows + rows_of_piece(desc) - 1) / rows_of_piece(desc));
}

static size_t prelu_rows(const prelu_desc *desc, size_t first) {
    return desc->rows - first < rows_of_piece(desc) ? desc->rows - first : rows_of_piece(desc);
}

static clae_status prelu_run_fwd(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const prelu_desc *desc = &instance->desc.prelu;
    const float *x = plain_floats(args->operand[PRELU_FWD_X]), *slope = plain_floats(args->operand[PRELU_FWD_SLOPE]);
    float *y = plain_floats(args->operand[PRELU_FWD_Y]);
    const int pieces = prelu_pieces(desc);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * rows_of_piece(desc), offset = first * desc->channels;
        device->kernels->prelu_fwd(x + offset, slope, desc->one_slope, y + offset, prelu_rows(desc, first),
                                   desc->channels);
    }
    return CLAE_OK;
}

/* Sums of a piece. */
static size_t sums_of_piece(const prelu_desc *desc) {
    return desc->one_slope ? PLAIN_PRELU_SUMS : desc->channels;
}

static void add_slopes(const prelu_desc *desc, const float *partials, int pieces, float *dslope) {
    const size_t sums = sums_of_piece(desc);
    double all = 0;
    if (!desc->one_slope) {
        plain_add_partials(partials, pieces, sums, dslope);
        return;
    }
    for (size_t i = 0; i < (size_t)pieces * sums; i++) all += (double)partials[i];
    dslope[0] = (float)all;
}

static clae_status prelu_run_bwd(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const prelu_desc *desc = &instance->desc.prelu;
    const float *x = plain_floats(args->operand[PRELU_BWD_X]), *dy = plain_floats(args->operand[PRELU_BWD_DY]);
    const float *slope = plain_floats(args->operand[PRELU_BWD_SLOPE]);
    float *dx = plain_floats(args->operand[PRELU_BWD_DX]), *partials = plain_floats(args->workspace);
    const int pieces = prelu_pieces(desc);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * rows_of_piece(desc), offset = first * desc->channels;
        const size_t rows = prelu_rows(desc, first);
        float *sums = partials + (size_t)i * sums_of_piece(desc);
        if (desc->one_slope)
            device->kernels->prelu_bwd_one(x + offset, dy + offset, slope[0], dx + offset, sums, rows * desc->channels);
        else
            device->kernels->prelu_bwd(x + offset, dy + offset, slope, dx + offset, sums, rows, desc->channels);
    }
    add_slopes(desc, partials, pieces, plain_floats(args->operand[PRELU_BWD_DSLOPE]));
    return CLAE_OK;
}

static clae_status prelu_prepare_fwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), prelu_run_fwd, plain_instance_free,
                                 instance);
}

static clae_status prelu_prepare_bwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    const clae_status status =
        plain_instance_create(device, desc, choice, sizeof(op_instance), prelu_run_bwd, plain_instance_free, instance);
    if (status == CLAE_OK)
        (*instance)->workspace_bytes = (size_t)prelu_pieces(&desc->prelu) * sums_of_piece(&desc->prelu) * sizeof(float);
    return status;
}

const op_impl plain_prelu_fwd = {.name = "plain", .supports = plain_supports_all, .prepare = prelu_prepare_fwd};
const op_impl plain_prelu_bwd = {.name = "plain", .supports = plain_supports_all, .prepare = prelu_prepare_bwd};
