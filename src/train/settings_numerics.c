/* Settings as the layers below know them. */
#include "train/settings.h"

#include <string.h>

clae_status settings_numerics(const clae_context *context, const clae_settings *settings, numerics *numerics) {
    *numerics = (struct numerics){0};
    if (!settings) return CLAE_OK;
    *numerics = (struct numerics){.impls = settings->impl,
                                  .no_fusion = settings->no_fusion,
                                  .no_winograd = settings->no_winograd,
                                  .no_tuning = settings->no_tuning,
                                  .tf32 = strcmp(settings->precision, "tf32") == 0};
    return impls_check(context, numerics->impls);
}
