/* A plan: the ops of a model for one batch size on one device, in order, with their buffers. Preparing one compiles,
 * and tells the memory that its runs need; allocating gets it. */
#ifndef CLAE_GRAPH_PLAN_H
#define CLAE_GRAPH_PLAN_H

#include "backend/backend.h"
#include "graph/model.h"
#include "graph/params.h"

typedef enum plan_tensor_kind {
    TENSOR_ARENA, /* activations and their gradients */
    TENSOR_VALUE, /* these are in the flat buffers of `params` */
    TENSOR_GRADIENT,
    TENSOR_GRADIENT_SUM, /* over the pieces of a step */
    TENSOR_STATE, /* of the optimiser: two kinds, one for each */
    TENSOR_STATE_1,
    TENSOR_AVERAGE,
    TENSOR_ELEMENTS, /* these are given for each run */
    TENSOR_INDICES,
    TENSOR_LOSSES,
} plan_tensor_kind;

typedef struct plan_tensor {
    plan_tensor_kind kind;
    size_t offset, count;     /* floats */
    bool is_input, is_output; /* holds its value from the start, to the end */
    bool is_shared;           /* a gradient that two layers take: it must not be written over */
} plan_tensor;

typedef struct plan_node {
    op_desc desc;
    int operand[OP_MAX_OPERANDS]; /* tensors; -1: none */
    const char *layer;            /* "encoder.0", "" for what belongs to no layer */
    op_instance *instance;
    op_args args;
} plan_node;

struct plan_builder {
    plan_node *nodes;
    size_t node_count, node_capacity;
    plan_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    int n;         /* batch */
    bool training; /* layers that compute otherwise then do so */
    const char *layer;  /* of the nodes that are added */
    bool out_of_memory; /* sticky; looked at once, at the end */
};

int plan_add_tensor(plan_builder *builder, plan_tensor_kind kind, size_t offset, size_t count);
void plan_add_node(plan_builder *builder, const op_desc *desc, const int *operands, size_t count);
/* Operands in the op's order, -1 for those that are left out, also at the end. */
#define PLAN_ADD(builder, desc, ...)                                                                                   \
    plan_add_node(builder, desc, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

/* How training changes the images that it loads, by the ops augment and noise: brightness and noise are of pixels from 0 to
 * 1. */
typedef struct augmentation {
    bool flip_h, flip_v, rotate;
    int shift;         /* pixels */
    double brightness; /* up to it, more or less */
    double noise;      /* standard deviation; of the input alone: the target is without */
} augmentation;

typedef struct plan_request {
    clae_device *device;
    const clae_model *model;
    size_t batch_size;
    bool load_batch; /* x comes from a dataset on the device; otherwise the first tensor is uploaded */
    bool from_float;
    const augmentation *augmentation; /* of what is loaded; NULL: images are taken as they are */
    bool encode, decode; /* one or both */
    bool backward;       /* the loss and its gradients */
    bool accumulates;    /* of a piece of a step: adds its gradients to the sum of the pieces' */
    bool evaluate;       /* what reconstructions lack by the loss: the tensors of it, see plan */
    loss_id loss;        /* of `backward` and `evaluate` */
    const training_update *update; /* not NULL: its step on all parameters, by their gradients, and nothing else */
    numerics numerics;             /* whose text must outlive the plan */
} plan_request;

typedef struct plan {
    clae_device *device;
    numerics numerics;
    size_t batch_size;
    plan_node *nodes;
    size_t node_count;
    plan_tensor *tensors;
    size_t tensor_count;
    /* Tensors: images as the network gets them, codes, reconstructions, what these should be; -1 where the plan has none. */
    int x, z, y, target;
    int image_losses; /* of `evaluate` and a loss of whole images: a number for each */
    bool has_logits;  /* of `backward` or `evaluate` and a loss that is of them: y is what a last sigmoid gets */
    size_t arena_bytes, workspace_bytes;
    buffer *arena, *workspace; /* NULL until it is allocated */
    bool owns_arena, owns_workspace;
} plan;

/* A whole step of training on bytes, or a piece of it, but for the update; and that, before which gradients are
 * complete. */
plan_request plan_request_of_training(clae_device *device, const clae_model *model, size_t batch_size);
plan_request plan_request_of_update(clae_device *device, const clae_model *model, const training_update *update);

clae_status plan_prepare(const plan_request *request, plan **plan);
/* Gets the buffers, or those of `share`, where that is not NULL, if they are large enough; `share` and `params` must
 * outlive the plan. */
clae_status plan_allocate(plan *plan, const params *params, const struct plan *share);
void plan_free(plan *plan);

/* What changes from run to run. Buffers may be NULL where no op of the plan has them. */
typedef struct plan_inputs {
    buffer *elements, *indices, *losses;
    op_step step;
} plan_inputs;

clae_status plan_run(plan *plan, const plan_inputs *inputs);
/* Sets the arguments of one node for a run. */
void plan_bind(const plan *plan, plan_node *node, const plan_inputs *inputs);

view plan_view(const plan *plan, int tensor);

/* Changes the images in plan->x, and makes x and target what the network gets and what it should give. */
void plan_emit_augmentation(plan_builder *builder, const plan_request *request, plan *plan);
/* Passes over the nodes before they are prepared. */
void plan_fuse(plan_builder *builder, clae_device *device, const numerics *numerics);
void plan_chain(plan_builder *builder, clae_device *device, const numerics *numerics);
void plan_remove_node(plan_builder *builder, size_t index);
/* Gives every tensor of the arena its offset, so that no two that live at the same time overlap; the floats needed. */
clae_status plan_place_tensors(const clae_context *context, plan_builder *builder, size_t *arena_floats);

#endif
