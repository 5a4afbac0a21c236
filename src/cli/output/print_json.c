/* SPDX-License-Identifier: MIT
 * print_json.c - results as JSON. */
#include "cli/output/print.h"

#include "base/decimal.h"
#include "base/file_gone.h"
#include "base/file_time.h"
#include "base/index_types.h"
#include "cli/question_text.h"
#include "cli/output/write_out.h"
#include "config/names.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* cs_put_member and a comma. */
static void put_member(cs_buf *buf, const char *key, const char *text)
{
    cs_put_member(buf, key, text);
    cs_buf_putc(buf, ',');
}

/* The members that end an item, and its brace. */
static void put_size_and_attributes(cs_buf *buf, const clipsearch_hit *hit)
{
    cs_buf_printf(buf, "\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"attributes\":", hit->width, hit->height);
    cs_put_attributes_json(buf, hit->attributes);
    cs_buf_putc(buf, '}');
}

static void put_gone(cs_buf *buf, bool gone)
{
    if (gone)
        cs_buf_puts(buf, "\"gone\":true,");
}

static void put_hit(cs_buf *buf, const clipsearch_hit *hit, size_t rank)
{
    cs_buf_printf(buf, "%s\n   {\"rank\":%zu,\"id\":%" PRId64 ",\"score\":", rank ? "," : "", rank + 1, hit->id);
    cs_put_float(buf, hit->score);
    if (!isnan(hit->relevance)) {
        cs_buf_puts(buf, ",\"relevance\":");
        cs_put_float(buf, hit->relevance);
    }
    cs_buf_printf(buf, ",\"copies\":%" PRIu64 ",", hit->copies);
    cs_put_path(buf, hit->path);
    cs_buf_putc(buf, ',');
    put_gone(buf, cs_hit_is_gone(hit));
    put_size_and_attributes(buf, hit);
}

static const char *part_key(const cs_part *part)
{
    return part->kind == CS_PART_TEXT ? "text" : part->kind == CS_PART_URL ? "url" : "image";
}

static void put_region(cs_buf *buf, const clipsearch_region *region)
{
    const double sides[] = {region->x, region->y, region->width, region->height};
    cs_buf_puts(buf, ",\"crop\":[");
    for (size_t i = 0; i < 4; i++) {
        cs_buf_puts(buf, i ? "," : "");
        cs_put_double(buf, sides[i]);
    }
    cs_buf_puts(buf, region->percent ? "],\"crop_unit\":\"%\"" : "],\"crop_unit\":\"pixel\"");
}

static void put_part(cs_buf *buf, const cs_part *part)
{
    cs_buf_putc(buf, '{');
    if (part->kind == CS_PART_ITEM)
        cs_buf_printf(buf, "\"like\":%" PRId64, part->item);
    else
        cs_put_member(buf, part_key(part), part->text);
    cs_buf_puts(buf, ",\"weight\":");
    cs_put_double(buf, part->weight);
    if (part->has_region)
        put_region(buf, &part->region);
    cs_buf_putc(buf, '}');
}

/* What was asked: a single text or image under its own key, as every query has been since version 0.2; and each query
 * in one line and by its parts. */
static void put_question(cs_buf *buf, const cs_question *question)
{
    const cs_part *first = question->parts;
    if (question->count == 1 && first->weight == 1 && first->kind != CS_PART_ITEM)
        put_member(buf, part_key(first), first->text);
    put_member(buf, "query", question->name);
    cs_buf_puts(buf, "\"parts\":[");
    for (size_t i = 0; i < question->count; i++) {
        cs_buf_puts(buf, i ? "," : "");
        put_part(buf, &question->parts[i]);
    }
    cs_buf_puts(buf, "],");
}

static void put_result(cs_buf *buf, const cs_result *result)
{
    cs_buf_puts(buf, "\n  {");
    if (result->question)
        put_question(buf, result->question);
    else
        put_member(buf, result->is_image ? "image" : "text", result->query);
    cs_buf_printf(buf, "\"ms\":%.3f,\"search_ms\":%.3f,\"hits\":[", result->ms, result->search_ms);
    for (size_t rank = 0; rank < cs_result_count(result); rank++)
        put_hit(buf, cs_result_hit(result, rank), rank);
    cs_buf_puts(buf, "]}");
}

clipsearch_status cs_print_buf(cs_buf *buf, FILE *out, clipsearch_error *err)
{
    const bool failed = buf->failed;
    if (!failed)
        cs_write_out(buf->data, buf->len, out);
    cs_buf_free(buf);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

clipsearch_status cs_print_json(const cs_results *results, FILE *out, clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    cs_buf_putc(&buf, '{');
    put_member(&buf, "collection", results->collection);
    put_member(&buf, "model", results->model);
    put_member(&buf, "metric", cs_metric_names[results->metric]);
    cs_buf_puts(&buf, "\n \"queries\":[");
    for (size_t i = 0; i < results->count && !buf.failed; i++) {
        if (i)
            cs_buf_putc(&buf, ',');
        put_result(&buf, &results->items[i]);
        if (!buf.failed) { /* one result at a time, to hold little memory */
            cs_write_out(buf.data, buf.len, out);
            cs_buf_clear(&buf);
        }
    }
    cs_buf_puts(&buf, "]}\n");
    return cs_print_buf(&buf, out, err);
}

clipsearch_status cs_print_items_json(const char *collection, const clipsearch_hits *hits, FILE *out,
                                      clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    cs_buf_putc(&buf, '{');
    put_member(&buf, "collection", collection);
    cs_buf_puts(&buf, "\n \"items\":[");
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        cs_buf_printf(&buf, "%s\n  {\"id\":%" PRId64 ",", i ? "," : "", hit->id);
        cs_put_path(&buf, hit->path);
        cs_buf_putc(&buf, ',');
        cs_buf_printf(&buf, "\"size\":%" PRIu64 ",\"mtime\":", hit->size);
        cs_put_double(&buf, cs_file_seconds(hit->mtime_ns));
        cs_buf_putc(&buf, ',');
        put_gone(&buf, cs_hit_is_gone(hit));
        put_size_and_attributes(&buf, hit);
    }
    cs_buf_puts(&buf, "]}\n");
    return cs_print_buf(&buf, out, err);
}

void cs_put_time(cs_buf *buf, int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    char text[64];
    if (gmtime_r(&when, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts))
        cs_buf_puts(buf, text);
}

void cs_put_collection_json(cs_buf *buf, const clipsearch_collection_info *c, const char *more)
{
    cs_buf_putc(buf, '{');
    put_member(buf, "name", c->name);
    put_member(buf, "encoder", c->encoder);
    put_member(buf, "model_path", c->model_path);
    put_member(buf, "fingerprint", c->fingerprint);
    put_member(buf, "preprocessing", c->preprocessing);
    put_member(buf, "metric", cs_metric_names[c->metric]);
    cs_buf_puts(buf, "\"precisions\":[");
    cs_put_precisions(buf, c->precisions, "\"", ",");
    cs_buf_puts(buf, "],");
    if (c->remodel) {
        cs_buf_puts(buf, "\"remodel\":{");
        put_member(buf, "encoder", c->remodel);
        cs_buf_printf(buf, "\"done\":%" PRIu64 "},", c->remodelled);
    }
    cs_buf_printf(buf,
                  "\"dim\":%zu,\"count\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"vector_bytes\":%" PRIu64 ",\"created\":\"",
                  c->dim, c->count, c->gone, c->vector_bytes);
    cs_put_time(buf, c->created);
    cs_buf_puts(buf, "\",\"index\":{");
    put_member(buf, "codes", clipsearch_codes_name(c->index_codes));
    put_member(buf, "type", cs_index_type_word(c->index_type));
    if (c->index_nlist)
        cs_buf_printf(buf, "\"nlist\":%u,\"nprobe\":%u,", c->index_nlist, c->index_nprobe);
    cs_buf_printf(buf, "\"m\":%u,\"ef_construction\":%u,\"ef\":%u,\"written\":%s}%s}", c->index_m,
                  c->index_ef_construction, c->index_ef, c->indexed ? "true" : "false", more ? more : "");
}

void cs_put_encoder_json(cs_buf *buf, const clipsearch_encoder_info *encoder)
{
    put_member(buf, "name", encoder->name);
    put_member(buf, "path", encoder->path);
    put_member(buf, "fingerprint", encoder->fingerprint);
    put_member(buf, "preprocessing", encoder->preprocessing);
    put_member(buf, "architecture", encoder->architecture);
    put_member(buf, "metric", cs_metric_names[encoder->metric]);
    cs_buf_printf(buf,
                  "\"dim\":%zu,\"image_size\":%zu,\"context_length\":%zu,\"vocabulary\":%zu,\"parameters\":%" PRIu64
                  ",\"logit_scale\":",
                  encoder->dim, encoder->image_size, encoder->context_length, encoder->vocabulary, encoder->parameters);
    cs_put_double(buf, (double)encoder->logit_scale);
}
