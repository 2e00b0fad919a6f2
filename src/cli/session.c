#include "cli/session.h"

#include "base/files.h"

#include <stdlib.h>
#include <string.h>

static void show_progress(void *user, const char *what, uint64_t done, uint64_t total) {
    if (done == total)
        console_end_progress(user);
    else
        console_progress(user, "%s: %llu of %llu (%llu%%)", what, (unsigned long long)done, (unsigned long long)total,
                         (unsigned long long)(100 * done / total));
}

clae_status session_open(session *session, console *console, const common_args *args) {
    *session = (struct session){.console = console};
    if (args->kernels && !path_is_folder(args->kernels)) {
        console_usage(console, "--kernels", "expected a folder, got \"%s\"", args->kernels);
        return CLAE_ERROR_INPUT;
    }
    clae_context_options options = {
        .log = console_log,
        .log_user = console,
        .log_level = console->level,
        .progress = show_progress,
        .progress_user = console,
        .threads = (unsigned)args->threads,
        .kernel_dir = args->kernels,
        .memory_limit_bytes = (uint64_t)(args->memory_limit_mib * (1 << 20)),
    };
    clae_status status = clae_context_create(&options, &session->context);
    return status ? status : impls_check(session->context, args->settings.impl);
}

static const char *automatic_reason(const clae_device_info *info) {
    if (info->type == CLAE_DEVICE_GPU) return "auto: a GPU";
    return "auto: no GPU that works";
}

clae_status session_open_device(session *session, const common_args *args) {
    const char *environment = getenv("CLAE_DEVICE");
    if (environment && !*environment) environment = NULL;
    const char *spec = args->device ? args->device : environment ? environment : "auto";
    clae_status status = clae_device_open(session->context, spec, &session->device);
    if (status) return status;
    const clae_device_info *info = clae_device_get_info(session->device);
    bool is_plain = !strcmp(info->backend, "c");
    console_message(session->console, CLAE_LOG_INFO, "device %s: %s, %s, %u %s (%s%s)", info->id, info->name,
                    is_plain ? info->driver : info->platform, info->compute_units,
                    is_plain ? info->compute_units == 1 ? "thread" : "threads" : "compute units",
                    !strcmp(spec, "auto") ? automatic_reason(info)
                    : args->device        ? "--device "
                                          : "CLAE_DEVICE=",
                    !strcmp(spec, "auto") ? "" : spec);
    return CLAE_OK;
}

void session_warn_same_images(session *session, const clae_dataset_info *test) {
    console_message(session->console, CLAE_LOG_WARNING,
                    "%s is both the training and the test images: its test loss says nothing of other images",
                    test->source);
}

void session_close(session *session) {
    clae_device_close(session->device);
    clae_context_free(session->context);
    *session = (struct session){0};
}

int exit_code(clae_status status) {
    return status == CLAE_ERROR_NOT_FINITE ? CLAE_ERROR_INTERNAL : (int)status;
}
