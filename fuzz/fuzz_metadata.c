/* SPDX-License-Identifier: MIT
 * fuzz_metadata.c - any bytes as a file with metadata, as XMP beside one, and as an item's stored attributes. */
#include "base/json.h"
#include "ingest/item_attributes.h"
#include "metadata/metadata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_object(const cs_buf *text)
{
    cs_json_document *document = NULL;
    if (cs_json_parse(text->data, text->len, "metadata", 1 << 20, &document, NULL) != CLIPSEARCH_OK ||
        cs_json_root(document)->type != CS_JSON_OBJECT)
        abort();
    cs_json_close(&document);
}

/* What was stored is taken apart and joined again. */
static void check_stored(const uint8_t *data, size_t size)
{
    cs_buf stored = cs_buf_make(1 << 20), user = cs_buf_make(1 << 20), file = cs_buf_make(1 << 20);
    cs_buf_append(&stored, data, size);
    if (stored.data && strlen(stored.data) == stored.len) {
        cs_item_attributes_user(stored.data, &user);
        cs_item_attributes_file(stored.data, UINT32_MAX, &file);
        cs_json_document *document = NULL;
        const bool json = cs_json_parse(stored.data, stored.len, "stored", 1 << 20, &document, NULL) == CLIPSEARCH_OK &&
                          cs_json_root(document)->type == CS_JSON_OBJECT;
        if (json) {
            check_object(&user);
            check_object(&file);
        }
        cs_json_close(&document);
    }
    cs_buf_free(&stored);
    cs_buf_free(&user);
    cs_buf_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_metadata metadata = {0};
    cs_buf out = cs_buf_make(1 << 20), joined = cs_buf_make(1 << 20), user = cs_buf_make(1 << 20);
    clipsearch_error err;
    const cs_metadata_file file = {data, size}, none = {0};
    if (cs_metadata_read(&metadata, none, file, UINT32_MAX, &out, &err) != CLIPSEARCH_OK)
        abort();
    check_object(&out);
    if (cs_metadata_read(&metadata, file, none, UINT32_MAX, &out, &err) != CLIPSEARCH_OK)
        abort();
    check_object(&out);
    if (cs_join_attributes("{\"title\":\"mine\"}", out.data + 1, NULL, &joined, &err) != CLIPSEARCH_OK)
        abort();
    check_object(&joined);
    cs_item_attributes_user(joined.data, &user);
    if (strcmp(user.data, "{\"title\":\"mine\"}") != 0)
        abort();
    check_stored(data, size);
    cs_metadata_free(&metadata);
    cs_buf_free(&out);
    cs_buf_free(&joined);
    cs_buf_free(&user);
    return 0;
}
