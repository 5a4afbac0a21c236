/* SPDX-License-Identifier: MIT
 * source_text.c - remembered sources as lines and as JSON. */
#include "cli/commands/source_text.h"

#include "cli/output/message.h"
#include "cli/output/print.h"

static void put_patterns(cs_buf *buf, const char *before, const char *const *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cs_buf_puts(buf, i ? " " : before);
        cs_put_printable(buf, patterns[i]);
    }
}

/* "  source     /home/me/Pictures, without thumbs" */
static void put_line(cs_buf *buf, const clipsearch_remembered_source *remembered, size_t number)
{
    const clipsearch_source *source = remembered->source;
    cs_buf_puts(buf, number ? "             " : "  sources    ");
    cs_put_printable(buf, source->path);
    put_patterns(buf, ", only ", source->include, source->include ? source->include_count : 0);
    put_patterns(buf, ", without ", source->exclude, source->exclude_count);
    cs_buf_puts(buf, source->no_recurse ? ", not what is in its directories" : "");
    cs_buf_puts(buf, source->follow_symlinks ? ", with linked directories" : "");
    if (source->attributes_csv) {
        cs_buf_puts(buf, ", attributes from ");
        cs_put_printable(buf, source->attributes_csv);
    }
    if (remembered->list) {
        cs_buf_puts(buf, " (listed in ");
        cs_put_printable(buf, remembered->list);
        cs_buf_putc(buf, ')');
    }
    cs_buf_putc(buf, '\n');
}

static void put_json_patterns(cs_buf *buf, const char *key, const char *const *patterns, size_t count)
{
    cs_buf_printf(buf, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        cs_buf_puts(buf, i ? "," : "");
        cs_put_json_text(buf, patterns[i]);
    }
    cs_buf_putc(buf, ']');
}

static void put_json(cs_buf *buf, const clipsearch_remembered_source *remembered, size_t number)
{
    const clipsearch_source *source = remembered->source;
    cs_buf_puts(buf, number ? ",{" : "{");
    cs_put_member(buf, "path", source->path);
    cs_buf_putc(buf, ',');
    cs_put_member(buf, "list", remembered->list);
    if (source->include)
        put_json_patterns(buf, "include", source->include, source->include_count);
    put_json_patterns(buf, "exclude", source->exclude, source->exclude_count);
    cs_buf_printf(buf, ",\"recurse\":%s,\"follow_symlinks\":%s,", source->no_recurse ? "false" : "true",
                  source->follow_symlinks ? "true" : "false");
    cs_put_member(buf, "attributes_csv", source->attributes_csv);
    cs_buf_putc(buf, '}');
}

clipsearch_status cs_put_sources(cs_buf *buf, clipsearch_database *db, const char *name, bool json,
                                 clipsearch_error *err)
{
    clipsearch_collection *collection = NULL;
    clipsearch_sources *sources = NULL;
    clipsearch_status status = clipsearch_collection_open(db, name, NULL, &collection, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_sources(collection, &sources, err);
    clipsearch_collection_close(&collection);
    cs_buf_puts(buf, json ? ",\"sources\":[" : "");
    for (size_t i = 0; i < clipsearch_sources_count(sources); i++)
        (json ? put_json : put_line)(buf, clipsearch_sources_get(sources, i), i);
    cs_buf_puts(buf, json ? "]" : "");
    clipsearch_sources_free(&sources);
    return status;
}
