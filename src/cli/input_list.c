/* SPDX-License-Identifier: MIT
 * input_list.c - collects texts and paths of images. */
#include "cli/input_list.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>

enum { MAX_LIST_BYTES = 256 << 20 };

static clipsearch_status add(cs_input_list *inputs, const char *text, bool is_image, clipsearch_error *err)
{
    cs_operand *items = cs_grow(inputs->items, &inputs->room, inputs->count + 1, sizeof *items);
    if (!items)
        return cs_fail_memory(err, "the list of inputs");
    inputs->items = items;
    inputs->items[inputs->count++] = (cs_operand){.is_image = is_image, .text = text};
    return CLIPSEARCH_OK;
}

static clipsearch_status read_list(const char *path, bool is_image, cs_buf *buf, cs_input_list *inputs,
                                   clipsearch_error *err)
{
    const char *name = cs_input_name(path);
    clipsearch_status status = cs_input_read(path, buf, err);
    if (status != CLIPSEARCH_OK || buf->len == 0)
        return status; /* an empty buffer has no memory */
    char *at = buf->data, *end = buf->data + buf->len;
    if (buf->len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3; /* a byte order mark, as editors of Windows write it */
    for (size_t line = 1; status == CLIPSEARCH_OK && at < end; line++) {
        char *next = memchr(at, '\n', (size_t)(end - at));
        char *stop = next ? next : end;
        if (memchr(at, '\0', (size_t)(stop - at)))
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu contains a NUL byte; the list must be text", name,
                           line);
        if (next && stop > at && stop[-1] == '\r')
            stop--;
        *stop = '\0';         /* the buffer has a NUL after its last byte */
        if (!is_image || *at) /* an empty text has a vector; an empty path names no image */
            status = add(inputs, at, is_image, err);
        at = next ? next + 1 : end;
    }
    return status;
}

clipsearch_status cs_read_inputs(const cs_args *args, cs_input_list *inputs, clipsearch_error *err)
{
    *inputs = (cs_input_list){.list = cs_buf_make(MAX_LIST_BYTES), .images = cs_buf_make(MAX_LIST_BYTES)};
    clipsearch_status status = CLIPSEARCH_OK;
    if (args->list && args->images_from && strcmp(args->list, "-") == 0 && strcmp(args->images_from, "-") == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "only one of --list and --images-from can be standard input");
    for (size_t i = 0; i < args->operands.count; i++)
        if (args->operands.items[i].is_image && strcmp(args->operands.items[i].text, "-") == 0 &&
            ((args->list && strcmp(args->list, "-") == 0) ||
             (args->images_from && strcmp(args->images_from, "-") == 0)))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                           "only one of --image, --list and --images-from can be standard input");
    for (size_t i = 0; i < args->operands.count && status == CLIPSEARCH_OK; i++)
        status = add(inputs, args->operands.items[i].text, args->operands.items[i].is_image, err);
    if (args->list && status == CLIPSEARCH_OK)
        status = read_list(args->list, false, &inputs->list, inputs, err);
    if (args->images_from && status == CLIPSEARCH_OK)
        status = read_list(args->images_from, true, &inputs->images, inputs, err);
    return status;
}

void cs_free_inputs(cs_input_list *inputs)
{
    cs_free(inputs->items);
    cs_buf_free(&inputs->list);
    cs_buf_free(&inputs->images);
    *inputs = (cs_input_list){0};
}
