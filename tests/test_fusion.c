/* Ops that are made one train as those that stay apart, but for rounding; and which ones are. */
#include "device_support.h"
#include "graph/model.h"
#include "graph/plan.h"
#include "near_models.h"
#include "train/trainer.h"

#define IMAGES 24
#define BATCH 12
#define STEPS 4
#define TOLERANCE 2e-5

/* ReLU after all that can have it; one whose input the block takes, too; one after tanh, which is no ReLU; and rows of
 * convolutions, one of them within a block. */
#define ENCODER                                                                                                        \
    "conv 6 k3 p1, batch_norm, relu, residual(conv 6 k3 p1, batch_norm, relu, conv 6 k3 p1, group_norm 2), relu, "     \
    "batch_norm, residual(relu, conv 6 k3 p1, relu, conv 6 k3 p1), conv 5 k3 s2, tanh, conv 4 k3 p1, relu, conv 3 k2"
enum { RELU_APART = 2, ACTIVATIONS = 7 };

#define STAGES "conv_chain_fwd=stages,conv_chain_bwd_data=stages"
#if CLAE_HAVE_OPENCL
#define LOCAL "opencl:conv_chain_fwd=local,opencl:conv_chain_bwd_data=local"
#else
#define LOCAL ""
#endif

/* Two in a row whose images do not fit into local memory; and of sizes whose products are 0 as int. */
#define WIDE "conv 5000 k3 p1, conv 2 k3 p1"
#define LONG "conv 2 k64 p32, conv 1 k1"
/* The decoder's last has 49 phases, of which a kernel would take minutes to compile. */
#define PATCHES "conv 64 k7 s7, relu, conv 8 k2"

static clae_model *model_of(clae_context *context, clae_shape input, const char *encoder) {
    clae_model *model = NULL;
    assert_int_equal(clae_model_create_text(context, input, encoder, NULL, 3, &model), CLAE_OK);
    return model;
}

static clae_model *new_model(clae_context *context) {
    return model_of(context, (clae_shape){2, 9, 9}, ENCODER);
}

/* The model after some steps, to be freed. */
static clae_model *trained(fixture *f, const clae_dataset *dataset, const char *impls, bool no_fusion) {
    clae_model *model = new_model(f->context);
    clae_settings settings = settings_of(BATCH, 1e-3);
    clae_trainer *trainer = NULL;
    settings.optimiser = "sgd"; /* Adam makes whole steps of gradients that are rounding errors */
    settings.impl = impls;
    settings.no_fusion = no_fusion;
    assert_int_equal(clae_trainer_create(f->device, model, dataset, &settings, &trainer), CLAE_OK);
    run_steps(trainer, STEPS);
    assert_int_equal(clae_trainer_update_model(trainer), CLAE_OK);
    clae_trainer_free(trainer);
    return model;
}

static void test_same_but_for_rounding(void **state) {
    static const char *const impls[] = {"", STAGES, LOCAL};
    fixture *f = *state;
    clae_dataset *dataset = noise_dataset(f->context, IMAGES, 2, 9, 9);
    clae_model *apart = trained(f, dataset, "", true), *start = new_model(f->context);
    assert_false(memcmp(apart->parameters, start->parameters, apart->parameter_floats * sizeof(float)) == 0);
    for (size_t i = 0; i < sizeof impls / sizeof *impls; i++) {
        clae_model *model = trained(f, dataset, impls[i], false);
        assert_near_models(model, apart, TOLERANCE);
        clae_model_free(model);
    }
    clae_model_free(start);
    clae_model_free(apart);
    clae_dataset_free(dataset);
}

/* Nodes of an op in the layers whose names begin so, in a step of training. */
static size_t count_nodes_of(fixture *f, clae_model *model, size_t batch, const char *impls, bool no_fusion, op_id op,
                             const char *layers) {
    plan_request request = plan_request_of_training(f->device, model, batch);
    plan *plan = NULL;
    size_t count = 0;
    request.numerics.impls = impls;
    request.numerics.no_fusion = no_fusion;
    assert_int_equal(plan_prepare(&request, &plan), CLAE_OK);
    for (size_t i = 0; i < plan->node_count; i++)
        count += plan->nodes[i].desc.op == op && strncmp(plan->nodes[i].layer, layers, strlen(layers)) == 0;
    plan_free(plan);
    clae_model_free(model);
    return count;
}

static size_t count_nodes(fixture *f, const char *impls, bool no_fusion, op_id op, const char *layers) {
    return count_nodes_of(f, new_model(f->context), BATCH, impls, no_fusion, op, layers);
}

static void test_which_are_made_one(void **state) {
    fixture *f = *state;
    assert_int_equal(count_nodes(f, "", true, OP_activation_fwd, "encoder"), ACTIVATIONS);
    assert_int_equal(count_nodes(f, "", false, OP_activation_fwd, "encoder"), RELU_APART);
    assert_int_equal(count_nodes(f, STAGES, true, OP_conv_chain_fwd, "encoder"), 0);
    assert_int_equal(count_nodes(f, STAGES, false, OP_conv_chain_fwd, "encoder"), 2);
    /* The encoder's last convolutions are in a row with the decoder's first. */
    assert_int_equal(count_nodes(f, STAGES, false, OP_conv_chain_bwd_data, "encoder"), 1);
    assert_int_equal(count_nodes(f, STAGES, false, OP_conv_chain_bwd_data, "decoder"), 2);
    assert_int_equal(count_nodes(f, STAGES ",conv2d_fwd=plain", false, OP_conv_chain_fwd, "encoder"), 0);
}

static void test_too_large_stay_apart(void **state) {
    static const char *const impls[] = {"", LOCAL};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof impls / sizeof *impls; i++) {
        clae_model *wide = model_of(f->context, (clae_shape){2, 9, 9}, WIDE);
        assert_int_equal(count_nodes_of(f, wide, 2, impls[i], false, OP_conv_chain_fwd, ""), 0);
        clae_model *large = model_of(f->context, (clae_shape){1, 1023, 10239}, LONG);
        assert_int_equal(count_nodes_of(f, large, 1, impls[i], false, OP_conv_chain_fwd, ""), 0);
        clae_model *patches = model_of(f->context, (clae_shape){1, 28, 28}, PATCHES);
        assert_int_not_equal(count_nodes_of(f, patches, 1, impls[i], false, OP_conv_transpose2d_fwd, "decoder"), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_but_for_rounding),
        cmocka_unit_test(test_which_are_made_one),
        cmocka_unit_test(test_too_large_stay_apart),
    };
    return cmocka_run_group_tests_name("fusion", tests, fixture_setup, fixture_teardown);
}
