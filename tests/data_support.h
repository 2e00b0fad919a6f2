/* What the tests of files share: a folder for them, and a context that remembers its last message. */
#ifndef CLAE_TESTS_DATA_SUPPORT_H
#define CLAE_TESTS_DATA_SUPPORT_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* cmocka's macro hides the function of that name. */
#undef fail

#include "base/files.h"

typedef struct scene {
    char folder[64];
    char path[128]; /* a file in the folder; nothing is there at first */
    char message[512];
    unsigned messages;
    clae_context context;
} scene;

static inline void scene_log(void *user, clae_log_level level, const char *line) {
    scene *s = user;
    if (level != CLAE_LOG_ERROR) return;
    s->messages++;
    snprintf(s->message, sizeof s->message, "%s", line);
}

static inline int scene_open(void **state) {
    scene *s = calloc(1, sizeof *s);
    if (!s) return -1;
    strcpy(s->folder, "/tmp/clae-test-XXXXXX");
    if (!mkdtemp(s->folder)) return -1;
    snprintf(s->path, sizeof s->path, "%s/file", s->folder);
    s->context = (clae_context){.log = scene_log, .log_user = s};
    *state = s;
    return 0;
}

static inline int scene_close(void **state) {
    scene *s = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    int result = system(command);
    free(s);
    return result;
}

/* A path below the scene's folder; valid until four calls later. */
static inline const char *in_scene(const scene *s, const char *name) {
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", s->folder, name);
    return path;
}

static inline void write_file(const char *path, const void *data, size_t bytes) {
    /* Some file systems flush a file to the disk that is truncated and written again. */
    remove(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* A refusal has its status, and exactly one message. */
#define assert_refused(scene, expected, call)                                                                          \
    do {                                                                                                               \
        (scene)->messages = 0;                                                                                         \
        assert_int_equal(call, expected);                                                                              \
        assert_int_equal((scene)->messages, 1);                                                                        \
    } while (0)

/* Of a folder, without . and .. */
static inline size_t count_entries(const char *folder) {
    size_t count = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d)) count++;
    closedir(d);
    return count - 2;
}

static inline void assert_holds(scene *s, const char *path, const char *text) {
    uint8_t *data;
    size_t bytes;
    assert_int_equal(file_read(&s->context, path, "file", 1000, &data, &bytes), CLAE_OK);
    assert_string_equal((char *)data, text);
    assert_int_equal(bytes, strlen(text));
    free(data);
}

#endif
