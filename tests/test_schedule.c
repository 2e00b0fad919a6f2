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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points), cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
