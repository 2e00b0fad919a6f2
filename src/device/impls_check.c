/* Checks the text of --impl against the ops and all backends. */
#include "backend/forced.h"

#include <stdio.h>
#include <string.h>

static const char *const device_prefixes = "the name of a backend or a device's number, like opencl: or 0:1:";

static bool prefix_is_possible(const char *item, size_t length) {
    for (const backend *const *b = backends; *b; b++)
        if (strlen((*b)->name) == length - 1 && memcmp((*b)->name, item, length - 1) == 0) return true;
    return strspn(item, "0123456789:") >= length;
}

static clae_status check_item(const clae_context *context, const char *item, size_t length) {
    const size_t prefix = forced_prefix_length(item, length);
    if (prefix > 0 && !prefix_is_possible(item, prefix))
        return fail(context, CLAE_ERROR_INPUT, "\"%.*s\" begins with \"%.*s\", which is not %s", (int)length, item,
                    (int)prefix, item, device_prefixes);
    item += prefix;
    length -= prefix;
    const char *equals = memchr(item, '=', length);
    const size_t op_length = equals ? (size_t)(equals - item) : length;
    const op_id op = op_from_name(item, op_length);
    if (!equals || op == OP_COUNT)
        return fail(context, CLAE_ERROR_INPUT, "\"%.*s\" is not OP=IMPLEMENTATION with an op such as conv2d_fwd",
                    (int)length, item);
    const size_t value_length = length - op_length - 1;
    char known[512] = "";
    for (const backend *const *b = backends; *b; b++) {
        char some[160];
        for (const op_impl *const *impl = (*b)->impls(op); *impl; impl++)
            if (strlen((*impl)->name) == value_length && memcmp((*impl)->name, equals + 1, value_length) == 0)
                return CLAE_OK;
        forced_list_names((*b)->impls(op), some, sizeof some);
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s: %s", used ? "; " : "", (*b)->name, some);
    }
    return fail(context, CLAE_ERROR_INPUT, "%s has no implementation \"%.*s\" (%s)", op_name(op), (int)value_length,
                equals + 1, known);
}

clae_status impls_check(const clae_context *context, const char *impls) {
    while (impls && *impls) {
        const size_t length = strcspn(impls, ",");
        const clae_status status = check_item(context, impls, length);
        if (status != CLAE_OK) return status;
        impls += length + (impls[length] == ',');
    }
    return CLAE_OK;
}
