/* IDX files, as those of MNIST are. */
#include "formats/format_test.h"

#define HEADER 16

/* Rank 4, channels after the images and last. */
static void reads_channels(scene *s) {
    enum { N = 2, C = 3, H = 5, W = 6, START = 20, COUNT = N * C * H * W };
    for (int is_last = 0; is_last < 2; is_last++) {
        uint8_t file[START + COUNT] = {0, 0, 8, 4};
        float pixels[COUNT];
        const uint8_t sizes[] = {N, is_last ? H : C, is_last ? W : H, is_last ? C : W};
        for (size_t i = 0; i < 4; i++) file[4 * i + 7] = sizes[i];
        for (size_t i = 0; i < COUNT; i++) file[START + i] = (uint8_t)(i * 7);
        for (size_t n = 0, to = 0; n < N; n++)
            for (size_t p = 0; p < H * W; p++)
                for (size_t c = 0; c < C; c++, to++)
                    pixels[to] = (float)file[START + n * C * H * W + (is_last ? p * C + c : c * H * W + p)] / 255;
        format_test_reads(s, file, sizeof file, &(clae_dataset_info){.n = N, .c = C, .h = H, .w = W}, pixels);
    }
}

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
    reads_channels(s);

    static const struct {
        uint8_t header[HEADER];
        const char *words;
    } promises[] = {
        {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, "too large"}, /* overflows 64 bits */
        {{0, 0, 8, 3, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 3, 0}, "at most"},                   /* 3.3 TB */
        {{0, 0, 8, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 255, 255}, "cut off"},                       /* 4 GiB */
        {{0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28}, "empty"},
        {{0, 0, 8, 1, 0, 0, 0, 2, 7, 3}, "rank 1"}, /* labels */
        {{0, 0, 9, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28}, "type 9"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(promises); i++) {
        uint8_t data[1000] = {0};
        memcpy(data, promises[i].header, HEADER);
        format_test_refuses(s, data, sizeof data, promises[i].words);
    }
}
