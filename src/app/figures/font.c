#include "app/figures/font.h"

#define SYSTEM_FAMILY "sans-serif"
#define CAIROS_FAMILY "@cairo:" /* needs no file */

#if CLAE_HAVE_FONTCONFIG
#include <fontconfig/fontconfig.h>
#include <stdbool.h>
#include <stddef.h>

/* Asked of a configuration that nobody uses: without a file, making the one of the process writes to stderr. */
static bool is_configured(void) {
    FcConfig *config = FcConfigCreate();
    if (!config) return false;
    FcConfigParseAndLoad(config, NULL, FcFalse);
    FcStrList *files = FcConfigGetConfigFiles(config);
    const bool has_file = files && FcStrListNext(files);
    if (files) FcStrListDone(files);
    FcConfigDestroy(config);
    return has_file;
}

const char *font_family(void) {
    return is_configured() ? SYSTEM_FAMILY : CAIROS_FAMILY;
}

#else

const char *font_family(void) {
    return SYSTEM_FAMILY;
}

#endif
