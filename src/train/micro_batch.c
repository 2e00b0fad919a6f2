#include "train/micro_batch.h"

#include "base/memory.h"

size_t micro_batch_images(const clae_settings *settings) {
    const uint64_t piece = settings->micro_batch, batch = settings->batch_size;
    return (size_t)(piece && piece < batch ? piece : batch);
}

clae_status micro_batch_check(const clae_context *context, const clae_settings *settings, size_t n) {
    const size_t batch = (size_t)settings->batch_size;
    size_t piece = micro_batch_images(settings);
    if (batch % piece == 0 || batch >= n) return CLAE_OK;
    while (batch % piece != 0) piece--;
    return fail(context, CLAE_ERROR_INPUT, "micro-batch %zu: must divide the batch size of %zu, as %zu does",
                micro_batch_images(settings), batch, piece);
}
