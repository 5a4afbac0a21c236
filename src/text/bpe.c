/* SPDX-License-Identifier: MIT
 * bpe.c - the table of merges, and merging by a heap over a linked list. */
#include "text/bpe.h"

#include "base/mem.h"

#include <assert.h>

enum { ID_BITS = 20 };

static uint64_t key_of(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 2 * ID_BITS | (uint64_t)(uint32_t)right << ID_BITS;
}

/* Fibonacci hashing: multiply by 2^64 / golden ratio, keep the top bits. */
static size_t slot_of(const cs_bpe *bpe, uint64_t key)
{
    return (size_t)((key >> ID_BITS) * 0x9E3779B97F4A7C15u >> bpe->shift);
}

size_t cs_bpe_slots(size_t merges)
{
    assert(merges < CS_BPE_MAX_ID);
    size_t slots = 16;
    while (slots < merges * 2)
        slots *= 2;
    return slots;
}

cs_bpe cs_bpe_of(const uint64_t *slots, size_t count)
{
    return (cs_bpe){.slots = (uint64_t *)(uintptr_t)slots,
                    .mask = count - 1,
                    .shift = 64 - (unsigned)__builtin_ctzll((unsigned long long)count)};
}

bool cs_bpe_make(cs_bpe *bpe, size_t merges)
{
    *bpe = cs_bpe_of(NULL, cs_bpe_slots(merges));
    bpe->slots = cs_zalloc_array(bpe->mask + 1, sizeof *bpe->slots);
    return bpe->slots != NULL;
}

void cs_bpe_free(cs_bpe *bpe)
{
    cs_free(bpe->slots);
    *bpe = (cs_bpe){0};
}

void cs_bpe_add(cs_bpe *bpe, int32_t left, int32_t right, int32_t rank)
{
    uint64_t key = key_of(left, right);
    size_t slot = slot_of(bpe, key);
    while (bpe->slots[slot])
        slot = (slot + 1) & bpe->mask;
    bpe->slots[slot] = key | ((uint64_t)rank + 1);
}

int32_t cs_bpe_rank(const cs_bpe *bpe, int32_t left, int32_t right)
{
    uint64_t key = key_of(left, right);
    for (size_t slot = slot_of(bpe, key); bpe->slots[slot]; slot = (slot + 1) & bpe->mask)
        if (bpe->slots[slot] >> ID_BITS == key >> ID_BITS)
            return cs_bpe_slot(bpe->slots[slot]).rank;
    return -1;
}

/* A symbol of the word, linked to its neighbours while it lives. */
typedef struct node {
    int32_t id;
    int32_t rank;       /* of the merge with the next symbol; -1: there is none, or the symbol is gone */
    int32_t prev, next; /* -1 at the ends */
} node;

/* A heap of pairs, rank << 32 | place of the left symbol, least first: lowest rank, then leftmost. Entries
 * stay in the heap when a neighbour's merge makes them invalid; their rank then differs from the node's. */
typedef struct heap {
    uint64_t *at;
    size_t count;
} heap;

static void sift_down(heap *h, size_t i)
{
    uint64_t entry = h->at[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && h->at[child + 1] < h->at[child])
            child++;
        if (h->at[child] >= entry)
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = entry;
}

static void push(heap *h, uint64_t entry)
{
    size_t i = h->count++;
    while (i > 0 && h->at[(i - 1) / 2] > entry) {
        h->at[i] = h->at[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->at[i] = entry;
}

static uint64_t pop(heap *h)
{
    uint64_t least = h->at[0];
    h->at[0] = h->at[--h->count];
    if (h->count)
        sift_down(h, 0);
    return least;
}

static uint64_t entry_of(int32_t rank, int32_t place)
{
    return (uint64_t)(uint32_t)rank << 32 | (uint32_t)place;
}

/* Set the rank of the pair that begins at `place`, and queue it. */
static void rate(const cs_bpe *bpe, node *nodes, heap *h, int32_t place)
{
    node *n = &nodes[place];
    n->rank = n->next >= 0 ? cs_bpe_rank(bpe, n->id, nodes[n->next].id) : -1;
    if (n->rank >= 0)
        push(h, entry_of(n->rank, place));
}

/* nodes [count], heap room [2 * count]: a merge removes one entry and adds at most two. */
static size_t merge_all(const cs_bpe *bpe, int32_t *symbols, size_t count, node *nodes, uint64_t *room)
{
    heap h = {.at = room};
    for (size_t i = 0; i < count; i++)
        nodes[i] = (node){.id = symbols[i], .prev = (int32_t)i - 1, .next = i + 1 < count ? (int32_t)i + 1 : -1};
    for (size_t i = 0; i < count; i++)
        rate(bpe, nodes, &h, (int32_t)i);
    while (h.count) {
        uint64_t entry = pop(&h);
        int32_t place = (int32_t)(entry & 0xFFFFFFFFu), rank = (int32_t)(entry >> 32);
        node *left = &nodes[place];
        if (left->rank != rank)
            continue;
        node *right = &nodes[left->next];
        right->rank = -1;
        left->id = CS_BPE_FIRST + rank;
        left->next = right->next;
        if (left->next >= 0)
            nodes[left->next].prev = place;
        rate(bpe, nodes, &h, place);
        if (left->prev >= 0)
            rate(bpe, nodes, &h, left->prev);
    }
    size_t written = 0;
    for (int32_t i = 0; i >= 0; i = nodes[i].next)
        symbols[written++] = nodes[i].id;
    return written;
}

/* Separate from merge_long, so that its arrays are on the stack only while they are used. */
static size_t merge_short(const cs_bpe *bpe, int32_t *symbols, size_t count)
{
    node nodes[CS_BPE_SMALL];
    uint64_t room[2 * CS_BPE_SMALL];
    return merge_all(bpe, symbols, count, nodes, room);
}

bool cs_bpe_encode(const cs_bpe *bpe, int32_t *symbols, size_t *count)
{
    if (*count <= CS_BPE_SMALL) {
        if (*count > 1)
            *count = merge_short(bpe, symbols, *count);
        return true;
    }
    assert(*count < INT32_MAX);
    node *nodes = cs_alloc_array(*count, sizeof *nodes);
    uint64_t *room = cs_alloc_array(*count, 2 * sizeof *room);
    bool ok = nodes && room;
    if (ok)
        *count = merge_all(bpe, symbols, *count, nodes, room);
    cs_free(nodes);
    cs_free(room);
    return ok;
}
