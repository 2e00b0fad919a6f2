/* Each allocation of saving, loading and encoding fails once: the status is that of no bad input and no bad output, a
 * line says so, and the files are as they were, or new and whole. */
#include "data_support.h"

#include "base/files.h"
#include "data/dataset.h"
#include "data/npy_array.h"
#include "data/picture.h"
#include "no_memory.h"
#include "picture_files.h"
#include "picture_support.h"

#include <clae/clae.h>
#include <dirent.h>

#define IMAGES 12
#define LIMIT 3000 /* allocations */

typedef struct material {
    scene s;
    clae_device *device;
    clae_model *model;
    clae_dataset *images;
    picture_bytes files[2]; /* PNG, JPEG */
    char idx[128], npy[128], weights[128], run[128], pictures[128];
} material;

typedef clae_status (*action)(material *m);

static clae_status save(material *m) {
    return clae_model_save(m->model, m->weights);
}

static clae_status load(material *m) {
    clae_model *model;
    clae_status status = clae_model_load(&m->s.context, m->s.folder, &model);
    clae_model_free(model);
    return status;
}

static clae_status load_weights(material *m) {
    return clae_model_load_weights(m->model, m->weights);
}

static clae_status open_images(material *m) {
    clae_dataset *images;
    clae_status status = clae_dataset_open(&m->s.context, m->s.folder, CLAE_SPLIT_TEST, &images);
    clae_dataset_free(images);
    return status;
}

/* The cache is emptied, so that pictures are decoded; or not. */
static clae_status open_pictures(material *m, bool are_decoded) {
    clae_dataset *images;
    char cache[160], command[200];
    snprintf(cache, sizeof cache, "%s/cache", m->s.folder);
    snprintf(command, sizeof command, "rm -rf '%s'", cache);
    if (!are_decoded && system(command)) return CLAE_ERROR_OUTPUT;
    const clae_dataset_options options = {.cache_dir = cache};
    clae_status status = clae_dataset_open_with(&m->s.context, m->pictures, CLAE_SPLIT_TRAIN, &options, &images);
    clae_dataset_free(images);
    return status;
}

static clae_status decode_pictures(material *m) {
    return open_pictures(m, false);
}

static clae_status map_pictures(material *m) {
    return open_pictures(m, true);
}

static clae_status decode_bytes(material *m) {
    uint8_t pixels[5 * 7 * 3];
    const picture_form form = {.h = 5, .w = 7, .c = 3};
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < sizeof m->files / sizeof *m->files && status == CLAE_OK; i++)
        status = picture_decode(&m->s.context, "picture", m->files[i].data, m->files[i].size, &form, pixels);
    return status;
}

static clae_status encode(material *m) {
    clae_infer *infer = NULL;
    float codes[IMAGES][8];
    clae_status status = clae_infer_create(m->device, m->model, NULL, 5, &infer);
    if (!status) status = clae_infer_encode(infer, m->images, codes[0]);
    npy_array array = {.rank = 2, .shape = {IMAGES, 8}, .values = codes[0]};
    if (!status) status = npy_write(&m->s.context, m->npy, &array);
    clae_infer_free(infer);
    return status;
}

static clae_status read_codes(material *m) {
    npy_array array;
    clae_status status = npy_read(&m->s.context, m->npy, &array);
    free(array.values);
    return status;
}

static clae_status check_place(material *m) {
    return file_check_writable(&m->s.context, m->npy);
}

static clae_status make_folder(material *m) {
    rmdir(m->run);
    return folder_create(&m->s.context, m->run);
}

/* The latest checkpoint is the one of the call before, or whole. */
static clae_status train(material *m) {
    char path[160];
    clae_settings *settings = NULL;
    clae_trainer *trainer = NULL;
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", m->run);
    clae_status status = clae_settings_create(&m->s.context, &settings);
    if (!status) status = clae_settings_set(settings, "batch-size", "5");
    if (!status) status = clae_trainer_create(m->device, m->model, m->images, settings, &trainer);
    if (!status && path_exists(path)) status = clae_trainer_restore_checkpoint(trainer, path, NULL);
    if (!status) status = clae_trainer_run(trainer, 1);
    if (!status) status = clae_trainer_save_checkpoint(trainer, path, "{}");
    clae_trainer_free(trainer);
    clae_settings_free(settings);
    return status;
}

static size_t temporaries(const char *path) {
    DIR *folder = opendir(path);
    size_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) count += strstr(entry->d_name, ".tmp") != NULL;
    closedir(folder);
    return count;
}

/* Fails one allocation after another until there are no more. */
static void sweep(material *m, const char *name, action act) {
    bool failed = true;
    unsigned long number = 0;
    assert_int_equal(act(m), CLAE_OK);
    while (failed) {
        assert_true(++number < LIMIT);
        m->s.messages = 0;
        no_memory_begin(number);
        const clae_status status = act(m);
        failed = no_memory_end();
        if (status != CLAE_OK && (status != CLAE_ERROR_INTERNAL || m->s.messages == 0))
            print_error("%s, allocation %lu: status %d, %u messages: %s\n", name, number, status, m->s.messages,
                        m->s.message);
        assert_true(status == CLAE_OK || status == CLAE_ERROR_INTERNAL);
        assert_true(status == CLAE_OK || m->s.messages > 0);
        assert_true(failed || status == CLAE_OK);
        assert_int_equal(act(m), CLAE_OK);
        assert_int_equal(temporaries(m->s.folder) + temporaries(m->run), 0);
    }
    assert_true(number > 1);
}

static void every_allocation_fails_once(void **state) {
    material *m = *state;
    static const struct {
        const char *name;
        action act;
    } actions[] = {{"save", save},
                   {"load", load},
                   {"load weights", load_weights},
                   {"open images", open_images},
                   {"decode bytes", decode_bytes},
                   {"decode pictures", decode_pictures},
                   {"map pictures", map_pictures},
                   {"encode", encode},
                   {"read codes", read_codes},
                   {"check place", check_place},
                   {"make folder", make_folder},
                   {"train", train}};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) sweep(m, actions[i].name, actions[i].act);
}

/* Of two labels, and a file that is none. */
static bool make_pictures(material *m) {
    static const char *const names[] = {"cat/1.png", "cat/2.png", "dog/3.png"};
    char path[192];
    snprintf(m->pictures, sizeof m->pictures, "%s/pictures", m->s.folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%.3s", m->pictures, names[i]);
        if (folder_create(&m->s.context, path) != CLAE_OK) return false;
        snprintf(path, sizeof path, "%s/%s", m->pictures, names[i]);
        if (!write_png(path, 4, 4, (int)i, false)) return false;
    }
    snprintf(path, sizeof path, "%s/readme", m->pictures);
    write_file(path, "words", 5);
    return true;
}

static int set_up(void **state) {
    material *m = calloc(1, sizeof *m);
    void *made;
    uint8_t file[16 + IMAGES * 784] = {0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, 28, 0, 0, 0, 28};
    if (!m || scene_open(&made)) return -1;
    m->s = *(scene *)made;
    free(made);
    m->s.context.log_user = &m->s;
    m->s.context.threads = 1;
    snprintf(m->idx, sizeof m->idx, "%s/t10k-images-idx3-ubyte", m->s.folder);
    snprintf(m->npy, sizeof m->npy, "%s/codes.npy", m->s.folder);
    snprintf(m->weights, sizeof m->weights, "%s/model.safetensors", m->s.folder);
    snprintf(m->run, sizeof m->run, "%s/run", m->s.folder);
    for (size_t i = 16; i < sizeof file; i++) file[i] = (uint8_t)(i * i / 7);
    write_file(m->idx, file, sizeof file);
    uint16_t samples[6 * 6 * 4] = {0};
    uint8_t exif[] = "MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0";
    m->files[0] = make_png(&(png_kind){6, 6, 16, PNG_COLOR_TYPE_RGB_ALPHA, .is_interlaced = true}, samples);
    insert_chunk(&m->files[0], "eXIf", exif, sizeof exif, true);
    m->files[1] = make_jpeg(&(jpeg_kind){8, 9, JCS_CMYK, JCS_YCCK, 90}, file);
    *state = m;
    if (!make_pictures(m)) return -1;
    return folder_create(&m->s.context, m->run) || clae_device_open(&m->s.context, "c", &m->device) ||
           clae_dataset_open(&m->s.context, m->idx, CLAE_SPLIT_TEST, &m->images) ||
           clae_model_create_lecture(&m->s.context, 2, 8, 0, &m->model);
}

static int tear_down(void **state) {
    material *m = *state;
    char command[160];
    for (size_t i = 0; i < sizeof m->files / sizeof *m->files; i++) free(m->files[i].data);
    clae_dataset_free(m->images);
    clae_model_free(m->model);
    clae_device_close(m->device);
    snprintf(command, sizeof command, "rm -rf '%s'", m->s.folder);
    free(m);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
