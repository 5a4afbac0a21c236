/* SPDX-License-Identifier: MIT
 * attribute_advice.c - names of attributes that may be typing errors. */
#include "cli/commands/attribute_advice.h"

#include "base/buf.h"
#include "base/json.h"
#include "cli/output/message.h"
#include "config/nearest.h"

#include <stdio.h>
#include <string.h>

enum {
    LOOKED_AT = 200, /* images whose attributes are looked at for similar names */
    NAMES = 256,     /* of attributes, at most */
    NAME_SIZE = 64
};

typedef struct advice {
    clipsearch_collection *collection;
    const char *name;
    char known[NAMES][NAME_SIZE];
    size_t count;
} advice;

/* Whether an image has the attribute; true when that cannot be found out. */
static bool is_attribute(clipsearch_collection *collection, const char *attribute)
{
    clipsearch_hits *hits = NULL;
    cs_buf filter = cs_buf_make(1 << 17);
    cs_buf_puts(&filter, "exists attributes[");
    cs_json_put_string(&filter, attribute, strlen(attribute));
    cs_buf_putc(&filter, ']');
    const bool asked = !filter.failed && clipsearch_query(collection, filter.data, 1, 0, &hits, NULL) == CLIPSEARCH_OK;
    const bool found = !asked || clipsearch_hits_count(hits, 0);
    clipsearch_hits_free(&hits);
    cs_buf_free(&filter);
    return found;
}

static void add_name(advice *a, const char *name)
{
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->known[i], name) == 0)
            return;
    if (a->count < NAMES && strlen(name) < NAME_SIZE)
        snprintf(a->known[a->count++], NAME_SIZE, "%s", name);
}

/* The attributes of the first images. */
static void collect_names(advice *a)
{
    clipsearch_hits *hits = NULL;
    if (clipsearch_query(a->collection, NULL, LOOKED_AT, 0, &hits, NULL) != CLIPSEARCH_OK)
        return;
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const char *text = clipsearch_hits_get(hits, 0, i)->attributes;
        cs_json_document *document = NULL;
        if (cs_json_parse(text, strlen(text), "attributes", 10000, &document, NULL) != CLIPSEARCH_OK)
            continue;
        for (const cs_json *member = cs_json_root(document)->first; member; member = member->next)
            if (member->key)
                add_name(a, member->key);
        cs_json_close(&document);
    }
    clipsearch_hits_free(&hits);
}

static bool check_attribute(void *context, const char *attribute)
{
    advice *a = context;
    const char *names[NAMES];
    if (is_attribute(a->collection, attribute))
        return true;
    collect_names(a);
    for (size_t i = 0; i < a->count; i++)
        names[i] = a->known[i];
    const char *nearest = cs_nearest(attribute, names, a->count);
    cs_print_message("no image in %s has the attribute \"%s\"%s%s%s", a->name, attribute,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return false;
}

void cs_advise_about_attributes(clipsearch_collection *collection, const char *name, const char *filter)
{
    advice a = {.collection = collection, .name = name};
    if (filter)
        clipsearch_filter_attributes(filter, check_attribute, &a, NULL);
}
