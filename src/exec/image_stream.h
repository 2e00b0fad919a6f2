/* Images that do not fit on the device, streamed through it: while a chunk is in use, the next one is gathered in
 * staging memory and uploaded, a batch at a time. */
#ifndef CLAE_EXEC_IMAGE_STREAM_H
#define CLAE_EXEC_IMAGE_STREAM_H

#include "exec/device_dataset.h"

typedef struct image_stream image_stream;

/* The layout has chunks. */
clae_status image_stream_create(clae_device *device, const dataset_layout *layout, image_stream **out);
void image_stream_free(image_stream *stream); /* takes NULL */

/* From now on images first + order[0], first + order[1], ... of the dataset are taken, or first, first + 1, ... where
 * order is NULL. Both are the caller's, and must stay as they are while batches are taken. */
clae_status image_stream_start(image_stream *stream, const clae_dataset *dataset, size_t first, const uint32_t *order);

/* The chunk that has the batch which begins with image `first` of the order, and the batch's place in it. They hold for
 * work that is put into the queue before the next call. */
clae_status image_stream_take(image_stream *stream, size_t first, buffer **elements, size_t *place);

#endif
