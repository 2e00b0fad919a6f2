/* What the tests of folders of pictures share: a scene with the folders "in" and "cache", and all that was said. */
#ifndef CLAE_TESTS_FOLDER_SUPPORT_H
#define CLAE_TESTS_FOLDER_SUPPORT_H

#include "data_support.h"
#include "picture_support.h"

#include "base/memory.h"
#include "data/dataset.h"

#include <sys/stat.h>

#define LOG_BYTES 8192

/* All that was said, a line each. */
static char said[LOG_BYTES];

static inline void remember(void *user, clae_log_level level, const char *line) {
    scene_log(user, level, line);
    const size_t length = strlen(said);
    snprintf(said + length, sizeof said - length, "%s\n", line);
}

/* The folder "in" for pictures, the cache in "cache". */
static inline int open_pictures(void **state) {
    if (scene_open(state)) return -1;
    scene *s = *state;
    char path[128];
    s->context.log = remember;
    s->context.log_level = CLAE_LOG_INFO;
    s->context.cache_dir = string_format("%s/cache", s->folder);
    snprintf(path, sizeof path, "%s/in", s->folder);
    said[0] = '\0';
    return mkdir(path, 0777);
}

static inline int close_pictures(void **state) {
    scene *s = *state;
    free(s->context.cache_dir);
    return scene_close(state);
}

static inline void put(scene *s, const char *name, unsigned h, unsigned w, int value) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s", in_scene(s, name));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(folder_create(&s->context, folder), CLAE_OK);
    assert_true(write_png(in_scene(s, name), h, w, value, false));
}

static inline void put_text(scene *s, const char *name, const char *text) {
    write_file(in_scene(s, name), text, strlen(text));
}

static inline clae_dataset *open_with(scene *s, const char *name, clae_split split,
                                      const clae_dataset_options *options) {
    clae_dataset *dataset;
    said[0] = '\0';
    assert_int_equal(clae_dataset_open_with(&s->context, in_scene(s, name), split, options, &dataset), CLAE_OK);
    return dataset;
}

static inline void assert_is_refused(scene *s, const char *name, const clae_dataset_options *options) {
    clae_dataset *dataset;
    said[0] = '\0';
    assert_int_equal(clae_dataset_open_with(&s->context, in_scene(s, name), CLAE_SPLIT_TRAIN, options, &dataset),
                     CLAE_ERROR_INPUT);
    assert_null(dataset);
}

static inline void assert_said(const char *text) {
    if (!strstr(said, text)) print_message("not said: %s\nbut:\n%s", text, said);
    assert_non_null(strstr(said, text));
}

/* The first byte of each image, in order; the values end with -1. */
static inline void assert_values(const clae_dataset *dataset, const int *values) {
    const clae_dataset_info *info = clae_dataset_get_info(dataset);
    const size_t bytes = dataset_image_bytes(info);
    uint8_t *image = malloc(bytes);
    assert_non_null(image);
    size_t count = 0;
    for (; values[count] >= 0; count++) {
        assert_true(count < info->n);
        assert_int_equal(dataset_read_elements(dataset, count, 1, image), CLAE_OK);
        assert_int_equal(image[0], values[count]);
    }
    assert_int_equal(info->n, count);
    free(image);
}

static const clae_dataset_options no_tests = {.test_share = -1};

#endif
