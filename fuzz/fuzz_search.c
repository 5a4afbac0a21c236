/* SPDX-License-Identifier: MIT
 * fuzz_search.c - any bytes as the JSON of a search over HTTP, or as fields of its query string: refused with a
 * message, or a search within the limits. */
#include "base/item_limits.h"
#include "server/search_json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_VALUES = 20000 };

static void check(const cs_search_body *body)
{
    if (body->part_count > CS_SEARCH_MOST_PARTS || body->k < 1 || body->k > CS_SEARCH_MOST_K ||
        body->offset + body->k > CS_SEARCH_MOST_HITS)
        abort();
    for (size_t i = 0; i < body->part_count; i++) {
        const cs_search_part *part = &body->parts[i];
        if ((part->text != NULL) + (part->id != 0) + (part->image != NULL) + (part->vector != NULL) != 1)
            abort();
        if (part->vector_size > CS_ITEM_DIM_MAX || (part->has_crop && !(part->crop[2] > 0 && part->crop[3] > 0)))
            abort();
    }
}

/* name=value, a line each. */
static clipsearch_status set_fields(char *text, cs_search_body *body, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    char *rest = text;
    for (char *line = strtok_r(rest, "\n", &rest); line && status == CLIPSEARCH_OK;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (equals)
            *equals = '\0';
        status = cs_search_set(body, line, equals ? equals + 1 : "", err);
    }
    return status == CLIPSEARCH_OK ? cs_search_check(body, err) : status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clipsearch_error err = {.message = ""};
    cs_search_body body;
    cs_json_document *document = NULL;
    clipsearch_status status;
    cs_search_body_init(&body);
    if (size && data[0] == '{') {
        status = cs_json_parse((const char *)data, size, "fuzz", MOST_VALUES, &document, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_search_from_json(cs_json_root(document), &body, &err);
    } else {
        char *text = malloc(size + 1);
        if (!text)
            return 0;
        if (size)
            memcpy(text, data, size);
        text[size] = '\0';
        status = set_fields(text, &body, &err);
        free(text);
    }
    if (status == CLIPSEARCH_OK)
        check(&body);
    else if (!err.message[0])
        abort();
    cs_search_body_free(&body);
    cs_json_close(&document);
    return 0;
}
