/* What is tuned is kept, found again and used; what computes wrongly is not taken. */
#include "app/measure/tune.h"
#include "app/run/run_device.h"
#include "backend/tuning/tuning_table.h"
#include "base/files.h"
#include "base/memory.h"
#include "check/op_trial.h"
#include "device_support.h"
#include "ops/op_kind.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

static const numerics standard;

typedef struct tuning_fixture {
    fixture f;
    char folder[64];
    char warning[256];
    unsigned warnings;
} tuning_fixture;

static void keep_warning(void *user, clae_log_level level, const char *line) {
    tuning_fixture *t = user;
    if (level == CLAE_LOG_WARNING) {
        t->warnings++;
        snprintf(t->warning, sizeof t->warning, "%s", line);
    }
    fixture_log(&t->f, level, line);
}

/* A device of a fresh context with the fixture's cache folder. */
static void open_device(tuning_fixture *t) {
    const clae_context_options options = {
        .log = keep_warning, .log_user = t, .log_level = CLAE_LOG_WARNING, .cache_dir = t->folder};
    fixture_close(&t->f);
    t->warning[0] = '\0';
    t->warnings = 0;
    assert_int_equal(clae_context_create(&options, &t->f.context), CLAE_OK);
    assert_int_equal(clae_device_open(t->f.context, fixture_spec(), &t->f.device), CLAE_OK);
}

static int setup(void **state) {
    void *any = NULL;
    fixture_setup(&any);
    fixture_teardown(&any);
    tuning_fixture *t = calloc(1, sizeof *t);
    snprintf(t->folder, sizeof t->folder, "/tmp/clae-tuning-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    open_device(t);
    *state = t;
    return 0;
}

static int teardown(void **state) {
    tuning_fixture *t = *state;
    char command[128];
    fixture_close(&t->f);
    snprintf(command, sizeof command, "rm -rf '%s'", t->folder);
    assert_int_equal(system(command), 0);
    free(t);
    return 0;
}

static op_desc conv(int n) {
    const conv_geometry g = {.n = n,
                             .wide_h = 12,
                             .wide_w = 12,
                             .wide_c = 8,
                             .narrow_h = 8,
                             .narrow_w = 8,
                             .narrow_c = 16,
                             .kh = 5,
                             .kw = 5,
                             .sh = 1,
                             .sw = 1};
    return (op_desc){.op = OP_conv2d_fwd, .conv = {.g = g, .with_bias = true}};
}

/* Files keep keys: they stay as they are, whatever op_describe says. */
static void test_keys(void **state) {
    (void)state;
    const struct {
        op_desc desc;
        const char *key;
    } cases[] = {
        {conv(3), "conv2d_fwd n=3 wide_h=12 wide_w=12 wide_c=8 narrow_h=8 narrow_w=8 narrow_c=16 kh=5 kw=5 sh=1 sw=1 "
                  "ph=0 pw=0 with_bias=1 activation=none"},
        {{.op = OP_activation_bwd, .activation = {ACTIVATION_relu, 7, 0}}, "activation_bwd activation=relu count=7"},
        {{.op = OP_loss, .loss = {LOSS_mse, 9, 0.5f, true}}, "loss loss=mse count=9 with_gradient=1"},
        {{.op = OP_update, .update = {OPTIMISER_adam, 5}}, "update optimiser=adam count=5"},
        {{.op = OP_gemm, .gemm = {.m = 1, .n = 2, .k = 3, .transpose_b = true, .alpha = 1}},
         "gemm m=1 n=2 k=3 transpose_a=0 transpose_b=1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char key[OP_KEY_SIZE];
        op_key(&cases[i].desc, key);
        assert_string_equal(key, cases[i].key);
    }
    for (op_id op = 0; op < OP_COUNT; op++) { /* the longest numbers have room */
        char key[OP_KEY_SIZE];
        op_desc desc = {.op = op};
        const op_field *last = op_kind_of(op)->fields;
        assert_non_null(last);
        for (const op_field *field = last; field->name; last = field++)
            if (field->type == OP_FIELD_INT) *(int *)((char *)&desc + field->offset) = 1 << 20;
        op_key(&desc, key);
        assert_non_null(strstr(key, last->name));
        assert_true(strlen(key) < OP_KEY_SIZE - 1);
    }
}

static bool always(const clae_device *device, const op_desc *desc, const int *values) {
    return device && desc && values[0] < 100;
}

static const tune_space two = {.kernel = "two",
                               .count = 2,
                               .parameters = {{"ROWS", TUNE_CANDIDATES(1, 2)}, {"LANES", TUNE_CANDIDATES(4, 8)}},
                               .is_valid = always};

static void test_text(void **state) {
    (void)state;
    const int values[] = {3, 16};
    char text[TUNE_TEXT_SIZE];
    int back[TUNE_MAX_PARAMETERS] = {0};
    tune_values_format(&two, values, text);
    assert_string_equal(text, "ROWS=3 LANES=16");
    assert_true(tune_values_parse(&two, text, back));
    assert_memory_equal(back, values, sizeof values);
    assert_true(tune_values_parse(&two, "LANES=8 ROWS=1", back));
    assert_int_equal(back[1], 8);
    const char *const wrong[] = {"",
                                 "ROWS=3",
                                 "ROWS=3 LANES=",
                                 "ROWS=3 LANES=x",
                                 "ROWS=3 ROWS=4",
                                 "ROWS3",
                                 "ROWS=3 LANES=0",
                                 "ROWS=3 WIDTH=1",
                                 "ROWS=3 LANES=-1",
                                 "ROWS=3 LANES=4 TILE=1",
                                 "LANES=4",
                                 "ROWS=3,LANES=4",
                                 "ROWS=99999999999999999999 LANES=4"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        if (tune_values_parse(&two, wrong[i], back)) fail_msg("\"%s\" was taken", wrong[i]);
}

/* Whatever the class of a device is called, each of its implementations has values for each op that it can do. */
static void test_shipped(void **state) {
    tuning_fixture *t = *state;
    clae_device *device = t->f.device;
    const char *const classes[] = {"cpu-4", "cpu-8", "cpu-16", "gpu", "nvidia", "amd-gcn", "amd-rdna", "intel", "?"};
    char own[sizeof device->tuning_class];
    memcpy(own, device->tuning_class, sizeof own);
    for (size_t c = 0; c < ARRAY_LENGTH(classes); c++) {
        snprintf(device->tuning_class, sizeof device->tuning_class, "%s", classes[c]);
        for (int op = 0; op <= OP_conv_transpose2d_bwd_weights; op++) {
            op_desc desc = conv(3);
            desc.op = (op_id)op;
            for (const op_impl *const *impl = device->backend->impls(desc.op); *impl; impl++) {
                int values[TUNE_MAX_PARAMETERS];
                const tune_space *space = (*impl)->space ? (*impl)->space(device, &desc) : NULL;
                if (!space || !(*impl)->supports(device, &desc)) continue;
                if (!tune_ships(device, &desc, space, values) || !space->is_valid(device, &desc, values))
                    fail_msg("class %s has no values for %s by %s", classes[c], op_name(desc.op), (*impl)->name);
            }
        }
    }
    memcpy(device->tuning_class, own, sizeof own);
}

enum { SETS_OF_VALUES = 1, MOST_DRAWS = 1000 };

static bool draw_valid(const clae_device *device, const op_desc *desc, const tune_space *space, philox_stream stream,
                       uint64_t *drawn, int *values) {
    for (int draws = 0; draws < MOST_DRAWS; draws++) {
        for (size_t i = 0; i < space->count; i++) {
            const int *candidates = space->parameters[i].candidates;
            size_t count = 0;
            while (candidates[count]) count++;
            values[i] = candidates[(size_t)(philox_uniform(stream, (*drawn)++) * (double)count)];
        }
        if (space->is_valid(device, desc, values)) return true;
    }
    return false;
}

static void check_values(clae_device *device, const op_desc *desc, const op_impl *impl, const tune_space *space,
                         const int *values, uint64_t seed, const op_operands *answer) {
    char text[TUNE_TEXT_SIZE];
    op_operands got = {{0}, {0}};
    tune_values_format(space, values, text);
    assert_int_equal(op_operands_draw(device->context, desc, 1, &got), CLAE_OK);
    const op_choice choice = {.impl = impl, .numerics = &standard, .space = space, .values = values};
    const clae_status status = op_trial_run(device, desc, &choice, &got);
    const double difference = status == CLAE_OK ? op_outputs_difference(desc, &got, answer) : 0;
    if (status != CLAE_OK || difference > OP_TRIAL_TOLERANCE)
        fail_msg("%s by %s with %s: status %d, off by %g; CLAE_TEST_SEED=%" PRIu64, op_name(desc->op), impl->name, text,
                 status, difference, seed);
    op_operands_free(&got);
}

/* Random sets of the values that a tuner may try, for the three kernels of each implementation. */
static void test_valid_values_are_right(void **state) {
    tuning_fixture *t = *state;
    clae_device *device = t->f.device, *judge = NULL;
    const char *text = getenv("CLAE_TEST_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    const op_id ops[] = {OP_conv2d_fwd, OP_conv2d_bwd_data, OP_conv2d_bwd_weights};
    uint64_t drawn = 0;
    assert_int_equal(device_open_judge(t->f.context, &judge), CLAE_OK);
    for (size_t o = 0; o < ARRAY_LENGTH(ops); o++) {
        op_desc desc = conv(3);
        op_operands answer;
        desc.op = ops[o];
        assert_int_equal(op_operands_draw(device->context, &desc, 1, &answer), CLAE_OK);
        assert_int_equal(op_trial_judge(judge, &desc, &answer), CLAE_OK);
        for (const op_impl *const *impl = device->backend->impls(desc.op); *impl; impl++) {
            const tune_space *space = (*impl)->space ? (*impl)->space(device, &desc) : NULL;
            int values[TUNE_MAX_PARAMETERS];
            if (!space || !op_impl_can(*impl, device, &desc, &standard)) continue;
            for (int i = 0; i < SETS_OF_VALUES; i++) {
                if (!draw_valid(device, &desc, space, (philox_stream){seed, PHILOX_SELFTEST, 1}, &drawn, values))
                    fail_msg("%s has no valid values", space->kernel);
                check_values(device, &desc, *impl, space, values, seed, &answer);
            }
        }
        op_operands_free(&answer);
    }
    clae_device_close(judge);
}

static const char *last_impl(const clae_device *device, op_id op) {
    const op_impl *const *impl = device->backend->impls(op);
    while (impl[1]) impl++;
    return (*impl)->name;
}

static const char *prepared_impl(clae_device *device, const op_desc *desc, const numerics *numerics) {
    op_instance *instance = NULL;
    assert_int_equal(op_prepare(device, desc, numerics, &instance), CLAE_OK);
    const char *name = instance->impl->name;
    op_release(instance);
    return name;
}

static void test_kept(void **state) {
    tuning_fixture *t = *state;
    const op_desc desc = conv(4), other_batch = conv(7);
    op_desc other_op = conv(4);
    other_op.conv.with_bias = false;
    const char *last = last_impl(t->f.device, desc.op), *usual = prepared_impl(t->f.device, &desc, &standard);
    assert_string_not_equal(last, usual);
    assert_int_equal(tuning_set(t->f.device, &desc, &standard, last, "", 1.5), CLAE_OK);
    assert_int_equal(tuning_save(t->f.device), CLAE_OK);

    open_device(t);
    const tuning_entry *entry = tuning_find_exactly(t->f.device, &desc, &standard);
    assert_non_null(entry);
    assert_true(fabs(entry->ms - 1.5) < 1e-6);
    assert_string_equal(prepared_impl(t->f.device, &desc, &standard), last);
    assert_string_equal(prepared_impl(t->f.device, &other_batch, &standard), last);
    assert_null(tuning_find_exactly(t->f.device, &other_batch, &standard));
    assert_string_equal(prepared_impl(t->f.device, &other_op, &standard), usual);

    const numerics no_tuning = {.no_tuning = true}, tf32 = {.tf32 = true};
    assert_string_equal(prepared_impl(t->f.device, &desc, &no_tuning), usual);
    assert_null(tuning_find(t->f.device, &desc, &no_tuning));
    assert_null(tuning_find(t->f.device, &desc, &tf32)); /* which is tuned on its own */
    assert_int_equal(tuning_set(t->f.device, &desc, &tf32, usual, "", 1), CLAE_OK);
    assert_non_null(tuning_find(t->f.device, &other_batch, &tf32));
    assert_string_equal(prepared_impl(t->f.device, &desc, &tf32), usual);
    assert_string_equal(prepared_impl(t->f.device, &desc, &standard), last);
}

/* Puts `text` in the place of the tuning file, opens the device, and looks whether the file is still the same. */
static void open_with_file(tuning_fixture *t, const char *text) {
    char *path = strdup(tuning_path(t->f.device));
    uint8_t *data;
    size_t bytes;
    assert_int_equal(file_write_atomic(t->f.context, path, &(file_part){text, strlen(text)}, 1), CLAE_OK);
    open_device(t);
    assert_int_equal(file_read(t->f.context, path, "test", 1 << 20, &data, &bytes), CLAE_OK);
    assert_string_equal((const char *)data, text);
    free(data);
    free(path);
}

static void test_damaged(void **state) {
    tuning_fixture *t = *state;
    const op_desc desc = conv(4);
    const char *usual = prepared_impl(t->f.device, &desc, &standard);
    char *path = strdup(tuning_path(t->f.device));
    uint8_t *good = NULL;
    size_t bytes;
    assert_int_equal(tuning_set(t->f.device, &desc, &standard, last_impl(t->f.device, desc.op), "", 1.5), CLAE_OK);
    assert_int_equal(tuning_save(t->f.device), CLAE_OK);
    assert_int_equal(file_read(t->f.context, path, "test", 1 << 20, &good, &bytes), CLAE_OK);
    free(path);

    const char *const useless[] = {"", "\n\n", "clae tuning 1\n", "clae tuning 4\ndevice x\n", "clae tuning 4"};
    for (size_t i = 0; i < ARRAY_LENGTH(useless); i++) {
        open_with_file(t, useless[i]);
        assert_non_null(strstr(t->warning, "another version or device"));
        assert_null(tuning_find(t->f.device, &desc, &standard));
    }
    /* Cut anywhere: a warning and what is whole, or nothing. */
    for (size_t length = 1; length < bytes; length += 7) {
        char *cut = strndup((const char *)good, length);
        open_with_file(t, cut);
        assert_true(strlen(t->warning) > 0 || cut[length - 1] == '\n');
        assert_null(tuning_find(t->f.device, &desc, &standard));
        free(cut);
    }
    /* An implementation that there no longer is. */
    char *unknown = string_format("%sxx", (const char *)good);
    char *name = strstr(unknown, last_impl(t->f.device, desc.op));
    assert_non_null(name);
    name[0] = 'X';
    open_with_file(t, unknown);
    assert_string_equal(prepared_impl(t->f.device, &desc, &standard), usual);
    free(unknown);
    free(good);
}

/* A run that goes on with another tuning says so, as it would on another device. */
static void test_is_part_of_a_runs_device(void **state) {
    tuning_fixture *t = *state;
    const op_desc desc = conv(4);
    char texts[4][RUN_DEVICE_BYTES];
    run_device_text(t->f.device, &standard, texts[0]);
    assert_null(strstr(texts[0], "tuned"));
    const char *const values[] = {"", "", "X=1"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tuning_set(t->f.device, &desc, &standard, "plain", values[i], 1.5 + i), CLAE_OK);
        run_device_text(t->f.device, &standard, texts[i + 1]);
    }
    assert_non_null(strstr(texts[1], ", tuned "));
    assert_string_equal(texts[1], texts[2]); /* another time is no other tuning */
    assert_string_not_equal(texts[2], texts[3]);
    run_device_text(t->f.device, &(numerics){.no_tuning = true}, texts[1]);
    assert_string_equal(texts[0], texts[1]); /* nor is one that is left aside */
    run_device_text(t->f.device, &(numerics){.tf32 = true}, texts[1]);
    assert_string_equal(texts[0], texts[1]);
    snprintf(t->f.device->info.name, sizeof t->f.device->info.name, "caf\xe9");
    run_device_text(t->f.device, &standard, texts[0]);
    assert_memory_equal(texts[0], "caf\\xe9 (", 9);
}

/* Many lines that are none: one warning, with their number and the first. */
static void test_bad_lines(void **state) {
    tuning_fixture *t = *state;
    const op_desc desc = conv(4);
    const size_t lines = 100000;
    char op[OP_KEY_SIZE];
    op_key(&desc, op);
    char *text =
        string_format("clae tuning 4\n%s%s: plain; 0.5 ms\nfirst \x1b[31m bad\n", t->f.device->tuning->key, op);
    const size_t used = strlen(text);
    assert_int_equal(tuning_save(t->f.device), CLAE_OK);
    text = realloc(text, used + 2 * lines + 200);
    for (size_t i = 0; i < lines; i++) memcpy(text + used + 2 * i, "x\n", 2);
    strcpy(text + used + 2 * lines, "activation_fwd activation=relu count=1: pl\x1b[31main; 0.5 ms\n");
    open_with_file(t, text);
    assert_int_equal(t->warnings, 1);
    assert_non_null(strstr(t->warning, ": 100002 lines are left out"));
    assert_non_null(strstr(t->warning, "\"first \\x1b[31m bad\""));
    assert_int_equal(t->f.device->tuning->count, 1);
    assert_non_null(tuning_find_exactly(t->f.device, &desc, &standard));
    free(text);
}

static void check_result(void *user, const tune_result *r) {
    size_t *known = user;
    assert_true(r->count > 0 && r->index < r->count);
    assert_true(r->ms > 0);
    *known += r->was_known;
    if (r->was_known) return;
    assert_true(r->tried > 0 && r->wrong == 0 && r->failed == 0);
    assert_true(r->ms <= r->default_ms);
}

static void test_tune(void **state) {
    tuning_fixture *t = *state;
    size_t known = 0, left = 99;
    clae_model *model = small_model(t->f.context, 1);
    const clae_settings settings = settings_of(3, 1e-3);
    tune_options options = {.settings = &settings, .budget_s = 1e-9, .report = check_result, .user = &known};
    assert_int_equal(tune_run(t->f.device, model, &options, &left), CLAE_OK);
    const size_t all = left;
    assert_true(all > 0);
    options.budget_s = 0.5;
    assert_int_equal(tune_run(t->f.device, model, &options, &left), CLAE_OK);
    assert_true(left < all && known == 0);
    open_device(t);
    options.budget_s = 1e-9;
    const size_t tuned = all - left;
    clae_model_free(model);
    model = small_model(t->f.context, 1);
    assert_int_equal(tune_run(t->f.device, model, &options, &left), CLAE_OK);
    assert_int_equal(known, tuned);
    assert_int_equal(left, all - tuned);
    clae_model_free(model);
}

/* An implementation that is fast because it does nothing. */
static clae_status run_nothing(op_instance *instance, const op_args *args) {
    return instance && args ? CLAE_OK : CLAE_ERROR_INTERNAL;
}

static const op_impl *const *(*right_impls)(op_id op);

static clae_status prepare_idle(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    const op_impl *const *right = right_impls(desc->op);
    while (right[1]) right++;
    const clae_status status = (*right)->prepare(device, desc, choice, instance);
    if (status == CLAE_OK) (*instance)->run = run_nothing;
    return status;
}

static bool can_all(const clae_device *device, const op_desc *desc) {
    return device && desc;
}

static const op_impl idle = {.name = "idle", .supports = can_all, .prepare = prepare_idle};
static const op_impl *with_idle[16];

static const op_impl *const *impls_with_idle(op_id op) {
    size_t count = 1;
    with_idle[0] = &idle;
    for (const op_impl *const *right = right_impls(op); *right; right++) with_idle[count++] = *right;
    with_idle[count] = NULL;
    return with_idle;
}

static void test_wrong_is_refused(void **state) {
    tuning_fixture *t = *state;
    clae_device *device = t->f.device, *judge = NULL;
    const backend *right = device->backend;
    backend lying = *right;
    const op_desc desc = conv(3);
    tune_found found;
    assert_int_equal(device_open_judge(t->f.context, &judge), CLAE_OK);
    right_impls = right->impls;
    lying.impls = impls_with_idle;
    device->backend = &lying;
    const tune_request request = {.device = device, .judge = judge, .numerics = &standard, .desc = &desc};
    assert_int_equal(tune_op(&request, &found), CLAE_OK);
    device->backend = right;
    assert_int_equal(found.wrong, 1);
    assert_string_not_equal(found.impl->name, "idle");
    clae_device_close(judge);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_keys),
        cmocka_unit_test_setup_teardown(test_shipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_valid_values_are_right, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_part_of_a_runs_device, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tune, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("tuning", tests, NULL, NULL);
}
