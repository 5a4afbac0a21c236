/* SPDX-License-Identifier: MIT
 * api_status.c - health and metrics. */
#include "server/api.h"
#include "server/site.h"

#include <inttypes.h>

void cs_answer_health(cs_request *request)
{
    cs_buf_puts(cs_reply_json(&request->reply), "{\"status\":\"ok\"}\n");
}

static bool put_images(void *context, const clipsearch_collection_info *info)
{
    cs_buf_printf(context, "clipsearch_images{collection=\"%s\"} %" PRIu64 "\n", info->name, info->count);
    return true;
}

/* A name of a model may have any letter. */
static void put_label(cs_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            cs_buf_putc(out, '\\');
        cs_buf_putc(out, *text == '\n' ? ' ' : *text);
    }
}

static void put_encoder(void *context, cs_encode_pool *pool)
{
    cs_buf *out = context;
    uint64_t items, batches;
    const clipsearch_encoder_info *info = cs_encode_pool_info(pool);
    cs_encode_pool_counts(pool, &items, &batches);
    cs_buf_puts(out, "clipsearch_model_info{name=\"");
    put_label(out, info->name);
    cs_buf_printf(out, "\",dim=\"%zu\"} 1\nclipsearch_encoded_total{model=\"", info->dim);
    put_label(out, info->name);
    cs_buf_printf(out, "\"} %" PRIu64 "\nclipsearch_encode_batches_total{model=\"", items);
    put_label(out, info->name);
    cs_buf_printf(out, "\"} %" PRIu64 "\n", batches);
}

void cs_answer_metrics(cs_request *request)
{
    cs_server *server = request->server;
    cs_reply *reply = &request->reply;
    cs_buf *out = cs_reply_json(reply);
    uint64_t found, made, bytes;
    size_t connections, busy;
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    cs_metrics_put(&server->metrics, out);
    cs_buf_puts(out, "# HELP clipsearch_images Items of a collection.\n# TYPE clipsearch_images gauge\n");
    cs_open_database *taken;
    clipsearch_database *db;
    if (cs_database_take(server->collections, &taken, &db, NULL) == CLIPSEARCH_OK)
        clipsearch_database_collections(db, put_images, out, NULL);
    cs_database_give(server->collections, taken);
    cs_buf_puts(out, "# TYPE clipsearch_model_info gauge\n# TYPE clipsearch_encoded_total counter\n"
                     "# TYPE clipsearch_encode_batches_total counter\n");
    cs_each_encoder(server->collections, put_encoder, out);
    cs_thumbnails_counts(server->thumbnails, &found, &made, &bytes);
    cs_buf_printf(out,
                  "# TYPE clipsearch_thumbnails_found_total counter\nclipsearch_thumbnails_found_total %" PRIu64
                  "\n# TYPE clipsearch_thumbnails_made_total counter\nclipsearch_thumbnails_made_total %" PRIu64
                  "\n# TYPE clipsearch_thumbnail_bytes gauge\nclipsearch_thumbnail_bytes %" PRIu64 "\n",
                  found, made, bytes);
    cs_connections_count(&server->connections, &connections, &busy);
    cs_buf_printf(out, "# TYPE clipsearch_connections gauge\nclipsearch_connections %zu\n", connections);
    cs_buf_printf(out,
                  "# TYPE clipsearch_slow_connections_total counter\nclipsearch_slow_connections_total %" PRIu64
                  "\n# TYPE clipsearch_waiting gauge\nclipsearch_waiting %zu\n",
                  server->connections.closed,
                  cs_work_queue_pending(server->queue) + cs_work_queue_pending(server->patient_queue));
}
