#include "train/schedule.h"

#include <math.h>
#include <string.h>

typedef struct schedule {
    const char *name;
    double (*factor)(double p);
} schedule;

/* From 1 to 0. */
static double half_cosine(double p) {
    return 0.5 * (1.0 + cos(3.14159265358979323846 * p));
}

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
    const bool is_share = settings->warmup > 0 && settings->warmup < 1;
    return is_share || strcmp(settings->schedule, schedules[0].name) != 0;
}

static double warmup_steps(const clae_settings *settings) {
    return floor(settings->warmup < 1 ? settings->warmup * (double)settings->schedule_steps : settings->warmup);
}

double schedule_rate(const clae_settings *settings, uint64_t step) {
    const schedule *s = schedules;
    while (s->name && strcmp(s->name, settings->schedule) != 0) s++;
    const double warmup = warmup_steps(settings), at = (double)step;
    const double steps = (double)settings->schedule_steps - warmup;
    if (at < warmup) return settings->lr * s->factor(0) * (at + 1) / (warmup + 1);
    return settings->lr * s->factor(steps > 0 ? fmin((at - warmup) / steps, 1.0) : 0.0);
}
