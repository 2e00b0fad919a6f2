/* A plan: the ops of a model for one batch size on one device, in order, with their buffers. Preparing one compiles,
 * and tells the memory that its runs need; allocating gets it. */
#ifndef CLAE_GRAPH_PLAN_H
#define CLAE_GRAPH_PLAN_H

#include "backend/backend.h"
#include "graph/model.h"

/* Flat buffers of a model on a device. */
typedef struct network {
    clae_device *device;
    size_t floats;
    buffer *parameters;
    buffer *gradients, *m, *v; /* NULL unless made for training */
} network;

/* Device memory of a network. */
size_t network_bytes(const clae_model *model, bool training);
clae_status network_create(clae_device *device, const clae_model *model, bool training, network *network);
void network_release(network *network);
clae_status network_upload(network *network, const clae_model *model);
clae_status network_download(const network *network, clae_model *model);

typedef enum plan_tensor_kind {
    TENSOR_ARENA, /* activations and their gradients */
    TENSOR_PARAMETER,
    TENSOR_GRADIENT,
    TENSOR_MOMENT_M,
    TENSOR_MOMENT_V,
    TENSOR_EXTERNAL, /* dataset, indices, losses: given for each run */
} plan_tensor_kind;

typedef struct plan_tensor {
    plan_tensor_kind kind;
    size_t offset, count;     /* floats */
    bool is_input, is_output; /* holds its value from the start, to the end */
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
    int n; /* batch */
    const char *layer;
    bool out_of_memory; /* sticky; looked at once, at the end */
};

int plan_add_tensor(plan_builder *builder, plan_tensor_kind kind, size_t offset, size_t count);
/* Operands beyond those that the op has are -1. */
void plan_add_node(plan_builder *builder, const op_desc *desc, int a, int b, int c, int d);

typedef struct plan_request {
    clae_device *device;
    const clae_model *model;
    size_t batch_size;
    bool load_batch; /* x comes from a dataset on the device; otherwise the first tensor is uploaded */
    bool from_float;
    bool encode, decode; /* one or both */
    bool backward;       /* the loss, its gradients, and Adam */
} plan_request;

typedef struct plan {
    clae_device *device;
    size_t batch_size;
    plan_node *nodes;
    size_t node_count;
    plan_tensor *tensors;
    size_t tensor_count;
    int x, z, y;                   /* tensors: images, codes, reconstructions; -1 where the plan has none */
    int elements, indices, losses; /* external tensors */
    size_t arena_bytes, workspace_bytes;
    buffer *arena, *workspace; /* NULL until it is allocated */
    bool owns_arena, owns_workspace;
} plan;

/* A whole step of training on bytes. */
plan_request plan_request_of_training(clae_device *device, const clae_model *model, size_t batch_size);

clae_status plan_prepare(const plan_request *request, plan **plan);
/* Gets the buffers, or those of `share`, where that is not NULL, if they are large enough; `share` and the network must
 * outlive the plan. */
clae_status plan_allocate(plan *plan, const network *network, const struct plan *share);
void plan_free(plan *plan);

/* What changes from run to run. Views of load_batch and loss may stay empty where the plan has no such op. */
typedef struct plan_inputs {
    buffer *elements, *indices, *losses;
    size_t first; /* place in indices */
    size_t slot;  /* place in losses */
    float step_size, sqrt_correction2;
} plan_inputs;

clae_status plan_run(plan *plan, const plan_inputs *inputs);
/* Sets the arguments of one node for a run. */
void plan_node_bind(plan_node *node, const plan_inputs *inputs);

view plan_view(const plan *plan, int tensor);

/* Passes over the nodes before they are prepared. */
void plan_fuse(plan_builder *builder, clae_device *device);
/* Gives every tensor of the arena its offset, so that no two that live at the same time overlap; the floats needed. */
clae_status plan_place_tensors(const clae_context *context, plan_builder *builder, size_t *arena_floats);

#endif
