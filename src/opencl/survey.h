/* What a context knows of OpenCL's drivers, asked by way of helper.h once and kept in it. */
#ifndef CLAE_OPENCL_SURVEY_H
#define CLAE_OPENCL_SURVEY_H

#include "opencl/helper.h"
#include "opencl/vendors.h"

typedef struct opencl_tried {
    char id[32];
    opencl_outcome outcome;
    opencl_findings findings;
    char why[768];
} opencl_tried;

typedef struct opencl_survey {
    opencl_listing listing;
    opencl_vendors vendors;
    char (*deaths)[128];   /* of each vendor, "" for none; NULL: nobody died */
    bool in_this_process;  /* there is no helper */
    char *vendors_folder;  /* of those who survived; NULL: the loader's own */
    char *pocl_folder;     /* in place of pocl's own cache; NULL: pocl's own */
    opencl_helper *helper; /* NULL: none runs */
    opencl_tried *tried;
    size_t tried_count;
} opencl_survey;

/* Makes it when it is first asked for; each driver that dies then is a warning, and is left out. NULL with an
 * error. */
clae_status opencl_survey_find(clae_context *context, const opencl_survey **survey);

/* Appends every device; none is no error. */
clae_status opencl_list(clae_context *context, clae_device_info **list, size_t *count);
/* Tries a device in the helper, once. CLAE_ERROR_DEVICE, with the reason as one line, when it cannot be used. Otherwise
 * this process is ready to open it: its environment has what the helper's had. */
clae_status opencl_survey_try(clae_context *context, const clae_device_info *info, opencl_findings *findings);
/* The same as a question: the reason becomes the info's problem. */
bool opencl_works(clae_context *context, clae_device_info *info);
/* Whether the library of a vendor that did not die can be loaded, as far as the helper can tell. */
bool opencl_survey_loads(clae_context *context, size_t vendor, char *why, size_t size);
/* Ends the helper. */
void opencl_settle(clae_context *context);

#endif
