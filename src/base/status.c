#include <clae/status.h>

const char *clae_status_text(clae_status status) {
    switch (status) {
    case CLAE_OK:
        return "success";
    case CLAE_ERROR_INTERNAL:
        return "internal error";
    case CLAE_ERROR_INPUT:
        return "bad input";
    case CLAE_ERROR_DEVICE:
        return "device failure";
    case CLAE_ERROR_OUTPUT:
        return "output could not be written";
    case CLAE_ERROR_NOT_FINITE:
        return "training diverged";
    }
    return "unknown status";
}
