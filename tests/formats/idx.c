/* IDX files, as those of MNIST are. */
#include "formats/format_test.h"

#define HEADER 16

void format_test_idx(scene *s) {
    enum { N = 3, H = 4, W = 5, BYTES = HEADER + N * H * W };
    uint8_t file[BYTES] = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, H, 0, 0, 0, W};
    float pixels[N * H * W];
    for (size_t i = 0; i < N * H * W; i++) {
        file[HEADER + i] = (uint8_t)(i * 37);
        pixels[i] = (float)file[HEADER + i] / 255;
    }
    format_test_reads(s, file, BYTES, &(clae_dataset_info){.n = N, .c = 1, .h = H, .w = W}, pixels);
    format_test_refuses_flips(s, file, BYTES, 8 * HEADER);

    static const struct {
        uint8_t header[HEADER];
        const char *words;
    } promises[] = {
        {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, "too large"}, /* overflows 64 bits */
        {{0, 0, 8, 3, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 3, 0}, "at most"},                   /* 3.3 TB */
        {{0, 0, 8, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 255, 255}, "cut off"},                       /* 4 GiB */
        {{0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28}, "empty"},
        {{0, 0, 8, 1, 0, 0, 0, 2, 7, 3}, "rank 1"}, /* labels */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(promises); i++) {
        uint8_t data[1000] = {0};
        memcpy(data, promises[i].header, HEADER);
        format_test_refuses(s, data, sizeof data, promises[i].words);
    }
}
