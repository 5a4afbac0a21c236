/* SPDX-License-Identifier: MIT
 * hits.c - hits in one array, their strings in one buffer. */
#include "backend/hits.h"

#include "base/buf.h"
#include "base/mem.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

struct clipsearch_hits {
    size_t queries, ended;
    size_t *starts; /* [queries + 1]: where each query's hits begin */
    clipsearch_hit *hits;
    size_t count, capacity;
    cs_buf strings; /* path and attributes of each hit in turn */
};

clipsearch_hits *cs_hits_make(size_t queries)
{
    size_t starts;
    clipsearch_hits *hits = cs_zalloc_array(1, sizeof *hits);
    if (!hits)
        return NULL;
    hits->queries = queries;
    hits->strings = cs_buf_make(SIZE_MAX / 2);
    if (!__builtin_add_overflow(queries, 1, &starts))
        hits->starts = cs_zalloc_array(starts, sizeof *hits->starts);
    if (!hits->starts)
        cs_hits_free(&hits);
    return hits;
}

clipsearch_status cs_hits_add_with_file(clipsearch_hits *hits, const clipsearch_item *item, const cs_item_file *file,
                                        float score, clipsearch_error *err)
{
    clipsearch_hit *larger = cs_grow(hits->hits, &hits->capacity, hits->count + 1, sizeof *larger);
    if (!larger)
        return cs_fail_memory(err, "search results");
    hits->hits = larger;
    cs_buf_append(&hits->strings, item->path, strlen(item->path) + 1);
    cs_buf_append(&hits->strings, item->attributes, strlen(item->attributes) + 1);
    if (hits->strings.failed)
        return cs_fail_memory(err, "search results");
    hits->hits[hits->count++] = (clipsearch_hit){.id = item->id,
                                                 .score = score,
                                                 .relevance = NAN,
                                                 .size = item->size,
                                                 .mtime_ns = item->mtime_ns,
                                                 .width = item->width,
                                                 .height = item->height,
                                                 .gone = file->gone_since != 0};
    memcpy(hits->hits[hits->count - 1].hash, item->hash, sizeof item->hash);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_hits_add(clipsearch_hits *hits, const clipsearch_item *item, float score, clipsearch_error *err)
{
    return cs_hits_add_with_file(hits, item, &(cs_item_file){0}, score, err);
}

/* The strings have stopped moving: point the hits at them. */
static void bind_strings(clipsearch_hits *hits)
{
    const char *at = hits->strings.data;
    for (size_t i = 0; i < hits->count; i++) {
        hits->hits[i].path = at;
        at += strlen(at) + 1;
        hits->hits[i].attributes = at;
        at += strlen(at) + 1;
    }
}

void cs_hits_next_query(clipsearch_hits *hits)
{
    hits->starts[++hits->ended] = hits->count;
    if (hits->ended == hits->queries)
        bind_strings(hits);
}

void cs_hits_restart(clipsearch_hits *hits)
{
    hits->ended = hits->count = 0;
    cs_buf_clear(&hits->strings);
}

void cs_hits_select(clipsearch_hits *hits, bool (*keep)(void *context, size_t query, const clipsearch_hit *hit),
                    void *context)
{
    size_t kept = 0;
    for (size_t query = 0, at = 0; query < hits->queries; query++) {
        for (; at < hits->starts[query + 1]; at++)
            if (keep(context, query, &hits->hits[at]))
                hits->hits[kept++] = hits->hits[at];
        hits->starts[query + 1] = kept;
    }
    hits->count = kept;
}

void cs_hits_set_relevance(clipsearch_hits *hits, size_t query, size_t rank, float relevance)
{
    hits->hits[hits->starts[query] + rank].relevance = relevance;
}

size_t cs_hits_count(const clipsearch_hits *hits, size_t query)
{
    return query < hits->queries ? hits->starts[query + 1] - hits->starts[query] : 0;
}

const clipsearch_hit *cs_hits_get(const clipsearch_hits *hits, size_t query, size_t rank)
{
    return rank < cs_hits_count(hits, query) ? &hits->hits[hits->starts[query] + rank] : NULL;
}

void cs_hits_free(clipsearch_hits **handle)
{
    clipsearch_hits *hits = *handle;
    if (!hits)
        return;
    cs_buf_free(&hits->strings);
    cs_free(hits->hits);
    cs_free(hits->starts);
    cs_free(hits);
    *handle = NULL;
}
