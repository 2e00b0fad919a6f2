/* A dataset in device memory, with the order in which its images are taken: all of it, or chunks that are streamed
 * through two buffers. */
#ifndef CLAE_EXEC_DEVICE_DATASET_H
#define CLAE_EXEC_DEVICE_DATASET_H

#include "graph/plan.h"
#include "exec/memory_need.h"

#include <clae/dataset.h>

/* How images lie on the device. */
typedef struct dataset_layout {
    size_t n, image_bytes;
    size_t batch_size;   /* images are taken in batches of this many, from the first one on */
    bool fills_up;       /* a last batch that is too small is filled up with the last image */
    size_t chunk_images; /* 0: all of them stay there; otherwise those of a chunk, whole batches */
} dataset_layout;

typedef struct device_dataset {
    dataset_layout layout;
    bool is_float;
    char fingerprint[40];
    const clae_dataset *dataset; /* on the host */
    size_t first;                /* of its images */
    buffer *elements;            /* NULL when they are streamed */
    buffer *indices;             /* uint32 */
    struct image_stream *stream; /* NULL when they stay */
} device_dataset;

/* Fills in chunk_images: images stay on the device if they fit into `room_bytes`; otherwise chunks of a reasonable
 * size, or what takes the least memory. */
void dataset_layout_choose(dataset_layout *layout, const clae_device *device, uint64_t room_bytes);
void dataset_layout_add_need(const dataset_layout *layout, memory_need *need);
/* Says that images are streamed, if they are. */
void dataset_layout_log(const dataset_layout *layout, const clae_device *device, clae_log_level level);

/* Takes the images from `first` on, in their order. A dataset that is streamed must outlive this, or be replaced by
 * another one of the same contents. */
clae_status device_dataset_create(clae_device *device, const clae_dataset *dataset, size_t first,
                                  const dataset_layout *layout, device_dataset *out);
clae_status device_dataset_replace(device_dataset *data, const clae_dataset *dataset, size_t first);
void device_dataset_release(device_dataset *data);

/* From now on images are taken in this order, [n]; it must stay as it is while they are. */
clae_status device_dataset_set_order(device_dataset *data, const uint32_t *order);

/* Says where load_batch finds the batch that begins with image `first` of the order. What is said holds for work that
 * is put into the queue before the next call. */
clae_status device_dataset_take(device_dataset *data, size_t first, plan_inputs *inputs);

#endif
