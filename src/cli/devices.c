#include "cli/session.h"

#include "backend/backend.h"
#include "base/memory.h"
#include "cli/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct devices_args {
    common_args common;
    bool json;
} devices_args;

#define ARGS devices_args
static const option options[] = {
    OPTION_FLAG(json, "json", 0, "print one JSON object"),
};

static bool is_plain(const clae_device_info *info) {
    return !strcmp(info->backend, "c");
}

static json_t *device_object(const clae_device_info *info) {
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "id", info->id, "backend",
                  info->backend, "type", clae_device_type_text(info->type), "vendor", info->vendor, "name", info->name,
                  "platform", info->platform, "driver", info->driver, "memory_bytes", (json_int_t)info->memory_bytes,
                  "largest_allocation_bytes", (json_int_t)info->largest_allocation_bytes, "local_memory_bytes",
                  (json_int_t)info->local_memory_bytes, "compute_units", (json_int_t)info->compute_units, "auto",
                  (int)info->is_auto);
    if (object && *info->board) json_object_set_new(object, "board", json_string(info->board));
    if (object && *info->pci_address) json_object_set_new(object, "pci_address", json_string(info->pci_address));
    if (object && *info->problem) json_object_set_new(object, "problem", json_string(info->problem));
    if (object && is_plain(info)) {
        json_object_set_new(object, "instruction_set", json_string(info->driver));
        json_object_set_new(object, "threads", json_integer((json_int_t)info->compute_units));
    }
    return object;
}

static clae_status print_json(console *console, const clae_device_info *list, size_t count,
                              const driver_report *drivers, size_t driver_count) {
    json_t *devices = json_array(), *reports = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(devices, device_object(&list[i]));
    for (size_t i = 0; i < driver_count; i++)
        json_array_append_new(reports,
                              json_pack("{s:s, s:s, s:s, s:b}", "file", drivers[i].file, "library", drivers[i].library,
                                        "story", drivers[i].story, "failed", (int)drivers[i].failed));
    if (driver_count) return json_print(console, json_pack("{s:o, s:o}", "devices", devices, "drivers", reports));
    json_decref(reports);
    return json_print(console, json_pack("{s:o}", "devices", devices));
}

static void print_size(const char *label, uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < ARRAY_LENGTH(units); unit++) size /= 1024;
    printf("    %-19s %.*f %s\n", label, unit ? 1 : 0, size, units[unit]);
}

static void print_text(const char *label, const char *text) {
    if (*text) printf("    %-19s %s\n", label, text);
}

static void print_device(const clae_device_info *info) {
    bool plain = is_plain(info);
    printf("%-3s %s%s\n", info->id, info->name, info->is_auto ? "  [auto]" : "");
    print_text("cannot be used", info->problem);
    print_text("card", info->board);
    print_text("backend", plain ? "plain C" : "OpenCL");
    print_text("type", clae_device_type_text(info->type));
    print_text("vendor", info->vendor);
    print_text("platform", info->platform);
    print_text("PCI address", info->pci_address);
    print_text(plain ? "instruction set" : "driver", info->driver);
    printf("    %-19s %u\n", plain ? "threads" : "compute units", info->compute_units);
    print_size("memory", info->memory_bytes);
    print_size("largest allocation", info->largest_allocation_bytes);
    if (info->local_memory_bytes) {
        print_size("local memory", info->local_memory_bytes);
    } else if (!plain) {
        print_text("local memory", "none of its own");
    }
}

static void print_list(const clae_device_info *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (i) putchar('\n');
        print_device(&list[i]);
    }
}

static void print_drivers(const driver_report *drivers, size_t count) {
    if (count) printf("\ndrivers\n");
    for (size_t i = 0; i < count; i++)
        printf("    %s, %s\n        %s\n", drivers[i].library, drivers[i].file, drivers[i].story);
}

static int run(console *console, const void *arguments) {
    const devices_args *args = arguments;
    session session;
    clae_device_info *list = NULL;
    driver_report *drivers = NULL;
    size_t count = 0, driver_count = 0;
    clae_status status = session_open(&session, console, &args->common);
    if (!status) status = clae_device_list(session.context, &list, &count);
    if (!status && args->common.verbose) status = drivers_list(session.context, &drivers, &driver_count);
    if (!status && args->json) {
        status = print_json(console, list, count, drivers, driver_count);
    } else if (!status) {
        print_list(list, count);
        print_drivers(drivers, driver_count);
        devices_hint(session.context, list, count);
    }
    free(drivers);
    clae_device_list_free(list);
    session_close(&session);
    return exit_code(status);
}

const command command_devices = {
    .name = "devices",
    .summary = "list the devices that can compute",
    .description = "Lists every OpenCL device, as platform:device, and the plain C backend, and marks the one that "
                   "--device auto takes: a GPU, if one works, otherwise plain C. With --verbose also each driver: its "
                   "library, platform and version, and its devices or why there are none.",
    .example = "clae devices --json",
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .args_size = sizeof(devices_args),
    .run = run,
};
