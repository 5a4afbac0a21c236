/* SPDX-License-Identifier: MIT
 * groups.c - groups by union-find. */
#include "duplicates/groups.h"

#include "base/file_gone.h"
#include "base/mem.h"
#include "duplicates/duplicates.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An image in a group. */
typedef struct member {
    const clipsearch_hit *hit;
    uint32_t item, root;
    bool unreadable;
    uint64_t device, file; /* its file's number; 0: it has none */
    clipsearch_duplicate_level level;
} member;

struct clipsearch_duplicates {
    clipsearch_hits *items;
    member *members; /* of all groups, in turn */
    size_t *starts;  /* [groups + 1] */
    size_t groups;
};

static uint32_t find_root(uint32_t *parents, uint32_t item)
{
    while (parents[item] != item) {
        parents[item] = parents[parents[item]];
        item = parents[item];
    }
    return item;
}

/* Join all pairs of levels up to `level`. */
static void join(uint32_t *parents, const cs_duplicate_pair *pairs, size_t count, clipsearch_duplicate_level level)
{
    for (size_t i = 0; i < count; i++)
        if (pairs[i].level && pairs[i].level <= level) {
            const uint32_t a = find_root(parents, pairs[i].a), b = find_root(parents, pairs[i].b);
            if (a < b)
                parents[b] = a;
            else
                parents[a] = b;
        }
}

static int order_of(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Which to keep first; compares the members of one group. A file that is gone comes last: it cannot be kept. */
static int compare_worth(const void *x, const void *y)
{
    const member *a = x, *b = y;
    int order = a->hit->gone - b->hit->gone;
    if (!order)
        order = a->unreadable - b->unreadable;
    if (!order)
        order = order_of((uint64_t)b->hit->width * b->hit->height, (uint64_t)a->hit->width * a->hit->height);
    if (!order)
        order = order_of(b->hit->size, a->hit->size);
    if (!order)
        order = (a->hit->mtime_ns > b->hit->mtime_ns) - (a->hit->mtime_ns < b->hit->mtime_ns);
    return order ? order : strcmp(a->hit->path, b->hit->path);
}

static int compare_groups(const void *a, const void *b)
{
    const member *x = a, *y = b;
    return (x->root > y->root) - (x->root < y->root);
}

/* All items, by group. */
static size_t list_members(clipsearch_duplicates *d, uint32_t *parents, const bool *unreadable, size_t count)
{
    size_t members = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t root = find_root(parents, i);
        d->members[members++] = (member){
            .hit = cs_hits_get(d->items, 0, i), .item = i, .root = root, .unreadable = unreadable && unreadable[i]};
    }
    qsort(d->members, members, sizeof *d->members, compare_groups);
    return members;
}

/* Leave out groups of one, and note where the others begin. */
static void find_starts(clipsearch_duplicates *d, size_t members)
{
    size_t kept = 0;
    for (size_t i = 0, end; i < members; i = end) {
        for (end = i + 1; end < members && d->members[end].root == d->members[i].root; end++) {
        }
        if (end - i < 2)
            continue;
        d->starts[d->groups++] = kept;
        memmove(&d->members[kept], &d->members[i], (end - i) * sizeof *d->members);
        kept += end - i;
    }
    d->starts[d->groups] = kept;
}

/* Find out which files of groups can be kept: no others are looked at, and these only now, after all that took long. */
static void look_at_files(clipsearch_duplicates *d)
{
    for (size_t i = 0; i < d->starts[d->groups]; i++) {
        member *m = &d->members[i];
        cs_file_info file;
        const cs_place place = cs_look_at(m->hit->path, &file);
        if (cs_hit_is_gone_from(m->hit, place))
            cs_hits_set_gone(d->items, 0, m->item);
        m->unreadable = m->unreadable || m->hit->gone || access(m->hit->path, R_OK) != 0;
        if (!m->hit->gone && place == CS_PLACE_FILE) {
            m->device = file.device;
            m->file = file.inode;
        }
    }
}

static void sort_by_worth(clipsearch_duplicates *d)
{
    for (size_t g = 0; g < d->groups; g++)
        qsort(&d->members[d->starts[g]], d->starts[g + 1] - d->starts[g], sizeof *d->members, compare_worth);
}

/* Paths to one file together, the one to keep first. */
static int compare_files(const void *x, const void *y)
{
    const member *a = x, *b = y;
    int order = order_of(a->device, b->device);
    if (!order)
        order = order_of(a->file, b->file);
    return order ? order : compare_worth(a, b);
}

static bool is_one_file(const member *a, const member *b)
{
    return a->file && a->file == b->file && a->device == b->device;
}

/* Of several paths to one file only the one to keep stays. The others take no room, and what is removed by one that
 * leads through a linked folder is the file itself. */
static void leave_out_links(clipsearch_duplicates *d)
{
    size_t kept = 0, groups = 0;
    for (size_t g = 0; g < d->groups; g++) {
        const size_t begin = d->starts[g], end = d->starts[g + 1], first = kept;
        qsort(&d->members[begin], end - begin, sizeof *d->members, compare_files);
        for (size_t i = begin; i < end; i++)
            if (kept == first || !is_one_file(&d->members[i], &d->members[kept - 1]))
                d->members[kept++] = d->members[i];
        if (kept - first < 2)
            kept = first;
        else
            d->starts[groups++] = first;
    }
    d->starts[groups] = kept;
    d->groups = groups;
}

/* The level at which each member and the first of its group are first joined. */
static void find_levels(clipsearch_duplicates *d, uint32_t *parents, size_t count, const cs_duplicate_pair *pairs,
                        size_t pair_count)
{
    for (uint32_t i = 0; i < count; i++)
        parents[i] = i;
    for (int level = CLIPSEARCH_DUPLICATES_EXACT; level <= CLIPSEARCH_DUPLICATES_BURST; level++) {
        join(parents, pairs, pair_count, (clipsearch_duplicate_level)level);
        for (size_t g = 0; g < d->groups; g++)
            for (size_t i = d->starts[g]; i < d->starts[g + 1]; i++)
                if (!d->members[i].level &&
                    find_root(parents, d->members[i].item) == find_root(parents, d->members[d->starts[g]].item))
                    d->members[i].level = (clipsearch_duplicate_level)level;
    }
}

clipsearch_status cs_duplicates_group(clipsearch_hits *items, const bool *unreadable, const cs_duplicate_pair *pairs,
                                      size_t pair_count, clipsearch_duplicates **duplicates, clipsearch_error *err)
{
    const size_t count = cs_hits_count(items, 0);
    uint32_t *parents = cs_alloc_array(count, sizeof *parents);
    clipsearch_duplicates *d = cs_zalloc_array(1, sizeof *d);
    *duplicates = d;
    if (!d)
        cs_hits_free(&items);
    else {
        d->items = items;
        d->members = cs_zalloc_array(count, sizeof *d->members);
        d->starts = cs_zalloc_array(count / 2 + 1, sizeof *d->starts);
    }
    if (!parents || !d || !d->members || !d->starts) {
        cs_free(parents);
        cs_duplicates_free(duplicates);
        return cs_fail_memory(err, "groups of duplicates");
    }
    for (uint32_t i = 0; i < count; i++)
        parents[i] = i;
    join(parents, pairs, pair_count, CLIPSEARCH_DUPLICATES_BURST);
    find_starts(d, list_members(d, parents, unreadable, count));
    look_at_files(d);
    leave_out_links(d);
    sort_by_worth(d);
    find_levels(d, parents, count, pairs, pair_count);
    cs_free(parents);
    return CLIPSEARCH_OK;
}

size_t cs_duplicates_groups(const clipsearch_duplicates *d)
{
    return d->groups;
}

size_t cs_duplicates_count(const clipsearch_duplicates *d, size_t group)
{
    return group < d->groups ? d->starts[group + 1] - d->starts[group] : 0;
}

const clipsearch_hit *cs_duplicates_get(const clipsearch_duplicates *d, size_t group, size_t rank,
                                        clipsearch_duplicate_level *level)
{
    if (rank >= cs_duplicates_count(d, group))
        return NULL;
    const member *m = &d->members[d->starts[group] + rank];
    if (level)
        *level = m->level;
    return m->hit;
}

void cs_duplicates_free(clipsearch_duplicates **handle)
{
    clipsearch_duplicates *d = *handle;
    if (!d)
        return;
    cs_hits_free(&d->items);
    cs_free(d->members);
    cs_free(d->starts);
    cs_free(d);
    *handle = NULL;
}
