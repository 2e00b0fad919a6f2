/* Whether the tensors of a file are those of a model, and the message when they are not. */
#include "graph/model.h"

#include "ops/update.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ITEMS_SHOWN 3
#define ITEMS_BYTES 384
#define SHAPE_BYTES 96

/* "a, b, c and 5 more" */
typedef struct item_list {
    size_t count, used;
    char text[ITEMS_BYTES];
} item_list;

/* What is wrong with a file. */
typedef struct misfit {
    item_list missing, other_shape, other_type, unused;
} misfit;

__attribute__((format(printf, 2, 3))) static void add_item(item_list *list, const char *format, ...) {
    if (list->count++ >= ITEMS_SHOWN) return;
    if (list->count > 1) list->used += (size_t)snprintf(list->text + list->used, ITEMS_BYTES - list->used, ", ");
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(list->text + list->used, ITEMS_BYTES - list->used, format, arguments);
    va_end(arguments);
    const size_t room = ITEMS_BYTES - 1 - list->used;
    list->used += (size_t)length < room ? (size_t)length : room;
}

static void end_list(item_list *list) {
    if (list->count > ITEMS_SHOWN)
        snprintf(list->text + list->used, ITEMS_BYTES - list->used, " and %zu more", list->count - ITEMS_SHOWN);
}

static const char *shape_text(const size_t *shape, size_t rank, char text[SHAPE_BYTES]) {
    size_t used = 0;
    if (rank == 0) return "a single number";
    for (size_t i = 0; i < rank && used < SHAPE_BYTES; i++)
        used += (size_t)snprintf(text + used, SHAPE_BYTES - used, "%s%zu", i ? "x" : "", shape[i]);
    return text;
}

static void check_param(const layer *l, size_t k, const safetensors_file *file, const char *prefix, misfit *found) {
    const layer_param *p = &l->param[k];
    char name[MODEL_TENSOR_NAME_BYTES], is[SHAPE_BYTES], needed[SHAPE_BYTES];
    model_tensor_name(l, k, prefix, name);
    const safetensors_tensor *tensor = safetensors_find(file, name);
    if (!tensor)
        add_item(&found->missing, "%s", name);
    else if (tensor->rank != p->rank || memcmp(tensor->shape, p->shape, p->rank * sizeof *p->shape) != 0)
        add_item(&found->other_shape, "%s is %s where the model has %s", name,
                 shape_text(tensor->shape, tensor->rank, is), shape_text(p->shape, p->rank, needed));
    else if (!tensor->values)
        add_item(&found->other_type, "%s is of type %s", name, tensor->type);
}

/* The name without the prefix of an optimiser's state or the average. */
static const char *without_state_prefix(const char *name) {
    char prefix[UPDATE_PREFIX_BYTES];
    for (int optimiser = 0; optimiser < OPTIMISER_COUNT; optimiser++)
        for (size_t k = 0; k < update_state_count((optimiser_id)optimiser); k++) {
            update_state_prefix((optimiser_id)optimiser, k, prefix);
            if (strncmp(name, prefix, strlen(prefix)) == 0) return name + strlen(prefix);
        }
    const size_t length = strlen(MODEL_AVERAGE_PREFIX);
    return strncmp(name, MODEL_AVERAGE_PREFIX, length) == 0 ? name + length : name;
}

/* PyTorch counts the batches beside the statistics; nothing here is computed from the number. */
static bool is_batch_count(const layer *l, size_t k, const char *name) {
    return l->param[k].is_statistic && strcmp(name, "num_batches_tracked") == 0;
}

/* Whether a layer has the tensor of this name, or an optimiser has one for it. */
static bool is_used(const clae_model *model, const char *name) {
    name = without_state_prefix(name);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        const size_t length = strlen(l->name);
        if (strncmp(name, l->name, length) != 0 || name[length] != '.') continue;
        for (size_t k = 0; k < l->param_count; k++)
            if (strcmp(name + length + 1, l->param[k].name) == 0 || is_batch_count(l, k, name + length + 1))
                return true;
    }
    return false;
}

static void append(char *text, size_t size, const char *before, const item_list *list, const char *after) {
    const size_t used = strlen(text);
    if (list->count > 0) snprintf(text + used, size - used, "%s%s%s%s", *text ? "; " : "", before, list->text, after);
}

static clae_status refuse(const clae_model *model, const char *path, misfit *found) {
    char text[4 * ITEMS_BYTES + 256] = "";
    end_list(&found->missing);
    end_list(&found->other_shape);
    end_list(&found->other_type);
    end_list(&found->unused);
    append(text, sizeof text, "it has no ", &found->missing, "");
    append(text, sizeof text, "", &found->other_shape, "");
    append(text, sizeof text, "", &found->other_type,
           " where F32, F16 or BF16 is needed: convert the weights (tensor.float() in PyTorch)");
    append(text, sizeof text, "the model does not use its ", &found->unused, "");
    return fail(model->context, CLAE_ERROR_INPUT, "%s: does not have the tensors of this model: %s", path, text);
}

clae_status model_check_fit(const clae_model *model, const safetensors_file *file, const char *path,
                            const char *prefix) {
    misfit found = {0};
    for (size_t i = 0; i < model->layer_count; i++)
        for (size_t k = 0; k < model->layers[i].param_count; k++)
            if (model_has_tensor(&model->layers[i].param[k], prefix))
                check_param(&model->layers[i], k, file, prefix, &found);
    for (size_t i = 0; i < file->tensor_count; i++)
        if (!is_used(model, file->tensors[i].name)) add_item(&found.unused, "%.60s", file->tensors[i].name);
    if (found.missing.count + found.other_shape.count + found.other_type.count + found.unused.count == 0)
        return CLAE_OK;
    return refuse(model, path, &found);
}

/* Of what stands before "encoder." or "decoder.", with its dot; 0 when neither is in the name. */
static size_t prefix_length(const char *name) {
    for (const char *part = name; part; part = strchr(part, '.'), part += part != NULL)
        if (strncmp(part, "encoder.", 8) == 0 || strncmp(part, "decoder.", 8) == 0) return (size_t)(part - name);
    return 0;
}

void model_strip_prefix(const clae_context *context, safetensors_file *file, const char *path) {
    const char *name = "";
    size_t length = 0;
    for (size_t i = 0; i < file->tensor_count && length == 0; i++) {
        name = file->tensors[i].name;
        length = prefix_length(name);
    }
    if (length == 0 || without_state_prefix(name) != name) return;
    for (size_t i = 0; i < file->tensor_count; i++)
        if (strncmp(file->tensors[i].name, name, length) != 0) return;
    log_line(context, CLAE_LOG_INFO, "%s: the names of its tensors are taken without \"%.*s\"", path, (int)length,
             name);
    for (size_t i = 0; i < file->tensor_count; i++) file->tensors[i].name += length;
}
