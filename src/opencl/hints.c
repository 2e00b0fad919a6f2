#include "opencl/hints.h"

#include "base/files.h"
#include "base/memory.h"
#include "opencl/pocl_cache.h"
#include "opencl/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct place {
    clae_context *context;
    const char *root; /* before each path: "", or a folder of a test */
    const opencl_survey *survey;
    bool has_gpu, has_device;
} place;

/* The first file of a pattern that cannot be opened; `detail` says which and why. */
static bool is_closed(const place *p, const char *pattern, char *detail, size_t size) {
    char *path = string_format("%s%s", p->root, pattern);
    glob_t found = {0};
    bool closed = false;
    if (path && glob(path, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && !closed; i++) {
            const int descriptor = open(found.gl_pathv[i], O_RDWR | O_CLOEXEC | O_NONBLOCK);
            closed = descriptor < 0;
            if (closed) snprintf(detail, size, "%s cannot be opened (%s)", found.gl_pathv[i], strerror(errno));
            if (descriptor >= 0) close(descriptor);
        }
    }
    globfree(&found);
    free(path);
    return closed;
}

static bool render_node_is_closed(const place *p, char *detail, size_t size) {
    return !p->has_gpu && is_closed(p, "/dev/dri/renderD*", detail, size);
}

static bool kfd_is_closed(const place *p, char *detail, size_t size) {
    return !p->has_gpu && is_closed(p, "/dev/kfd", detail, size);
}

static bool nvidia_is_unnamed(const place *p, char *detail, size_t size) {
    static const char *const patterns[] = {"/usr/lib/*/libnvidia-opencl.so.1", "/usr/lib64/libnvidia-opencl.so.1",
                                           "/usr/lib/libnvidia-opencl.so.1",
                                           "/usr/local/nvidia/lib64/libnvidia-opencl.so.1"};
    if (opencl_vendors_name(&p->survey->vendors, "nvidia")) return false;
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
        char *path = string_format("%s%s", p->root, patterns[i]);
        glob_t found = {0};
        const bool there = path && glob(path, 0, NULL, &found) == 0 && found.gl_pathc > 0;
        if (there) snprintf(detail, size, "%s is there, but no .icd file names it", found.gl_pathv[0]);
        globfree(&found);
        free(path);
        if (there) return true;
    }
    return false;
}

/* The first library that does not load. */
static bool library_does_not_load(const place *p, char *detail, size_t size) {
    const opencl_survey *s = p->survey;
    for (size_t i = 0; i < s->vendors.count; i++) {
        char why[512];
        if (opencl_survey_loads(p->context, i, why, sizeof why)) continue;
        snprintf(detail, size, "%s names a library that does not load (%s)", s->vendors.items[i].file, why);
        return true;
    }
    return false;
}

static bool pocl_cannot_write(const place *p, char *detail, size_t size) {
    if (p->has_device || !opencl_vendors_name(&p->survey->vendors, "pocl") || opencl_pocl_cache_can_be_written())
        return false;
    char *folder = opencl_pocl_cache_usual();
    snprintf(detail, size, "pocl cannot write its cache %s", folder ? folder : "as HOME is not set");
    free(folder);
    return true;
}

static bool no_driver(const place *p, char *detail, size_t size) {
    if (p->survey->vendors.count || p->has_device) return false;
    snprintf(detail, size, "no OpenCL driver is installed");
    return true;
}

/* The table of causes: how each is found, how much it matters where plain C will do, and what to do. */
static const struct {
    bool (*found)(const place *p, char *detail, size_t size);
    clae_log_level level;
    const char *what_to_do;
} causes[] = {
    {render_node_is_closed, CLAE_LOG_WARNING,
     "join the groups render and video (sudo usermod -aG render,video $USER, then log in again), "
     "or give a container --device /dev/dri"},
    {kfd_is_closed, CLAE_LOG_WARNING,
     "join the groups render and video (sudo usermod -aG render,video $USER, then log in again), or give "
     "a container --device /dev/kfd"},
    {nvidia_is_unnamed, CLAE_LOG_WARNING,
     "write libnvidia-opencl.so.1 into /etc/OpenCL/vendors/nvidia.icd; start a container with "
     "NVIDIA_DRIVER_CAPABILITIES=compute,utility"},
    {library_does_not_load, CLAE_LOG_WARNING, "install the driver's package again, or remove that file"},
    {pocl_cannot_write, CLAE_LOG_INFO, "set POCL_CACHE_DIR to a folder that can be written"},
    {no_driver, CLAE_LOG_INFO, "install the driver's OpenCL package for a GPU, or pocl-opencl-icd for a CPU"},
};

bool opencl_hint(clae_context *context, const clae_device_info *list, size_t count) {
    const char *root = getenv("CLAE_TEST_ROOT");
    place p = {.context = context, .root = root ? root : ""};
    bool any = false;
    if (opencl_survey_find(context, &p.survey)) return false;
    for (size_t i = 0; i < count; i++) {
        const bool is_opencl = strcmp(list[i].backend, backend_opencl.name) == 0;
        p.has_device = p.has_device || is_opencl;
        p.has_gpu = p.has_gpu || (is_opencl && list[i].type == CLAE_DEVICE_GPU && !list[i].is_emulator);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++) {
        char detail[768];
        if (!causes[i].found(&p, detail, sizeof detail)) continue;
        log_line(context, causes[i].level, "%s: %s", detail, causes[i].what_to_do);
        any = true;
    }
    return any;
}
