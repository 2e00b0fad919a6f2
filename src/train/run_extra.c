/* The text that a run keeps in its checkpoints. */
#include "train/run_open.h"

#include <string.h>

char *run_extra_text(const run *run, const char *device, const run_epoch_state *epoch) {
    json_t *config = run_config_to_json(&run->config);
    json_t *object = json_pack("{s:o, s:s, s:s, s:{s:f, s:I, s:f}}", "config", config, "data_fingerprint",
                               clae_dataset_get_info(run->train)->fingerprint, "device", device, "epoch", "loss_sum",
                               epoch->loss_sum, "images", (json_int_t)epoch->images, "seconds", epoch->seconds);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

bool run_extra_parse(run *run, const char *text, run_config *stored, json_t **owner) {
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    const char *fingerprint, *device;
    json_int_t images;
    json_t *config;
    bool ok = object && !json_unpack(object, "{s:o, s:s, s:s, s:{s:F, s:I, s:F}}", "config", &config,
                                     "data_fingerprint", &fingerprint, "device", &device, "epoch", "loss_sum",
                                     &run->epoch.loss_sum, "images", &images, "seconds", &run->epoch.seconds);
    ok = ok && images >= 0 && run_config_from_json(config, stored);
    if (ok) {
        run->epoch.images = (uint64_t)images;
        run->fingerprint = strdup(fingerprint);
        run->device = strdup(device);
        ok = run->fingerprint && run->device;
    }
    if (ok) {
        *owner = object;
    } else {
        json_decref(object);
    }
    return ok;
}
