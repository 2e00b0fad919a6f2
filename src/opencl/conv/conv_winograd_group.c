#include "opencl/conv/conv_winograd_group.h"

#include "base/numbers.h"

enum {
    MOST_PARTS = 8, /* of the batch, for the support */
    VECTOR = 4,
};

size_t conv_winograd_tiles(const op_desc *desc) {
    const winograd_grid grid = winograd_make_grid(desc);
    return (size_t)grid.n * (size_t)grid.tiles_y * (size_t)grid.tiles_x;
}

int conv_winograd_padded(int channels) {
    return divide_up(channels, 4) * 4;
}

int conv_winograd_padded_weights(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return winograd_size(g) * winograd_size(g) * g->wide_c * conv_winograd_padded(g->narrow_c);
}

winograd_wgrad_places conv_winograd_wgrad_places(const op_desc *desc, const conv_instance *conv, int bias_chunks) {
    const conv_geometry *g = &desc->conv.g;
    const int dy_c = conv->job.dbias_count;
    winograd_wgrad_places p = {.dbias = (size_t)conv->chunks * (size_t)conv_winograd_padded_weights(desc)};
    p.dy_pixels =
        (size_t)g->n * (conv->job.transposed ? (size_t)g->wide_h * g->wide_w : (size_t)g->narrow_h * g->narrow_w);
    if (dy_c) p.bias_chunks = p.dy_pixels < (size_t)bias_chunks ? (int)p.dy_pixels : bias_chunks;
    conv_split_batch(g->n, MOST_PARTS, &p.part, &p.parts);
    /* Transformed tiles may follow, which are read as vectors. */
    p.support = p.dbias + divide_up_size((size_t)p.bias_chunks * (size_t)dy_c, VECTOR) * VECTOR;
    p.end = p.support + (size_t)p.parts * winograd_support_count(g);
    return p;
}

void conv_winograd_wgrad_grids(conv_instance *conv, const op_desc *desc, const winograd_wgrad_places *places, int items,
                               int pairs) {
    const conv_geometry *g = &desc->conv.g;
    const size_t group = (size_t)items, local[3] = {group, 1, 1};
    const size_t results = divide_up(g->wide_c * g->narrow_c, pairs) + divide_up(conv->job.dbias_count, items);
    conv_grid(conv, WGRAD_SUPPORT,
              (const size_t[]){(size_t)(g->wide_h + g->narrow_h) * group,
                               divide_up(larger(g->wide_c, g->narrow_c), pairs), places->parts},
              local);
    conv_grid(conv, WGRAD_REDUCE, (const size_t[]){results * group, 1, 1}, local);
}

clae_status conv_winograd_wgrad_finish(op_instance *instance, const op_args *args,
                                       const winograd_wgrad_places *places) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    const view work = args->workspace;
    clae_status status =
        opencl_kernel_set(&launch[WGRAD_SUPPORT].kernel,
                          OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(work), arg_ulong(places->support),
                                      arg_int(instance->desc.conv.g.n), arg_int(places->part)));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[WGRAD_SUPPORT]);
    if (status == CLAE_OK)
        status = opencl_kernel_set(
            &launch[WGRAD_REDUCE].kernel,
            OPENCL_ARGS(arg_view(work), arg_view(v.dweight), arg_view(v.dbias), arg_int(conv->chunks),
                        arg_ulong(places->dbias), arg_int(places->bias_chunks), arg_int(conv->job.transposed),
                        arg_int(conv->job.dbias_count), arg_ulong(places->support), arg_int(places->parts)));
    return status == CLAE_OK ? opencl_launch_run(&launch[WGRAD_REDUCE]) : status;
}

clae_status conv_winograd_too_large(const clae_device *device, const op_desc *desc, const op_choice *choice) {
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s: the kernels of implementation %s allow fewer items in a work-group than they need",
                op_name(desc->op), choice->impl->name);
}
