/* Archives, of arrays (.npz) and of pictures (.tar): as they are, and with the sums that would end the reading early. */
#include "data/dataset.h"
#include "data/image_format.h"
#include "fuzz.h"

#include <zlib.h>

#define LOCAL "PK\3\4"
#define CENTRAL "PK\1\2"
#define MOST_ENTRIES 8
#define TAR_BLOCK ((size_t)512)

static uint32_t little_endian(const uint8_t *at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static void put_sum(uint8_t *at, uint32_t sum) {
    for (size_t i = 0; i < 4; i++) at[i] = (uint8_t)(sum >> 8 * i);
}

/* Of entries that are stored as they are. */
static void mend_zip(uint8_t *zip, size_t bytes) {
    uint32_t sums[MOST_ENTRIES];
    size_t sum_count = 0, used = 0;
    for (size_t at = 0; at + 46 <= bytes; at++) {
        const size_t start = at + 30 + (memcmp(zip + at, LOCAL, 4) == 0 ? little_endian(zip + at + 26, 2) : 0);
        if (start > at + 30 && sum_count < MOST_ENTRIES) {
            const size_t data = start + little_endian(zip + at + 28, 2), size = little_endian(zip + at + 18, 4);
            if (data > bytes || size > bytes - data) return;
            sums[sum_count] = (uint32_t)crc32(0, zip + data, (uInt)size);
            put_sum(zip + at + 14, sums[sum_count++]);
        } else if (memcmp(zip + at, CENTRAL, 4) == 0 && used < sum_count) {
            put_sum(zip + at + 16, sums[used++]);
        }
    }
}

/* Of each block that says it is a header. */
static void mend_tar(uint8_t *tar, size_t bytes) {
    for (size_t at = 0; at + TAR_BLOCK <= bytes; at += TAR_BLOCK) {
        unsigned sum = 0;
        if (memcmp(tar + at + 257, "ustar", 5) != 0) continue;
        memset(tar + at + 148, ' ', 8);
        for (size_t i = 0; i < TAR_BLOCK; i++) sum += tar[at + i];
        snprintf((char *)tar + at + 148, 7, "%06o", sum);
    }
}

static void open_split(const char *path, clae_split split, const clae_dataset_options *options) {
    clae_context context = fuzz_context();
    clae_dataset *dataset;
    const clae_status status = clae_dataset_open_with(&context, path, split, options, &dataset);
    if ((status == CLAE_OK) != (dataset != NULL)) abort();
    if (status == CLAE_OK && dataset->info.n == 0) abort();
    clae_dataset_free(dataset);
}

static void read_labels(const char *path) {
    clae_context context = fuzz_context();
    dataset_labels labels;
    if (image_labels_read(&context, path, CLAE_SPLIT_TEST, false, 2, &labels) == CLAE_OK && labels.of_image)
        for (size_t i = 0; i < 2; i++)
            if (labels.of_image[i] != CLAE_NO_LABEL && labels.of_image[i] >= labels.count) abort();
    dataset_labels_free(&labels);
}

static void try_all(const uint8_t *data, size_t bytes) {
    static const clae_dataset_options skipping = {.h = 4, .w = 4, .skip_bad = true};
    const char *path = fuzz_file(data, bytes);
    if (!path) return;
    open_split(path, CLAE_SPLIT_TRAIN, NULL);
    open_split(path, CLAE_SPLIT_TEST, &skipping);
    read_labels(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    try_all(data, bytes);
    uint8_t *mended = malloc(bytes + 1);
    if (!mended) return 0;
    memcpy(mended, data, bytes);
    mend_zip(mended, bytes);
    mend_tar(mended, bytes);
    if (memcmp(mended, data, bytes) != 0) try_all(mended, bytes);
    free(mended);
    return 0;
}
