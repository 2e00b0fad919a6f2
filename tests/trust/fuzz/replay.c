/* Stands in for libFuzzer where the compiler has none: replay [-runs=N] FOLDER... gives a target each file of the
 * folders, then N mutations of them, the same ones every time. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 1000
#define MOST_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

typedef struct input {
    uint8_t *data;
    size_t bytes;
} input;

static input inputs[MOST_FILES];
static size_t input_count;
static uint64_t state = 1;

static uint64_t draw(uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
}

static void read_input(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || input_count == MOST_FILES) exit(1);
    uint8_t *data = malloc(MOST_BYTES);
    if (!data) exit(1);
    inputs[input_count++] = (input){data, fread(data, 1, MOST_BYTES, file)};
    fclose(file);
}

static void read_folder(const char *folder) {
    DIR *entries = opendir(folder);
    if (!entries) exit(1);
    for (const struct dirent *e; (e = readdir(entries));) {
        char path[4096];
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        read_input(path);
    }
    closedir(entries);
}

static int by_content(const void *left, const void *right) {
    const input *a = left, *b = right;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return memcmp(a->data, b->data, a->bytes);
}

/* Takes a size from the present one: a range that is doubled, cut out or overwritten, or bits that are flipped. */
static size_t mutate(uint8_t *data, size_t bytes) {
    size_t at = draw(bytes), length = 1 + draw(bytes - at < 32 ? bytes - at : 32);
    switch (draw(5)) {
    case 0:
        data[at] ^= (uint8_t)(1 << draw(8));
        break;
    case 1:
        memset(data + at, draw(2) ? 255 : 0, length);
        break;
    case 2:
        memmove(data + at, data + at + length, bytes - at - length);
        return bytes - length;
    case 3:
        if (bytes + length > MOST_BYTES) break;
        memmove(data + at + length, data + at, bytes - at);
        return bytes + length;
    case 4:
        data[at] = (uint8_t)draw(256);
        break;
    }
    return bytes;
}

static void run(const uint8_t *data, size_t bytes) {
    uint8_t *exact = malloc(bytes ? bytes : 1); /* so that sanitizers see its end */
    if (!exact) exit(1);
    memcpy(exact, data, bytes);
    LLVMFuzzerTestOneInput(exact, bytes);
    free(exact);
}

int main(int argc, char **argv) {
    long runs = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-runs=", 6) == 0) {
            runs = atol(argv[i] + 6);
        } else if (argv[i][0] != '-') {
            read_folder(argv[i]);
        }
    }
    if (input_count == 0) return 1;
    qsort(inputs, input_count, sizeof *inputs, by_content);
    for (size_t i = 0; i < input_count; i++) run(inputs[i].data, inputs[i].bytes);
    uint8_t *data = malloc(MOST_BYTES);
    if (!data) return 1;
    for (long i = 0; i < runs; i++) {
        const input *from = &inputs[draw(input_count)];
        size_t bytes = from->bytes;
        memcpy(data, from->data, bytes);
        for (uint64_t left = 1 + draw(4); left > 0 && bytes > 0; left--) bytes = mutate(data, bytes);
        run(data, bytes);
    }
    printf("Done %zu runs\n", input_count + (size_t)runs);
    free(data);
    for (size_t i = 0; i < input_count; i++) free(inputs[i].data);
    return 0;
}
