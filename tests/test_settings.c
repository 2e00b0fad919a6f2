/* The table of settings: every row goes through text, JSON and the rules of resuming; files and the public functions
 * refuse what is wrong. */
#include "data_support.h"

#include "base/memory.h"
#include "train/settings_json.h"

/* Another value than the default. */
static const char *other_value(const setting *row) {
    static char text[64];
    switch (row->kind) {
    case CLAE_SETTING_FLAG:
        return "true";
    case CLAE_SETTING_COUNT:
        snprintf(text, sizeof text, "%.0f", row->max);
        return text;
    case CLAE_SETTING_REAL:
        decimal_write(row->min + (row->max - row->min) / 3, text);
        return text;
    case CLAE_SETTING_TEXT:
    case CLAE_SETTING_TEXTS:
        return "na\xc3\xafve \xff\"\\";
    case CLAE_SETTING_CHOICE:
        snprintf(text, sizeof text, "%.*s", (int)strcspn(row->metavar, "|"), row->metavar);
        return row->standard && strcmp(text, row->standard) == 0 ? strrchr(row->metavar, '|') + 1 : text;
    }
    return NULL;
}

/* None of them is a value of the row. */
static void wrong_values(const setting *row, char values[4][64]) {
    memset(values, 0, 4 * sizeof values[0]);
    if (row->kind == CLAE_SETTING_TEXT || row->kind == CLAE_SETTING_TEXTS) return;
    strcpy(values[1], "x");
    strcpy(values[2], "1 ");
    strcpy(values[3], "-1e999");
    if (row->kind == CLAE_SETTING_COUNT) snprintf(values[3], sizeof values[3], "%.0f", 2 * row->max);
    if (row->kind == CLAE_SETTING_REAL) decimal_write(row->min - 1, values[3]);
}

static clae_settings with_other(const setting *row) {
    clae_settings settings = settings_defaults(NULL);
    assert_true(setting_read(row, &settings, other_value(row)));
    return settings;
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        assert_int_equal(row->index, i);
        assert_ptr_equal(settings_find(row->name, row->group), row);
        assert_null(settings_find(row->name, ~(unsigned)row->group));
        assert_int_equal(strlen(row->name), strlen(row->key));
        for (size_t k = 0; row->name[k]; k++) assert_int_equal(row->name[k], row->key[k] == '_' ? '-' : row->key[k]);
        assert_true(*row->help);
        assert_int_equal(row->metavar == NULL, row->kind == CLAE_SETTING_FLAG);
        assert_true(row->min <= row->max);
    }
}

static void test_defaults(void **state) {
    (void)state;
    const clae_settings defaults = settings_defaults(NULL);
    assert_int_equal(defaults.given, 0);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        clae_settings settings = with_other(row);
        assert_false(setting_is_same(row, &defaults, &settings));
        if (row->standard && row->kind != CLAE_SETTING_TEXTS) {
            assert_true(setting_read(row, &settings, row->standard));
            assert_true(setting_is_same(row, &defaults, &settings));
        }
        settings_release(&settings);
    }
}

static void test_text_round_trip(void **state) {
    (void)state;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        char number[DECIMAL_BYTES];
        clae_settings settings = with_other(row), again = settings_defaults(NULL), copy;
        assert_int_equal(settings.given, (uint64_t)1 << i);
        assert_true(setting_read(row, &again, setting_text(row, &settings, number)));
        assert_true(setting_is_same(row, &settings, &again));
        assert_true(settings_copy(&again, &copy));
        settings_release(&again);
        assert_true(setting_is_same(row, &settings, &copy) && copy.given == settings.given);
        settings_release(&copy);
        settings_release(&settings);
    }
}

static void test_wrong_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        const clae_settings defaults = settings_defaults(NULL);
        clae_settings settings = settings_defaults(NULL);
        char values[4][64], expectation[VALUE_TEXT_BYTES] = "";
        wrong_values(row, values);
        for (int k = 0; k < 4; k++) assert_false(setting_read(row, &settings, values[k]));
        assert_true(setting_is_same(row, &settings, &defaults));
        assert_int_equal(settings.given, 0);
        setting_expectation(row, expectation);
        assert_true(*expectation);
    }
}

static void test_texts_add_up(void **state) {
    (void)state;
    const setting *impl = settings_find("impl", SETTINGS_NUMERICS);
    clae_settings settings = settings_defaults(NULL);
    assert_true(setting_read(impl, &settings, "a=b"));
    assert_true(setting_read(impl, &settings, "c=d"));
    assert_string_equal(settings.impl, "a=b,c=d");
    settings_release(&settings);
}

static void test_json_round_trip(void **state) {
    (void)state;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        if (!(row->group & SETTINGS_OF_RUN)) continue;
        clae_settings settings = with_other(row), again = settings_defaults(NULL);
        json_t *object = settings_to_json(&settings);
        assert_non_null(json_object_get(object, row->name));
        /* Through text, as files have it. */
        char *text = json_dumps(object, JSON_COMPACT);
        json_decref(object);
        object = json_loads(text, 0, NULL);
        assert_true(settings_from_json(object, &again));
        for (size_t k = 0; k < SETTINGS_COUNT; k++) assert_true(setting_is_same(&settings_table[k], &settings, &again));
        assert_int_equal(json_object_set_new(object, row->name, json_array()), 0);
        assert_false(settings_from_json(object, &again));
        json_decref(object);
        free(text);
        settings_release(&settings);
        settings_release(&again);
    }
}

/* The keys of checkpoints that are there already. */
static void test_json_of_defaults(void **state) {
    (void)state;
    const clae_settings settings = settings_defaults(NULL);
    json_t *object = settings_to_json(&settings);
    char *text = json_dumps(object, JSON_COMPACT);
    static const char *const members[] = {
        "\"epochs\":25,",         "\"latent-dim\":8,",    "\"channels\":32,",     "\"batch-size\":100,",
        "\"lr\":0.001,",          "\"seed\":0,",          "\"limit-train\":0,",   "\"no-shuffle\":false,",
        "\"no-winograd\":false,", "\"no-fusion\":false,", "\"no-tuning\":false,", "\"precision\":\"fp32\"",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) assert_non_null(strstr(text, members[i]));
    assert_null(strstr(text, "\"data\""));
    free(text);
    json_decref(object);
}

static void warned(void *user, clae_log_level level, const char *line) {
    (void)line;
    if (level == CLAE_LOG_WARNING) ++*(unsigned *)user;
}

/* What is given holds, is refused or is warned of; what is not given is the run's. */
static void test_resume_rules(void **state) {
    (void)state;
    unsigned warnings;
    const clae_context context = {.log = warned, .log_user = &warnings, .log_level = CLAE_LOG_WARNING};
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        clae_settings stored = settings_defaults(NULL), given = with_other(row), silent = settings_defaults(NULL);
        clae_settings expected = with_other(row);
        warnings = 0;
        const clae_status status = settings_merge(&context, "run", &stored, &given);
        assert_int_equal(status, row->resume == SETTING_SAME ? CLAE_ERROR_INPUT : CLAE_OK);
        assert_int_equal(warnings, row->resume == SETTING_WARNS);
        assert_true(setting_is_same(row, &given, &expected));
        assert_int_equal(settings_are_of_same_run(&stored, &given), row->resume != SETTING_SAME);
        assert_int_equal(settings_merge(&context, "run", &given, &silent), CLAE_OK);
        assert_true(setting_is_same(row, &silent, &given));
        settings_release(&silent);
        settings_release(&given);
        settings_release(&expected);
    }
}

static void assert_file_refused(scene *s, const char *text, const char *said) {
    clae_settings settings = settings_defaults(NULL);
    write_file(s->path, text, strlen(text));
    assert_refused(s, CLAE_ERROR_INPUT, settings_read_file(&s->context, s->path, &settings));
    assert_int_equal(strncmp(s->message, s->path, strlen(s->path)), 0);
    if (!strstr(s->message, said)) print_message("%s\n", s->message);
    assert_non_null(strstr(s->message, said));
    assert_int_equal(settings.given, 0);
}

static void test_bad_files(void **state) {
    scene *s = *state;
    assert_file_refused(s, "", ": line 1: ");
    assert_file_refused(s, "{\"lr\": 0.1,\n}", ": line 2: ");
    assert_file_refused(s, "{\"lr\": 0.1, \"lr\": 0.2}", ": line 1: ");
    assert_file_refused(s, "[1]", "expected an object of settings");
    assert_file_refused(s, "{\"learning-rate\": 1}", ": learning-rate: there is no such setting; there are data, ");
    assert_file_refused(s, "{\"schedule-steps\": 1}", ": schedule-steps: there is no such setting");
    assert_file_refused(s, "{\"seed\": 3, \"lr\": \"0.1\"}",
                        ": lr: expected a number from 1e-12 to 1e+06, got \"0.1\"");
    assert_file_refused(s, "{\"epochs\": 2.5}", ": epochs: expected a whole number from 1 to 1000000, got 2.5");
    assert_file_refused(s, "{\"epochs\": -1}", "got -1");
    assert_file_refused(s, "{\"no-shuffle\": 1}", ": no-shuffle: expected true or false, got 1");
    assert_file_refused(s, "{\"precision\": \"fp16\"}", ": precision: expected fp32|tf32, got \"fp16\"");
    assert_file_refused(s, "{\"data\": null}", ": data: expected a value (D), got null");
    remove(s->path);
    clae_settings settings = settings_defaults(NULL);
    assert_refused(s, CLAE_ERROR_INPUT, settings_read_file(&s->context, s->path, &settings));
}

static void test_good_file(void **state) {
    scene *s = *state;
    static const char text[] =
        "{\"lr\": 1, \"batch-size\": 7, \"no-shuffle\": true, \"data\": \"mnist\", \"limit-train\": 0}";
    clae_settings settings = settings_defaults(NULL);
    write_file(s->path, text, strlen(text));
    assert_true(setting_read(settings_find("batch-size", SETTINGS_OF_RUN), &settings, "9"));
    assert_int_equal(settings_read_file(&s->context, s->path, &settings), CLAE_OK);
    assert_true(settings.lr == 1 && settings.no_shuffle && settings.limit_train == 0 && settings.epochs == 25);
    assert_int_equal(settings.batch_size, 9); /* the one that was given before */
    assert_string_equal(settings.data, "mnist");
    assert_int_equal(settings.given,
                     SETTING_BIT(lr) | SETTING_BIT(batch_size) | SETTING_BIT(no_shuffle) | SETTING_BIT(data));
    settings_release(&settings);
}

static void test_public_functions(void **state) {
    scene *s = *state;
    clae_settings *settings, *copy;
    clae_setting_info info;
    char text[64], again[64];
    size_t count = 0;
    assert_int_equal(clae_settings_create(&s->context, &settings), CLAE_OK);
    assert_int_equal(clae_settings_create(&s->context, &copy), CLAE_OK);
    assert_int_equal(clae_settings_get(settings, "lr", text, sizeof text), CLAE_OK);
    assert_string_equal(text, "0.001");
    for (; clae_settings_info(count, &info); count++) {
        const setting *row = settings_find(info.name, SETTINGS_OF_LIBRARY);
        assert_non_null(row);
        assert_int_equal(clae_settings_set(settings, info.name, other_value(row)), CLAE_OK);
        assert_int_equal(clae_settings_get(settings, info.name, text, sizeof text), CLAE_OK);
        assert_int_equal(clae_settings_set(copy, info.name, text), CLAE_OK);
        assert_int_equal(clae_settings_get(copy, info.name, again, sizeof again), CLAE_OK);
        assert_string_equal(text, again);
        assert_refused(s, CLAE_ERROR_INPUT, clae_settings_set(settings, info.name, ""));
        assert_non_null(strstr(s->message, info.name));
    }
    assert_true(count >= 4);
    assert_int_equal(clae_settings_set(settings, "lr", "3e-3"), CLAE_OK);
    assert_int_equal(clae_settings_get(settings, "lr", text, sizeof text), CLAE_OK);
    assert_string_equal(text, "0.003");
    clae_settings_free(settings);
    clae_settings_free(copy);
    clae_settings_free(NULL);
}

static void test_public_refusals(void **state) {
    scene *s = *state;
    clae_settings *settings;
    char text[64];
    assert_int_equal(clae_settings_create(&s->context, &settings), CLAE_OK);
    assert_refused(s, CLAE_ERROR_INPUT, clae_settings_set(settings, "lr", "-1"));
    assert_string_equal(s->message, "lr: expected a number from 1e-12 to 1e+06, got \"-1\"");
    assert_refused(s, CLAE_ERROR_INPUT, clae_settings_set(settings, "lr", NULL));
    assert_refused(s, CLAE_ERROR_INPUT, clae_settings_set(settings, "rate", "1"));
    assert_non_null(strstr(s->message, "\"rate\": there is no such setting; those of training are batch-size, micro-batch, lr"));
    /* A run's, of which a trainer knows nothing. */
    assert_refused(s, CLAE_ERROR_INPUT, clae_settings_set(settings, "epochs", "1"));
    assert_refused(s, CLAE_ERROR_INPUT, clae_settings_get(settings, "epochs", text, sizeof text));
    assert_refused(s, CLAE_ERROR_INPUT, clae_settings_get(settings, "lr", text, 3));
    assert_int_equal(clae_settings_get(settings, "lr", text, sizeof text), CLAE_OK);
    assert_string_equal(text, "0.001");
    clae_settings_free(settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_text_round_trip),
        cmocka_unit_test(test_wrong_texts),
        cmocka_unit_test(test_texts_add_up),
        cmocka_unit_test(test_json_round_trip),
        cmocka_unit_test(test_json_of_defaults),
        cmocka_unit_test(test_resume_rules),
        cmocka_unit_test_setup_teardown(test_bad_files, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_good_file, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_public_functions, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_public_refusals, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
