/* SPDX-License-Identifier: MIT
 * item_json.c - what is known of an item as JSON. */
#include "output/item_json.h"

#include "base/base64.h"
#include "base/item_limits.h"
#include "base/json.h"
#include "base/utf8.h"

#include <string.h>

void cs_put_json_text(cs_buf *buf, const char *text)
{
    if (text)
        cs_json_put_string(buf, text, strlen(text));
    else
        cs_buf_puts(buf, "null");
}

void cs_put_member(cs_buf *buf, const char *key, const char *text)
{
    cs_buf_printf(buf, "\"%s\":", key);
    cs_put_json_text(buf, text);
}

void cs_put_path(cs_buf *buf, const char *path)
{
    const size_t size = strlen(path);
    cs_put_member(buf, "path", path);
    if (cs_is_utf8(path, size))
        return;
    cs_buf_puts(buf, ",\"path_b64\":\"");
    cs_put_base64(buf, path, size);
    cs_buf_putc(buf, '"');
}

void cs_put_attributes_json(cs_buf *buf, const char *attributes)
{
    cs_json_document *document = NULL;
    size_t size = attributes ? strlen(attributes) : 0;
    clipsearch_status status = CLIPSEARCH_E_FORMAT;
    if (size)
        status = cs_json_parse(attributes, size, "attributes", CS_ITEM_ATTRIBUTES_MAX, &document, NULL);
    if (status == CLIPSEARCH_E_MEMORY) /* says nothing about the attributes */
        buf->failed = true;
    else if (status == CLIPSEARCH_OK)
        cs_buf_append(buf, attributes, size);
    else
        cs_buf_puts(buf, "null");
    cs_json_close(&document);
}
