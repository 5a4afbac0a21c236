/* SPDX-License-Identifier: MIT
 * api_labels.c - POST /v1/labels: which of some labels fits each image best. */
#include "base/clock.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "output/item_json.h"
#include "server/api.h"
#include "server/hit_json.h"
#include "server/search_json.h"
#include "server/site.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 1000, BATCH = 256, LABEL_BYTES = 1000 };

/* An image with its best label. */
typedef struct labelled {
    int64_t id;
    uint32_t label;
    float probability;
} labelled;

typedef struct labelling {
    cs_request *request;
    char *collection, *filter, *only;
    const char *labels[MOST_LABELS]; /* owned */
    size_t label_count, k, offset;
    clipsearch_labels *opened;
    size_t dim;
    float *vectors; /* [BATCH, dim], of the items ids[waiting] */
    int64_t ids[BATCH];
    size_t waiting;
    labelled *all;
    size_t count, room;
    uint64_t counts[MOST_LABELS];
    clipsearch_status status;
    clipsearch_error err;
} labelling;

/* ---------------------------------------------------------------- reading the request */

static clipsearch_status read_labels(const cs_json *value, labelling *l, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (value->type != CS_JSON_ARRAY)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"labels\" should be an array of strings");
    if (value->count > MOST_LABELS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "there are %zu labels; at most %d are taken", value->count,
                       (int)MOST_LABELS);
    for (const cs_json *each = value->first; each && status == CLIPSEARCH_OK; each = each->next) {
        char *text = NULL;
        status = cs_json_read_text(each, "labels", LABEL_BYTES, &text, err);
        if (status == CLIPSEARCH_OK)
            l->labels[l->label_count++] = text;
    }
    return status;
}

static clipsearch_status read_member(const cs_json *value, labelling *l, clipsearch_error *err)
{
    int64_t number = 0;
    if (strcmp(value->key, "labels") == 0)
        return read_labels(value, l, err);
    if (strcmp(value->key, "collection") == 0)
        return cs_json_read_text(value, "collection", 64, &l->collection, err);
    if (strcmp(value->key, "filter") == 0)
        return cs_json_read_text(value, "filter", CS_SEARCH_MOST_FILTER, &l->filter, err);
    if (strcmp(value->key, "label") == 0)
        return cs_json_read_text(value, "label", LABEL_BYTES, &l->only, err);
    const bool k = strcmp(value->key, "k") == 0;
    clipsearch_status status =
        cs_json_read_whole(value, value->key, k ? 1 : 0, k ? CS_SEARCH_MOST_K : INT32_MAX, &number, err);
    if (status == CLIPSEARCH_OK)
        *(k ? &l->k : &l->offset) = (size_t)number;
    return status;
}

static clipsearch_status read_request(labelling *l, clipsearch_error *err)
{
    static const char *const known[] = {"collection", "labels", "filter", "label", "k", "offset", NULL};
    cs_json_document *document = NULL;
    clipsearch_status status = cs_request_json(l->request, &document, err);
    const cs_json *root = document ? cs_json_root(document) : NULL;
    if (status == CLIPSEARCH_OK)
        status = cs_json_check_keys(root, known, "a labelling", err);
    for (const cs_json *each = root ? root->first : NULL; each && status == CLIPSEARCH_OK; each = each->next)
        if (each->type != CS_JSON_NULL)
            status = read_member(each, l, err);
    cs_json_close(&document);
    return status;
}

/* ---------------------------------------------------------------- labelling */

static clipsearch_status rank_batch(labelling *l, clipsearch_error *err)
{
    clipsearch_label_score best[BATCH];
    labelled *all = cs_grow(l->all, &l->room, l->count + l->waiting + 1, sizeof *all);
    if (!all)
        return cs_fail_memory(err, "labels");
    l->all = all;
    clipsearch_status status =
        l->waiting ? clipsearch_labels_rank(l->opened, l->vectors, l->waiting, 1, best, err) : CLIPSEARCH_OK;
    for (size_t i = 0; i < l->waiting && status == CLIPSEARCH_OK; i++) {
        all[l->count++] = (labelled){l->ids[i], (uint32_t)best[i].label, best[i].probability};
        l->counts[best[i].label]++;
    }
    l->waiting = 0;
    if (status == CLIPSEARCH_OK && (cs_request_is_abandoned(l->request) || atomic_load(&l->request->server->ends)))
        status = cs_fail(err, CLIPSEARCH_E_CANCELLED, "the request was given up");
    return status;
}

static bool take_item(void *context, const clipsearch_hit *item, const float *vector)
{
    labelling *l = context;
    l->ids[l->waiting] = item->id;
    memcpy(l->vectors + l->waiting * l->dim, vector, l->dim * sizeof *vector);
    if (++l->waiting == BATCH)
        l->status = rank_batch(l, &l->err);
    return l->status == CLIPSEARCH_OK;
}

static int compare(const void *a, const void *b)
{
    const labelled *x = a, *y = b;
    if (x->label != y->label)
        return (x->label > y->label) - (x->label < y->label);
    if (x->probability != y->probability)
        return (x->probability < y->probability) - (x->probability > y->probability);
    return (x->id > y->id) - (x->id < y->id);
}

static clipsearch_status label_all(labelling *l, cs_encode_pool *pool, clipsearch_collection *collection,
                                   clipsearch_error *err)
{
    clipsearch_each_options options;
    clipsearch_session *session = cs_encode_pool_borrow(pool);
    clipsearch_status status = clipsearch_labels_open(session, l->labels, l->label_count, NULL, &l->opened, err);
    cs_encode_pool_return(pool, session);
    if (status != CLIPSEARCH_OK)
        return status;
    l->vectors = cs_alloc_array(BATCH, l->dim * sizeof *l->vectors);
    if (!l->vectors)
        return cs_fail_memory(err, "labels");
    clipsearch_each_options_init(&options);
    options.filter = l->filter;
    options.vectors = true;
    status = clipsearch_collection_each(collection, &options, take_item, l, err);
    if (status == CLIPSEARCH_OK && l->status == CLIPSEARCH_OK)
        l->status = rank_batch(l, &l->err);
    if (status == CLIPSEARCH_OK && l->status != CLIPSEARCH_OK) {
        status = l->status;
        *err = l->err;
    }
    if (status == CLIPSEARCH_OK && l->count)
        qsort(l->all, l->count, sizeof *l->all, compare);
    return status;
}

/* ---------------------------------------------------------------- answering */

/* The images of the label that was asked for, in l->all: [*first, *first + returned). */
static size_t choose(const labelling *l, size_t *first)
{
    size_t label = 0, count = 0;
    *first = 0;
    if (!l->only)
        return l->count;
    while (label < l->label_count && strcmp(l->labels[label], l->only) != 0)
        label++;
    while (*first < l->count && l->all[*first].label < label)
        ++*first;
    while (*first + count < l->count && l->all[*first + count].label == label)
        count++;
    return count;
}

static clipsearch_status put_answer(labelling *l, clipsearch_collection *collection, clipsearch_error *err)
{
    size_t first, total = choose(l, &first), at = 0;
    int64_t ids[CS_SEARCH_MOST_K];
    clipsearch_hits *hits = NULL;
    const size_t left = total > l->offset ? total - l->offset : 0, count = left < l->k ? left : l->k;
    const labelled *shown = l->all + first + l->offset;
    for (size_t i = 0; i < count; i++)
        ids[i] = shown[i].id;
    clipsearch_status status = clipsearch_get(collection, ids, count, &hits, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_buf *out = cs_reply_json(&l->request->reply);
    cs_buf_printf(out, "{\"took_ms\":%.3f,\"total\":%zu,\"more\":%s,\"labels\":[", cs_clock_ms() - l->request->arrived,
                  total, left > count ? "true" : "false");
    for (size_t i = 0; i < l->label_count; i++) {
        cs_buf_puts(out, i ? "," : "");
        cs_buf_putc(out, '{');
        cs_put_member(out, "label", l->labels[i]);
        cs_buf_printf(out, ",\"count\":%" PRIu64 "}", l->counts[i]);
    }
    cs_buf_puts(out, "],\n \"hits\":[");
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        while (shown[at].id != hit->id) /* an item that was removed meanwhile is not among the hits */
            at++;
        cs_buf_puts(out, i ? ",\n  {" : "\n  {");
        cs_put_hit(out, hit);
        cs_buf_putc(out, ',');
        cs_put_member(out, "label", l->labels[shown[at].label]);
        cs_buf_puts(out, ",\"probability\":");
        cs_put_float(out, shown[at].probability);
        cs_buf_putc(out, '}');
    }
    cs_buf_puts(out, "]}\n");
    clipsearch_hits_free(&hits);
    return CLIPSEARCH_OK;
}

static clipsearch_status answer(labelling *l, clipsearch_error *err)
{
    cs_server *server = l->request->server;
    cs_open_collection *open = NULL;
    clipsearch_collection_info info;
    cs_encode_pool *pool = NULL;
    clipsearch_status status = read_request(l, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_take(server->collections, l->collection, &open, &info, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_encoder(server->collections, &info, &pool, err);
    l->dim = status == CLIPSEARCH_OK ? info.dim : 0;
    if (status == CLIPSEARCH_OK)
        status = label_all(l, pool, open->collection, err);
    if (status == CLIPSEARCH_OK)
        status = put_answer(l, open->collection, err);
    cs_collection_give(server->collections, open);
    return status;
}

void cs_answer_labels(cs_request *request)
{
    clipsearch_error err;
    labelling *l = cs_zalloc_array(1, sizeof *l);
    clipsearch_status status = l ? CLIPSEARCH_OK : cs_fail_memory(&err, "labels");
    if (l) {
        l->request = request;
        l->k = 10;
        status = answer(l, &err);
    }
    if (status != CLIPSEARCH_OK)
        cs_reply_error(&request->reply, &err);
    if (!l)
        return;
    for (size_t i = 0; i < l->label_count; i++) {
        union {
            const char *text;
            void *block;
        } label = {.text = l->labels[i]};
        cs_free(label.block);
    }
    clipsearch_labels_close(&l->opened);
    cs_free(l->collection);
    cs_free(l->filter);
    cs_free(l->only);
    cs_free(l->vectors);
    cs_free(l->all);
    cs_free(l);
}
