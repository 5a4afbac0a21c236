/* SPDX-License-Identifier: MIT
 * fuzz_json.c - any bytes as JSON; what is accepted is written and must be the same when it is read again. */
#include "base/decimal.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_VALUES = 10000, MAX_WALK = 64 };

/* Write `root` without recursion: a stack of the values whose followers are still to be written. */
static void write_value(cs_buf *buf, const cs_json *root)
{
    const cs_json *stack[MAX_WALK + 1];
    size_t depth = 0;
    const cs_json *value = root;
    while (value) {
        if (value->key) {
            cs_json_put_string(buf, value->key, value->key_len);
            cs_buf_putc(buf, ':');
        }
        bool container = value->type == CS_JSON_ARRAY || value->type == CS_JSON_OBJECT;
        if (container)
            cs_buf_putc(buf, value->type == CS_JSON_ARRAY ? '[' : '{');
        else if (value->type == CS_JSON_STRING)
            cs_json_put_string(buf, value->string, value->string_len);
        else if (value->type == CS_JSON_NUMBER)
            cs_put_double(buf, value->number);
        else
            cs_buf_puts(buf, value->type == CS_JSON_NULL ? "null" : value->boolean ? "true" : "false");
        if (container && value->first) {
            stack[depth++] = value;
            value = value->first;
            continue;
        }
        if (container)
            cs_buf_putc(buf, value->type == CS_JSON_ARRAY ? ']' : '}');
        while (depth && !value->next) {
            value = stack[--depth];
            cs_buf_putc(buf, value->type == CS_JSON_ARRAY ? ']' : '}');
        }
        value = depth ? value->next : NULL;
        if (value)
            cs_buf_putc(buf, ',');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_json_document *document, *again;
    if (cs_json_parse((const char *)data, size, "fuzz", MAX_VALUES, &document, NULL) != CLIPSEARCH_OK)
        return 0;
    cs_buf first = cs_buf_make(1 << 24), second = cs_buf_make(1 << 24);
    write_value(&first, cs_json_root(document));
    if (first.failed || cs_json_parse(first.data, first.len, "fuzz", MAX_VALUES, &again, NULL) != CLIPSEARCH_OK)
        abort();
    write_value(&second, cs_json_root(again));
    if (second.len != first.len || memcmp(first.data, second.data, first.len) != 0)
        abort();
    cs_json_close(&again);
    cs_json_close(&document);
    cs_buf_free(&first);
    cs_buf_free(&second);
    return 0;
}
