/* SPDX-License-Identifier: MIT
 * watch_places.c - places in one array, with chains of those whose descriptors have one hash. */
#include "ingest/watch_places.h"

#include "base/mem.h"

#include <string.h>

static size_t *bucket_of(const cs_watch_places *p, int descriptor)
{
    return &p->buckets[((uint32_t)descriptor * 2654435769u >> 7) & (p->bucket_count - 1)]; /* Fibonacci hashing */
}

static void link_place(cs_watch_places *p, size_t i)
{
    size_t *bucket = bucket_of(p, p->places[i].descriptor);
    p->places[i].next = *bucket;
    *bucket = i + 1;
}

/* Twice as many buckets as places, so that chains are short. */
static bool grow_buckets(cs_watch_places *p)
{
    if (p->used < p->bucket_count / 2)
        return true;
    const size_t count = p->bucket_count ? 2 * p->bucket_count : 64;
    size_t *larger = cs_zalloc_array(count, sizeof *larger);
    if (!larger)
        return false;
    cs_free(p->buckets);
    p->buckets = larger;
    p->bucket_count = count;
    for (size_t i = 0; i < p->count; i++)
        if (p->places[i].descriptor >= 0)
            link_place(p, i);
    return true;
}

/* A free place, or one more at the end; SIZE_MAX when out of memory. */
static size_t take_place(cs_watch_places *p)
{
    if (p->free) {
        const size_t i = p->free - 1;
        p->free = p->places[i].next;
        return i;
    }
    cs_watch_place *places = cs_grow(p->places, &p->capacity, p->count + 1, sizeof *places);
    if (!places)
        return SIZE_MAX;
    p->places = places;
    return p->count++;
}

static void free_place(cs_watch_places *p, size_t i)
{
    p->places[i] = (cs_watch_place){.descriptor = -1, .next = p->free};
    p->free = i + 1;
}

clipsearch_status cs_watch_places_add(cs_watch_places *p, int descriptor, size_t source, const char *path,
                                      const char *only, clipsearch_error *err)
{
    for (size_t i = SIZE_MAX; (i = cs_watch_places_next(p, descriptor, i)) != SIZE_MAX;)
        if (p->places[i].source == source && strcmp(p->places[i].path, path) == 0)
            return CLIPSEARCH_OK;
    if (!grow_buckets(p))
        return cs_fail_memory(err, "watched directories");
    const size_t i = take_place(p);
    if (i == SIZE_MAX)
        return cs_fail_memory(err, "watched directories");
    p->places[i] = (cs_watch_place){.descriptor = descriptor, .source = source, .only = only, .path = cs_strdup(path)};
    if (!p->places[i].path) {
        free_place(p, i);
        return cs_fail_memory(err, path);
    }
    link_place(p, i);
    p->used++;
    return CLIPSEARCH_OK;
}

size_t cs_watch_places_next(const cs_watch_places *p, int descriptor, size_t after)
{
    if (!p->bucket_count)
        return SIZE_MAX;
    size_t next = after == SIZE_MAX ? *bucket_of(p, descriptor) : p->places[after].next;
    while (next && p->places[next - 1].descriptor != descriptor)
        next = p->places[next - 1].next;
    return next ? next - 1 : SIZE_MAX;
}

void cs_watch_places_remove(cs_watch_places *p, size_t i)
{
    size_t *link = bucket_of(p, p->places[i].descriptor);
    while (*link != i + 1)
        link = &p->places[*link - 1].next;
    *link = p->places[i].next;
    cs_free(p->places[i].path);
    free_place(p, i);
    p->used--;
}

void cs_watch_places_free(cs_watch_places *p)
{
    for (size_t i = 0; i < p->count; i++)
        cs_free(p->places[i].path);
    cs_free(p->places);
    cs_free(p->buckets);
    *p = (cs_watch_places){0};
}
