/* SPDX-License-Identifier: MIT
 * moves.c - the items of a content are read once and matched with new files by their names. */
#include "ingest/moves.h"

#include "base/file.h"
#include "base/file_gone.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- contents by hash */

static size_t first_slot(const cs_moves *moves, const uint8_t hash[32])
{
    size_t key;
    memcpy(&key, hash, sizeof key); /* the bytes of a SHA-256 are as good as random */
    return key & (moves->slot_count - 1);
}

/* The slot of a content, or the free one where it belongs. */
static size_t *find_slot(const cs_moves *moves, const uint8_t hash[32])
{
    size_t i = first_slot(moves, hash);
    while (moves->slots[i] && memcmp(moves->contents[moves->slots[i] - 1].hash, hash, 32) != 0)
        i = (i + 1) & (moves->slot_count - 1);
    return &moves->slots[i];
}

static bool make_room(cs_moves *moves)
{
    cs_moves_content *contents = cs_grow(moves->contents, &moves->capacity, moves->count + 1, sizeof *contents);
    if (!contents)
        return false;
    moves->contents = contents;
    if (2 * (moves->count + 1) <= moves->slot_count)
        return true;
    const size_t more = moves->slot_count ? 2 * moves->slot_count : 64;
    size_t *slots = cs_zalloc_array(more, sizeof *slots);
    if (!slots)
        return false;
    cs_free(moves->slots);
    moves->slots = slots;
    moves->slot_count = more;
    for (size_t i = 0; i < moves->count; i++)
        *find_slot(moves, moves->contents[i].hash) = i + 1;
    return true;
}

/* ---- */

static void free_content(cs_moves_content *content)
{
    cs_items_free(&content->items);
    cs_free(content->gone);
    cs_free(content->next);
}

static int compare_names(const void *a, const void *b)
{
    const cs_gone_item *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static clipsearch_status read_content(cs_moves_content *content, clipsearch_collection *collection,
                                      clipsearch_error *err)
{
    clipsearch_status status =
        cs_collection_by_hashes(collection, (const uint8_t(*)[32])content->hash, 1, SIZE_MAX, &content->items, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const size_t count = content->items.count;
    content->gone = cs_alloc_array(count, sizeof *content->gone);
    content->next = cs_alloc_array(count + 1, sizeof *content->next);
    if (!content->gone || !content->next)
        return cs_fail_memory(err, "the items of one content");
    for (size_t i = 0; i < count; i++)
        if (cs_file_is_gone(content->items.items[i].path))
            content->gone[content->gone_count++] =
                (cs_gone_item){.name = cs_path_base(content->items.items[i].path), .number = i};
    if (content->gone_count)
        qsort(content->gone, content->gone_count, sizeof *content->gone, compare_names);
    for (size_t i = 0; i <= content->gone_count; i++)
        content->next[i] = i;
    return CLIPSEARCH_OK;
}

/* The first at or behind number `i` that is not chosen; gone_count: there is none. Chains are halved on the way, so
 * that this takes about the same time however many were chosen. */
static size_t first_free(cs_moves_content *content, size_t i)
{
    size_t *next = content->next;
    while (next[i] != i)
        i = next[i] = next[next[i]];
    return i;
}

/* The number of the first whose name is `name` or behind it. */
static size_t find_name(const cs_moves_content *content, const char *name)
{
    size_t low = 0, high = content->gone_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(content->gone[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static clipsearch_status find_content(cs_moves *moves, clipsearch_collection *collection, const uint8_t hash[32],
                                      cs_moves_content **content, clipsearch_error *err)
{
    *content = NULL;
    size_t *slot = moves->slot_count ? find_slot(moves, hash) : NULL;
    if (slot && *slot) {
        *content = &moves->contents[*slot - 1];
        return CLIPSEARCH_OK;
    }
    if (!make_room(moves))
        return cs_fail_memory(err, "the items of one content");
    cs_moves_content *made = &moves->contents[moves->count];
    *made = (cs_moves_content){0};
    memcpy(made->hash, hash, sizeof made->hash);
    clipsearch_status status = read_content(made, collection, err);
    if (status != CLIPSEARCH_OK) {
        free_content(made);
        return status;
    }
    *find_slot(moves, hash) = ++moves->count;
    *content = made;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_moves_choose(cs_moves *moves, clipsearch_collection *collection, const uint8_t hash[32],
                                  const char *path, const cs_id_list *taken, const clipsearch_item **item,
                                  clipsearch_error *err)
{
    cs_moves_content *content;
    const char *name = cs_path_base(path);
    *item = NULL;
    clipsearch_status status = find_content(moves, collection, hash, &content, err);
    while (status == CLIPSEARCH_OK && !*item) {
        size_t chosen = first_free(content, find_name(content, name));
        if (chosen == content->gone_count || strcmp(content->gone[chosen].name, name) != 0)
            chosen = first_free(content, 0);
        if (chosen == content->gone_count)
            break;
        content->next[chosen] = chosen + 1;
        const clipsearch_item *candidate = &content->items.items[content->gone[chosen].number];
        if (!cs_id_list_has(taken, candidate->id))
            *item = candidate;
    }
    return status;
}

void cs_moves_free(cs_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++)
        free_content(&moves->contents[i]);
    cs_free(moves->contents);
    cs_free(moves->slots);
    *moves = (cs_moves){0};
}
