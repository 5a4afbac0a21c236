/* SPDX-License-Identifier: MIT
 * torch_tensors.c - from a pickle's description to tensors: shapes, strides and places, all checked. */
#include "model/torch_tensors.h"

#include "base/mem.h"
#include "model/tensor_list.h"

#include <stdio.h>
#include <string.h>

enum {
    MAX_WRAPS = 8,         /* parameters around parameters */
    MAX_LEVELS = 64,       /* modules inside modules */
    MAX_STEPS = 1 << 20,   /* attributes of modules that are read: a module may be there more than once */
    SMALL_COPIES = 1 << 20 /* bytes that may be copied in any case */
};

/* A tensor's call: the arguments of the function that would have made it. */
struct call {
    cs_pickle_global global;
    cs_pickle_ref args; /* of a tensor class: its state, which holds the same */
};

struct reader {
    cs_weights *weights;
    const cs_pickle *pickle;
    const cs_torch_storages *storages;
    cs_tensor_list list;
    clipsearch_error *err;
};

/* One tensor while it is read. */
struct layout {
    const char *name;
    cs_tensor tensor;
    size_t element; /* bytes */
    size_t strides[CS_TENSOR_RANK];
    size_t offset; /* elements */
    cs_torch_bytes bytes;
};

bool cs_torch_size(const cs_pickle *pickle, cs_pickle_ref ref, size_t *size)
{
    const cs_pickle_value *value = &pickle->values[ref];
    if (value->kind != CS_PICKLE_INT || value->integer < 0 || (uint64_t)value->integer > SIZE_MAX)
        return false;
    *size = (size_t)value->integer;
    return true;
}

bool cs_torch_storage_read(const cs_pickle *pickle, cs_pickle_ref ref, cs_torch_storage *storage)
{
    const cs_pickle_value *value = &pickle->values[ref];
    *storage = (cs_torch_storage){0};
    if (value->kind != CS_PICKLE_PERSISTENT)
        return false;
    cs_pickle_ref tuple = value->args;
    if (!cs_pickle_is_text(pickle, cs_pickle_item(pickle, tuple, 0), "storage"))
        return false;
    storage->type = &pickle->values[cs_pickle_item(pickle, tuple, 1)];
    storage->key = cs_pickle_text(pickle, cs_pickle_item(pickle, tuple, 2), &storage->key_len);
    storage->view = cs_pickle_item(pickle, tuple, 5);
    return storage->key && storage->type->kind == CS_PICKLE_GLOBAL &&
           (storage->type->global == CS_GLOBAL_STORAGE || storage->type->global == CS_GLOBAL_UNTYPED_STORAGE) &&
           cs_torch_size(pickle, cs_pickle_item(pickle, tuple, 4), &storage->elements);
}

static clipsearch_status bad(const struct reader *reader, const char *name, const char *what)
{
    return cs_fail(reader->err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%.200s\": %s", reader->weights->path, name, what);
}

/* ---------------------------------------------------------------- one tensor */

/* The call that makes the tensor at `ref`, inside parameters and subclasses; false: it is not a tensor. */
static bool tensor_call(const cs_pickle *pickle, cs_pickle_ref ref, struct call *call)
{
    for (int i = 0; i < MAX_WRAPS; i++) {
        const cs_pickle_value *value = &pickle->values[ref];
        if (value->kind != CS_PICKLE_CALL)
            return false;
        *call = (struct call){.global = value->global, .args = value->args};
        if (call->global == CS_GLOBAL_TENSOR_TYPE) { /* its function's arguments are the third of its own */
            const cs_pickle_value *function = &pickle->values[cs_pickle_item(pickle, value->args, 0)];
            call->args = cs_pickle_item(pickle, value->args, 2);
            call->global = function->kind == CS_PICKLE_GLOBAL ? function->global : CS_GLOBAL_DEVICE;
        }
        switch (call->global) {
        case CS_GLOBAL_TENSOR:
        case CS_GLOBAL_TENSOR_V3:
            return true;
        case CS_GLOBAL_TENSOR_CLASS:
            call->args = value->state;
            return true;
        case CS_GLOBAL_PARAMETER:
            ref = cs_pickle_item(pickle, call->args, 0);
            break;
        default:
            return false;
        }
    }
    return false;
}

static bool is_tensor(const cs_pickle *pickle, cs_pickle_ref ref)
{
    struct call call;
    return tensor_call(pickle, ref, &call);
}

/* The list of sizes or strides at `ref` into out; -1 when it is not a list, else its length, which may exceed `out`. */
static int read_sizes(const cs_pickle *pickle, cs_pickle_ref ref, size_t out[CS_TENSOR_RANK])
{
    const cs_pickle_value *value = &pickle->values[ref];
    if (value->kind == CS_PICKLE_CALL && (value->global == CS_GLOBAL_SIZE || value->global == CS_GLOBAL_TYPED_LIST))
        value = &pickle->values[cs_pickle_item(pickle, value->args, 0)];
    if (value->kind != CS_PICKLE_TUPLE && value->kind != CS_PICKLE_LIST)
        return -1;
    int rank = 0;
    for (uint32_t cell = value->first; cell; cell = pickle->cells[cell].next, rank++) {
        if (rank == CS_TENSOR_RANK)
            return rank + 1;
        if (!cs_torch_size(pickle, pickle->cells[cell].value, &out[rank]))
            return -1;
    }
    return rank;
}

static clipsearch_status read_shape(const struct reader *reader, const struct call *call, struct layout *layout)
{
    const cs_pickle *pickle = reader->pickle;
    cs_tensor *tensor = &layout->tensor;
    if (!cs_torch_size(pickle, cs_pickle_item(pickle, call->args, 1), &layout->offset))
        return bad(reader, layout->name, "its offset wants a whole number of at least 0");
    tensor->rank = read_sizes(pickle, cs_pickle_item(pickle, call->args, 2), tensor->shape);
    int strides = read_sizes(pickle, cs_pickle_item(pickle, call->args, 3), layout->strides);
    if (tensor->rank < 0 || strides < 0)
        return bad(reader, layout->name, "its size and strides want whole numbers of at least 0");
    if (tensor->rank > CS_TENSOR_RANK)
        return bad(reader, layout->name, "more dimensions than the limit of 8");
    if (tensor->rank != strides)
        return bad(reader, layout->name, "it has not as many strides as dimensions");
    tensor->count = 1;
    for (int i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow(tensor->count, tensor->shape[i], &tensor->count))
            return bad(reader, layout->name, "the product of its dimensions overflows");
    if (__builtin_mul_overflow(tensor->count, layout->element, &tensor->bytes))
        return bad(reader, layout->name, "the product of its dimensions overflows");
    return CLIPSEARCH_OK;
}

static void set_type(cs_tensor *tensor, const cs_pickle_type *type)
{
    static const struct {
        const char *name;
        cs_dtype dtype;
    } floats[] = {{"F32", CS_F32}, {"F16", CS_F16}, {"BF16", CS_BF16}};
    tensor->stored = type->name;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        if (strcmp(type->name, floats[i].name) == 0) {
            tensor->is_float = true;
            tensor->dtype = floats[i].dtype;
        }
}

/* The part of the storage's bytes that a view of older versions refers to. */
static bool cut_view(const cs_pickle *pickle, cs_pickle_ref view, size_t element, cs_torch_bytes *bytes)
{
    size_t offset, elements, begin, size;
    if (!cs_torch_size(pickle, cs_pickle_item(pickle, view, 1), &offset) ||
        !cs_torch_size(pickle, cs_pickle_item(pickle, view, 2), &elements) ||
        __builtin_mul_overflow(offset, element, &begin) || __builtin_mul_overflow(elements, element, &size) ||
        begin > bytes->size || size > bytes->size - begin)
        return false;
    *bytes = (cs_torch_bytes){.data = bytes->data + begin, .size = size};
    return true;
}

/* The tensor's type and its storage's bytes. */
static clipsearch_status read_storage(const struct reader *reader, const struct call *call, struct layout *layout)
{
    const cs_pickle *pickle = reader->pickle;
    cs_torch_storage storage;
    if (!cs_torch_storage_read(pickle, cs_pickle_item(pickle, call->args, 0), &storage))
        return bad(reader, layout->name, "it has no storage where one belongs");
    const cs_pickle_value *type = storage.type;
    if (call->global == CS_GLOBAL_TENSOR_V3) {
        type = &pickle->values[cs_pickle_item(pickle, call->args, 6)];
        if (type->kind != CS_PICKLE_GLOBAL || type->global != CS_GLOBAL_DTYPE)
            return bad(reader, layout->name, "it has no type where one belongs");
    }
    set_type(&layout->tensor, cs_pickle_type_of(type));
    layout->element = cs_pickle_type_of(type)->bytes;
    clipsearch_status status =
        reader->storages->find(reader->storages->context, storage.key, storage.key_len, &layout->bytes, reader->err);
    if (status != CLIPSEARCH_OK)
        return status;
    size_t element = cs_pickle_type_of(storage.type)->bytes, size;
    if (__builtin_mul_overflow(storage.elements, element, &size) || size > layout->bytes.size)
        return cs_fail(reader->err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%.200s\": its storage \"%.*s\" should have %zu elements of %zu bytes, and has "
                       "%zu bytes in the file",
                       reader->weights->path, layout->name, storage.key_len < 100 ? (int)storage.key_len : 100,
                       storage.key, storage.elements, element, layout->bytes.size);
    layout->bytes.size = size;
    if (storage.view && !cut_view(pickle, storage.view, element, &layout->bytes))
        return bad(reader, layout->name, "its part of a storage does not lie inside it");
    return CLIPSEARCH_OK;
}

/* Whether every element lies inside the storage. */
static bool inside(const struct layout *layout)
{
    size_t last = layout->offset, reach, end;
    for (int i = 0; i < layout->tensor.rank; i++)
        if (__builtin_mul_overflow(layout->tensor.shape[i] - 1, layout->strides[i], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return false;
    return !__builtin_add_overflow(last, 1, &last) && !__builtin_mul_overflow(last, layout->element, &end) &&
           end <= layout->bytes.size;
}

/* Whether the elements are contiguous, the last dimension innermost. */
static bool contiguous(const struct layout *layout)
{
    size_t expected = 1;
    for (int i = layout->tensor.rank - 1; i >= 0; i--) {
        if (layout->tensor.shape[i] != 1 && layout->strides[i] != expected)
            return false;
        expected *= layout->tensor.shape[i];
    }
    return true;
}

/* Copy the elements into row-major order. */
static void gather(const struct layout *layout, uint8_t *to)
{
    size_t index[CS_TENSOR_RANK] = {0}, element = layout->element, at = layout->offset;
    for (size_t n = layout->tensor.count; n--; to += element) {
        memcpy(to, layout->bytes.data + at * element, element);
        for (int d = layout->tensor.rank - 1; d >= 0; d--) {
            at += layout->strides[d];
            if (++index[d] < layout->tensor.shape[d])
                break;
            at -= layout->strides[d] * layout->tensor.shape[d];
            index[d] = 0;
        }
    }
}

static clipsearch_status place(const struct reader *reader, struct layout *layout)
{
    cs_tensor *tensor = &layout->tensor;
    tensor->data = layout->bytes.data;
    if (tensor->count == 0)
        return CLIPSEARCH_OK;
    if (!inside(layout)) {
        char shape[200];
        return cs_fail(reader->err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%.200s\" of shape %s, from element %zu on, reaches beyond its storage of %zu "
                       "bytes",
                       reader->weights->path, layout->name,
                       cs_shape_text(tensor->rank, tensor->shape, shape, sizeof shape), layout->offset,
                       layout->bytes.size);
    }
    if (contiguous(layout)) {
        tensor->data = layout->bytes.data + layout->offset * layout->element;
        return CLIPSEARCH_OK;
    }
    size_t limit = reader->weights->size > SMALL_COPIES ? reader->weights->size : SMALL_COPIES;
    void *block;
    clipsearch_status status =
        cs_weights_copy(reader->weights, layout->name, tensor->bytes, limit, &block, reader->err);
    if (status != CLIPSEARCH_OK)
        return status;
    gather(layout, block);
    tensor->data = block;
    return CLIPSEARCH_OK;
}

/* Add the tensor made by `call` under name[n]. */
static clipsearch_status add(struct reader *reader, const char *name, size_t n, const struct call *call)
{
    char shown[201];
    snprintf(shown, sizeof shown, "%.*s", n < 200 ? (int)n : 200, name);
    struct layout layout = {.name = shown};
    clipsearch_status status = read_storage(reader, call, &layout);
    if (status == CLIPSEARCH_OK)
        status = read_shape(reader, call, &layout);
    if (status == CLIPSEARCH_OK)
        status = place(reader, &layout);
    return status == CLIPSEARCH_OK ? cs_tensor_list_add(&reader->list, name, n, &layout.tensor, reader->err) : status;
}

/* ---------------------------------------------------------------- dictionaries */

static bool holds_tensors(const cs_pickle *pickle, cs_pickle_ref dict)
{
    if (cs_pickle_is_dict(pickle, dict))
        for (uint32_t cell = pickle->values[dict].first; cell; cell = pickle->cells[cell].next)
            if (is_tensor(pickle, pickle->cells[cell].value))
                return true;
    return false;
}

/* The keys below which checkpoints keep the model, in the order in which they are tried. */
static const char *const wrappers[] = {"state_dict", "model_state_dict", "model",  "module",
                                       "net",        "weights",          "teacher"};

/* The dictionary below the first of these keys that holds tensors, or another such dictionary; 0: none. */
static cs_pickle_ref unwrap(const cs_pickle *pickle, cs_pickle_ref dict, bool deeper, const char **key)
{
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        const char *inner;
        cs_pickle_ref found = cs_pickle_get(pickle, dict, wrappers[i]);
        if (holds_tensors(pickle, found) || (deeper && unwrap(pickle, found, false, &inner))) {
            *key = wrappers[i];
            return found;
        }
    }
    return 0;
}

static clipsearch_status refuse_root(const struct reader *reader)
{
    const cs_pickle *pickle = reader->pickle;
    if (!cs_pickle_is_dict(pickle, pickle->root))
        return cs_fail(reader->err, CLIPSEARCH_E_MODEL,
                       "%s: it holds %s, not a dictionary of tensors by their names; save the model's state_dict",
                       reader->weights->path, is_tensor(pickle, pickle->root) ? "one tensor" : "another object");
    cs_buf keys = cs_buf_make(400);
    for (uint32_t cell = pickle->values[pickle->root].first; cell; cell = pickle->cells[cell].next) {
        size_t n;
        const char *key = cs_pickle_text(pickle, pickle->cells[cell].key, &n);
        if (key && holds_tensors(pickle, pickle->cells[cell].value))
            cs_buf_printf(&keys, keys.len ? ", \"%.*s\"" : ": below these keys there are: \"%.*s\"",
                          (int)(n < 60 ? n : 60), key);
    }
    clipsearch_status status =
        cs_fail(reader->err, CLIPSEARCH_E_MODEL,
                "%s: no tensors at its top, nor below state_dict, model_state_dict, model, module, net, weights or "
                "teacher%s; save the model's state_dict alone",
                reader->weights->path, keys.data ? keys.data : "");
    cs_buf_free(&keys);
    return status;
}

/* The dictionary whose tensors are the model's; source.inside says how it was reached. */
static clipsearch_status choose(struct reader *reader, cs_pickle_ref *dict)
{
    const char *outer, *inner;
    cs_weights *weights = reader->weights;
    *dict = reader->pickle->root;
    cs_pickle_ref found = unwrap(reader->pickle, *dict, true, &outer);
    if (found) {
        snprintf(weights->inside, sizeof weights->inside, "%s", outer);
        *dict = found;
        found = unwrap(reader->pickle, *dict, false, &inner);
    }
    if (found) {
        snprintf(weights->inside, sizeof weights->inside, "%s.%s", outer, inner);
        *dict = found;
    }
    return holds_tensors(reader->pickle, *dict) ? CLIPSEARCH_OK : refuse_root(reader);
}

static clipsearch_status read_dict(struct reader *reader)
{
    const cs_pickle *pickle = reader->pickle;
    cs_pickle_ref dict;
    clipsearch_status status = choose(reader, &dict);
    if (status != CLIPSEARCH_OK)
        return status;
    for (uint32_t cell = pickle->values[dict].first; cell && status == CLIPSEARCH_OK; cell = pickle->cells[cell].next) {
        struct call call;
        size_t n;
        const char *name = cs_pickle_text(pickle, pickle->cells[cell].key, &n);
        if (name && tensor_call(pickle, pickle->cells[cell].value, &call))
            status = add(reader, name, n, &call);
    }
    return status;
}

/* ---------------------------------------------------------------- TorchScript */

/* The attributes of a TorchScript object; 0: it is not one, or has other things than attributes. */
static cs_pickle_ref attributes(const cs_pickle *pickle, cs_pickle_ref ref)
{
    const cs_pickle_value *value = &pickle->values[ref];
    if (value->kind != CS_PICKLE_CALL || value->global != CS_GLOBAL_SCRIPT_CLASS)
        return 0;
    return pickle->values[value->state].kind == CS_PICKLE_DICT ? value->state : 0;
}

bool cs_torch_is_module(const cs_pickle *pickle)
{
    return attributes(pickle, pickle->root) != 0;
}

/* A module that the walk is inside of. */
struct level {
    uint32_t cell;     /* its next attribute */
    size_t prefix_len; /* of its name with the dot, in the walk's buffer */
};

/* Read one attribute. A module is entered, and *depth grows. */
static clipsearch_status visit(struct reader *reader, struct level *levels, int *depth, char *path)
{
    const cs_pickle *pickle = reader->pickle;
    struct level *level = &levels[*depth - 1];
    const cs_pickle_cell *cell = &pickle->cells[level->cell];
    level->cell = cell->next;
    size_t n, prefix = level->prefix_len;
    const char *name = cs_pickle_text(pickle, cell->key, &n);
    struct call call;
    bool tensor = tensor_call(pickle, cell->value, &call);
    cs_pickle_ref inner = attributes(pickle, cell->value);
    if (!name || (!tensor && !inner))
        return CLIPSEARCH_OK; /* numbers, flags and lists are not weights */
    if (n >= CS_MAX_TENSOR_NAME - prefix)
        return cs_fail(reader->err, CLIPSEARCH_E_MODEL, "%s: a name of more than %d bytes", reader->weights->path,
                       CS_MAX_TENSOR_NAME);
    memcpy(path + prefix, name, n);
    if (tensor)
        return add(reader, path, prefix + n, &call);
    if (*depth == MAX_LEVELS)
        return cs_fail(reader->err, CLIPSEARCH_E_MODEL, "%s: modules nested deeper than %d", reader->weights->path,
                       MAX_LEVELS);
    path[prefix + n] = '.';
    levels[(*depth)++] = (struct level){.cell = pickle->values[inner].first, .prefix_len = prefix + n + 1};
    return CLIPSEARCH_OK;
}

static clipsearch_status read_module(struct reader *reader)
{
    const cs_pickle *pickle = reader->pickle;
    struct level levels[MAX_LEVELS] = {{.cell = pickle->values[attributes(pickle, pickle->root)].first}};
    char path[CS_MAX_TENSOR_NAME + 1];
    clipsearch_status status = CLIPSEARCH_OK;
    size_t steps = 0;
    for (int depth = 1; depth && status == CLIPSEARCH_OK;) {
        if (!levels[depth - 1].cell)
            depth--;
        else if (++steps > MAX_STEPS)
            status = cs_fail(reader->err, CLIPSEARCH_E_MODEL, "%s: more than %d attributes of modules",
                             reader->weights->path, MAX_STEPS);
        else
            status = visit(reader, levels, &depth, path);
    }
    return status;
}

/* The prefixes that wrappers add to every name: DataParallel, torch.compile, Lightning. They can be nested. */
static void strip_prefixes(struct reader *reader)
{
    static const char *const prefixes[] = {"module.", "_orig_mod.", "module.", "model."};
    cs_weights *weights = reader->weights;
    for (size_t i = 0, n = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (cs_tensor_list_strip(&reader->list, prefixes[i]))
            n += (size_t)snprintf(weights->prefix + n, sizeof weights->prefix - n, "%s", prefixes[i]);
}

clipsearch_status cs_torch_tensors(cs_weights *weights, const cs_pickle *pickle, const cs_torch_storages *storages,
                                   clipsearch_error *err)
{
    struct reader reader = {
        .weights = weights, .pickle = pickle, .storages = storages, .list = cs_tensor_list_make(weights), .err = err};
    weights->source.inside = weights->inside;
    weights->source.prefix = weights->prefix;
    bool script = cs_torch_is_module(pickle);
    clipsearch_status status = script ? read_module(&reader) : read_dict(&reader);
    if (status == CLIPSEARCH_OK && weights->count == 0)
        status = cs_fail(err, CLIPSEARCH_E_MODEL, "%s: there are no tensors in it", weights->path);
    if (status == CLIPSEARCH_OK && !script)
        strip_prefixes(&reader);
    if (status == CLIPSEARCH_OK)
        status = cs_tensor_list_finish(&reader.list, err);
    if (status != CLIPSEARCH_OK)
        weights->count = 0; /* their names were never set */
    cs_tensor_list_free(&reader.list);
    return status;
}
