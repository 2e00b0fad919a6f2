#include "cli/network.h"

#include "train/network.h"

clae_status network_open(const session *session, const common_args *args, clae_shape size, clae_model **model) {
    *model = NULL;
    const clae_status status = network_check(session->context, &args->settings);
    if (status) return status;
    return network_create(session->context, &args->settings, size.c ? &size : NULL, model);
}
