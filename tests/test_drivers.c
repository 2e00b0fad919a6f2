/* The program among OpenCL drivers that crash, hang and lie. */
#include "cli_support.h"

#define SKIPPED_EXIT 77

static const char *program, *self;

/* Runs the program with the fake driver's words, and the variables and arguments given, among the drivers in a folder
 * of the scratch folder; its standard output and error go to files there. */
static int run(const char *vendors, const char *fake, const char *arguments) {
    return shell(
        "cd '%s' && env OCL_ICD_VENDORS='%s/%s' CLAE_FAKE='%s' CLAE_TEST_TIME_LIMIT_MS=6000 '%s' %s >out 2>err",
        scratch, scratch, vendors, fake, program, arguments);
}

static bool file_has(const char *name, const char *text) {
    char *whole = read_whole(in_scratch(name), NULL);
    assert_non_null(whole);
    const bool has = strstr(whole, text) != NULL;
    free(whole);
    return has;
}

static void assert_has(const char *name, const char *text) {
    if (file_has(name, text)) return;
    print_error("\"%s\" is not in:\n", text);
    shell("cat '%s' >&2", in_scratch(name));
    _fail(__FILE__, __LINE__);
}

static size_t lines_of(const char *name) {
    size_t lines = 0;
    char *whole = read_whole(in_scratch(name), NULL);
    for (const char *c = whole; *c; c++) lines += *c == '\n';
    free(whole);
    return lines;
}

/* Opens a device through the library, in a process of its own, and prints what it is. */
static int open_spec(const char *vendors, const char *fake, const char *spec) {
    return shell("cd '%s' && env OCL_ICD_VENDORS='%s/%s' CLAE_FAKE='%s' '%s' --open '%s' >out 2>err", scratch, scratch,
                 vendors, fake, self, spec);
}

static void print_line(void *user, clae_log_level level, const char *line) {
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static int open_and_print(const char *spec) {
    const clae_context_options options = {.log = print_line, .log_level = CLAE_LOG_INFO};
    clae_context *context = NULL;
    clae_device *device = NULL;
    clae_status status = clae_context_create(&options, &context);
    if (!status) status = clae_device_open(context, spec, &device);
    if (!status) {
        const clae_device_info *info = clae_device_get_info(device);
        printf("%s, %s, %s, %s\n", info->id, info->name, info->platform, info->is_auto ? "auto" : "named");
    }
    clae_device_close(device);
    clae_context_free(context);
    return (int)status;
}

#define TRAIN "train --data data --out run --steps 2 --batch-size 20 --channels 2 --latent-dim 2 -q "

/* Trains, and asserts that there is a model. */
static void assert_trains(const char *vendors, const char *fake, const char *device) {
    char arguments[256];
    snprintf(arguments, sizeof arguments, TRAIN "%s", device);
    assert_int_equal(shell("rm -rf '%s/run'", scratch), 0);
    const int code = run(vendors, fake, arguments);
    if (code != 0) shell("cat '%s/err' >&2", scratch);
    assert_int_equal(code, 0);
    assert_true(exists(in_scratch("run/model.safetensors")));
}

static void write_text(const char *name, const char *text) {
    FILE *file = fopen(in_scratch(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
    program = getenv("CLAE_TEST_PROGRAM");
    const char *fake = getenv("CLAE_TEST_FAKE_VENDOR");
    if (!program || !fake || make_scratch(state)) return 1;
    unsetenv("CLAE_DEVICE");
    unsetenv("OCL_ICD_FILENAMES");
    setenv("XDG_CACHE_HOME", in_scratch("cache"), 1);
    setenv("POCL_CACHE_DIR", in_scratch("pocl"), 1);
    setenv("CLAE_TEST_ROOT", in_scratch("root"), 1);
    setenv("CLAE_FAKE_MARK", in_scratch("mark"), 1);
    assert_int_equal(
        shell("cd '%s' && mkdir fake both none root cache && echo '%s' >fake/fake.icd && cp fake/fake.icd both && "
              "cp /etc/OpenCL/vendors/pocl*.icd both 2>/dev/null; true",
              scratch, fake),
        0);
    return 0;
}

static bool has_pocl(void) {
    return shell("ls '%s'/both/pocl*.icd >/dev/null 2>&1", scratch) == 0;
}

static void plain_c_calls_no_opencl(void **state) {
    (void)state;
    static const char *const words[] = {"load-crash", "load-hang", "list-crash", "list-hang"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) assert_trains("fake", words[i], "--device c");
    assert_int_equal(open_spec("fake", "list-hang", "c:baseline"), CLAE_OK);
    assert_false(exists(in_scratch("mark")));
    setenv("CLAE_DEVICE", "c", 1);
    assert_trains("fake", "load-crash", "");
    unsetenv("CLAE_DEVICE");
    assert_false(exists(in_scratch("mark")));
    assert_int_equal(run("fake", "none", "devices"), 0);
    assert_true(exists(in_scratch("mark")));
}

static void drivers_that_die_are_named(void **state) {
    (void)state;
    static const struct {
        const char *words, *how;
    } deaths[] = {
        {"load-crash", "was ended by SIGSEGV"},
        {"list-crash", "was ended by SIGSEGV"},
        {"list-abort", "was ended by SIGABRT"},
        {"list-exit", "ended with exit code 3"},
    };
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        assert_int_equal(run("fake", deaths[i].words, "devices --json"), 0);
        assert_has("out", "\"id\": \"c\"");
        assert_has("err", deaths[i].how);
        assert_has("err", "fake.icd");
        assert_has("err", getenv("CLAE_TEST_FAKE_VENDOR"));
        assert_int_equal(lines_of("err"), 1);
        assert_trains("fake", deaths[i].words, "");
    }
    assert_int_equal(run("fake", "list-crash", "devices -v"), 0);
    assert_has("out", "SIGSEGV");
}

static void drivers_that_hang_are_ended(void **state) {
    (void)state;
    setenv("CLAE_TEST_TIME_LIMIT_MS", "1500", 1);
    assert_int_equal(shell("cd '%s' && env OCL_ICD_VENDORS='%s/fake' CLAE_FAKE=list-hang '%s' devices >out 2>err",
                           scratch, scratch, program),
                     0);
    unsetenv("CLAE_TEST_TIME_LIMIT_MS");
    assert_has("err", "did not answer within 1.5 s");
    assert_has("out", "[auto]");
}

static void prints_of_drivers_are_kept_away(void **state) {
    (void)state;
    assert_int_equal(run("fake", "list-noise", "devices"), 0);
    assert_false(file_has("out", "hello from the driver"));
    assert_false(file_has("err", "hello from the driver"));
}

/* Of a run that plain C has trained: few kernels are built. */
#define EVAL "eval run --data data -q "

static void survivors_are_used(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_int_equal(run("both", "list-crash", EVAL "--device opencl"), 0);
    assert_has("err", "was ended by SIGSEGV");
    assert_int_equal(run("both", "list-abort", "devices -v"), 0);
    assert_has("out", "Portable Computing Language");
    assert_has("out", "SIGABRT");
}

/* One GPU that is none; `why` is said in one line. */
static void assert_passed_over(const char *words, const char *why) {
    assert_trains("fake", words, "");
    assert_has("err", why);
    assert_has("err", "is passed over");
    assert_int_equal(lines_of("err"), 1);
    assert_int_equal(run("fake", words, "eval run --data data --device 0:0"), 3);
    assert_has("err", why);
    assert_int_equal(lines_of("err"), 1);
    assert_int_equal(run("fake", words, "devices"), 0);
    assert_has("out", "cannot be used");
    assert_has("out", "  [auto]\n    backend             plain C");
}

static void bad_devices_are_passed_over(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_passed_over("gpu unavailable", "not available");
    assert_passed_over("gpu no-compiler", "no compiler");
    assert_passed_over("gpu build-fails", "cannot build a small kernel");
    assert_passed_over("gpu build-crash", "was ended by SIGABRT");
    assert_passed_over("gpu run-fails", "cannot run a small kernel: CL_OUT_OF_RESOURCES");
    assert_passed_over("gpu wrong", "computes wrongly");
    setenv("CLAE_FAKE_VERSION", "OpenCL 1.1 fake", 1);
    assert_passed_over("gpu", "OpenCL 1.2 is needed");
    unsetenv("CLAE_FAKE_VERSION");
    /* One build log, overwritten. */
    assert_int_equal(shell("test \"$(ls '%s'/cache/clae/*.log | wc -l)\" = 1", scratch), 0);
}

static void devices_that_hang_are_passed_over(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_int_equal(shell("cd '%s' && rm -rf run && env OCL_ICD_VENDORS='%s/fake' CLAE_FAKE='gpu build-hang' "
                           "CLAE_TEST_TIME_LIMIT_MS=3000 '%s' " TRAIN ">out 2>err",
                           scratch, scratch, program),
                     0);
    assert_has("err", "did not answer within 3 s");
    assert_true(exists(in_scratch("run/model.safetensors")));
}

static void gpus_come_first_emulators_last(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_int_equal(open_spec("fake", "gpu", "auto"), CLAE_OK);
    assert_has("out", "0:0, ");
    assert_has("out", ", auto");
    setenv("CLAE_FAKE_NAME", "FPGA Emulation Device", 1);
    assert_int_equal(open_spec("fake", "gpu", "auto"), CLAE_OK);
    assert_has("out", "c, ");
    assert_int_equal(open_spec("fake", "accelerator", "opencl"), CLAE_OK);
    assert_has("out", "FPGA Emulation Device");
    unsetenv("CLAE_FAKE_NAME");
    assert_int_equal(open_spec("fake", "", "auto"), CLAE_OK);
    assert_has("out", "c, ");
}

static void a_missing_fma_is_replaced(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_int_equal(run("fake", "no-fma", EVAL "--device opencl"), 0);
}

/* The driver has no such built-in functions, whatever it says. */
static void matrix_units_that_do_not_work_are_missed(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    setenv("CLAE_FAKE_VENDOR_ID", "0x8086", 1);
    assert_int_equal(run("fake", "", EVAL "--device opencl --precision tf32"), 0);
    assert_false(file_has("err", "should have matrix units"));
    assert_int_equal(run("fake", "dpas-8", EVAL "--device opencl --precision tf32"), 0);
    assert_has("err", "should have matrix units, but they do not work");
    assert_int_equal(run("fake", "dpas-16", EVAL "--device opencl"), 0);
    assert_false(file_has("err", "should have matrix units"));
    unsetenv("CLAE_FAKE_VENDOR_ID");
}

static void names_that_are_no_text_stay_listed(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    setenv("CLAE_FAKE_NAME", "Rade\xF6n \xE2\x82 XT", 1);
    assert_int_equal(run("fake", "", "devices --json"), 0);
    assert_has("out", "Rade\xEF\xBF\xBDn \xEF\xBF\xBD\xEF\xBF\xBD XT");
    assert_int_equal(open_spec("fake", "", "rade"), CLAE_OK);
    unsetenv("CLAE_FAKE_NAME");
}

static void platforms_can_be_named(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    setenv("CLAE_FAKE_PLATFORM", "Clever Computing", 1);
    assert_int_equal(open_spec("fake", "", "clever"), CLAE_OK);
    assert_int_equal(open_spec("fake", "", "stupid"), CLAE_ERROR_DEVICE);
    assert_has("err", "Clever Computing");
    unsetenv("CLAE_FAKE_PLATFORM");
}

static void hints_name_the_cause(void **state) {
    (void)state;
    /* Folders cannot be opened as devices can, not even by root. */
    assert_int_equal(shell("cd '%s/root' && mkdir -p dev/dri/renderD128 dev/kfd usr/lib/here && "
                           "touch usr/lib/here/libnvidia-opencl.so.1",
                           scratch),
                     0);
    write_text("none/gone.icd", "libgone.so.1\n");
    assert_int_equal(open_spec("none", "", "gpu"), CLAE_ERROR_DEVICE);
    assert_has("err", "/dev/dri/renderD128 cannot be opened");
    assert_has("err", "/dev/kfd cannot be opened");
    assert_has("err", "libnvidia-opencl.so.1 is there, but no .icd file names it");
    assert_has("err", "gone.icd names a library that does not load");
    assert_int_equal(run("none", "", "devices -v"), 0);
    assert_has("out", "libgone.so.1");
    assert_has("out", "does not load");
    assert_int_equal(shell("rm -rf '%s'/root/* '%s/none/gone.icd'", scratch, scratch), 0);
    assert_int_equal(open_spec("none", "", "gpu"), CLAE_ERROR_DEVICE);
    assert_has("err", "no OpenCL driver is installed");
}

static void without_the_helper_work_is_done_here(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    setenv("CLAE_LIBEXEC_DIR", "/nonexistent", 1);
    assert_int_equal(open_spec("fake", "", "opencl"), CLAE_OK);
    assert_int_equal(run("fake", "gpu wrong", "devices -v"), 0);
    assert_has("err", "tried in this process");
    assert_trains("fake", "gpu wrong", "");
    assert_has("err", "computes wrongly");
    unsetenv("CLAE_LIBEXEC_DIR");
}

/* Cuts short what pocl keeps of kernels whose names fit. */
static int damage_pocl(const char *pattern) {
    return shell(
        "cd '%s' && find pocl -name '%s.so' | grep -q . && find pocl -name '%s.so' -exec truncate -s 1000 {} +",
        scratch, pattern, pattern);
}

static void pocl_gets_a_cache_that_works(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_int_equal(run("both", "none", EVAL "--device opencl"), 0);
    assert_int_equal(damage_pocl("*"), 0);
    assert_int_equal(run("both", "none", EVAL "--device opencl"), 0);
    assert_has("err", "one of clae's own");
    assert_int_equal(lines_of("err"), 1);
    assert_true(exists(in_scratch("cache/clae/pocl")));
    assert_int_equal(open_spec("both", "none", "opencl"), CLAE_OK);
}

/* What the trial does not see aborts one start, not the next. */
static void pocl_is_not_trusted_twice(void **state) {
    (void)state;
    if (!has_pocl()) skip();
    assert_int_equal(shell("rm -rf '%s/pocl' '%s/cache/clae/pocl'", scratch, scratch), 0);
    assert_int_equal(run("both", "none", EVAL "--device opencl"), 0);
    assert_int_equal(damage_pocl("load_batch*"), 0);
    assert_int_not_equal(run("both", "none", EVAL "--device opencl"), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run("both", "none", EVAL "--device opencl"), 0);
        assert_has("err", "died in an earlier start");
    }
    assert_int_equal(shell("rm -rf '%s/pocl'", scratch), 0);
    assert_int_equal(open_spec("both", "none", "opencl"), CLAE_OK);
    assert_int_equal(lines_of("err"), 0);
    assert_int_equal(
        shell("! ls '%s'/pocl/clae-start-* '%s'/cache/clae/pocl/clae-start-* 2>/dev/null", scratch, scratch), 0);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc == 3 && strcmp(argv[1], "--open") == 0) return open_and_print(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_c_calls_no_opencl),
        cmocka_unit_test(drivers_that_die_are_named),
        cmocka_unit_test(drivers_that_hang_are_ended),
        cmocka_unit_test(prints_of_drivers_are_kept_away),
        cmocka_unit_test(survivors_are_used),
        cmocka_unit_test(bad_devices_are_passed_over),
        cmocka_unit_test(devices_that_hang_are_passed_over),
        cmocka_unit_test(gpus_come_first_emulators_last),
        cmocka_unit_test(a_missing_fma_is_replaced),
        cmocka_unit_test(matrix_units_that_do_not_work_are_missed),
        cmocka_unit_test(names_that_are_no_text_stay_listed),
        cmocka_unit_test(platforms_can_be_named),
        cmocka_unit_test(hints_name_the_cause),
        cmocka_unit_test(without_the_helper_work_is_done_here),
        cmocka_unit_test(pocl_gets_a_cache_that_works),
        cmocka_unit_test(pocl_is_not_trusted_twice),
    };
    return cmocka_run_group_tests(tests, setup, remove_scratch);
}
