/* What training does to images before the network gets them. */
#include "graph/layer.h"
#include "graph/plan.h"
#include "ops/loss.h"

#include <float.h>

/* Brightness keeps pixels within their range where they have one. */
static bool has_range(const plan_request *request) {
    return !request->from_float || loss_is_of_pixels(request->loss);
}

static op_desc augment_desc_of(const plan_request *request) {
    const augmentation *a = request->augmentation;
    const clae_model *model = request->model;
    op_desc desc = {.op = OP_augment,
                    .augment = {.n = (int)request->batch_size,
                                .h = (int)model->input.h,
                                .w = (int)model->input.w,
                                .channels = (int)model->input.c,
                                .flip_h = a->flip_h,
                                .flip_v = a->flip_v,
                                .rotate = a->rotate,
                                .shift = a->shift,
                                .brightness = (float)a->brightness}};
    for (size_t k = 0; k < model->input.c; k++) {
        desc.augment.unit[k] = (float)(1 / model->std[k]);
        desc.augment.least[k] = has_range(request) ? (float)(-model->mean[k] / model->std[k]) : -FLT_MAX;
        desc.augment.most[k] = has_range(request) ? (float)((1 - model->mean[k]) / model->std[k]) : FLT_MAX;
    }
    return desc;
}

static op_desc noise_desc_of(const plan_request *request) {
    const clae_model *model = request->model;
    op_desc desc = {.op = OP_noise,
                    .noise = {.n = request->batch_size,
                              .image_elements = shape_elements(model->input),
                              .channels = model->input.c}};
    for (size_t k = 0; k < model->input.c; k++)
        desc.noise.deviation[k] = (float)(request->augmentation->noise / model->std[k]);
    return desc;
}

static int emit_change(plan_builder *b, const op_desc *desc, int images) {
    const int changed = layer_new_tensor(b, op_operand_count(desc, 0));
    PLAN_ADD(b, desc, images, changed);
    return changed;
}

void plan_emit_augmentation(plan_builder *b, const plan_request *request, plan *plan) {
    const augmentation *a = request->augmentation;
    const op_desc augment = augment_desc_of(request), noise = noise_desc_of(request);
    if (a->flip_h || a->flip_v || a->rotate || a->shift > 0 || a->brightness > 0)
        plan->x = emit_change(b, &augment, plan->x);
    plan->target = plan->x;
    if (a->noise > 0) plan->x = emit_change(b, &noise, plan->x);
}
