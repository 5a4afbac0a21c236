/* SPDX-License-Identifier: MIT
 * api_collections.c - the collections, and what their items' attributes are. */
#include "base/clock.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "config/names.h"
#include "output/item_json.h"
#include "server/api.h"
#include "server/facets.h"
#include "server/site.h"

#include <inttypes.h>
#include <string.h>

/* Names of collections, which are opened after the walk. */
typedef struct name_list {
    char (*names)[CS_COLLECTION_NAME_MAX + 1];
    size_t count, room;
    bool failed;
} name_list;

static bool keep_name(void *context, const clipsearch_collection_info *info)
{
    name_list *list = context;
    char(*names)[CS_COLLECTION_NAME_MAX + 1] = cs_grow(list->names, &list->room, list->count + 1, sizeof *names);
    list->failed = !names;
    if (!names)
        return false;
    list->names = names;
    const size_t length = strnlen(info->name, CS_COLLECTION_NAME_MAX);
    memcpy(names[list->count], info->name, length);
    names[list->count++][length] = '\0';
    return true;
}

/* One collection. Whether its model is there is found out by opening it, which is done once. */
static void put_collection(cs_server *server, const char *name, bool *any, cs_buf *out)
{
    cs_open_collection *taken = NULL;
    clipsearch_collection_info info;
    cs_encode_pool *pool = NULL;
    clipsearch_error err;
    if (cs_collection_take(server->collections, name, &taken, &info, &err) != CLIPSEARCH_OK)
        return; /* dropped meanwhile */
    const bool has_model = cs_collection_encoder(server->collections, &info, &pool, &err) == CLIPSEARCH_OK;
    const unsigned towers = has_model ? cs_encode_pool_info(pool)->towers : 0;
    cs_buf_puts(out, *any ? ",\n {" : "\n {");
    *any = true;
    cs_put_member(out, "name", info.name);
    cs_buf_printf(out, ",\"count\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"dim\":%zu,", info.count, info.gone, info.dim);
    cs_put_member(out, "metric", info.metric == CLIPSEARCH_L2 ? "l2" : info.metric == CLIPSEARCH_IP ? "ip" : "cosine");
    cs_buf_putc(out, ',');
    cs_put_member(out, "model", info.encoder);
    cs_buf_puts(out, ",\"precisions\":[");
    cs_put_precisions(out, info.precisions, "\"", ",");
    cs_buf_putc(out, ']');
    cs_buf_printf(out, ",\"text\":%s,\"image\":%s", towers & CLIPSEARCH_TEXT_TOWER ? "true" : "false",
                  towers & CLIPSEARCH_IMAGE_TOWER ? "true" : "false");
    if (!has_model && info.fingerprint[0]) {
        cs_buf_putc(out, ',');
        cs_put_member(out, "why", err.message);
    }
    cs_buf_printf(out, ",\"upload\":%s}", server->upload_dir && has_model ? "true" : "false");
    cs_collection_give(server->collections, taken);
}

void cs_answer_collections(cs_request *request)
{
    cs_server *server = request->server;
    clipsearch_error err;
    name_list list = {.names = NULL};
    bool any = false;
    cs_open_database *taken;
    clipsearch_database *db;
    clipsearch_status status = cs_database_take(server->collections, &taken, &db, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_database_collections(db, keep_name, &list, &err);
    else if (status == CLIPSEARCH_E_NOT_FOUND) /* nothing has been ingested yet */
        status = CLIPSEARCH_OK;
    cs_database_give(server->collections, taken);
    if (status == CLIPSEARCH_OK && list.failed)
        status = cs_fail_memory(&err, "the collections");
    if (status != CLIPSEARCH_OK) {
        cs_free(list.names);
        cs_reply_error(&request->reply, &err);
        return;
    }
    cs_buf *out = cs_reply_json(&request->reply);
    cs_buf_puts(out, "{\"collections\":[");
    for (size_t i = 0; i < list.count; i++)
        put_collection(server, list.names[i], &any, out);
    cs_buf_puts(out, "],\n ");
    cs_put_member(out, "database", server->options.settings->db);
    cs_buf_putc(out, ',');
    cs_put_member(out, "collection", server->options.settings->collection);
    cs_buf_printf(out, ",\"delete\":%s,", server->options.allow_delete ? "true" : "false");
    cs_put_member(out, "version", clipsearch_version());
    cs_buf_puts(out, "}\n");
    cs_free(list.names);
}

/* ---------------------------------------------------------------- attributes */

enum { FACETS_MS = 30000 /* changed items count again after so long, or at once when their number changes */ };

static clipsearch_status make_facets(cs_open_collection *taken, const clipsearch_collection_info *info,
                                     clipsearch_error *err)
{
    cs_facet_cache *cache = &taken->facets;
    const bool fits = cache->json && cache->count == info->count && cache->gone == info->gone &&
                      cache->changes == info->changes && cs_clock_ms() - cache->made < FACETS_MS;
    if (fits)
        return CLIPSEARCH_OK;
    char *json = NULL;
    clipsearch_status status = cs_facets_make(taken->collection, info->count, &json, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_free(cache->json);
    cache->json = json;
    cache->count = info->count;
    cache->gone = info->gone;
    cache->changes = info->changes;
    cache->made = cs_clock_ms();
    return CLIPSEARCH_OK;
}

void cs_answer_attributes(cs_request *request)
{
    cs_server *server = request->server;
    cs_open_collection *taken = NULL;
    clipsearch_collection_info info;
    clipsearch_error err;
    clipsearch_status status = cs_collection_take(server->collections, request->places[0], &taken, &info, &err);
    if (status == CLIPSEARCH_OK) {
        pthread_mutex_lock(&taken->facets.lock);
        status = make_facets(taken, &info, &err);
        if (status == CLIPSEARCH_OK)
            cs_buf_puts(cs_reply_json(&request->reply), taken->facets.json);
        pthread_mutex_unlock(&taken->facets.lock);
    }
    if (status != CLIPSEARCH_OK)
        cs_reply_error(&request->reply, &err);
    cs_collection_give(server->collections, taken);
}
