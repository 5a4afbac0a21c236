/* SPDX-License-Identifier: MIT
 * hits.c - hits in one array, their strings in one buffer. */
#include "backend/hits.h"

#include "base/buf.h"
#include "base/file_gone.h"
#include "base/mem.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Relative to scores above 1 (or below -1), else absolute. */
static const float SCORE_TOLERANCE = 1e-5F;

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

void cs_hits_set_gone(clipsearch_hits *hits, size_t query, size_t rank)
{
    hits->hits[hits->starts[query] + rank].gone = true;
}

bool cs_hit_has_hash(const clipsearch_hit *hit)
{
    return cs_content_is_known(hit->hash);
}

/* Copies have the same vector, hence the same score: at most the last digit differs, when another processor or library
 * computed one of the vectors. */
static bool is_like_score(float a, float b)
{
    return fabsf(a - b) <= SCORE_TOLERANCE * fmaxf(1, fabsf(a));
}

/* The kept hit of [first, end) that has the content of `hit`, or NULL. */
static clipsearch_hit *find_copy(clipsearch_hit *first, clipsearch_hit *end, const clipsearch_hit *hit)
{
    if (!cs_hit_has_hash(hit))
        return NULL;
    while (end > first && is_like_score((--end)->score, hit->score))
        if (memcmp(end->hash, hit->hash, sizeof hit->hash) == 0)
            return end;
    return NULL;
}

/* Count `hit` as a copy of `kept`, or the other way round when only its file is there. Only files of contents that have
 * copies are looked at: that of the one kept once, and the others until one is found. */
static void add_copy(clipsearch_hit *kept, const clipsearch_hit *hit)
{
    const uint64_t copies = kept->copies + 1;
    if (!kept->copies)
        kept->gone = cs_hit_is_gone(kept);
    if (kept->gone && !cs_hit_is_gone(hit))
        *kept = *hit;
    kept->copies = copies;
}

void cs_hits_fold_copies(clipsearch_hits *hits, size_t most, size_t searched, bool *complete)
{
    clipsearch_hit *end = hits->hits;
    for (size_t query = 0, at = 0; query < hits->queries; query++) {
        const size_t found = hits->starts[query + 1] - at;
        clipsearch_hit *first = end;
        bool passed = false; /* a hit that is too far to be a copy of the last one kept */
        for (; at < hits->starts[query + 1]; at++) {
            const clipsearch_hit *hit = &hits->hits[at];
            clipsearch_hit *copy = find_copy(first, end, hit);
            if (copy)
                add_copy(copy, hit);
            else if ((size_t)(end - first) < most)
                *end++ = *hit;
            else
                passed = passed || !is_like_score(end[-1].score, hit->score);
        }
        complete[query] = found < searched || passed;
        hits->starts[query + 1] = (size_t)(end - hits->hits);
    }
    hits->count = (size_t)(end - hits->hits);
}

clipsearch_item cs_hit_item(const clipsearch_hit *hit)
{
    clipsearch_item item = {.id = hit->id,
                            .path = hit->path,
                            .size = hit->size,
                            .mtime_ns = hit->mtime_ns,
                            .width = hit->width,
                            .height = hit->height,
                            .attributes = hit->attributes};
    memcpy(item.hash, hit->hash, sizeof item.hash);
    return item;
}

clipsearch_status cs_hits_add_query(clipsearch_hits *hits, const clipsearch_hits *from, size_t number,
                                    clipsearch_error *err)
{
    for (size_t rank = 0; rank < cs_hits_count(from, number); rank++) {
        const clipsearch_hit *hit = cs_hits_get(from, number, rank);
        const clipsearch_item item = cs_hit_item(hit);
        clipsearch_status status =
            cs_hits_add_with_file(hits, &item, &(cs_item_file){.gone_since = hit->gone}, hit->score, err);
        if (status != CLIPSEARCH_OK)
            return status;
        hits->hits[hits->count - 1].copies = hit->copies;
    }
    return CLIPSEARCH_OK;
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
