/* The program on folders of pictures: training, what follows from the run, and what is refused. */
#include "cli_program.h"

#include "picture_support.h"

/* The folder "photos": two kinds of gradients of 20x24 pixels, 30 pictures in all. */
static int set_up_photos(void **state) {
    if (set_up(state)) return -1;
    setenv("XDG_CACHE_HOME", in_scratch("cache"), 1);
    if (shell("cd '%s' && mkdir -p photos/dark photos/light", scratch)) return -1;
    for (int i = 0; i < 30; i++) {
        char name[64];
        snprintf(name, sizeof name, "photos/%s/%d.png", i % 2 ? "light" : "dark", i);
        if (!write_png(in_scratch(name), 20, 24, (i % 2 ? 150 : 0) + 3 * i, i == 7)) return -1;
    }
    return 0;
}

static void a_folder_is_trained_on(void **state) {
    (void)state;
    assert_code(clae("train photos --channels 2 --epochs 2 --out first"), 0);
    assert_contains(err, "decoded 30 pictures to 20x24 in colours");
    assert_contains(err, "images of 3x20x24 from ");
    assert_contains(err, "there are no more training images");
    assert_code(clae("train photos --channels 2 --epochs 2 --out second"), 0);
    assert_null(strstr(err, "decoded"));
    assert_same_files(in_scratch("first/model.safetensors"), in_scratch("second/model.safetensors"));
    assert_same_files(in_scratch("first/loss.png"), in_scratch("second/loss.png"));
}

/* Data and options, from another folder too. */
static void the_run_knows_its_pictures(void **state) {
    (void)state;
    assert_code(clae("train photos --size 16x8 --fit contain --gray --cache kept --channels 2 --epochs 1 --out small"),
                0);
    assert_contains(err, "images of 16x8 from ");
    assert_true(exists(in_scratch("kept")));
    assert_int_equal(shell("cd '%s' && mkdir -p elsewhere", scratch), 0);
    assert_code(clae("eval small --json"), 0);
    char *first = strdup(out);
    assert_code(clae("eval small/model.safetensors --json"), 0);
    assert_string_equal(out, first);
    assert_code(clae("eval small --data photos --json"), 0);
    assert_string_equal(out, first);
    assert_null(strstr(err, "decoded"));
    free(first);
    assert_int_equal(
        shell("cd '%s/elsewhere' && '%s' train --resume --epochs 2 --out ../small --device c 2>err", scratch, program),
        0);
    assert_code(clae("reconstruct small --out r.png --grid 2x1"), 0);
    assert_png("r.png");
    assert_code(clae("train --resume --epochs 3 --out small --size 8x8"), 2);
    assert_contains(err, "--size 16x8");
    /* Of no run: the size is the model's. */
    assert_int_equal(shell("cd '%s' && mkdir alone && cp small/model.safetensors alone/m.safetensors", scratch), 0);
    assert_code(clae("eval alone/m.safetensors --data photos --json"), 0);
    assert_code(clae("eval alone/m.safetensors --json"), 2);
    assert_contains(err, "--data D is missing");
}

static void wrong_options_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"photos --size 0x3", "--size: expected height x width"},
        {"photos --size 3x3x3", "got \"3x3x3\""},
        {"photos --size 99999x3", "each from 1 to 16384"},
        {"photos --gray --channels-in 3", "--gray and --channels-in 3"},
        {"photos --channels-in 2", "expected 1|3"},
        {"photos --fit crop", "expected cover|contain|stretch"},
        {"photos --test-share 1", "from 0 to 0.9"},
        {"photos --background mauve", "the background is white"},
        {"photos --labels nothing", "nothing"},
        {"photos --data photos", "leave one of both out"},
        {"--data nothing-here", "nothing-here"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_code(clae("train %s --out refused", cases[i][0]), 2);
        assert_contains(err, cases[i][1]);
        assert_int_equal(lines(err), 1);
        assert_false(exists(in_scratch("refused")));
    }
}

static void pictures_are_not_overwritten(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && cp photos/dark/0.png kept.png", scratch), 0);
    assert_code(clae("train photos --channels 2 --epochs 1 --out whole"), 0);
    assert_code(clae("reconstruct whole --out photos/dark/0.png"), 2);
    assert_contains(err, "is a file of --data");
    assert_same_files(in_scratch("photos/dark/0.png"), in_scratch("kept.png"));
    /* Those of a list, those behind a link of a folder, and the labels. */
    assert_int_equal(shell("cd '%s' && cp -r photos owned && mkdir -p linked && ln -s ../owned/dark linked/dark && "
                           "cp owned/light/1.png linked && echo owned/dark/0.png >list.txt && "
                           "echo owned/light/1.png >>list.txt && echo 1.png,cat >labels.npy",
                           scratch),
                     0);
    assert_code(clae("data list.txt --out owned/dark/0.png"), 2);
    assert_contains(err, "is a file of --data");
    assert_code(clae("data linked --out owned/dark/0.png"), 2);
    assert_contains(err, "is a file of --data");
    assert_code(clae("train linked --labels labels.npy --channels 2 --epochs 1 --out labelled"), 0);
    assert_code(clae("encode labelled --out labels.npy"), 2);
    assert_contains(err, "is the labels");
    assert_same_files(in_scratch("owned/dark/0.png"), in_scratch("kept.png"));
    /* Which other data do without. */
    assert_code(clae("eval labelled --data photos"), 0);
}

/* They take the size and channels of the training images; a command with other data leaves them behind. */
static void test_images_may_be_elsewhere(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && mkdir -p others", scratch), 0);
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "others/%d.png", i);
        assert_true(write_png(in_scratch(name), 40 + i, 40, 20 * i, false));
    }
    assert_code(clae("train photos --test-data others --size 16x16 --channels 2 --epochs 1 --out apart"), 0);
    assert_contains(err, "30 training and 5 test images of 3x16x16");
    assert_code(clae("eval apart --json"), 0);
    assert_contains(out, "\"images\": 5");
    assert_int_equal(
        shell("cd '%s/photos' && '%s' train --resume --epochs 2 --out ../apart --device c 2>err", scratch, program), 0);
    assert_code(clae("eval apart --data photos --json"), 0);
    assert_contains(out, "\"images\": 5");
    assert_int_equal(shell("cd '%s' && mv photos/err . && cp -r photos copies", scratch), 0);
    assert_code(clae("eval apart --data copies --json"), 0);
    assert_null(strstr(out, "\"images\": 5"));
    assert_code(clae("eval apart --data copies --test-data others --json"), 0);
    assert_contains(out, "\"images\": 5");
    assert_code(clae("data photos --test-data others --json"), 0);
    assert_contains(out, "\"test\": 5");
    /* Labels are joined by their names. */
    assert_int_equal(shell("cd '%s' && mkdir -p named/ant named/light && cp photos/dark/0.png named/ant && "
                           "cp photos/light/1.png photos/light/3.png named/light",
                           scratch),
                     0);
    assert_code(clae("data photos --test-data named"), 0);
    assert_contains(out, "labels       3\n");
    assert_contains(out, "     15       0  dark\n");
    assert_contains(out, "     15       2  light\n");
    assert_contains(out, "      0       1  ant\n");
    assert_code(clae("train --resume --epochs 3 --test-data copies --out apart"), 2);
    assert_contains(err, "the test images of --test-data ");
    assert_code(clae("reconstruct apart --out others/0.png"), 2);
    assert_contains(err, "is a file of --test-data");
    assert_code(clae("train photos --size 16x16 --test-data nowhere --channels 2 --out refused"), 2);
    assert_contains(err, "nowhere");
    assert_false(exists(in_scratch("refused")));
}

/* loss.png is none of the data when it goes on. */
static void a_run_may_lie_among_its_pictures(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && cp -r photos among", scratch), 0);
    assert_code(clae("train among --channels 2 --epochs 1 --out among/run"), 0);
    assert_true(exists(in_scratch("among/run/loss.png")));
    assert_code(clae("train --resume --epochs 2 --out among/run"), 0);
    assert_null(strstr(err, "decoded"));
}

static void broken_pictures_are_refused(void **state) {
    (void)state;
    assert_int_equal(shell("cd '%s' && cp -r photos broken && echo hello >broken/a.jpg && : >broken/light/b.png && "
                           "echo words >broken/readme.txt",
                           scratch),
                     0);
    assert_code(clae("train broken --channels 2 --epochs 1 --out refused"), 2);
    assert_contains(err, "a.jpg");
    assert_contains(err, "light/b.png");
    assert_contains(err, "2 of the 32 pictures");
    assert_contains(err, "readme.txt");
    assert_false(exists(in_scratch("refused")));
    assert_code(clae("train broken --skip-bad --channels 2 --epochs 1 --out skipped"), 0);
    assert_contains(err, "2 of the 32 pictures");
    assert_code(clae("eval skipped"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_trained_on),       cmocka_unit_test(the_run_knows_its_pictures),
        cmocka_unit_test(wrong_options_are_refused),    cmocka_unit_test(pictures_are_not_overwritten),
        cmocka_unit_test(broken_pictures_are_refused),  cmocka_unit_test(a_run_may_lie_among_its_pictures),
        cmocka_unit_test(test_images_may_be_elsewhere),
    };
    return cmocka_run_group_tests(tests, set_up_photos, tear_down);
}
