#include "data/vips_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef __APPLE__
#define FILE_NAME "libvips.42.dylib"
#else
#define FILE_NAME "libvips.so.42"
#endif

/* One for the process, as libvips' own state is. */
static struct {
    pthread_once_t once;
    bool is_ready;
    vips_library library;
    char reason[256];
} loaded = {.once = PTHREAD_ONCE_INIT};

static bool load_function(void *handle, const char *name, void *function) {
    void *const symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol); /* ISO C has no cast from objects to functions */
    return symbol != NULL;
}

static bool load_functions(void *handle, vips_library *library) {
#define FUNCTION(name) load_function(handle, #name, &library->name) &&
    return VIPS_LIBRARY_FUNCTIONS(FUNCTION) true;
#undef FUNCTION
}

static void ignore(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer user) {
    (void)domain, (void)level, (void)message, (void)user;
}

static bool load(vips_library *library) {
    void *handle = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) handle = dlopen(CLAE_VIPS_LIBDIR "/" FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle || !load_functions(handle, library)) {
        const char *error = dlerror();
        snprintf(loaded.reason, sizeof loaded.reason, "%s", error ? error : FILE_NAME);
        return false;
    }
    /* What it would print of files is in the errors that it returns too. */
    library->g_log_set_handler("VIPS", G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION, ignore, NULL);
    if (library->vips_init("clae")) {
        snprintf(loaded.reason, sizeof loaded.reason, "it cannot be initialised");
        return false;
    }
    library->vips_cache_set_max(0); /* of images whose bytes are gone */
    return true;
}

static void load_once(void) {
    loaded.is_ready = load(&loaded.library);
}

const vips_library *vips_library_get(const char **reason) {
    pthread_once(&loaded.once, load_once);
    *reason = loaded.reason;
    return loaded.is_ready ? &loaded.library : NULL;
}
