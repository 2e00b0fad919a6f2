#include "opencl/device.h"
#include "opencl/drivers.h"
#include "opencl/hints.h"
#include "opencl/impls.h"
#include "opencl/survey.h"

const backend backend_opencl = {
    .name = "opencl",
    .list = opencl_list,
    .open = opencl_open,
    .close = opencl_close,
    .works = opencl_works,
    .settle = opencl_settle,
    .drivers = opencl_drivers,
    .hint = opencl_hint,
    .buffer_create = opencl_buffer_create,
    .buffer_free = opencl_buffer_free,
    .upload = opencl_upload,
    .download = opencl_download,
    .zero = opencl_zero,
    .fill = opencl_fill,
    .finish = opencl_finish,
    .start = opencl_start,
    .staging_create = opencl_staging_create,
    .staging_free = opencl_staging_free,
    .staging_begin = opencl_staging_begin,
    .staging_upload = opencl_staging_upload,
    .staging_end = opencl_staging_end,
    .measure_peak = opencl_measure_peak,
    .impls = opencl_impls,
};
