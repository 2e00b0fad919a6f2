/* What every function that can fail returns. */
#ifndef CLAE_STATUS_H
#define CLAE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(CLAE_BUILD)
#define CLAE_API __attribute__((visibility("default")))
#else
#define CLAE_API
#endif

/* The message that explains a failure goes to the context's log, once, where it arose. The values are the exit codes
 * of the program. */
typedef enum clae_status {
    CLAE_OK = 0,
    CLAE_ERROR_INTERNAL = 1,   /* a bug, or host memory ran out */
    CLAE_ERROR_INPUT = 2,      /* an argument, option or file that cannot be used */
    CLAE_ERROR_DEVICE = 3,     /* the device is missing, failed or computes wrongly */
    CLAE_ERROR_OUTPUT = 4,     /* a file could not be written */
    CLAE_ERROR_NOT_FINITE = 5, /* training diverged */
} clae_status;

/* A few words in English, static. */
CLAE_API const char *clae_status_text(clae_status status);

#ifdef __cplusplus
}
#endif
#endif
