/* A host program that speaks a language with a decimal comma writes the same files as any other, and reads theirs. */
#include "device_support.h"

#include "backend/backend.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "graph/model.h"
#include "app/run/run_log.h"
#include "backend/tuning/tuning_table.h"

#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEAN 0.1234567890123
#define STD 0.25000000000001
#define LR 0.0012345

typedef struct scene {
    fixture f;
    char folder[64];
    char comma[64]; /* a locale with a decimal comma */
} scene;

static bool has_comma(const char *locale) {
    const bool has = setlocale(LC_ALL, locale) && *localeconv()->decimal_point == ',';
    setlocale(LC_ALL, "C");
    return has;
}

/* One that is installed, or one compiled into the folder. */
static bool find_locale(scene *s) {
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "pt_BR.UTF-8", "ru_RU.UTF-8", "de_DE", "fr_FR"};
    char command[256];
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        strcpy(s->comma, names[i]);
        if (has_comma(s->comma)) return true;
    }
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >%s/log 2>&1", s->folder, s->folder);
    if (system(command) == -1) return false;
    strcpy(s->comma, "de_DE.UTF-8");
    return setenv("LOCPATH", s->folder, 1) == 0 && has_comma(s->comma);
}

static void remove_folder(scene *s) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    assert_int_equal(system(command), 0);
}

static int scene_open(void **state) {
    scene *s = calloc(1, sizeof *s);
    strcpy(s->folder, "/tmp/clae-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    if (!find_locale(s)) {
        remove_folder(s);
        fprintf(stderr, "skipped: no locale with a decimal comma is installed, and localedef makes none\n");
        exit(SKIPPED_EXIT);
    }
    const clae_context_options options = {.log = fixture_log, .log_user = &s->f, .cache_dir = s->folder};
    assert_int_equal(clae_context_create(&options, &s->f.context), CLAE_OK);
    assert_int_equal(clae_device_open(s->f.context, "c", &s->f.device), CLAE_OK);
    *state = s;
    return 0;
}

static int scene_close(void **state) {
    scene *s = *state;
    fixture_close(&s->f);
    remove_folder(s);
    free(s);
    return 0;
}

static const char *locale_of(const scene *s, int comma) {
    return comma ? s->comma : "C";
}

static void speak(const scene *s, int comma) {
    assert_non_null(setlocale(LC_ALL, locale_of(s, comma)));
    assert_int_equal(*localeconv()->decimal_point, comma ? ',' : '.');
}

/* A fresh string. */
static char *path_of(const scene *s, const char *name, int comma) {
    char *path = string_format("%s/%s-%d", s->folder, name, comma);
    assert_non_null(path);
    return path;
}

static void assert_same_bytes(const char *a, const char *b) {
    char command[512];
    snprintf(command, sizeof command, "cmp '%s' '%s'", a, b);
    assert_int_equal(system(command), 0);
}

static void numbers_have_a_point(void **state) {
    const double values[] = {0.5, -1.25e-7, 0.1, 1e300, 0, 123456789.123};
    const char *const bad[] = {"", "0,5", "1.5x", "nan", "inf", "1e999", "x"};
    for (int comma = 0; comma < 2; comma++) {
        speak(*state, comma);
        char text[DECIMAL_BYTES], *formatted = string_format("%.2f", 0.25);
        double value;
        assert_string_equal(formatted, "0.25");
        free(formatted);
        for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
            decimal_write(values[i], text);
            assert_null(strchr(text, ','));
            assert_true(decimal_read(text, &value) && value == values[i]);
        }
        for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) assert_false(decimal_read(bad[i], &value));
        /* What the host's own printf does has not changed. */
        snprintf(text, sizeof text, "%.1f", 0.5);
        assert_string_equal(text, comma ? "0,5" : "0.5");
    }
}

static void models_are_exchanged(void **state) {
    scene *s = *state;
    char *paths[2];
    for (int comma = 0; comma < 2; comma++) {
        clae_model *model = small_model(s->f.context, 7);
        speak(s, comma);
        clae_model_set_normalisation(model, &(double){MEAN}, &(double){STD});
        paths[comma] = path_of(s, "model", comma);
        assert_int_equal(clae_model_save(model, paths[comma]), CLAE_OK);
        clae_model_free(model);
    }
    assert_same_bytes(paths[0], paths[1]);
    for (int comma = 0; comma < 2; comma++) {
        clae_model *model = NULL;
        double mean, std;
        speak(s, comma);
        assert_int_equal(clae_model_load(s->f.context, paths[!comma], &model), CLAE_OK);
        clae_model_get_normalisation(model, &mean, &std);
        assert_true(mean == MEAN && std == STD);
        clae_model_free(model);
    }
    free(paths[0]);
    free(paths[1]);
}

static clae_trainer *trainer_of(scene *s, clae_model *model, const clae_dataset *dataset) {
    const clae_settings settings = settings_of(8, LR);
    clae_trainer *trainer = NULL;
    assert_int_equal(clae_trainer_create(s->f.device, model, dataset, &settings, &trainer), CLAE_OK);
    return trainer;
}

static void checkpoints_are_exchanged(void **state) {
    scene *s = *state;
    clae_dataset *dataset = noise_dataset(s->f.context, 16, 1, 9, 9);
    char *paths[2];
    for (int comma = 0; comma < 2; comma++) {
        clae_model *model = small_model(s->f.context, 7);
        speak(s, comma);
        clae_trainer *trainer = trainer_of(s, model, dataset);
        paths[comma] = path_of(s, "checkpoint", comma);
        assert_int_equal(clae_trainer_run(trainer, 1), CLAE_OK);
        assert_int_equal(clae_trainer_save_checkpoint(trainer, paths[comma], "{}"), CLAE_OK);
        clae_trainer_free(trainer);
        clae_model_free(model);
    }
    assert_same_bytes(paths[0], paths[1]);
    for (int comma = 0; comma < 2; comma++) {
        clae_model *model = small_model(s->f.context, 8);
        speak(s, comma);
        clae_trainer *trainer = trainer_of(s, model, dataset);
        assert_int_equal(clae_trainer_restore_checkpoint(trainer, paths[!comma], NULL), CLAE_OK);
        clae_trainer_free(trainer);
        clae_model_free(model);
        free(paths[!comma]);
    }
    clae_dataset_free(dataset);
}

static void logs_are_exchanged(void **state) {
    scene *s = *state;
    const run_log_row row = {1, 2, 3.25, 4.5, 0.0625, 7.75, 8.5, 9.125};
    char *paths[2];
    for (int comma = 0; comma < 2; comma++) {
        run_log log;
        speak(s, comma);
        paths[comma] = path_of(s, "log.csv", comma);
        assert_int_equal(run_log_open(s->f.context, paths[comma], 0, true, &log), CLAE_OK);
        assert_int_equal(run_log_append(s->f.context, paths[comma], &log, &row), CLAE_OK);
        run_log_free(&log);
    }
    assert_same_bytes(paths[0], paths[1]);
    for (int comma = 0; comma < 2; comma++) {
        run_log log;
        speak(s, comma);
        assert_int_equal(run_log_open(s->f.context, paths[!comma], 1, true, &log), CLAE_OK);
        assert_int_equal(log.count, 1);
        assert_memory_equal(log.rows, &row, sizeof row);
        run_log_free(&log);
        free(paths[!comma]);
    }
}

static void tunings_are_exchanged(void **state) {
    scene *s = *state;
    const op_desc desc = {.op = OP_activation_fwd, .activation = {ACTIVATION_relu, 100, 0}};
    const numerics numerics = {0};
    for (int comma = 0; comma < 2; comma++) {
        clae_device *device = NULL;
        speak(s, comma);
        assert_int_equal(tuning_set(s->f.device, &desc, &numerics, "plain", "", 1.5), CLAE_OK);
        assert_int_equal(tuning_save(s->f.device), CLAE_OK);
        speak(s, !comma);
        assert_int_equal(clae_device_open(s->f.context, "c", &device), CLAE_OK);
        const tuning_entry *entry = tuning_find_exactly(device, &desc, &numerics);
        assert_non_null(entry);
        assert_true(entry->ms == 1.5);
        clae_device_close(device);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_a_point),      cmocka_unit_test(models_are_exchanged),
        cmocka_unit_test(checkpoints_are_exchanged), cmocka_unit_test(logs_are_exchanged),
        cmocka_unit_test(tunings_are_exchanged),
    };
    return cmocka_run_group_tests_name("locale", tests, scene_open, scene_close);
}
