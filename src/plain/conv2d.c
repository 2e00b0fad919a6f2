#include "plain/conv.h"

const op_impl *const plain_conv2d_fwd_impls[] = {&plain_conv_winograd, &plain_conv_correlation, &plain_conv_loops,
                                                 NULL};
const op_impl *const plain_conv2d_bwd_data_impls[] = {&plain_conv_winograd, &plain_conv_correlation, &plain_conv_loops,
                                                      NULL};
const op_impl *const plain_conv2d_bwd_weights_impls[] = {&plain_conv_winograd_filter, &plain_conv_filter,
                                                         &plain_conv_loops, NULL};
