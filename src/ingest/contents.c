/* SPDX-License-Identifier: MIT
 * contents.c - content hashes: a sorted array of their keys, and questions for many at once. */
#include "ingest/contents.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

static uint64_t key_of(const uint8_t hash[32])
{
    uint64_t key = 0;
    for (int i = 0; i < 8; i++)
        key = key << 8 | hash[i];
    return key;
}

static clipsearch_status add_key(void *context, const uint8_t hash[32], clipsearch_error *err)
{
    cs_content_keys *keys = context;
    uint64_t *larger = cs_grow(keys->keys, &keys->capacity, keys->count + 1, sizeof *larger);
    if (!larger)
        return cs_fail_memory(err, "the content hashes of the collection");
    keys->keys = larger;
    keys->keys[keys->count++] = key_of(hash);
    return CLIPSEARCH_OK;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

clipsearch_status cs_content_keys_read(cs_content_keys *keys, clipsearch_collection *collection, clipsearch_error *err)
{
    keys->count = 0;
    clipsearch_status status = cs_collection_each_hash(collection, add_key, keys, err);
    if (keys->count)
        qsort(keys->keys, keys->count, sizeof *keys->keys, compare_keys);
    return status;
}

bool cs_content_keys_has(const cs_content_keys *keys, const uint8_t hash[32])
{
    uint64_t key = key_of(hash);
    return keys->count && bsearch(&key, keys->keys, keys->count, sizeof key, compare_keys);
}

void cs_content_keys_free(cs_content_keys *keys)
{
    cs_free(keys->keys);
    *keys = (cs_content_keys){0};
}

/* ---- a set ---- */

/* The slot of a key, or the free one where it belongs. Keys are parts of digests, so their low bits are random. */
static uint64_t *find_slot(const cs_content_set *set, uint64_t key)
{
    size_t i = (size_t)key & (set->capacity - 1);
    while (set->slots[i] && set->slots[i] != key)
        i = (i + 1) & (set->capacity - 1);
    return &set->slots[i];
}

clipsearch_status cs_content_set_add(cs_content_set *set, const uint8_t hash[32], clipsearch_error *err)
{
    const uint64_t key = key_of(hash) | 1; /* not 0 */
    if ((set->count + 1) * 2 > set->capacity) {
        cs_content_set larger = {.capacity = set->capacity ? 2 * set->capacity : 256, .count = set->count};
        larger.slots = cs_zalloc_array(larger.capacity, sizeof *larger.slots);
        if (!larger.slots)
            return cs_fail_memory(err, "content hashes");
        for (size_t i = 0; i < set->capacity; i++)
            if (set->slots[i])
                *find_slot(&larger, set->slots[i]) = set->slots[i];
        cs_free(set->slots);
        *set = larger;
    }
    uint64_t *slot = find_slot(set, key);
    set->count += *slot == 0;
    *slot = key;
    return CLIPSEARCH_OK;
}

bool cs_content_set_has(const cs_content_set *set, const uint8_t hash[32])
{
    return set->capacity && *find_slot(set, key_of(hash) | 1);
}

void cs_content_set_free(cs_content_set *set)
{
    cs_free(set->slots);
    *set = (cs_content_set){0};
}

/* ---- items ---- */

clipsearch_status cs_contents_add(cs_contents *contents, const uint8_t hash[32], clipsearch_error *err)
{
    uint8_t(*larger)[32] = cs_grow(contents->hashes, &contents->capacity, contents->count + 1, sizeof *larger);
    if (!larger)
        return cs_fail_memory(err, "content hashes");
    contents->hashes = larger;
    memcpy(contents->hashes[contents->count++], hash, sizeof *contents->hashes);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_contents_ask(cs_contents *contents, clipsearch_collection *collection, size_t most_each,
                                  clipsearch_error *err)
{
    cs_items_clear(&contents->items);
    return cs_collection_by_hashes(collection, (const uint8_t(*)[32])contents->hashes, contents->count, most_each,
                                   &contents->items, err);
}

bool cs_contents_has(const cs_contents *contents, const uint8_t hash[32])
{
    for (size_t i = 0; i < contents->count; i++)
        if (memcmp(contents->hashes[i], hash, sizeof contents->hashes[i]) == 0)
            return true;
    return false;
}

size_t cs_contents_next(const cs_contents *contents, const uint8_t hash[32], size_t from)
{
    while (from < contents->items.count && memcmp(contents->items.items[from].hash, hash, 32) != 0)
        from++;
    return from;
}

void cs_contents_clear(cs_contents *contents)
{
    contents->count = 0;
    cs_items_clear(&contents->items);
}

void cs_contents_free(cs_contents *contents)
{
    cs_free(contents->hashes);
    cs_items_free(&contents->items);
    *contents = (cs_contents){0};
}
