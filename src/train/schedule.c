#include "train/schedule.h"

#include <math.h>
#include <string.h>

typedef struct schedule {
    const char *name;
    double (*factor)(double p);
} schedule;

#define SCHEDULE(stem, factor)                                                                                         \
    static double schedule_##stem(double p) {                                                                          \
        (void)p;                                                                                                       \
        return factor;                                                                                                 \
    }
#include "train/schedules.def"
#undef SCHEDULE

static const schedule schedules[] = {
#define SCHEDULE(stem, factor) {#stem, schedule_##stem},
#include "train/schedules.def"
#undef SCHEDULE
    {NULL, NULL},
};

bool schedule_has_end(const clae_settings *settings) {
    return strcmp(settings->schedule, schedules[0].name) != 0;
}

double schedule_rate(const clae_settings *settings, uint64_t step) {
    const schedule *s = schedules;
    while (s->name && strcmp(s->name, settings->schedule) != 0) s++;
    const double steps = (double)settings->schedule_steps;
    return settings->lr * s->factor(steps > 0 ? fmin((double)step / steps, 1.0) : 0.0);
}
