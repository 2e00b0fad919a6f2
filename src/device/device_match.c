#define _GNU_SOURCE /* strcasestr */
#include "device/device_match.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const clae_device_info *info) {
    return strcmp(info->backend, backend_plain.name) == 0;
}

bool device_is_gpu(const clae_device_info *info) {
    return info->type == CLAE_DEVICE_GPU && !info->is_emulator;
}

/* Its vendor's own, and not one for devices of several vendors. */
static bool has_own_platform(const clae_device_info *info) {
    static const char *const common[] = {"Clover", "rusticl", "Portable Computing Language", "Oclgrind", "clvk"};
    for (size_t i = 0; i < ARRAY_LENGTH(common); i++)
        if (strcasestr(info->platform, common[i])) return false;
    return true;
}

/* Lower is better. Plain C is faster than OpenCL on the same CPU, and has nothing to compile. */
static int rank(const clae_device_info *info) {
    if (is_plain(info)) return 2;
    if (info->is_emulator) return 5;
    if (info->type == CLAE_DEVICE_GPU) return has_own_platform(info) ? 0 : 1;
    return info->type == CLAE_DEVICE_CPU ? 3 : 4;
}

static int compare_rank(const void *a, const void *b) {
    const clae_device_info *const *x = a, *const *y = b;
    const int difference = rank(*x) - rank(*y);
    return difference ? difference : (*x > *y) - (*x < *y);
}

static bool is_any(const clae_device_info *info, const char *spec) {
    (void)info;
    (void)spec;
    return true;
}

static bool is_opencl(const clae_device_info *info, const char *spec) {
    (void)spec;
    return !is_plain(info);
}

static bool is_gpu(const clae_device_info *info, const char *spec) {
    (void)spec;
    return info->type == CLAE_DEVICE_GPU;
}

static bool is_opencl_cpu(const clae_device_info *info, const char *spec) {
    (void)spec;
    return !is_plain(info) && info->type == CLAE_DEVICE_CPU;
}

static bool has_id(const clae_device_info *info, const char *spec) {
    char id[sizeof info->id];
    snprintf(id, sizeof id, "%s", spec);
    char *dot = strchr(id, '.');
    if (dot) *dot = ':';
    return strcmp(info->id, id) == 0;
}

static bool has_in_name(const clae_device_info *info, const char *spec) {
    return *spec && !is_plain(info) && (strcasestr(info->name, spec) || strcasestr(info->board, spec));
}

static bool has_in_platform(const clae_device_info *info, const char *spec) {
    return *spec && !is_plain(info) && strcasestr(info->platform, spec);
}

static const struct {
    const char *spec; /* NULL: any other */
    bool (*means)(const clae_device_info *info, const char *spec);
} meanings[] = {{"auto", is_any}, {"opencl", is_opencl}, {"gpu", is_gpu},        {"cpu", is_opencl_cpu},
                {NULL, has_id},   {NULL, has_in_name},   {NULL, has_in_platform}};

/* The first meaning of a specification that any device has. */
device_match devices_match(const clae_device_info *list, size_t count, const char *spec, const clae_device_info **order,
                           size_t *found) {
    *found = 0;
    for (size_t m = 0; m < ARRAY_LENGTH(meanings); m++) {
        const bool is_kind = meanings[m].spec != NULL;
        if (is_kind && strcmp(spec, meanings[m].spec) != 0) continue;
        for (size_t i = 0; i < count; i++)
            if (meanings[m].means(&list[i], spec)) order[(*found)++] = &list[i];
        qsort(order, *found, sizeof *order, compare_rank);
        if (is_kind) return DEVICE_MATCH_KIND;
        if (*found) break;
    }
    return DEVICE_MATCH_ONE;
}

/* Two devices of one platform are two cards. */
static bool may_be_same_card(const clae_device_info *a, const clae_device_info *b) {
    if (strcmp(a->platform, b->platform) == 0 || a->type != b->type) return false;
    if (*a->pci_address && *b->pci_address) return strcmp(a->pci_address, b->pci_address) == 0;
    return a->vendor_id != 0 && a->vendor_id == b->vendor_id;
}

const clae_device_info *devices_same_card(const clae_device_info *const *order, size_t count) {
    const clae_device_info *own = NULL;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++)
            if (!may_be_same_card(order[i], order[k])) return NULL;
        if (!has_own_platform(order[i])) continue;
        if (own) return NULL;
        own = order[i];
    }
    return own;
}
