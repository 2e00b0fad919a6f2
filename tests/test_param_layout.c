/* Parameters between the flat array and files, element by element. */
#include "device_support.h"

#include "graph/model.h"
#include "test_random.h"

/* Of random sizes, with the axes of the flat array in a random order. */
static param_layout random_layout(test_random *random) {
    param_layout layout;
    size_t order[PARAM_LAYOUT_RANK], stride = 1;
    for (size_t k = 0; k < PARAM_LAYOUT_RANK; k++) {
        layout.size[k] = (size_t)(random_int(random, 0, 2) ? random_int(random, 1, 9) : random_int(random, 1, 40));
        order[k] = k;
    }
    for (size_t k = PARAM_LAYOUT_RANK; k-- > 1;) {
        const size_t other = (size_t)random_int(random, 0, (int)k), axis = order[k];
        order[k] = order[other];
        order[other] = axis;
    }
    for (size_t k = 0; k < PARAM_LAYOUT_RANK; k++) {
        layout.stride[order[k]] = stride;
        stride *= layout.size[order[k]];
    }
    return layout;
}

static size_t count_of(const param_layout *layout) {
    size_t count = 1;
    for (size_t k = 0; k < PARAM_LAYOUT_RANK; k++) count *= layout->size[k];
    return count;
}

/* Where the index-th element in PyTorch's order is. */
static size_t place_of(const param_layout *layout, size_t index) {
    size_t place = 0;
    for (size_t k = PARAM_LAYOUT_RANK; k-- > 0; index /= layout->size[k])
        place += index % layout->size[k] * layout->stride[k];
    return place;
}

/* With an element on each side that stays as it is. */
static float *numbered(size_t count) {
    float *values = malloc((count + 2) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count + 2; i++) values[i] = (float)i - 1;
    return values;
}

static void check_layout(const param_layout *layout) {
    const size_t count = count_of(layout);
    float *flat = numbered(count), *values = numbered(count), *back = numbered(count);
    param_gather(layout, flat + 1, values + 1);
    for (size_t i = 0; i < count; i++) assert_true(values[i + 1] == flat[place_of(layout, i) + 1]);
    assert_true(values[0] == flat[0] && values[count + 1] == flat[count + 1]);
    for (size_t i = 0; i < count; i++) back[i + 1] = -7;
    param_scatter(layout, values + 1, back + 1);
    assert_memory_equal(back, flat, (count + 2) * sizeof *flat);
    free(flat);
    free(values);
    free(back);
}

static void random_layouts(void **state) {
    (void)state;
    for (uint64_t trial = 0; trial < 300; trial++) {
        test_random random = random_stream(1, 0, trial);
        const param_layout layout = random_layout(&random);
        check_layout(&layout);
    }
}

static void same_order(void **state) {
    (void)state;
    for (size_t count = 1; count < 70; count++) {
        const param_layout layout = param_layout_same(count);
        check_layout(&layout);
        for (size_t i = 0; i < count; i++) assert_int_equal(place_of(&layout, i), i);
    }
}

/* PyTorch's [out][in][tap] in [tap][in][out]. */
static void check_conv2d(const layer *l) {
    const size_t taps = (size_t)l->spec.kernel_h * l->spec.kernel_w;
    for (size_t i = 0; i < l->param[0].count; i++) {
        const size_t tap = i % taps, in = i / taps % l->in.c, out = i / taps / l->in.c;
        assert_int_equal(place_of(&l->param[0].layout, i), (tap * l->in.c + in) * l->out.c + out);
    }
}

/* PyTorch's [in][out][tap], too. */
static void check_conv_transpose2d(const layer *l) {
    const size_t taps = (size_t)l->spec.kernel_h * l->spec.kernel_w;
    for (size_t i = 0; i < l->param[0].count; i++) {
        const size_t tap = i % taps, out = i / taps % l->out.c, in = i / taps / l->out.c;
        assert_int_equal(place_of(&l->param[0].layout, i), (tap * l->in.c + in) * l->out.c + out);
    }
}

/* From the index in [c][h][w] to that in [h][w][c]. */
static size_t hwc_index(clae_shape shape, size_t index) {
    const size_t pixels = shape.h * shape.w;
    return index % pixels * shape.c + index / pixels;
}

static void check_linear(const layer *l) {
    const size_t in = shape_elements(l->in), out = shape_elements(l->out);
    for (size_t i = 0; i < l->param[0].count; i++)
        assert_int_equal(place_of(&l->param[0].layout, i), hwc_index(l->in, i % in) * out + hwc_index(l->out, i / in));
    for (size_t i = 0; i < out; i++) assert_int_equal(place_of(&l->param[1].layout, i), hwc_index(l->out, i));
}

static void layers(void **state) {
    (void)state;
    clae_context *context;
    assert_int_equal(clae_context_create(NULL, &context), CLAE_OK);
    const clae_layer_spec encoder[] = {
        {.type = "conv2d", .out_channels = 5, .kernel_h = 3, .kernel_w = 2, .stride_h = 1, .stride_w = 1},
        {.type = "linear", .out_shape = {4, 3, 2}},
    };
    clae_model *model;
    assert_int_equal(clae_model_create(context, (clae_shape){3, 7, 6}, encoder, 2, NULL, 0, 1, &model), CLAE_OK);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        if (l->type == &layer_conv2d) check_conv2d(l);
        if (l->type == &layer_conv_transpose2d) check_conv_transpose2d(l);
        if (l->type == &layer_linear) check_linear(l);
    }
    clae_model_free(model);
    clae_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_layouts),
        cmocka_unit_test(same_order),
        cmocka_unit_test(layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
