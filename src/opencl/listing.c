#include "opencl/listing.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The fields of a device that are text, numbers and truths. */
#define TEXTS(F) F(id) F(backend) F(vendor) F(name) F(platform) F(driver) F(board) F(pci_address) F(problem)
#define NUMBERS(F)                                                                                                     \
    F(type)                                                                                                            \
    F(memory_bytes) F(largest_allocation_bytes) F(local_memory_bytes) F(compute_units) F(vendor_id) F(is_emulator)

static json_t *pack_device(const clae_device_info *info) {
    json_t *object = json_object();
#define PACK(field) json_object_set_new(object, #field, json_string(info->field));
    TEXTS(PACK)
#undef PACK
#define PACK(field) json_object_set_new(object, #field, json_integer((json_int_t)info->field));
    NUMBERS(PACK)
#undef PACK
    return object;
}

static void unpack_text(const json_t *object, const char *name, char *to, size_t size) {
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(to, size, "%s", text ? text : "");
}

static void unpack_device(const json_t *object, clae_device_info *info) {
    memset(info, 0, sizeof *info);
#define UNPACK(field) unpack_text(object, #field, info->field, sizeof info->field);
    TEXTS(UNPACK)
#undef UNPACK
#define UNPACK(field) info->field = json_integer_value(json_object_get(object, #field));
    NUMBERS(UNPACK)
#undef UNPACK
}

static json_t *pack_platform(const opencl_platform *p) {
    return json_pack("{s:s, s:s, s:I}", "name", p->name, "version", p->version, "devices", (json_int_t)p->device_count);
}

json_t *opencl_listing_pack(const opencl_listing *listing) {
    json_t *devices = json_array(), *platforms = json_array();
    for (size_t i = 0; i < listing->device_count; i++)
        json_array_append_new(devices, pack_device(&listing->devices[i]));
    for (size_t i = 0; i < listing->platform_count; i++)
        json_array_append_new(platforms, pack_platform(&listing->platforms[i]));
    return json_pack("{s:o, s:o}", "devices", devices, "platforms", platforms);
}

bool opencl_listing_unpack(const json_t *json, opencl_listing *listing) {
    const json_t *devices = json_object_get(json, "devices"), *platforms = json_object_get(json, "platforms");
    *listing = (opencl_listing){.device_count = json_array_size(devices), .platform_count = json_array_size(platforms)};
    if (!json_is_array(devices) || !json_is_array(platforms)) return false;
    listing->devices = calloc(listing->device_count + 1, sizeof *listing->devices);
    listing->platforms = calloc(listing->platform_count + 1, sizeof *listing->platforms);
    if (!listing->devices || !listing->platforms) return false;
    for (size_t i = 0; i < listing->device_count; i++) unpack_device(json_array_get(devices, i), &listing->devices[i]);
    for (size_t i = 0; i < listing->platform_count; i++) {
        const json_t *object = json_array_get(platforms, i);
        opencl_platform *p = &listing->platforms[i];
        unpack_text(object, "name", p->name, sizeof p->name);
        unpack_text(object, "version", p->version, sizeof p->version);
        p->device_count = (size_t)json_integer_value(json_object_get(object, "devices"));
    }
    return true;
}
