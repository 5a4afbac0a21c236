/* SPDX-License-Identifier: MIT
 * json.c - search results as JSON. */
#include "output/results.h"

#include "base/decimal.h"
#include "base/json.h"
#include "config/words.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { MAX_ATTRIBUTE_VALUES = 100000 };

static void put_member(cs_buf *buf, const char *key, const char *text)
{
    cs_buf_printf(buf, "\"%s\":", key);
    cs_json_put_string(buf, text, strlen(text));
}

/* The attributes are JSON already; a database written by another hand could hold something else, which must not make
 * the whole output unreadable. */
static void put_attributes(cs_buf *buf, const char *attributes)
{
    cs_json_document *document = NULL;
    size_t size = attributes ? strlen(attributes) : 0;
    clipsearch_status status = CLIPSEARCH_E_FORMAT;
    if (size)
        status = cs_json_parse(attributes, size, "attributes", MAX_ATTRIBUTE_VALUES, &document, NULL);
    if (status == CLIPSEARCH_E_MEMORY) /* says nothing about the attributes */
        buf->failed = true;
    else if (status == CLIPSEARCH_OK)
        cs_buf_append(buf, attributes, size);
    else
        cs_buf_puts(buf, "null");
    cs_json_close(&document);
}

static void put_hit(cs_buf *buf, const clipsearch_hit *hit, size_t rank)
{
    cs_buf_printf(buf, "%s\n   {\"rank\":%zu,\"id\":%" PRId64 ",\"score\":", rank ? "," : "", rank + 1, hit->id);
    cs_put_float(buf, hit->score);
    cs_buf_putc(buf, ',');
    put_member(buf, "path", hit->path);
    cs_buf_printf(buf, ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"attributes\":", hit->width, hit->height);
    put_attributes(buf, hit->attributes);
    cs_buf_putc(buf, '}');
}

static void put_result(cs_buf *buf, const cs_result *result)
{
    cs_buf_puts(buf, "\n  {");
    put_member(buf, result->query.is_image ? "image" : "text", result->query.text);
    cs_buf_printf(buf, ",\"ms\":%.3f,\"search_ms\":%.3f,\"hits\":[", result->ms, result->search_ms);
    for (size_t rank = 0; rank < clipsearch_hits_count(result->hits, 0); rank++)
        put_hit(buf, clipsearch_hits_get(result->hits, 0, rank), rank);
    cs_buf_puts(buf, "]}");
}

clipsearch_status cs_print_json(const cs_results *results, FILE *out, clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    cs_buf_putc(&buf, '{');
    put_member(&buf, "collection", results->collection);
    cs_buf_putc(&buf, ',');
    put_member(&buf, "model", results->model);
    cs_buf_putc(&buf, ',');
    put_member(&buf, "metric", cs_metric_words[results->metric]);
    cs_buf_puts(&buf, ",\n \"queries\":[");
    for (size_t i = 0; i < results->count && !buf.failed; i++) {
        if (i)
            cs_buf_putc(&buf, ',');
        put_result(&buf, &results->items[i]);
        if (!buf.failed)
            fwrite(buf.data, 1, buf.len, out);
        if (!buf.failed)
            cs_buf_clear(&buf);
    }
    cs_buf_puts(&buf, "]}\n");
    bool failed = buf.failed;
    if (!failed)
        fwrite(buf.data, 1, buf.len, out);
    cs_buf_free(&buf);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

clipsearch_status cs_print_rows_json(const char *collection, const clipsearch_hits *hits, FILE *out,
                                     clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    cs_buf_putc(&buf, '{');
    put_member(&buf, "collection", collection);
    cs_buf_puts(&buf, ",\n \"items\":[");
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        cs_buf_printf(&buf, "%s\n  {\"id\":%" PRId64 ",", i ? "," : "", hit->id);
        put_member(&buf, "path", hit->path);
        cs_buf_printf(&buf, ",\"size\":%" PRIu64 ",\"mtime\":", hit->size);
        cs_put_double(&buf, (double)hit->mtime_ns / 1e9);
        cs_buf_printf(&buf, ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"attributes\":", hit->width, hit->height);
        put_attributes(&buf, hit->attributes);
        cs_buf_putc(&buf, '}');
    }
    cs_buf_puts(&buf, "]}\n");
    bool failed = buf.failed;
    if (!failed)
        fwrite(buf.data, 1, buf.len, out);
    cs_buf_free(&buf);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

void cs_put_time(cs_buf *buf, int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    char words[64];
    if (gmtime_r(&when, &parts) && strftime(words, sizeof words, "%Y-%m-%dT%H:%M:%SZ", &parts))
        cs_buf_puts(buf, words);
}

void cs_put_collection_json(cs_buf *buf, const clipsearch_collection_info *c)
{
    cs_buf_putc(buf, '{');
    put_member(buf, "name", c->name);
    cs_buf_putc(buf, ',');
    put_member(buf, "encoder", c->encoder);
    cs_buf_putc(buf, ',');
    put_member(buf, "fingerprint", c->fingerprint);
    cs_buf_putc(buf, ',');
    put_member(buf, "preprocessing", c->preprocessing);
    cs_buf_putc(buf, ',');
    put_member(buf, "metric", cs_metric_words[c->metric]);
    cs_buf_printf(buf, ",\"dim\":%zu,\"count\":%" PRIu64 ",\"vector_bytes\":%" PRIu64 ",\"created\":\"", c->dim,
                  c->count, c->vector_bytes);
    cs_put_time(buf, c->created);
    cs_buf_puts(buf, "\",\"index\":{");
    put_member(buf, "codes", clipsearch_codes_name(c->index.codes));
    cs_buf_printf(buf, ",\"m\":%u,\"ef_construction\":%u,\"ef\":%u,\"written\":%s}}", c->index.m,
                  c->index.ef_construction, c->index.ef, c->indexed ? "true" : "false");
}
