/* SPDX-License-Identifier: MIT
 * tensor_list.c - adds tensors and their names one at a time. */
#include "model/tensor_list.h"

#include "base/mem.h"

#include <string.h>

cs_tensor_list cs_tensor_list_make(cs_weights *weights)
{
    return (cs_tensor_list){.weights = weights, .names = cs_buf_make(CS_MAX_TENSOR_NAMES)};
}

static bool grow(cs_tensor_list *list)
{
    const size_t need = list->weights->count + 1;
    size_t capacity = list->capacity, same = list->capacity;
    cs_tensor *tensors = cs_grow(list->weights->tensors, &capacity, need, sizeof *tensors);
    if (!tensors)
        return false;
    list->weights->tensors = tensors;
    size_t *name_at = cs_grow(list->name_at, &same, need, sizeof *name_at);
    if (!name_at)
        return false;
    list->name_at = name_at;
    list->capacity = capacity;
    return true;
}

clipsearch_status cs_tensor_list_add(cs_tensor_list *list, const char *name, size_t name_len, const cs_tensor *tensor,
                                     clipsearch_error *err)
{
    cs_weights *weights = list->weights;
    if (name_len == 0 || name_len > CS_MAX_TENSOR_NAME || memchr(name, '\0', name_len))
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: a tensor's name is empty, longer than %d bytes, or has a NUL character inside",
                       weights->path, CS_MAX_TENSOR_NAME);
    if (weights->count == CS_MAX_TENSORS || name_len + 1 > CS_MAX_TENSOR_NAMES - list->names.len)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: more than %d tensors, or their names together longer than %d bytes", weights->path,
                       CS_MAX_TENSORS, CS_MAX_TENSOR_NAMES);
    if (weights->count == list->capacity && !grow(list))
        return cs_fail_memory(err, weights->path);
    size_t at = list->names.len;
    if (!cs_buf_append(&list->names, name, name_len) || !cs_buf_putc(&list->names, '\0'))
        return cs_fail_memory(err, weights->path);
    list->name_at[weights->count] = at;
    weights->tensors[weights->count++] = *tensor;
    return CLIPSEARCH_OK;
}

bool cs_tensor_list_strip(cs_tensor_list *list, const char *prefix)
{
    size_t n = strlen(prefix), count = list->weights->count;
    for (size_t i = 0; i < count; i++) {
        const char *name = list->names.data + list->name_at[i];
        if (strncmp(name, prefix, n) != 0 || name[n] == '\0')
            return false;
    }
    for (size_t i = 0; i < count; i++)
        list->name_at[i] += n;
    return count > 0;
}

clipsearch_status cs_tensor_list_finish(cs_tensor_list *list, clipsearch_error *err)
{
    cs_weights *weights = list->weights;
    weights->names = cs_buf_detach(&list->names);
    if (!weights->names) {
        weights->count = 0; /* their names were never set */
        return cs_fail_memory(err, weights->path);
    }
    for (size_t i = 0; i < weights->count; i++)
        weights->tensors[i].name = weights->names + list->name_at[i];
    cs_tensor_list_free(list);
    return CLIPSEARCH_OK;
}

void cs_tensor_list_free(cs_tensor_list *list)
{
    cs_buf_free(&list->names);
    cs_free(list->name_at);
    list->name_at = NULL;
}
