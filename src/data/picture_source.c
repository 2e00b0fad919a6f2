#include "data/picture_source.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/picture_archive.h"

#include <stdlib.h>
#include <string.h>

#define PICTURE_BYTES_MAX ((size_t)1 << 30)
/* Of an archive, as much is read ahead of the threads that decode; of files, as many pass between two looks at how far
 * the work has come. */
#define CHUNK_BYTES ((uint64_t)64 << 20)
#define CHUNK_PICTURES 1024

struct picture_source {
    const clae_context *context;
    const picture_list *list;
    const picture_task *tasks;
    size_t count;
    picture_archive *archive; /* NULL: files */
    size_t first, end;        /* tasks that are loaded */
    picture_bytes loaded[CHUNK_PICTURES];
};

static const picture_entry *entry_of(const picture_source *s, size_t task) {
    return &s->list->entries[s->tasks[task].entry];
}

static int by_place(const void *a, const void *b) {
    const picture_task *left = a, *right = b;
    return left->member < right->member ? -1 : left->member > right->member;
}

clae_status picture_source_open(const clae_context *context, const picture_list *list, picture_task *tasks,
                                size_t count, picture_source **source) {
    picture_source *s = *source = calloc(1, sizeof *s);
    if (!s) return fail_memory(context, sizeof *s, "a source of pictures");
    *s = (picture_source){.context = context, .list = list, .tasks = tasks, .count = count};
    if (!list->is_archive) return CLAE_OK;
    for (size_t i = 0; i < count; i++) tasks[i].member = list->entries[tasks[i].entry].place;
    if (count) qsort(tasks, count, sizeof *tasks, by_place);
    return picture_archive_open(context, list->root, &s->archive);
}

static void drop_loaded(picture_source *s) {
    for (size_t i = 0; i < s->end - s->first; i++) free(s->loaded[i].own);
    s->first = s->end;
}

/* The next task's member, after those that are passed over. */
static clae_status load(picture_source *s) {
    const size_t task = s->end;
    const char *name;
    uint64_t place, bytes;
    clae_status status;
    do status = picture_archive_next(s->archive, &place, &name, &bytes);
    while (status == CLAE_OK && name && place < s->tasks[task].member);
    if (status != CLAE_OK) return status;
    if (!name || place != s->tasks[task].member)
        return fail(s->context, CLAE_ERROR_INPUT, "the archive '%s' changed while it was read: try again",
                    s->list->root);
    picture_bytes *loaded = &s->loaded[task - s->first];
    *loaded = (picture_bytes){.bytes = bytes > PICTURE_BYTES_MAX ? 0 : (size_t)bytes};
    loaded->own = malloc(loaded->bytes + 1);
    if (!loaded->own) return fail_memory(s->context, loaded->bytes, "a picture of an archive");
    s->end++;
    return picture_archive_read(s->archive, loaded->own, loaded->bytes, &loaded->bytes);
}

clae_status picture_source_advance(picture_source *source, size_t first, size_t *end) {
    clae_status status = CLAE_OK;
    const size_t left = source->count - first, most = left < CHUNK_PICTURES ? left : CHUNK_PICTURES;
    *end = first + most;
    if (!source->archive) return CLAE_OK;
    drop_loaded(source);
    source->first = source->end = first;
    for (uint64_t bytes = 0; status == CLAE_OK && source->end < first + most && bytes < CHUNK_BYTES;) {
        bytes += entry_of(source, source->end)->bytes;
        status = load(source);
    }
    *end = source->end;
    return status;
}

clae_status picture_source_read(const picture_source *source, const clae_context *context, size_t task,
                                picture_bytes *bytes) {
    const picture_entry *entry = entry_of(source, task);
    if (source->archive) {
        const picture_bytes *loaded = &source->loaded[task - source->first];
        *bytes = (picture_bytes){.data = loaded->own, .bytes = loaded->bytes};
        if (entry->bytes <= PICTURE_BYTES_MAX) return CLAE_OK;
        return fail(context, CLAE_ERROR_INPUT, "'%s' has %llu bytes: a picture has at most %zu", entry->name,
                    (unsigned long long)entry->bytes, PICTURE_BYTES_MAX);
    }
    *bytes = (picture_bytes){0};
    char *path = picture_path(source->list, entry);
    if (!path) return fail_memory(context, strlen(entry->name), "a path");
    const clae_status status = file_read(context, path, "picture", PICTURE_BYTES_MAX, &bytes->own, &bytes->bytes);
    bytes->data = bytes->own;
    free(path);
    return status;
}

void picture_bytes_free(picture_bytes *bytes) {
    free(bytes->own);
    *bytes = (picture_bytes){0};
}

void picture_source_close(picture_source *source) {
    if (!source) return;
    if (source->archive) drop_loaded(source);
    picture_archive_close(source->archive);
    free(source);
}
