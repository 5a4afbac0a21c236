/* SPDX-License-Identifier: MIT
 * items.c - items in one array, their strings in one buffer. */
#include "backend/items.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

clipsearch_status cs_items_add(cs_items *list, const clipsearch_item *item, const cs_item_file *file,
                               clipsearch_error *err)
{
    clipsearch_item *items = cs_grow(list->items, &list->capacity, list->count + 1, sizeof *items);
    if (!items)
        return cs_fail_memory(err, "items of a collection");
    list->items = items;
    cs_item_file *files = cs_grow(list->files, &list->file_capacity, list->count + 1, sizeof *files);
    if (!files)
        return cs_fail_memory(err, "items of a collection");
    list->files = files;
    if (!list->strings.max)
        list->strings = cs_buf_make(SIZE_MAX / 2);
    if (item) {
        cs_buf_append(&list->strings, item->path, strlen(item->path) + 1);
        cs_buf_append(&list->strings, item->attributes, strlen(item->attributes) + 1);
        if (list->strings.failed)
            return cs_fail_memory(err, "items of a collection");
    }
    list->files[list->count] = item ? *file : (cs_item_file){0};
    list->items[list->count++] = item ? *item : (clipsearch_item){0};
    return CLIPSEARCH_OK;
}

void cs_items_bind(cs_items *list)
{
    const char *at = list->strings.data;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].id == 0)
            continue;
        list->items[i].path = at;
        at += strlen(at) + 1;
        list->items[i].attributes = at;
        at += strlen(at) + 1;
    }
}

void cs_items_clear(cs_items *list)
{
    list->count = 0;
    cs_buf_clear(&list->strings);
}

void cs_items_free(cs_items *list)
{
    cs_free(list->items);
    cs_free(list->files);
    cs_buf_free(&list->strings);
    *list = (cs_items){0};
}
