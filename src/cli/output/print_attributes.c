/* SPDX-License-Identifier: MIT
 * print_attributes.c - an item's attributes for a person: a line each. */
#include "cli/output/print.h"

#include "base/decimal.h"
#include "base/item_limits.h"
#include "base/json.h"
#include "cli/output/message.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_VALUES = CS_ITEM_ATTRIBUTES_MAX };

/* Append a text on one line. */
static void put_line(cs_buf *buf, const char *text)
{
    for (size_t n; *text; text += n) {
        char part[256];
        n = strcspn(text, "\n");
        if (n >= sizeof part)
            for (n = sizeof part - 1; n > 1 && ((unsigned char)text[n] & 0xC0) == 0x80; n--)
                ; /* whole characters only */
        memcpy(part, text, n);
        part[n] = '\0';
        cs_put_printable(buf, part);
        if (text[n] == '\n') {
            cs_buf_putc(buf, ' ');
            n++;
        }
    }
}

static bool is_container(const cs_json *value)
{
    return value->type == CS_JSON_OBJECT || value->type == CS_JSON_ARRAY;
}

static void put_scalar(cs_buf *buf, const cs_json *value)
{
    if (value->type == CS_JSON_STRING)
        put_line(buf, value->string);
    else if (value->type == CS_JSON_NUMBER && value->is_integer)
        cs_buf_printf(buf, "%" PRId64, value->integer);
    else if (value->type == CS_JSON_NUMBER)
        cs_put_double(buf, value->number);
    else
        cs_buf_puts(buf, value->type == CS_JSON_NULL ? "null" : value->boolean ? "true" : "false");
}

static bool has_container(const cs_json *list)
{
    const cs_json *at = list->first;
    while (at && !is_container(at))
        at = at->next;
    return at != NULL;
}

/* Append the object or list that begins at `text` as the JSON that it is. */
static void put_json(cs_buf *buf, const char *text)
{
    const char *end = text;
    unsigned depth = 0;
    bool quoted = false;
    do {
        quoted ^= *end == '"';
        if (quoted && *end == '\\')
            end++;
        depth += !quoted && (*end == '{' || *end == '[');
        depth -= !quoted && (*end == '}' || *end == ']');
    } while (*++end && depth);
    cs_buf_append(buf, text, (size_t)(end - text));
}

void cs_put_attributes(cs_buf *buf, const char *attributes)
{
    cs_json_document *document = NULL;
    const char *text = attributes ? attributes : "";
    clipsearch_status status = cs_json_parse(text, strlen(text), "attributes", MAX_VALUES, &document, NULL);
    if (status == CLIPSEARCH_E_MEMORY) /* says nothing about the attributes */
        buf->failed = true;
    if (status != CLIPSEARCH_OK)
        return; /* another program wrote it */
    const cs_json *first = cs_json_root(document)->first;
    for (const cs_json *m = first; m && m->key; m = m->next) {
        cs_buf_puts(buf, "    ");
        put_line(buf, m->key);
        cs_buf_puts(buf, ": ");
        if (m->type == CS_JSON_ARRAY && !has_container(m)) {
            for (const cs_json *at = m->first; at; at = at->next) {
                put_scalar(buf, at);
                cs_buf_puts(buf, at->next ? ", " : "");
            }
        } else if (is_container(m)) {
            put_json(buf, text + m->offset);
        } else {
            put_scalar(buf, m);
        }
        cs_buf_putc(buf, '\n');
    }
    cs_json_close(&document);
}
