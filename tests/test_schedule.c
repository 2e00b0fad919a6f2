/* Schedules of the learning rate, at points of a training. */
#include "train/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

typedef struct point {
    const char *schedule;
    uint64_t step; /* of 120 */
    double factor;
} point;

static const point points[] = {
    {"constant", 0, 1},
    {"constant", 119, 1},
    {"cosine", 0, 1},
    {"cosine", 40, 0.75},
    {"cosine", 60, 0.5},
    {"cosine", 120, 0},
    {"step", 39, 1},
    {"step", 40, 0.1},
    {"step", 119, 0.01},
    {"linear", 0, 1},
    {"linear", 90, 0.25},
    {"onecycle", 0, 0.04},
    {"onecycle", 18, 0.52},
    {"onecycle", 36, 1},
    {"onecycle", 78, 0.500002},
    {"onecycle", 120, 4e-6},
};

static void test_points(void **state) {
    (void)state;
    clae_settings settings = settings_defaults(NULL);
    settings.lr = 0.02;
    settings.schedule_steps = 120;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        settings.schedule = points[i].schedule;
        const double rate = schedule_rate(&settings, points[i].step);
        assert_true(fabs(rate - 0.02 * points[i].factor) < 1e-15);
        assert_int_equal(schedule_has_end(&settings), strcmp(points[i].schedule, "constant") != 0);
    }
}

/* The rate rises to that of the schedule's begin, whatever it is; the schedule has the steps that are left. */
static void test_warmup(void **state) {
    (void)state;
    clae_settings settings = settings_defaults(NULL);
    settings.lr = 1;
    settings.schedule_steps = 120;
    for (int of_share = 0; of_share < 2; of_share++) {
        settings.warmup = of_share ? 0.25 : 30;
        settings.schedule = "constant";
        assert_int_equal(schedule_has_end(&settings), of_share);
        settings.schedule = "linear";
        assert_true(fabs(schedule_rate(&settings, 0) - 1 / 31.0) < 1e-15);
        assert_true(fabs(schedule_rate(&settings, 29) - 30 / 31.0) < 1e-15);
        assert_true(fabs(schedule_rate(&settings, 30) - 1) < 1e-15);
        assert_true(fabs(schedule_rate(&settings, 75) - 0.5) < 1e-15);
    }
}

/* Every row of the table has points, and an unknown length leaves the rate as it begins. */
static void test_rows(void **state) {
    (void)state;
    static const char *const names[] = {
#define SCHEDULE(stem, factor) #stem,
#include "train/schedules.def"
#undef SCHEDULE
    };
    clae_settings settings = settings_defaults(NULL);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t found = 0;
        for (size_t i = 0; i < sizeof points / sizeof *points; i++) found += !strcmp(points[i].schedule, names[k]);
        assert_true(found >= 2);
        settings.schedule = names[k];
        settings.schedule_steps = 0;
        assert_true(schedule_rate(&settings, 1000) == schedule_rate(&settings, 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points), cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_warmup)};
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
